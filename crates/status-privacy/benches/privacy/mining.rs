//! How fast work is done, beside hashing the whole envelope for each try; and with more threads.

use std::hint::black_box;
use std::time::Duration;

use sha3::{Digest, Keccak256};
use status_crypto::Search;
use status_privacy::whisper::Envelope;

use crate::clock::{Table, timed};

/// Numbers tried by one run of a row.
const TRIES: u64 = 256;

/// Numbers that each thread tries: so few that, of many runs, one is not interrupted where others use the machine.
const LONG: u64 = 20_000;

/// How often work for several threads is timed; the best counts.
const RUNS: usize = 400;

pub(crate) fn rows(table: &mut Table) {
    // The shortest envelope of a chat, and one that carries 1 KiB and a bundle.
    for (data, shown) in [(284, "284 B"), (1_564, "1.5 KiB")] {
        let data = vec![7; data];
        let envelope =
            Envelope { expiry: 1_700_000_015, ttl: 15, topic: [1, 2, 3, 4], data: &data, nonce: 0 };
        let prefix = envelope.prefix();
        let search = Search::new(&prefix);
        let ours = &mut |n: usize| {
            timed(|| {
                for _ in 0..n {
                    black_box(search.run(0..TRIES, 257));
                }
            })
        };
        let whole = &mut |n: usize| {
            timed(|| {
                for nonce in (0..n).flat_map(|_| 0..TRIES) {
                    let mut hash = Keccak256::new();
                    hash.update(&prefix);
                    hash.update(nonce.to_be_bytes());
                    black_box(hash.finalize());
                }
            })
        };
        table.row(&format!("work: {TRIES} tries, {shown}, beside all of sha3"), "0.53", ours, whole);
        if table.wants("work: threads") {
            let rates = [1, 2].map(|threads| rate(&search, threads));
            table.line(&format!(
                "work: threads, {shown}: {:.2} million tries a second with one, {:.2} with two: {:.2} times as many",
                rates[0] / 1e6,
                rates[1] / 1e6,
                rates[1] / rates[0]
            ));
        }
    }
}

/// Tries a second.
fn rate(search: &Search, threads: u64) -> f64 {
    let best: Duration = (0..RUNS)
        .map(|_| {
            timed(|| {
                std::thread::scope(|scope| {
                    for thread in 0..threads {
                        let numbers = thread * LONG..(thread + 1) * LONG;
                        scope.spawn(move || black_box(search.run(numbers, 257)));
                    }
                });
            })
        })
        .min()
        .unwrap();
    (LONG * threads) as f64 / best.as_secs_f64()
}
