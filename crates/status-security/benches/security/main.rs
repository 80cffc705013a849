//! What this layer costs beside the primitives that it cannot do without.
//!
//! Each row runs our code and its *kernel*, the bare sequence of primitive calls with the same backends, in turns in
//! one process, and prints the median time of one operation of each and the median of the ratios of neighbouring runs.
//! With the feature `libsecp256k1` our side and its kernel are on the C library, and the kernel on k256 stands beside.
//! `cargo bench -p status-security` prints the table; numbers are looked at by people, no test depends on them.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a bench may stop at what it did not expect"
)]

mod clock;
mod kernel;
mod layer;
mod ours;
mod person;
mod ratchet;

use clock::Table;

fn main() {
    // `cargo test --benches` and the like only want to see it build.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let mut table = Table::begin("ours", "kernel");
    table.line(match kernel::BESIDE {
        Some(_) => "curve secp256k1: libsecp256k1, with the kernel on k256 beside it",
        None => "curve secp256k1: k256; libsecp256k1 was not built, `--features libsecp256k1` does",
    });
    ratchet::rows(&mut table);
    layer::rows(&mut table);
    layer::sizes(&mut table);
}
