//! How far a session goes for what is ahead, and what it keeps for what is late.

use std::cell::Cell;

use status_layer::testing::Party;
use status_layer::{Area, Memory, Parcel, Read, Row, Security, StoreError, Unit, Value};
use status_security::hazmat::ratchet::kdf;
use status_security::hazmat::{Lock, Session};
use status_security::{Config, OpenError, RatchetError};

use crate::pair::{Person, in_session, introduced_with, message};

/// Has Alice lose `count` messages to Bob without sealing them; returns her next.
fn after_losing(alice: &mut Person, bob: &Person, count: u32) -> Parcel {
    let prekey = match message(&alice.clone().seal(bob, "which session?")).direct["device-2"].lock {
        Lock::Ratchet { session, .. } => session,
        Lock::Fixed { .. } => panic!("a ratchet message"),
    };
    let (layer, peer) = (alice.layer.clone(), (&bob.key, "device-2"));
    let lose = |mut session: Session| {
        let sending = &mut session.ratchet.sending;
        for _ in 0..count {
            sending.key = kdf::next(&sending.key);
        }
        sending.n += count;
        session
    };
    alice
        .party
        .run(|cx| {
            let session = layer.session(&cx.shelf, peer, &prekey)?.unwrap();
            layer.put_session(&mut cx.shelf, peer, &prekey, &lose(session));
            Ok::<_, StoreError>(())
        })
        .unwrap();
    alice.seal(bob, &format!("after {count}"))
}

#[test]
fn a_jump_of_25_000_messages_opens_and_a_longer_one_does_not() {
    let (mut alice, mut bob) = in_session();
    let longer = after_losing(&mut alice.clone(), &bob, 25_001);

    let far = after_losing(&mut alice, &bob, 25_000);

    let too_far = RatchetError::TooFarAhead { ahead: 25_001, max: 25_000 };
    assert_eq!(bob.refuses(&longer), OpenError::Ratchet(too_far));
    assert_eq!(bob.open(&far).0, "after 25000");
}

#[test]
fn a_session_survives_a_million_lost_messages() {
    let (mut alice, mut bob) = in_session();
    let config = Config { max_skipped: 20, ..Config::default() };
    bob.layer = Person::on(2, 2, config).layer;

    let mut lost = 0;
    while lost < 1_000_000 {
        let next = after_losing(&mut alice, &bob, 25_000);
        assert_eq!(bob.open(&next).0, "after 25000", "after {lost} lost ones");
        lost += 25_000;
    }
    let answer = bob.seal(&alice, "still here");

    assert_eq!(alice.open(&answer).0, "still here");
}

#[test]
fn a_session_keeps_2_000_skipped_keys_and_drops_the_oldest() {
    let (mut alice, mut bob) = in_session();
    let (oldest, kept) = (alice.seal(&bob, "oldest"), alice.seal(&bob, "the oldest that is kept"));

    let next = after_losing(&mut alice, &bob, 1_999);
    bob.open(&next);

    assert_eq!(skipped(&bob), 2_000);
    assert_eq!(bob.refuses(&oldest), OpenError::Replayed);
    assert_eq!(bob.open(&kept).0, "the oldest that is kept");
}

/// The number of skipped keys on a shelf.
fn skipped(person: &Person) -> usize {
    person.party.store.scan(Party::AREA, b"k", None, usize::MAX).unwrap().len()
}

/// A store that counts what is read from it.
struct Counting<'a>(&'a Memory, Cell<usize>);

impl Read for Counting<'_> {
    fn get(&self, area: Area, key: &[u8]) -> Result<Option<Value>, StoreError> {
        self.1.set(self.1.get() + usize::from(matches!(key[0], b'k' | b'c')));
        self.0.get(area, key)
    }

    fn scan(
        &self,
        area: Area,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        self.0.scan(area, prefix, after, limit)
    }
}

/// How many rows of skipped keys and chains are looked up to open a parcel.
fn lookups(mut person: Person, parcel: &Parcel) -> usize {
    let store = Counting(&person.party.store, Cell::new(0));
    let mut unit = Unit::new(person.party.now, &mut person.party.rng, &store);
    let opened = person.layer.open(&mut unit.cx(Party::AREA), parcel.clone()).unwrap();
    assert_eq!(opened.mail.len(), 1);
    store.1.get()
}

#[test]
fn a_late_message_costs_one_lookup_however_many_keys_wait() {
    for waiting in [1, 1_999] {
        let (mut alice, mut bob) = in_session();
        let late = alice.seal(&bob, "late");
        let next = after_losing(&mut alice, &bob, waiting - 1);
        bob.open(&next);
        assert_eq!(skipped(&bob), waiting as usize);

        assert_eq!(lookups(bob.clone(), &late), 1, "with {waiting} keys");
        assert_eq!(lookups(bob, &alice.seal(&Person::new(2), "in turn")), 0, "a message in turn costs none");
    }
}

#[test]
fn a_late_message_of_an_earlier_chain_costs_one_lookup_more() {
    let (mut alice, mut bob) = introduced_with(Config::default());
    let late = alice.seal(&bob, "late");
    for _ in 0..3 {
        let there = alice.seal(&bob, "there");
        bob.open(&there);
        let back = bob.seal(&alice, "back");
        alice.open(&back);
    }
    let there = alice.seal(&bob, "there");
    bob.open(&there);

    assert_eq!(lookups(bob, &late), 2);
}
