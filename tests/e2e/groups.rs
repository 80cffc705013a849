//! Closed groups of whole clients, in virtual time: who is in, who reads what, and that everybody comes to see the same.

mod changes;
mod crowd;
mod devices;
mod flows;
mod keys;
mod people;
