//! The suite of the store seam.
