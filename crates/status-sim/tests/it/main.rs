//! The network double keeps the rules of its seam, a world follows from its seed, and nothing that is wrong with a stack
//! goes unnoticed.

#[cfg(test)]
mod corpus;
#[cfg(test)]
mod flaw;
#[cfg(test)]
mod rules;
