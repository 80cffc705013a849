//! The security layer from outside: conformance, vectors of deployed peers, rules and hostile input.

mod conformance;
mod hostile;
mod pair;
mod rules;
mod vectors;
