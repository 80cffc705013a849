//! The rules of the layer, one test each, named by what they promise.

mod devices;
mod modes;
mod places;
mod sessions;
mod suites;
