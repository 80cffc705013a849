//! How well mail is sealed gets better as keys become known, and never falls below what the policy demands.

use std::time::Duration;

use status_e2e::journal::Journal;
use status_e2e::talk::Talk;
use status_e2e::{device, key, privacy, sync, wire};
use status_layer::Grade;
use status_security::{Config, FirstMessage, Sessions, SharedPlace};
use status_stack::Stack;

const ALICE: u8 = 1;
const BOB: u8 = 2;
const BOTH: [u8; 2] = [ALICE, BOB];

/// Alice demands forward secrecy from the first message on, Bob does not.
fn strict_alice() -> Talk {
    let config = Config { first_message: FirstMessage::RequireForwardSecrecy, ..Config::default() };
    let strict = Sessions::new(config, key(ALICE), device(ALICE));
    let mut talk = Talk::empty(31);
    talk.add(ALICE, Box::new(Journal(Stack::new(sync(ALICE), strict, privacy(ALICE)))));
    talk.add(BOB, Box::new(Journal(status_e2e::stack(BOB))));
    talk
}

fn grades(talk: &Talk, seat: u8) -> Vec<Grade> {
    talk.mail(seat).iter().map(|entry| entry.grade).collect()
}

/// Whether any mail left that is not sealed with a ratchet.
fn any_static(talk: &Talk) -> bool {
    talk.world.wire.iter().any(|(_, frame)| wire::ratcheted(frame, &BOTH) == Some(false))
}

#[test]
fn grades_go_up_with_the_first_answer_and_stay_there() {
    let mut talk = Talk::new(30, &BOTH);

    talk.say(ALICE, BOB, "whoever you are");
    talk.say(ALICE, BOB, "are you there?");
    talk.wait(60);
    talk.say(ALICE, BOB, "now I have your keys");
    talk.wait(60);
    talk.say(BOB, ALICE, "and I yours");
    talk.wait(60);

    assert_eq!(grades(&talk, BOB), [Grade::Static, Grade::Static, Grade::Ratcheted]);
    assert_eq!(grades(&talk, ALICE), [Grade::Ratcheted]);
    talk.assert_complete("on the way up");
}

#[test]
fn a_contact_code_makes_the_very_first_message_ratcheted() {
    let mut talk = Talk::empty(32);
    talk.add(ALICE, Box::new(Journal(status_e2e::stack(ALICE))));
    talk.follow(ALICE, BOB);
    // Bob comes later, and announces his keys where Alice listens.
    talk.add(BOB, Box::new(Journal(status_e2e::stack(BOB))));
    talk.wait(1);

    talk.say(ALICE, BOB, "I read your contact code");
    talk.wait(60);

    assert_eq!(grades(&talk, BOB), [Grade::Ratcheted]);
    assert!(!any_static(&talk));
    talk.assert_complete("with a contact code");
}

#[test]
fn a_strict_policy_delays_the_first_message_until_a_bundle_comes() {
    let mut talk = strict_alice();
    let alice = talk.node(ALICE);

    talk.say(ALICE, BOB, "sealed well or not at all");
    talk.wait(120);

    let refusals = talk.world.node(alice).refusals.clone();
    assert!(!refusals.is_empty());
    assert!(refusals.iter().all(|why| why.contains("the policy requires forward secrecy")), "{refusals:?}");
    assert_eq!(talk.heard(BOB), [""; 0]);
    assert!(talk.world.wire.iter().all(|(_, frame)| wire::mail(frame, &BOTH).is_none()), "something left");

    // Alice follows Bob; his next announcement is at most six hours away.
    talk.follow(ALICE, BOB);
    talk.wait(8 * 3_600);

    assert_eq!(grades(&talk, BOB), [Grade::Ratcheted]);
    assert!(!any_static(&talk));
    talk.assert_complete("after the announcement");
}

#[test]
fn an_introduction_may_go_out_before_any_bundle_and_nothing_else() {
    let config = Config { first_message: FirstMessage::OnlyIntroductions, ..Config::default() };
    let strict = Sessions::new(config, key(ALICE), device(ALICE));
    let mut talk = Talk::empty(34);
    talk.add(ALICE, Box::new(Journal(Stack::new(sync(ALICE), strict, privacy(ALICE)))));
    talk.add(BOB, Box::new(Journal(status_e2e::stack(BOB))));

    talk.say(ALICE, BOB, "not before I have your keys");
    talk.introduce(ALICE, BOB, "may I write to you?");
    talk.world.run_for(Duration::from_secs(3));
    let at_first = talk.heard(BOB);
    talk.wait(120);

    assert_eq!(at_first, ["may I write to you?"]);
    assert_eq!(grades(&talk, BOB), [Grade::Static, Grade::Ratcheted], "the acknowledgement brought the keys");
    talk.assert_complete("after the introduction");
}

#[test]
fn a_strict_policy_is_content_with_a_bundle_in_any_message() {
    let mut talk = strict_alice();
    talk.say(BOB, ALICE, "my keys are in here");
    talk.wait(1);

    talk.say(ALICE, BOB, "so they are");
    talk.wait(120);

    assert_eq!(grades(&talk, BOB), [Grade::Ratcheted]);
    talk.assert_complete("with a bundle from a message");
}

#[test]
fn mail_moves_to_the_place_that_two_users_share() {
    let mut talk = Talk::empty(33);
    for seat in BOTH {
        let config = Config { shared_place: SharedPlace::Use, ..Config::default() };
        let sharing = Sessions::new(config, key(seat), device(seat));
        talk.add(seat, Box::new(Journal(Stack::new(sync(seat), sharing, privacy(seat)))));
    }
    talk.say(ALICE, BOB, "hello");
    talk.wait(60);
    talk.say(BOB, ALICE, "hello to you");
    talk.wait(60);
    let before = talk.world.wire.len();

    talk.say(ALICE, BOB, "among ourselves");
    talk.wait(60);
    talk.say(BOB, ALICE, "nobody sees for whom");
    talk.wait(60);

    let later = &talk.world.wire[before..];
    assert!(later.iter().all(|(_, frame)| wire::mail(frame, &BOTH).is_none()), "something is in an inbox");
    assert!(later.len() >= 4);
    talk.assert_complete("at the shared place");
}
