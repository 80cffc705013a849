//! The command as a real process.

#[cfg(test)]
mod account;
#[cfg(test)]
mod node;
#[cfg(test)]
mod process;
