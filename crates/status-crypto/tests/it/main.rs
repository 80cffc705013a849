//! The crate against data that deployed peers made.

#[cfg(test)]
mod vectors;
