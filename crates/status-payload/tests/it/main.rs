//! The payload layer seen from outside.

#[cfg(test)]
mod application;
#[cfg(test)]
mod contacts;
#[cfg(test)]
mod groups;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod membership;
#[cfg(test)]
mod push;
#[cfg(test)]
mod round_trip;
#[cfg(test)]
mod sync;
#[cfg(test)]
mod validation;
#[cfg(test)]
mod vectors;
