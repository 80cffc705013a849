//! The network double keeps the rules of its seam, and a world follows from its seed.

#[cfg(test)]
mod rules;
