//! Names, pictures, numbers and cards from outside.

#[cfg(test)]
mod cards;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod vectors;
