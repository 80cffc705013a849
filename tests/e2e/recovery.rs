//! Devices that lost their keys: after a restore from the words of the account, and after an old copy of the store was
//! put back. An old contact writes; the answer makes the next message fit.

use std::time::Duration;

use status_e2e::journal::Journal;
use status_e2e::talk::{Talk, text};
use status_e2e::{device, key, privacy, sync, user};
use status_layer::Notice;
use status_security::{Config, Sessions};
use status_sim::NodeId;
use status_stack::Stack;

const ALICE: u8 = 1;
const BOB: u8 = 2;

/// The number of Bob's new device.
const NEW: u8 = 22;

/// The texts that reached a node.
fn heard(talk: &Talk, node: NodeId) -> Vec<String> {
    talk.world.node(node).inbox.iter().map(|mail| text(&mail.body)).collect()
}

/// One round trip and a little more.
fn round_trip(talk: &mut Talk) {
    let there_and_back = talk.world.link.max_delay * 2;
    talk.world.run_for(there_and_back + Duration::from_millis(100));
}

/// Bob's account on a new device that knows nothing but his words.
fn restored(talk: &mut Talk) -> NodeId {
    let old = talk.node(BOB);
    talk.world.set_online(old, false);
    let security = Sessions::new(Config::default(), key(BOB), device(NEW));
    talk.world.add(user(BOB), Box::new(Journal(Stack::new(sync(BOB), security, privacy(BOB)))))
}

#[test]
fn after_a_restore_from_the_words_the_next_message_of_an_old_contact_is_read_within_one_round_trip() {
    let mut talk = Talk::acquainted(61, ALICE, BOB);
    talk.wait(3_600);
    let new = restored(&mut talk);

    talk.say(ALICE, BOB, "are you there?");
    round_trip(&mut talk);
    let notices = talk.world.node(new).notices.clone();
    talk.say(ALICE, BOB, "now you are");
    round_trip(&mut talk);
    let read = heard(&talk, new);
    talk.wait(3_600);

    assert_eq!(notices, [Notice::Unreadable { from: user(ALICE) }]);
    assert_eq!(read, ["are you there?", "now you are"], "the first one is sent again at once");
    assert_eq!(heard(&talk, new), read, "and once");
    assert_eq!(talk.world.faults, [""; 0]);
}

#[test]
fn a_restored_device_and_its_contact_go_on_in_both_directions() {
    let mut talk = Talk::acquainted(62, ALICE, BOB);
    let new = restored(&mut talk);
    talk.say(ALICE, BOB, "are you there?");
    talk.wait(60);

    for n in 0..5 {
        talk.say(ALICE, BOB, &format!("message {n}"));
        talk.wait(60);
    }

    assert_eq!(heard(&talk, new).len(), 6);
    assert_eq!(talk.world.node(new).notices.len(), 1, "one loss, one notice");
}

#[test]
fn after_an_old_copy_of_the_store_was_put_back_the_next_message_is_read_within_one_round_trip() {
    for (seed, away) in [(63, 2 * 3_600), (64, 30 * 3_600), (65, 9 * 24 * 3_600)] {
        let mut talk = Talk::acquainted(seed, ALICE, BOB);
        talk.wait(2 * 3_600);
        let bob = talk.node(BOB);
        let copy = talk.world.node(bob).store.clone();
        for (from, to) in [(ALICE, BOB), (BOB, ALICE), (ALICE, BOB)] {
            talk.say(from, to, "after the copy was made");
            talk.wait(away / 3);
        }
        talk.world.node_mut(bob).store = copy;
        talk.world.restart(bob);
        let before = heard(&talk, bob).len();

        talk.say(ALICE, BOB, "lost?");
        round_trip(&mut talk);
        round_trip(&mut talk);
        let resent = heard(&talk, bob).split_off(before);
        talk.say(ALICE, BOB, "read");
        round_trip(&mut talk);
        let read = heard(&talk, bob).split_off(before);
        talk.say(BOB, ALICE, "and back");
        talk.wait(3_600);

        assert!(read.contains(&"read".to_owned()), "{away} s: {read:?}");
        assert!(resent.contains(&"lost?".to_owned()), "{away} s: sent again with the answer to it");
        assert!(heard(&talk, talk.node(ALICE)).contains(&"and back".to_owned()), "{away} s");
        assert_eq!(talk.world.faults, [""; 0]);
    }
}

#[test]
fn who_writes_from_an_old_copy_of_the_store_is_read_after_one_round_trip() {
    let mut talk = Talk::acquainted(66, ALICE, BOB);
    talk.wait(2 * 3_600);
    let (alice, bob) = (talk.node(ALICE), talk.node(BOB));
    let copy = talk.world.node(bob).store.clone();
    for n in 0..3 {
        talk.say(BOB, ALICE, &format!("after the copy was made {n}"));
        talk.wait(60);
    }
    talk.world.node_mut(bob).store = copy;
    talk.world.restart(bob);

    talk.say(BOB, ALICE, "with a number used before");
    round_trip(&mut talk);
    talk.say(BOB, ALICE, "in a session of its own");
    round_trip(&mut talk);

    assert!(heard(&talk, alice).contains(&"in a session of its own".to_owned()));
    assert_eq!(talk.world.node(alice).notices, [Notice::Unreadable { from: user(BOB) }]);
}
