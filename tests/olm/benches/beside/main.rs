//! Our sessions on Curve25519 beside those of Olm by `vodozemac`, in turns in one process: both use X25519, HMAC-SHA-256
//! and AES-256 of the same libraries. `cargo bench --manifest-path tests/olm/Cargo.toml` prints the table; words after
//! `--` choose rows.
//!
//! What differs is part of what is compared: Olm seals with AES in CBC mode and a tag cut to 8 bytes, we in counter mode
//! with 32; our identities are on secp256k1, so setting up a session costs us three agreements there.

#[allow(dead_code, reason = "the bench that shares it uses all of it")]
#[path = "../../../../crates/status-security/benches/security/clock.rs"]
mod clock;
#[allow(dead_code, reason = "the bench that shares it uses all of it")]
#[path = "../../../../crates/status-security/benches/security/ours.rs"]
mod ours;
#[allow(dead_code, reason = "the bench that shares it uses all of it")]
#[path = "../../../../crates/status-security/benches/security/person.rs"]
mod person;

mod chain;
mod late;
mod meeting;
mod olm;
mod wire;

use clock::Table;
use status_security::Transition;

fn main() {
    // `cargo test --benches` and the like only want to see it build.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let mut table = Table::begin("ours", "vodozemac");
    meeting::rows(&mut table);
    chain::rows(&mut table);
    late::rows(&mut table);
    sizes(&mut table);
}

/// What a session takes in a store, before and after 40 messages were passed over.
fn sizes(table: &mut Table) {
    let (mut alice, mut bob) = person::in_session(Transition::New);
    let (session, _) = bob.bytes(b"s", person::Keys::Left);
    (0..40).for_each(|_| drop(alice.seal(bob.user(), b"lost")));
    let last = alice.seal(bob.user(), b"last");
    bob.open(&last);
    let (skipped, count) = bob.bytes(b"k", person::Keys::Counted);

    let mut theirs = olm::Pair::new();
    let pickle = olm::stored(&theirs.bob);
    let sealed: Vec<_> = (0..41).map(|_| olm::seal(&mut theirs.alice, b"lost")).collect();
    olm::open(&mut theirs.bob, &sealed[40]);
    table.line(&format!("stored session: ours {session} bytes, vodozemac {pickle} (its pickle as JSON)"));
    table.line(&format!(
        "stored session and {count} skipped keys: ours {} bytes, vodozemac {}",
        session + skipped,
        olm::stored(&theirs.bob),
    ));
}
