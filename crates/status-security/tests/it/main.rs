//! The security layer from outside: conformance, vectors of deployed peers, rules and hostile input.

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod pair;
#[cfg(test)]
mod rules;
#[cfg(test)]
mod vectors;
