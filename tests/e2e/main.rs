//! Tests of the whole: every real layer at once.

#[cfg(test)]
mod accounts;
#[cfg(test)]
mod avatars;
#[cfg(test)]
mod backup;
#[cfg(test)]
mod bare;
#[cfg(test)]
mod blind_privacy;
#[cfg(test)]
mod bots;
#[cfg(test)]
mod changes;
#[cfg(test)]
mod contacts;
#[cfg(test)]
mod conversation;
#[cfg(test)]
mod cover;
#[cfg(test)]
mod crashes;
#[cfg(test)]
mod day;
#[cfg(test)]
mod devices;
#[cfg(test)]
mod doctor;
#[cfg(test)]
mod dying;
#[cfg(test)]
mod examples;
#[cfg(test)]
mod failing;
#[cfg(test)]
mod glass_privacy;
#[cfg(test)]
mod gossip;
#[cfg(test)]
mod groups;
#[cfg(test)]
mod history;
#[cfg(test)]
mod home;
#[cfg(test)]
mod homes;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod killed;
#[cfg(test)]
mod kinds;
#[cfg(test)]
mod large;
#[cfg(test)]
mod light;
#[cfg(test)]
mod own;
#[cfg(test)]
mod pages;
#[cfg(test)]
mod pairing;
#[cfg(test)]
mod peers;
#[cfg(test)]
mod policies;
#[cfg(test)]
mod push;
#[cfg(test)]
mod push_server;
#[cfg(test)]
mod put_back;
#[cfg(test)]
mod recovery;
#[cfg(test)]
mod retold;
#[cfg(test)]
mod streams;
#[cfg(test)]
mod town;
#[cfg(test)]
mod upgrade;
#[cfg(test)]
mod vectors;
#[cfg(test)]
mod whisper;
