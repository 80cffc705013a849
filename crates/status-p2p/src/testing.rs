//! What implementations of the traits of this crate are checked with.

mod archive;

pub use archive::conform_archive;
