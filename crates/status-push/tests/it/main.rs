//! A server from outside: what it takes, what it answers, what it keeps.

#[cfg(test)]
mod bounds;
#[cfg(test)]
mod desk;
#[cfg(test)]
mod gateway;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod register;
#[cfg(test)]
mod requests;
