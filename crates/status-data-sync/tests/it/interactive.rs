//! Offers and requests: what interactive peers do, and what we answer.

use status_data_sync::hazmat::{Payload, Wire};
use status_data_sync::{Config, Mode, REQUEST_TRIES};
use status_layer::Arrival;

use crate::user::{DAY, HOUR, bodies, key, pair, user, user_with};

fn interactive() -> Config {
    Config { mode: Mode::Interactive, ..Config::default() }
}

#[test]
fn an_offer_is_requested_sent_and_acknowledged() {
    let (mut alice, mut bob) = (user_with(1, interactive()), user(2));
    let id = alice.append(bob.key, b"hi");

    let offered = alice.deliver_to(&mut bob);
    let requested = bob.deliver_to(&mut alice);
    let arrived = alice.deliver_to(&mut bob);
    let acked = bob.deliver_to(&mut alice);

    assert!(offered.is_empty() && requested.is_empty());
    assert_eq!(bodies(&arrived), [b"hi"]);
    assert_eq!(acked, [Arrival::Acked { id, by: bob.key, device: None }]);
    assert!(alice.sendings_until(DAY).is_empty() && bob.sendings_until(DAY).is_empty());
}

#[test]
fn an_offer_of_what_arrived_is_acknowledged() {
    let (mut alice, mut bob) = (user_with(1, interactive()), user(2));
    alice.append(bob.key, b"hi");
    let offer = alice.payload();
    bob.receive_payload(alice.key, &offer).unwrap();
    bob.deliver_to(&mut alice);
    alice.deliver_to(&mut bob);
    let lost = bob.payload();

    bob.receive_payload(alice.key, &offer).unwrap();

    assert_eq!(bob.payload().acks, lost.acks);
}

// Spec: MVDS, "Interactive Mode": the offer is removed when the message was requested.
#[test]
fn what_was_requested_is_offered_no_more_and_keeps_the_age_of_its_offer() {
    let (mut alice, mut bob) = (user_with(1, interactive()), user(2));
    let id = alice.append(bob.key, b"hi");
    alice.deliver_to(&mut bob);
    bob.party.wait(20 * DAY);
    alice.party.wait(20 * DAY);
    bob.due();
    alice.deliver_to(&mut bob);
    bob.party.wait(HOUR);
    bob.deliver_to(&mut alice);

    let mut sent = Vec::new();
    let mut end = Vec::new();
    for _ in 0..11 * 24 {
        let round = alice.round().now;
        sent.extend(round.datagrams);
        end.extend(round.arrivals);
        alice.party.wait(HOUR);
    }

    let offers = sent.iter().map(|it| Payload::decode(Wire::Deployed, &it.bytes).unwrap().offers.len());
    assert_eq!(offers.sum::<usize>(), 0, "the message has taken the place of its offer");
    assert_eq!(end, [Arrival::GaveUp { id, to: bob.key }], "30 days after it was appended");
}

#[test]
fn a_request_is_answered_for_the_reader_only() {
    let (mut alice, bob) = (user_with(1, interactive()), user(2));
    alice.append(bob.key, b"hi");
    let requests = alice.payload().offers;
    let request = Payload { requests, ..Payload::default() };

    alice.receive_payload(key(3), &request).unwrap();
    let for_stranger = alice.payloads();
    alice.receive_payload(bob.key, &request).unwrap();
    let for_bob = alice.payload();

    assert!(for_stranger.is_empty());
    assert_eq!(for_bob.messages[0].body, b"hi");
}

#[test]
fn a_request_for_what_waits_anyway_changes_nothing() {
    let (mut alice, bob) = pair();
    alice.append(bob.key, b"hi");
    let requests = vec![alice.payload().messages[0].id().to_vec(), vec![7; 32]];
    let rows = alice.rows();

    alice.receive_payload(bob.key, &Payload { requests, ..Payload::default() }).unwrap();

    assert_eq!(alice.rows(), rows);
    assert!(alice.due().now.is_empty());
}

#[test]
fn a_request_is_repeated_a_few_times_and_forgotten() {
    let (alice, mut bob) = pair();
    let offers = vec![vec![7; 32]];

    bob.receive_payload(alice.key, &Payload { offers, ..Payload::default() }).unwrap();
    let sendings = bob.sendings_until(30 * DAY);

    assert_eq!(sendings.len(), usize::try_from(REQUEST_TRIES).unwrap());
    assert_eq!(bob.due().next, None);
    assert_eq!(bob.rows(), 1, "only the counter is left");
}

#[test]
fn who_sends_our_own_message_back_has_it() {
    let (mut alice, bob) = pair();
    let id = alice.append(bob.key, b"hi");
    let bytes = alice.due().now.remove(0).bytes;

    let arrivals = alice.receive(bob.key, &bytes).unwrap();

    assert_eq!(arrivals[0], Arrival::Acked { id, by: bob.key, device: None });
}
