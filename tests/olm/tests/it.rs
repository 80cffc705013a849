//! Olm behind the seam: it keeps the rules, and carries a conversation through the whole stack.

use std::cell::RefCell;
use std::time::Duration;

use status_data_sync::Mvds;
use status_layer::testing::{Glass, conform};
use status_layer::{Audience, Body, Grade, MessageId, UserId};
use status_olm::{Card, Olm};
use status_sim::{Link, World};
use status_stack::Stack;

fn user(seat: u8) -> UserId {
    let mut key = [seat + 1; 33];
    key[0] = 2;
    UserId::from_compressed(&key).unwrap()
}

/// Two accounts, each in the other's address book.
fn pair() -> [Olm; 2] {
    let (alice, card_of_alice): (Olm, Card) = Olm::account(user(0)).unwrap();
    let (bob, card_of_bob) = Olm::account(user(1)).unwrap();
    [alice.knowing(user(1), card_of_bob), bob.knowing(user(0), card_of_alice)]
}

#[test]
fn olm_keeps_the_rules_of_the_security_seam() {
    // The suite asks for seat 0 and then, of the same pair, for seat 1.
    let waiting = RefCell::new(None);
    conform::security(|seat| {
        let layer = match seat {
            0 => {
                let [alice, bob] = pair();
                waiting.replace(Some(bob));
                alice
            }
            _ => waiting.take().expect("seat 0 comes first"),
        };
        (layer, user(seat))
    });
}

#[test]
fn olm_carries_a_conversation_through_a_rough_network() {
    let mut world = World::new(3, Link { loss: 30, doubled: 20, ..Link::default() });
    let mut seat = 0;
    let [alice, bob] = pair().map(|olm| {
        let us = user(seat);
        seat += 1;
        world.add(us, Box::new(Stack::new(Mvds::new(us, status_data_sync::Config::default()), olm, Glass)))
    });

    for n in 0..20 {
        let (from, to) = if n % 2 == 0 { (alice, user(1)) } else { (bob, user(0)) };
        world.send(from, Audience::User(to), MessageId::new([n; 32]), Body::new(vec![n; 40]));
        world.run_for(Duration::from_secs(1));
    }
    world.run_for(Duration::from_secs(24 * 3_600));

    for node in [alice, bob] {
        let mut got: Vec<u8> = world.node(node).inbox.iter().map(|mail| mail.body.as_bytes()[0]).collect();
        got.sort_unstable();
        let wanted: Vec<u8> = (0..20).filter(|n| (n % 2 == 0) == (node == bob)).collect();
        assert_eq!(got, wanted, "each message once");
        assert!(world.node(node).inbox.iter().all(|mail| mail.grade == Grade::Ratcheted));
        assert_eq!(world.node(node).delivered.len(), 10);
    }
    assert_eq!(world.faults, [""; 0]);
}
