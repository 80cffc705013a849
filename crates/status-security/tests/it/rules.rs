//! The rules of the layer, one test each, named by what they promise.

mod devices;
mod group;
mod lifetimes;
mod limits;
mod modes;
mod places;
mod private;
mod recovery;
mod sessions;
mod suites;
