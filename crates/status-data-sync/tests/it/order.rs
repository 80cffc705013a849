//! The order of messages, between peers who both keep it. Spec: 4/MVDS-META.

use core::time::Duration;

use status_data_sync::hazmat::{Payload, Wire};
use status_data_sync::{Config, MAX_HELD, Order};
use status_layer::{Arrival, Audience, Body, DataSync, Datagram};

use crate::user::{HOUR, User, bodies, id, user, user_with};

const SECOND: Duration = Duration::from_secs(1);

fn keeping(order: Order) -> (User, User) {
    let config = Config { order, ..Config::default() };
    let (mut alice, mut bob) = (user_with(1, config), user_with(2, config));
    // They get to know that both keep the order.
    alice.append(bob.key, b"hello");
    alice.deliver_to(&mut bob);
    bob.deliver_to(&mut alice);
    (alice, bob)
}

/// Messages of Alice, each in a datagram of its own.
fn said(alice: &mut User, bob: &User, texts: &[&[u8]]) -> Vec<Datagram> {
    let mut sent = Vec::new();
    for text in texts {
        alice.append(bob.key, text);
        sent.extend(alice.due().now);
        alice.party.wait(SECOND / 20);
    }
    sent
}

fn parents(datagram: &Datagram) -> usize {
    Payload::decode(Wire::Deployed, &datagram.bytes).unwrap().messages[0].parents.len()
}

fn gaps(arrivals: &[Arrival]) -> usize {
    arrivals.iter().filter(|arrival| matches!(arrival, Arrival::Gap { .. })).count()
}

#[test]
fn by_default_nothing_of_it_is_sent_or_heeded() {
    let (mut alice, mut bob) = (user(1), user(2));
    let keeper = user_with(1, Config { order: Order::Consistent, ..Config::default() });
    let mut sent = said(&mut alice, &bob, &[b"one", b"two"]);
    let plain = sent.clone();
    let mut keeper = keeper;
    sent.extend(said(&mut keeper, &bob, &[b"three", b"four"]));

    let arrivals: Vec<Arrival> =
        sent.iter().rev().flat_map(|it| bob.receive(alice.key, &it.bytes).unwrap()).collect();

    assert_eq!(plain.iter().map(parents).sum::<usize>(), 0);
    assert_eq!(bodies(&arrivals), [&b"four"[..], b"three", b"two", b"one"]);
}

#[test]
fn who_has_not_said_that_they_keep_it_is_sent_no_metadata() {
    let (mut alice, mut bob) =
        (user_with(1, Config { order: Order::Eventual, ..Config::default() }), user(2));
    said(&mut alice, &bob, &[b"one"]).iter().for_each(|it| drop(bob.receive(alice.key, &it.bytes)));
    bob.deliver_to(&mut alice);

    let second = said(&mut alice, &bob, &[b"two"]);

    assert_eq!(parents(&second[0]), 0);
}

#[test]
fn a_message_names_those_before_it_that_none_follows() {
    let (mut alice, mut bob) = keeping(Order::Eventual);
    let sent = said(&mut alice, &bob, &[b"one", b"two"]);
    bob.append(alice.key, b"at the same time");
    let crossing = bob.due().now;
    for datagram in crossing {
        alice.receive(bob.key, &datagram.bytes).unwrap();
    }

    let third = said(&mut alice, &bob, &[b"three"]);

    assert_eq!(sent.iter().map(parents).collect::<Vec<_>>(), [1, 1]);
    assert_eq!(parents(&third[0]), 2, "its own last one and the one that crossed it");
}

#[test]
fn in_eventual_order_a_gap_is_told_and_what_is_missing_is_asked_for() {
    let (mut alice, mut bob) = keeping(Order::Eventual);
    let sent = said(&mut alice, &bob, &[b"one", b"two"]);

    let late = bob.receive(alice.key, &sent[1].bytes).unwrap();
    let requests = bob.payload();
    alice.receive_payload(bob.key, &requests).unwrap();
    let first = bob.receive(alice.key, &sent[0].bytes).unwrap();

    assert_eq!(requests.requests.len(), 1);
    assert_eq!(late[0], Arrival::Gap { from: alice.key, missing: 1 });
    assert_eq!((bodies(&late), bodies(&first)), (vec![&b"two"[..]], vec![&b"one"[..]]));
}

#[test]
fn in_consistent_order_messages_are_handed_up_after_those_before_them() {
    let (mut alice, mut bob) = keeping(Order::Consistent);
    let sent = said(&mut alice, &bob, &[b"one", b"two", b"three", b"four"]);

    let arrivals: Vec<Vec<Arrival>> =
        [3, 1, 2, 0].iter().map(|at| bob.receive(alice.key, &sent[*at].bytes).unwrap()).collect();
    let acked = bob.payload().acks.len();

    assert!(arrivals[..3].iter().all(Vec::is_empty), "{arrivals:?}");
    assert_eq!(bodies(&arrivals[3]), [&b"one"[..], b"two", b"three", b"four"]);
    assert_eq!(acked, 4, "what waits is kept, so it is acknowledged");
}

#[test]
fn what_waits_in_vain_is_handed_up_after_an_hour_with_a_gap() {
    let (mut alice, mut bob) = keeping(Order::Consistent);
    let sent = said(&mut alice, &bob, &[b"lost", b"two", b"three"]);
    bob.receive(alice.key, &sent[2].bytes).unwrap();
    bob.receive(alice.key, &sent[1].bytes).unwrap();
    let rows = bob.rows();

    let mut told = Vec::new();
    let end = bob.party.now.after(HOUR + SECOND);
    while let Some(next) = bob.round().next.filter(|next| *next <= end) {
        bob.party.now = next;
        told.extend(bob.round().now.arrivals);
    }
    let copy = bob.receive(alice.key, &sent[1].bytes).unwrap();

    assert_eq!(bodies(&told), [&b"two"[..], b"three"]);
    assert_eq!(gaps(&told), 1);
    assert_eq!(copy, [Arrival::Again { from: alice.key }]);
    assert!(bob.rows() < rows);
}

#[test]
fn what_may_wait_is_bounded_and_the_rest_is_handed_up_as_it_comes() {
    let (mut alice, mut bob) = keeping(Order::Consistent);
    let max = usize::try_from(MAX_HELD).unwrap();
    let texts: Vec<Vec<u8>> = (0..max + 3).map(|number| format!("{number}").into_bytes()).collect();
    let texts: Vec<&[u8]> = texts.iter().map(Vec::as_slice).collect();
    let sent = said(&mut alice, &bob, &texts);

    let arrivals: Vec<Arrival> =
        sent[1..].iter().rev().flat_map(|it| bob.receive(alice.key, &it.bytes).unwrap()).collect();
    let rest = bob.receive(alice.key, &sent[0].bytes).unwrap();

    assert_eq!(bodies(&arrivals).len() + bodies(&rest).len(), texts.len());
    assert!(gaps(&arrivals) >= 1);
}

#[test]
fn who_names_more_parents_than_anybody_would_makes_us_keep_a_few_rows() {
    let (alice, mut bob) = keeping(Order::Consistent);
    let group_id = status_data_sync::hazmat::group_id(&alice.key, &bob.key).as_bytes().to_vec();
    let parents = (0..10_000_u32).map(|number| [&number.to_be_bytes()[..], &[9; 28]].concat()).collect();
    let message = status_data_sync::hazmat::Message { group_id, timestamp: 1, parents, ..Default::default() };
    let rows = bob.rows();

    bob.receive_payload(alice.key, &Payload { messages: vec![message], ..Payload::default() }).unwrap();

    assert!(bob.rows() < rows + 40, "{} rows more", bob.rows() - rows);
}

#[test]
fn what_passes_is_neither_acknowledged_nor_followed() {
    let (mut alice, mut bob) = keeping(Order::Consistent);
    let to = Audience::User(bob.key);
    alice.run(|sync, cx| sync.append(cx, id(99), &to, Body::passing(b"is typing".to_vec()))).unwrap();

    let arrivals = alice.deliver_to(&mut bob);
    let answer = bob.due();
    alice.party.wait(HOUR);

    assert_eq!(bodies(&arrivals), [b"is typing"]);
    assert!(answer.now.is_empty());
    assert!(alice.due().now.is_empty());
    assert_eq!(parents(&said(&mut alice, &bob, &[b"typed"])[0]), 1, "the greeting, not what passed");
}
