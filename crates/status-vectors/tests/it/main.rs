//! The vector checker seen from outside.

mod folder;
mod sample;
mod strict;
mod tamper;
