//! A node may die at any moment of its life, and nobody notices but by the time it takes.

use std::collections::BTreeSet;

use status_e2e::talk::{Death, Talk, by_stack};
use status_e2e::{journal, rows, wire};
use status_layer::{Audience, Frame};
use status_payload::{Clock, Place};
use status_sim::{Cut, NodeId};

const ALICE: u8 = 1;
const BOB: u8 = 2;
const BOTH: [u8; 2] = [ALICE, BOB];

/// Whether the network keeps frames for who was away.
#[derive(Clone, Copy, Debug)]
enum History {
    Kept,
    Lost,
}

/// A conversation in both directions, from the first word without keys to turns of the ratchet.
fn conversation(death: Option<Death>, history: History) -> Talk {
    let mut talk = Talk::with(7, &BOTH, by_stack, death);
    talk.world.keeps_history = matches!(history, History::Kept);
    talk.say(ALICE, BOB, "first word");
    talk.say(ALICE, BOB, "second, before an answer");
    talk.wait(1);
    talk.say(BOB, ALICE, "an answer");
    talk.wait(1);
    talk.say(ALICE, BOB, "across");
    talk.say(BOB, ALICE, "each other");
    talk.wait(1);
    talk.say(ALICE, BOB, "last word");
    talk.wait(3_600);
    talk
}

/// Has the conversation once for each step of a node's life, and kills the node in that step.
fn die_in_every_step(seat: u8, cut: Cut, history: History) {
    let undisturbed = conversation(None, history);
    let steps = undisturbed.world.node(undisturbed.node(seat)).steps;
    assert!(steps > 15, "{steps} steps are no life");

    for step in 1..=steps {
        let death = Death { seat, step, cut };
        let what = format!("{death:?}, history {history:?}");
        let talk = conversation(Some(death), history);

        assert_eq!(talk.world.stats.crashes, 1, "{what}");
        talk.assert_complete(&what);
        let used = wire::keys_used(&talk, &BOTH).map(|used| used.len());
        assert!(used.as_ref().is_ok_and(|texts| *texts >= talk.said.len()), "{used:?}: {what}");
    }
}

#[test]
fn a_node_may_die_in_any_step_before_its_commit() {
    die_in_every_step(ALICE, Cut::BeforeCommit, History::Lost);
    die_in_every_step(BOB, Cut::BeforeCommit, History::Lost);
}

#[test]
fn a_node_may_die_in_any_step_before_its_commit_and_fetch_what_it_missed() {
    die_in_every_step(ALICE, Cut::BeforeCommit, History::Kept);
    die_in_every_step(BOB, Cut::BeforeCommit, History::Kept);
}

#[test]
fn a_node_may_die_in_any_step_between_commit_and_publishing() {
    die_in_every_step(ALICE, Cut::BeforePublish, History::Lost);
    die_in_every_step(BOB, Cut::BeforePublish, History::Lost);
}

#[test]
fn a_node_may_die_in_any_step_after_publishing() {
    die_in_every_step(ALICE, Cut::BeforePublished, History::Lost);
    die_in_every_step(BOB, Cut::BeforePublished, History::Lost);
}

fn acquainted() -> Talk {
    Talk::acquainted(11, ALICE, BOB)
}

/// Arms a node to die in its next step.
fn doom(talk: &mut Talk, seat: u8, cut: Cut) -> NodeId {
    let node = talk.node(seat);
    let next = talk.world.node(node).steps + 1;
    talk.world.node_mut(node).die_at(next, cut);
    node
}

/// What was published since the `from`th frame.
fn published(talk: &Talk, from: usize) -> Vec<&Frame> {
    talk.world.wire[from..].iter().map(|(_, frame)| frame).collect()
}

#[test]
fn dying_before_the_commit_leaves_nothing() {
    let mut talk = acquainted();
    let alice = doom(&mut talk, ALICE, Cut::BeforeCommit);
    let (store, frames) = (talk.world.node(alice).store.clone(), talk.world.wire.len());
    let bob = status_e2e::user(BOB);
    let (id, body) =
        status_e2e::talk::signed(ALICE, &Place::User(bob), "lost", Clock::new(1), talk.world.now);

    talk.world.send(alice, Audience::User(bob), id, body);
    talk.wait(60);

    assert_eq!(talk.world.stats.crashes, 1);
    assert!(talk.world.node(alice).store == store, "something was kept");
    assert_eq!(published(&talk, frames), [] as [&Frame; 0]);
    assert!(!journal::sent(&talk.world.node(alice).store).contains(&id), "the call returned Ok");
}

#[test]
fn dying_before_publishing_sends_the_same_bytes_after_the_restart() {
    let (mut lives, mut dies) = (acquainted(), acquainted());
    let before = lives.world.wire.len();
    let alice = doom(&mut dies, ALICE, Cut::BeforePublish);

    lives.say(ALICE, BOB, "sealed once");
    dies.say(ALICE, BOB, "sealed once");

    assert_eq!(dies.world.stats.crashes, 1);
    let sent = published(&lives, before);
    let resumed: BTreeSet<&[u8]> =
        published(&dies, before).iter().map(|frame| frame.bytes.as_slice()).collect();
    assert_eq!(sent.len(), 1);
    assert_eq!(resumed, BTreeSet::from([sent[0].bytes.as_slice()]));
    assert!(published(&dies, before).iter().all(|frame| *frame == sent[0]), "another time or topic");
    // The ratchet stands where it stands if nobody dies.
    let security = |talk: &Talk| rows(&talk.world.node(alice).store, 2);
    assert!(security(&dies) == security(&lives), "a second ratchet step");
    dies.wait(60);
    dies.assert_complete("after the restart");
}

#[test]
fn dying_after_publishing_sends_twice_and_arrives_once() {
    let mut talk = acquainted();
    let before = talk.world.wire.len();
    doom(&mut talk, ALICE, Cut::BeforePublished);
    let bob = talk.node(BOB);
    assert_eq!(talk.world.node(bob).refusals, [""; 0]);

    talk.say(ALICE, BOB, "twice on the wire");

    let frames = published(&talk, before);
    assert_eq!(talk.world.stats.crashes, 1);
    assert!(frames.len() >= 2 && frames.iter().all(|frame| *frame == frames[0]), "{frames:?}");
    talk.wait(60);
    talk.assert_complete("after the restart");
    assert_eq!(talk.heard(BOB), ["hello", "twice on the wire"]);
    let refusals = &talk.world.node(bob).refusals;
    assert!(!refusals.is_empty(), "nobody noticed the copy");
    assert!(refusals.iter().all(|why| why == "security: the message was opened before"), "{refusals:?}");
}

#[test]
fn dying_while_receiving_does_not_move_the_ratchet_and_the_message_is_resent() {
    let mut talk = acquainted();
    let bob = talk.node(BOB);
    talk.say(ALICE, BOB, "lost on arrival");
    let store = talk.world.node(bob).store.clone();
    doom(&mut talk, BOB, Cut::BeforeCommit);

    talk.world.run_for(std::time::Duration::from_millis(500));

    assert_eq!(talk.world.stats.crashes, 1);
    assert!(talk.world.node(bob).store == store, "something was kept");
    talk.wait(60);
    assert_eq!(talk.heard(BOB), ["hello", "lost on arrival"]);
    talk.assert_complete("after the resend");
}

#[test]
fn dying_while_receiving_brings_the_same_frame_again_from_history() {
    let mut talk = acquainted();
    talk.world.keeps_history = true;
    let before = talk.world.wire.len();
    talk.say(ALICE, BOB, "kept by the network");
    doom(&mut talk, BOB, Cut::BeforeCommit);

    talk.wait(1);

    let alice = talk.node(ALICE);
    let sealed = talk.world.wire[before..].iter().filter(|(from, _)| *from == alice).count();
    assert_eq!((talk.world.stats.crashes, sealed), (1, 1), "it was sealed again");
    assert_eq!(talk.heard(BOB), ["hello", "kept by the network"]);
    talk.wait(60);
    talk.assert_complete("after the history");
}

#[test]
fn a_store_that_forgets_a_commit_is_caught_using_a_key_twice() {
    let mut talk = acquainted();
    let alice = talk.node(ALICE);
    let backup = talk.world.node(alice).store.clone();
    talk.say(ALICE, BOB, "one");
    talk.world.node_mut(alice).store = backup;

    talk.say(ALICE, BOB, "two");

    assert!(wire::keys_used(&talk, &BOTH).is_err_and(|(node, ..)| node == alice));
}
