//! The vector checker seen from outside.

#[cfg(test)]
mod folder;
#[cfg(test)]
mod sample;
#[cfg(test)]
mod strict;
#[cfg(test)]
mod tamper;
