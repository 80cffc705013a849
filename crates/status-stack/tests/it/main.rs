//! The conductor's own rules, over doubles.

#[cfg(test)]
mod outbox;
#[cfg(test)]
mod past;
#[cfg(test)]
mod rules;
#[cfg(test)]
mod work;
