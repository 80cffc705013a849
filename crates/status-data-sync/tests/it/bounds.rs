//! What a peer can make us keep, and what we can make ourselves keep.

use core::time::Duration;

use status_data_sync::hazmat::{Message, Payload, group_id};
use status_data_sync::{AppendError, MAX_ACKS, MAX_REQUESTS, MAX_SEEN, MAX_WAITING, SEEN_FOR, SyncError};
use status_layer::{Arrival, Audience};

use crate::user::{bodies, id, key, pair, user};

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
fn notes_of_what_arrived_are_bounded_by_number() {
    let (alice, mut bob) = pair();
    for start in (0..MAX_SEEN).step_by(4_096) {
        bob.receive_payload(alice.key, &messages(start..start + 4_096)).unwrap();
        bob.payload();
        bob.party.wait(Duration::from_millis(1));
    }
    let full = bob.rows();

    bob.receive_payload(alice.key, &messages(MAX_SEEN..MAX_SEEN + 100)).unwrap();
    bob.payload();
    let recent = bob.receive_payload(alice.key, &messages(MAX_SEEN - 1..MAX_SEEN)).unwrap();

    assert_eq!(bob.rows(), full + 2, "only the copy's acknowledgement and its time are new");
    assert_eq!(recent, [Arrival::Again { from: alice.key }]);
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
    let mut alice = user(1);
    let to = Audience::User(key(2));
    let mut refused = None;

    // One step with many appends, since a step each would take long.
    let filled = alice.run(|sync, cx| {
        use status_layer::{Body, DataSync};
        for number in 0..u64::from(MAX_WAITING) {
            sync.append(cx, id(number), &to, Body::new(number.to_be_bytes().to_vec()))?;
        }
        refused = Some(sync.append(cx, id(u64::MAX), &to, Body::new(vec![1])));
        sync.append(cx, id(u64::MAX), &Audience::User(key(3)), Body::new(vec![1]))
    });

    assert!(filled.is_ok(), "another reader is not affected");
    assert!(matches!(refused, Some(Err(SyncError::Append(AppendError::TooManyWaiting { .. })))));
}
