//! The command as a real process.

#[cfg(test)]
mod account;
#[cfg(test)]
mod groups;
#[cfg(test)]
mod node;
#[cfg(test)]
mod process;
#[cfg(test)]
mod push_server;
