//! The doubles keep the rules of the seams.

#[cfg(test)]
mod rules;
