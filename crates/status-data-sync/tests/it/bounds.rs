//! What a peer can make us keep, and what we can make ourselves keep.

use core::time::Duration;

use status_data_sync::hazmat::{Message, Payload, group_id};
use status_data_sync::{AppendError, Config, MAX_ACKS, MAX_REQUESTS, SEEN_FOR, SyncError};
use status_layer::{Arrival, Audience};

use crate::user::{bodies, id, key, pair, user, user_with};

fn numbered(number: u32) -> Vec<u8> {
    let mut id = vec![0xee; 32];
    id[..4].copy_from_slice(&number.to_be_bytes());
    id
}

/// Messages of user 1 for user 2, with the numbers as bodies.
fn messages(numbers: impl Iterator<Item = u32>) -> Payload {
    let group_id = group_id(&key(1), &key(2)).as_bytes().to_vec();
    let message = |number: u32| Message {
        group_id: group_id.clone(),
        timestamp: 1,
        body: number.to_be_bytes().to_vec(),
        ..Message::default()
    };
    Payload { messages: numbers.map(message).collect(), ..Payload::default() }
}

#[test]
fn requests_of_a_peer_are_bounded() {
    let (alice, mut bob) = pair();
    let offers: Vec<_> = (0..MAX_REQUESTS + 500).map(numbered).collect();

    bob.receive_payload(alice.key, &Payload { offers: offers.clone(), ..Payload::default() }).unwrap();
    let rows = bob.rows();
    bob.receive_payload(alice.key, &Payload { offers, ..Payload::default() }).unwrap();

    assert_eq!(bob.payload().requests.len(), usize::try_from(MAX_REQUESTS).unwrap());
    assert_eq!(bob.rows(), rows);
}

#[test]
fn acknowledgements_that_wait_are_bounded_and_the_rest_is_acknowledged_with_its_copy() {
    let (alice, mut bob) = pair();
    let payload = messages(0..MAX_ACKS + 10);

    let arrivals = bob.receive_payload(alice.key, &payload).unwrap();
    let first = bob.payload().acks;
    bob.receive_payload(alice.key, &messages(0..10)).unwrap();
    bob.receive_payload(alice.key, &messages(MAX_ACKS..MAX_ACKS + 10)).unwrap();
    let copies = bob.payload().acks;

    assert_eq!(bodies(&arrivals).len(), payload.messages.len());
    assert_eq!(first.len(), usize::try_from(MAX_ACKS).unwrap());
    assert_eq!(copies.len(), 20);
}

#[test]
fn who_sent_too_much_is_not_taken_until_there_is_room_and_no_copy_is_shown() {
    let (alice, mut bob) = (user(1), user_with(2, Config { max_seen: 100, ..Config::default() }));
    bob.receive_payload(alice.key, &messages(0..100)).unwrap();
    bob.payload();
    let full = bob.rows();

    let beyond = bob.receive_payload(alice.key, &messages(100..200)).unwrap();
    let rows = bob.rows();
    let copies = bob.receive_payload(alice.key, &messages(0..100)).unwrap();
    bob.payload();
    bob.party.wait(SEEN_FOR + Duration::from_secs(1));
    bob.receive_payload(alice.key, &Payload { acks: vec![vec![1]], ..Payload::default() }).unwrap();
    let repeated = bob.receive_payload(alice.key, &messages(100..200)).unwrap();

    assert_eq!((beyond, rows), (vec![], full), "neither taken nor acknowledged");
    assert_eq!(copies, vec![Arrival::Again { from: alice.key }; 100]);
    assert_eq!(bodies(&repeated).len(), 100);
    assert_eq!(bob.payload().acks.len(), 100);
}

#[test]
fn notes_of_what_arrived_are_bounded_by_age() {
    let (alice, mut bob) = pair();
    bob.receive_payload(alice.key, &messages(0..300)).unwrap();
    bob.payload();
    let rows = bob.rows();

    bob.party.wait(SEEN_FOR + Duration::from_secs(1));
    bob.receive_payload(alice.key, &messages(300..301)).unwrap();
    bob.payload();

    assert_eq!(bob.rows(), rows - 2 * 299);
}

#[test]
fn what_waits_for_a_reader_is_bounded() {
    let max_waiting = 1_000;
    let mut alice = user_with(1, Config { max_waiting, ..Config::default() });
    let to = Audience::User(key(2));
    let mut refused = None;

    // One step with many appends, since a step each would take long.
    let filled = alice.run(|sync, cx| {
        use status_layer::{Body, DataSync};
        for number in 0..u64::from(max_waiting) {
            sync.append(cx, id(number), &to, Body::new(number.to_be_bytes().to_vec()))?;
        }
        refused = Some(sync.append(cx, id(u64::MAX), &to, Body::new(vec![1])));
        sync.append(cx, id(u64::MAX), &Audience::User(key(3)), Body::new(vec![1]))
    });

    assert!(filled.is_ok(), "another reader is not affected");
    assert!(matches!(refused, Some(Err(SyncError::Append(AppendError::TooManyWaiting { .. })))));
}
