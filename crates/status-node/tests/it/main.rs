//! Archives and what runs them, from outside.

#[cfg(test)]
mod messages;
#[cfg(test)]
mod postgres;
#[cfg(test)]
mod redb;
#[cfg(test)]
mod server;
