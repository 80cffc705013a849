//! Data sync from outside: its rules, its bounds, its vectors.

#[cfg(test)]
mod bounds;
#[cfg(test)]
mod conformance;
#[cfg(test)]
mod cost;
#[cfg(test)]
mod ends;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod interactive;
#[cfg(test)]
mod once;
#[cfg(test)]
mod order;
#[cfg(test)]
mod props;
#[cfg(test)]
mod rules;
#[cfg(test)]
mod traces;
#[cfg(test)]
mod user;
#[cfg(test)]
mod vectors;
