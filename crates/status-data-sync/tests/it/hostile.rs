//! Bytes that no honest peer sends.

use std::collections::BTreeSet;

use status_data_sync::hazmat::{Message, Payload, Wire, group_id, is_datasync};
use status_data_sync::{MAX_DATAGRAM, Mvds, ReceiveError, SyncError};
use status_layer::testing::{Party, assert_unchanged, rng};
use status_layer::{Audience, Batch, DataSync, GroupId, LayerError, Name, Read, Recipient, Store, Value};

use crate::user::{User, bodies, id, key, letter, pair};

/// Feeds bytes from `from` and checks that a refusal leaves no trace, and a bare body none either.
fn feed(user: &mut User, from: u8, bytes: &[u8]) {
    let (sync, own) = (user.sync, user.key);
    let before = user.party.store.clone();
    let arrivals = user.party.run(|cx| sync.receive(cx, letter(key(from), Recipient::User(own), bytes)));
    match arrivals {
        Ok(arrivals) if !is_datasync(bytes) => {
            assert_eq!(bodies(&arrivals), [bytes]);
            assert_eq!(user.party.store, before);
        }
        Ok(_) => {}
        Err(_) => assert_eq!(user.party.store, before),
    }
}

fn sample() -> Payload {
    let message = Message {
        group_id: group_id(&key(1), &key(2)).as_bytes().to_vec(),
        timestamp: -5,
        body: b"hi".to_vec(),
        ..Message::default()
    };
    Payload {
        acks: vec![vec![1; 32]],
        offers: vec![vec![2; 32]],
        requests: vec![vec![3; 32]],
        messages: vec![message],
        group_offers: Vec::new(),
    }
}

#[test]
fn truncated_payloads_leave_no_trace() {
    let (_, mut bob) = pair();
    let bytes = sample().encode(Wire::Deployed);

    for end in 0..bytes.len() {
        if !is_datasync(&bytes[..end]) {
            feed(&mut bob, 1, &bytes[..end]);
        }
    }

    assert_eq!(bob.rows(), 0);
}

#[test]
fn random_and_damaged_bytes_are_survived() {
    let (_, mut bob) = pair();
    let mut rng = rng(11);
    let sample = sample().encode(Wire::Deployed);

    for _ in 0..1_000 {
        let mut bytes = sample.clone();
        for _ in 0..=rng.below(4) {
            let at = usize::try_from(rng.below(bytes.len() as u64)).unwrap();
            bytes[at] = u8::try_from(rng.below(256)).unwrap();
        }
        feed(&mut bob, 1, &bytes);
        let noise: Vec<u8> = (0..rng.below(60)).map(|_| u8::try_from(rng.below(256)).unwrap()).collect();
        feed(&mut bob, 1, &noise);
        bob.due();
    }
}

#[test]
fn oversized_datagrams_are_refused() {
    let (alice, mut bob) = pair();
    let (sync, own, from) = (bob.sync, bob.key, alice.key);
    let bytes = vec![0; MAX_DATAGRAM + 1];

    let error = assert_unchanged(&mut bob.party, "an oversized datagram", |cx| {
        sync.receive(cx, letter(from, Recipient::User(own), &bytes))
    });

    assert!(matches!(error, Some(SyncError::Receive(ReceiveError::TooLarge { .. }))));
}

#[test]
fn one_foreign_message_spoils_the_letter_and_leaves_no_trace() {
    let (mut alice, mut bob) = pair();
    bob.append(alice.key, b"waits");
    bob.due();
    let mut payload = sample();
    payload.messages.push(Message { group_id: vec![9; 32], ..Message::default() });
    let (sync, own, from) = (bob.sync, bob.key, alice.key);

    for group_id in [vec![9; 32], vec![9; 20], Vec::new()] {
        payload.messages[1].group_id = group_id;
        let bytes = payload.encode(Wire::Deployed);
        let error = assert_unchanged(&mut bob.party, "a foreign message", |cx| {
            sync.receive(cx, letter(from, Recipient::User(own), &bytes))
        });
        assert!(matches!(error, Some(SyncError::Receive(ReceiveError::ForeignGroup))));
    }

    assert_eq!(bodies(&bob.deliver_to(&mut alice)), Vec::<&[u8]>::new());
}

/// A user of whom every table has a row, and the calls that read them.
fn busy() -> User {
    let (alice, mut bob) = pair();
    bob.share(GroupId::new([0xcc; 32]), &[key(1), key(3)]).unwrap();
    bob.append_as(id(90), &Audience::Group(GroupId::new([0xcc; 32])), b"all").unwrap();
    bob.append_as(id(91), &Audience::Channel(Name::new("test").unwrap()), b"bare").unwrap();
    bob.receive_payload(alice.key, &sample()).unwrap();
    bob
}

fn exercise(user: &mut User) -> Vec<Result<(), SyncError>> {
    let chat = Audience::Group(GroupId::new([0xcc; 32]));
    vec![
        user.append_as(id(1), &chat, b"more"),
        user.receive_payload(key(1), &sample()).map(|_| ()),
        user.run(Mvds::online),
        user.run(Mvds::due).map(|_| ()),
    ]
}

#[test]
fn a_damaged_or_newer_row_is_a_fault_of_our_own() {
    let whole = busy();
    let rows = whole.party.store.scan(Party::AREA, &[], None, usize::MAX).unwrap();
    let tags: BTreeSet<u8> = rows.iter().map(|(key, _)| key[0]).collect();
    let mut faults = 0;

    for (key, row) in &rows {
        let newer = [&[9], &row[1..]].concat();
        for bad in [&newer, &row[..row.len() - 1], &[]] {
            let mut user = busy();
            let mut batch = Batch::default();
            batch.set(Party::AREA, key.clone(), Some(Value::new(bad)));
            user.party.store.commit(batch).unwrap();
            for failed in exercise(&mut user).into_iter().filter_map(Result::err) {
                assert!(matches!(LayerError::from(failed), LayerError::Fault(_)), "{key:02x?}");
                faults += 1;
            }
        }
    }

    assert_eq!(tags, (0x01..=0x0c).collect(), "every table has a row");
    assert!(faults > rows.len());
    assert!(exercise(&mut busy()).into_iter().all(|done| done.is_ok()));
}

#[test]
fn a_stranger_who_confirms_and_requests_leaves_no_trace() {
    let (_, mut bob) = pair();
    let payload = Payload {
        acks: (0..100).map(|number| vec![number; 32]).collect(),
        requests: (0..100).map(|number| vec![number; 32]).collect(),
        ..Payload::default()
    };

    let arrivals = bob.receive_payload(key(9), &payload).unwrap();

    assert!(arrivals.is_empty());
    assert_eq!(bob.rows(), 0);
}
