//! Privacy is blind for content: equal places and equal lengths give equal topics and equal sizes.

use std::collections::BTreeSet;

use status_e2e::talk::{Talk, signed};
use status_e2e::{key, must, privacy, security, user};
use status_layer::testing::Party;
use status_layer::{
    Datagram, Frame, Name, Parcel, Privacy, Recipient, Rendezvous, Sealed, Secret, Security, Topic, UserId,
};
use status_payload::{Clock, Place};

const ALICE: u8 = 1;
const BOB: u8 = 2;

/// What the network sees of frames besides their bytes.
fn seen<'a>(frames: impl IntoIterator<Item = &'a Frame>) -> Vec<(Topic, usize)> {
    frames.into_iter().map(|frame| (frame.topic.clone(), frame.bytes.len())).collect()
}

/// A conversation in all modes and a channel, in which everybody says `words`.
fn conversation(words: &str) -> Vec<(Topic, usize)> {
    let mut talk = Talk::new(41, &[ALICE, BOB]);
    talk.join(ALICE, "lobby");
    talk.join(BOB, "lobby");
    for _ in 0..2 {
        talk.say(ALICE, BOB, words);
        talk.say_in(BOB, "lobby", words);
        talk.wait(1);
        talk.say(BOB, ALICE, words);
        talk.wait(60);
    }
    talk.assert_complete(words);
    seen(talk.world.wire.iter().map(|(_, frame)| frame))
}

#[test]
fn what_is_said_changes_neither_topics_nor_sizes() {
    let runs = ["attack at dawn!!", "stay where you r", "0000000000000000"].map(conversation);

    assert!(runs[0].len() > 10, "{} frames are no conversation", runs[0].len());
    assert_eq!(runs[0], runs[1]);
    assert_eq!(runs[0], runs[2]);
}

#[test]
fn sizes_come_in_steps_that_hide_small_differences() {
    let layer = privacy(ALICE);
    let mut party = Party::new(4);
    let mut wrap = |len: usize| {
        let sealed = Sealed::new(vec![0; len]);
        let parcel = Parcel { meet: Rendezvous::Inbox(user(BOB)), sealed, hint: Some(user(ALICE)) };
        seen(&must(party.run(|cx| layer.wrap(cx, parcel))))
    };

    let sizes: BTreeSet<_> = (0..1_024).step_by(3).flat_map(&mut wrap).map(|(_, size)| size).collect();

    let steps: BTreeSet<usize> = sizes.iter().zip(sizes.iter().skip(1)).map(|(a, b)| b - a).collect();
    assert_eq!(steps, BTreeSet::from([256]), "{sizes:?}");
}

#[test]
fn the_search_sees_another_place_and_another_length() {
    let (short, long) = (conversation("yes"), conversation(&"yes".repeat(400)));

    assert_ne!(short, long);
}

/// Sealed bytes as different as security can make them: for a channel, static, ratcheted, and nonsense.
fn sealed_in_every_mode() -> Vec<Vec<u8>> {
    let (mut alice, mut bob) = (Party::new(1), Party::new(2));
    let (a, b) = (security(ALICE), security(BOB));
    let (_, body) = signed(ALICE, &Place::User(user(BOB)), "one", Clock::new(1), alice.now);
    let datagram = |to: Recipient| Datagram::new(to, body.as_bytes().to_vec());
    let seal = |party: &mut Party, from: &status_security::Sessions, to: Recipient| -> Parcel {
        let mut out = must(party.run(|cx| from.seal(cx, datagram(to))));
        out.parcels.remove(0)
    };
    let channel = Recipient::Channel(must(Name::new("lobby")));
    let clear = seal(&mut alice, &a, channel);
    let fixed = seal(&mut alice, &a, Recipient::User(user(BOB)));
    let opened = bob.run(|cx| b.open(cx, Parcel { hint: Some(user(ALICE)), ..fixed.clone() }));
    assert_eq!(must(opened.map(|opened| opened.mail.len())), 1);
    let ratcheted = seal(&mut bob, &b, Recipient::User(user(ALICE)));
    let mut all: Vec<Vec<u8>> =
        [clear, fixed, ratcheted].iter().map(|parcel| parcel.sealed.as_bytes().to_vec()).collect();
    all.extend([vec![0; 500], vec![0xff; 500]]);
    // What is said is cut and filled to one length; privacy must not care that it means nothing any more.
    for sealed in &mut all {
        sealed.resize(600, 7);
    }
    all
}

#[test]
fn how_it_was_sealed_changes_neither_topic_nor_size() {
    let layer = privacy(ALICE);
    let mut party = Party::new(3);
    let contact_code = must(status_crypto::text::key_string(&user(BOB))) + "-contact-code";
    let places = [
        Rendezvous::Inbox(user(BOB)),
        Rendezvous::Named(must(Name::new("lobby"))),
        Rendezvous::Named(must(Name::new(contact_code))),
        Rendezvous::Shared(Secret::new([9; 32])),
    ];
    let mut topics = BTreeSet::new();

    for meet in places {
        let mut wrap = |hint: Option<UserId>, sealed: Vec<u8>| {
            let parcel = Parcel { meet: meet.clone(), sealed: Sealed::new(sealed), hint };
            seen(&must(party.run(|cx| layer.wrap(cx, parcel))))
        };
        let signed: BTreeSet<_> =
            sealed_in_every_mode().into_iter().map(|sealed| wrap(Some(key(ALICE).user()), sealed)).collect();
        let unsigned: BTreeSet<_> =
            sealed_in_every_mode().into_iter().map(|sealed| wrap(None, sealed)).collect();

        assert_eq!((signed.len(), unsigned.len()), (1, 1), "{meet:?}: {signed:?}");
        topics.extend(signed.into_iter().flatten().map(|(topic, _)| topic));
    }

    assert_eq!(topics.len(), 4, "each place has a topic of its own");
}
