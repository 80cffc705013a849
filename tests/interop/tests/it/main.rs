//! Our node and our clients with peers that others wrote.

mod client;
mod envelope;
mod go;
mod relay;
mod services;
mod support;
