//! What has to hold.

use std::time::Duration;

use futures::executor::block_on;
use status_layer::testing::{Courier, Glass, OpenBook, conform};
use status_layer::{Audience, Body, MessageId, UserId};
use status_sim::{Cut, Hub, Link, NodeId, World};
use status_stack::Stack;

fn user(seat: u8) -> UserId {
    let mut key = [seat + 1; 33];
    key[0] = 2;
    UserId::from_compressed(&key).unwrap()
}

fn pair(seed: u64, link: Link) -> (World, NodeId, NodeId) {
    let mut world = World::new(seed, link);
    let [alice, bob] = [0, 1]
        .map(|seat| world.add(user(seat), Box::new(Stack::new(Courier, OpenBook::new(user(seat)), Glass))));
    (world, alice, bob)
}

fn talk(world: &mut World, from: NodeId, to: UserId, count: u8) {
    for n in 0..count {
        world.send(from, Audience::User(to), MessageId::new([n; 32]), Body::new(vec![n]));
        world.run_for(Duration::from_secs(1));
    }
}

#[test]
fn hub_keeps_the_rules_of_the_network() {
    let hub = Hub::new();
    let (mut a, mut b) = (hub.port(), hub.port());

    block_on(conform::network(&mut a, &mut b));
}

#[test]
fn a_run_follows_from_its_seed() {
    let rough = Link { loss: 30, doubled: 20, damaged: 5, ..Link::default() };
    let run = |seed| {
        let (mut world, alice, _) = pair(seed, rough);
        talk(&mut world, alice, user(1), 20);
        world.run_for(Duration::from_secs(3_600));
        (world.stats, world.wire)
    };

    assert_eq!(run(1), run(1));
    assert_ne!(run(1).0, run(2).0);
}

#[test]
fn every_message_arrives_once_through_a_rough_network() {
    let rough = Link { loss: 40, doubled: 30, max_delay: Duration::from_secs(3), ..Link::default() };
    let (mut world, alice, bob) = pair(5, rough);

    talk(&mut world, alice, user(1), 50);
    world.run_for(Duration::from_secs(3_600));

    let mut got: Vec<u8> = world.node(bob).inbox.iter().map(|mail| mail.body.as_bytes()[0]).collect();
    got.sort_unstable();
    assert_eq!(got, (0..50).collect::<Vec<u8>>());
    assert_eq!(world.node(alice).delivered.len(), 50);
    assert_eq!(world.faults, [""; 0]);
}

#[test]
fn who_was_away_gets_it_later() {
    let (mut world, alice, bob) = pair(6, Link::default());
    world.set_online(bob, false);
    talk(&mut world, alice, user(1), 3);
    assert_eq!(world.node(bob).inbox.len(), 0);

    world.set_online(bob, true);
    world.run_for(Duration::from_secs(120));

    assert_eq!(world.node(bob).inbox.len(), 3);
}

#[test]
fn a_node_dies_where_it_is_told_to() {
    let (mut world, alice, bob) = pair(7, Link::default());
    let next = world.node(alice).steps + 1;
    world.node_mut(alice).die_at(next, Cut::BeforeCommit);

    talk(&mut world, alice, user(1), 1);
    world.run_for(Duration::from_secs(3_600));

    assert_eq!(world.stats.crashes, 1);
    assert_eq!(world.node(bob).inbox.len(), 0, "what was not committed was never sent");
}
