//! The suite of the security seam.

use alloc::vec::Vec;

use super::Seat;
use crate::{
    Datagram, DeviceId, Grade, Interest, LayerError, Name, Opened, Parcel, Recipient, Rendezvous, Sealed,
    Security, UserId,
};

/// Runs the suite of a layer that seals; [`bare_security`] is part of it. `make` gives the layer and the user of seat 0 and
/// seat 1.
///
/// It says nothing of confidentiality, which a suite cannot see; the layer's own tests do.
pub fn security<L: Security>(make: impl Fn(u8) -> (L, UserId)) {
    bare_security(&make);
    a_parcel_opens_once(&make);
    a_truncated_parcel_is_refused(&make);
}

/// Runs the suite of every security layer, also of one that seals nothing: which can tell neither a copy from a second
/// datagram that says the same, nor half a datagram from a whole one.
pub fn bare_security<L: Security>(make: impl Fn(u8) -> (L, UserId)) {
    a_datagram_for_a_user_opens_at_that_user(&make);
    a_conversation_goes_both_ways(&make);
    parcels_open_in_any_order(&make);
    a_datagram_for_a_channel_opens_at_the_channel(&make);
    our_own_inbox_is_listened_at(&make);
    a_device_that_nobody_heard_of_is_not_paired(&make);
    an_old_copy_that_was_put_back_seals_with_new_keys(&make);
    keys_that_are_carried_to_others_are_taken_there_if_they_are_genuine(&make);
    due_twice_returns_nothing_the_second_time(&make);
}

fn to(user: UserId, text: &str) -> Datagram {
    Datagram::new(Recipient::User(user), text.as_bytes().to_vec())
}

fn seal<L: Security>(seat: &mut Seat<L>, datagram: Datagram) -> Vec<Parcel> {
    let out = seat.run("seal", |layer, cx| layer.seal(cx, datagram));
    out.map(|out| out.parcels).unwrap_or_default()
}

fn open<L: Security>(seat: &mut Seat<L>, parcels: Vec<Parcel>) -> Opened {
    let mut all = Opened::default();
    for parcel in parcels {
        let opened = seat.run("open", |layer, cx| layer.open(cx, parcel)).unwrap_or_default();
        all.mail.extend(opened.mail);
        all.then.extend(opened.then);
    }
    all
}

/// Checks that exactly `text` came from `from` to `at`.
#[track_caller]
fn assert_reads(opened: &Opened, from: UserId, at: UserId, text: &str) {
    assert!(
        matches!(opened.mail.as_slice(), [letter]
            if letter.from.user == from && letter.datagram == to(at, text)),
        "\"{text}\" opens once, from its sender: {:?}",
        opened.mail
    );
}

fn a_datagram_for_a_user_opens_at_that_user<L: Security>(make: &impl Fn(u8) -> (L, UserId)) {
    let (mut alice, mut bob) = (Seat::new(make, 0), Seat::new(make, 1));

    let parcels = seal(&mut alice, to(bob.user, "one"));
    let opened = open(&mut bob, parcels);

    assert_reads(&opened, alice.user, bob.user, "one");
}

fn a_conversation_goes_both_ways<L: Security>(make: &impl Fn(u8) -> (L, UserId)) {
    let (mut alice, mut bob) = (Seat::new(make, 0), Seat::new(make, 1));
    for _ in 0..3 {
        let parcels = seal(&mut alice, to(bob.user, "ping"));
        let opened = open(&mut bob, parcels);
        assert_reads(&opened, alice.user, bob.user, "ping");

        let parcels = seal(&mut bob, to(alice.user, "pong"));
        let opened = open(&mut alice, parcels);
        assert_reads(&opened, bob.user, alice.user, "pong");
    }
}

fn parcels_open_in_any_order<L: Security>(make: &impl Fn(u8) -> (L, UserId)) {
    let (mut alice, mut bob) = (Seat::new(make, 0), Seat::new(make, 1));
    // One exchange first, so that whatever session the layer knows is set up.
    let parcels = seal(&mut alice, to(bob.user, "ping"));
    open(&mut bob, parcels);
    let parcels = seal(&mut bob, to(alice.user, "pong"));
    open(&mut alice, parcels);

    let first = seal(&mut alice, to(bob.user, "first"));
    let second = seal(&mut alice, to(bob.user, "second"));
    let early = open(&mut bob, second);
    let late = open(&mut bob, first);

    assert_reads(&early, alice.user, bob.user, "second");
    assert_reads(&late, alice.user, bob.user, "first");
}

fn a_datagram_for_a_channel_opens_at_the_channel<L: Security>(make: &impl Fn(u8) -> (L, UserId)) {
    let (mut alice, mut bob) = (Seat::new(make, 0), Seat::new(make, 1));
    let Ok(name) = Name::new("conformance") else { return };
    let datagram = Datagram::new(Recipient::Channel(name.clone()), b"hello all".to_vec());

    let parcels = seal(&mut alice, datagram.clone());
    let there = parcels.iter().all(|parcel| parcel.meet == Rendezvous::Named(name.clone()));
    let opened = open(&mut bob, parcels);

    assert!(there, "a channel message is left at the channel's name");
    assert!(
        matches!(opened.mail.as_slice(), [letter]
            if letter.datagram == datagram && letter.grade == Grade::Clear),
        "a channel message opens at the channel and is graded Clear: {:?}",
        opened.mail
    );
}

fn our_own_inbox_is_listened_at<L: Security>(make: &impl Fn(u8) -> (L, UserId)) {
    let mut alice = Seat::new(make, 0);
    let user = alice.user;

    let out = alice
        .run("expect", |layer, cx| layer.expect(cx, &Recipient::User(user), Interest::Listen))
        .unwrap_or_default();

    assert!(
        out.meet.contains(&(Rendezvous::Inbox(user), Interest::Listen)),
        "expecting ourselves listens at our inbox: {:?}",
        out.meet
    );
}

fn a_device_that_nobody_heard_of_is_not_paired<L: Security>(make: &impl Fn(u8) -> (L, UserId)) {
    let mut alice = Seat::new(make, 0);
    let Ok(stranger) = DeviceId::new("a device that nobody has heard of") else { return };

    for how in [Interest::Listen, Interest::Ignore] {
        let before = alice.party.store.clone();

        let paired = alice.party.run(|cx| alice.layer.pair(cx, &stranger, how));

        assert!(
            matches!(paired.map_err(Into::into), Err(LayerError::Reject(_))),
            "a device that nobody has heard of is refused"
        );
        assert!(alice.party.store == before, "a refusal changes nothing");
    }
}

fn an_old_copy_that_was_put_back_seals_with_new_keys<L: Security>(make: &impl Fn(u8) -> (L, UserId)) {
    let (mut alice, mut bob) = (Seat::new(make, 0), Seat::new(make, 1));
    let parcels = seal(&mut alice, to(bob.user, "ping"));
    open(&mut bob, parcels);
    let parcels = seal(&mut bob, to(alice.user, "pong"));
    open(&mut alice, parcels);
    let copy = alice.party.store.clone();
    let parcels = seal(&mut alice, to(bob.user, "after the copy"));
    assert_reads(&open(&mut bob, parcels), alice.user, bob.user, "after the copy");

    alice.party.store = copy;
    alice.run("renew", L::renew);
    for text in ["from the copy", "and on"] {
        let parcels = seal(&mut alice, to(bob.user, text));
        assert_reads(&open(&mut bob, parcels), alice.user, bob.user, text);
        let parcels = seal(&mut bob, to(alice.user, "heard"));
        assert_reads(&open(&mut alice, parcels), bob.user, alice.user, "heard");
    }
}

fn a_parcel_opens_once<L: Security>(make: &impl Fn(u8) -> (L, UserId)) {
    let (mut alice, mut bob) = (Seat::new(make, 0), Seat::new(make, 1));
    let parcels = seal(&mut alice, to(bob.user, "once"));
    open(&mut bob, parcels.clone());

    for parcel in parcels {
        let Seat { layer, party, .. } = &mut bob;
        let again = party.run(|cx| layer.open(cx, parcel));
        let mail = again.map(|opened| opened.mail).unwrap_or_default();
        assert!(mail.is_empty(), "a parcel gives its mail once: {mail:?}");
    }
}

fn a_truncated_parcel_is_refused<L: Security>(make: &impl Fn(u8) -> (L, UserId)) {
    let (mut alice, mut bob) = (Seat::new(make, 0), Seat::new(make, 1));
    let parcels = seal(&mut alice, to(bob.user, "whole"));

    for parcel in &parcels {
        let bytes = parcel.sealed.as_bytes();
        for end in 0..bytes.len() {
            let cut = Sealed::new(bytes.iter().copied().take(end).collect());
            let Seat { layer, party, .. } = &mut bob;
            let opened = party.run(|cx| layer.open(cx, Parcel { sealed: cut, ..parcel.clone() }));
            let mail = opened.map(|opened| opened.mail).unwrap_or_default();
            assert!(mail.is_empty(), "mail out of {end} bytes of a parcel: {mail:?}");
        }
    }
    let opened = open(&mut bob, parcels);

    assert_reads(&opened, alice.user, bob.user, "whole");
}

fn keys_that_are_carried_to_others_are_taken_there_if_they_are_genuine<L: Security>(
    make: &impl Fn(u8) -> (L, UserId),
) {
    let (mut alice, mut bob) = (Seat::new(make, 0), Seat::new(make, 1));
    let (at_alice, at_bob) = (alice.user, bob.user);
    let Some(keys) = bob.run("introduce", L::introduce).flatten() else {
        let met = alice.run("meet", |layer, cx| layer.meet(cx, &at_bob, b"keys"));
        assert!(matches!(met, Some(None)), "a layer that gives out no keys takes none");
        return;
    };
    let refuses = |alice: &mut Seat<L>, user: UserId, keys: &[u8], what: &str| {
        let before = alice.party.store.clone();
        let Seat { layer, party, .. } = alice;
        let met = party.run(|cx| layer.meet(cx, &user, keys)).map_err(Into::into);
        assert!(matches!(met, Err(LayerError::Reject(_))), "{what} are refused");
        assert!(alice.party.store == before, "a refusal changes nothing");
    };
    for end in 0..keys.len() {
        refuses(&mut alice, at_bob, keys.get(..end).unwrap_or_default(), "keys that were cut");
    }
    refuses(&mut alice, at_alice, &keys, "keys of somebody else");

    let met = alice.run("meet", |layer, cx| layer.meet(cx, &at_bob, &keys));
    let prospect = alice.run("prospect", |layer, cx| layer.prospect(cx, &at_bob)).flatten();
    let parcels = seal(&mut alice, to(at_bob, "as we met"));
    let opened = open(&mut bob, parcels);

    assert!(matches!(met, Some(Some(_))), "genuine keys are taken");
    assert_reads(&opened, at_alice, at_bob, "as we met");
    let sealed = opened.mail.first().map(|letter| letter.grade);
    assert!(prospect == sealed, "a message is sealed as well as was said: {prospect:?}, {sealed:?}");
}

fn due_twice_returns_nothing_the_second_time<L: Security>(make: &impl Fn(u8) -> (L, UserId)) {
    let mut alice = Seat::new(make, 0);
    let user = alice.user;
    alice.run("expect", |layer, cx| layer.expect(cx, &Recipient::User(user), Interest::Listen));

    alice.run("due", L::due);
    let second = alice.run("due", L::due).map(|due| due.now).unwrap_or_default();

    assert!(second.is_empty(), "due returns nothing the second time: {second:?}");
}
