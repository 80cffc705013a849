//! The conductor's own rules, over doubles.

#[cfg(test)]
mod rules;
#[cfg(test)]
mod work;
