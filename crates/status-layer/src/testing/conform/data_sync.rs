//! The suite of the data sync seam.

use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use super::Seat;
use crate::{
    Arrival, Audience, Body, DataSync, Datagram, Grade, Letter, MessageId, Name, Proof, Recipient, Round,
    Sender, UserId,
};

/// How long a layer may take to send again what was lost.
const PATIENCE: Duration = Duration::from_secs(7_200);

/// By when a layer that sends one datagram at a time has sent two.
const SOON: Duration = Duration::from_secs(2);

/// By when a layer must have given up what nobody confirms.
const FOR_EVER: Duration = Duration::from_secs(365 * 86_400);

const DAY: Duration = Duration::from_secs(86_400);

/// Runs the suite of every data sync, also of one that sends each message once and hopes; `make` gives the layer and the
/// user of seat 0 to seat 2.
pub fn data_sync<L: DataSync>(make: impl Fn(u8) -> (L, UserId)) {
    a_body_arrives_once(&make);
    bodies_arrive_in_the_order_in_which_they_were_appended(&make);
    a_datagram_names_the_messages_in_it(&make);
    what_nobody_confirms_is_given_up_and_said_to_be(&make);
    appending_twice_changes_nothing(&make);
    an_introduction_is_told_from_other_content(&make);
    what_passes_is_sent_once_and_forgotten(&make);
    a_channel_hears_it_once(&make);
    due_twice_returns_nothing_the_second_time(&make);
    resending_nothing_changes_nothing(&make);
    garbage_disturbs_nothing(&make);
}

/// Runs the suite of a data sync that sends again until it is confirmed; [`data_sync`] is part of it.
pub fn reliable_data_sync<L: DataSync>(make: impl Fn(u8) -> (L, UserId)) {
    data_sync(&make);
    a_body_is_acknowledged(&make);
    what_is_lost_is_sent_again(&make);
    a_copy_is_noticed_and_acknowledged_again(&make);
    resend_makes_due_at_once_what_one_user_lacks(&make);
    what_is_acknowledged_is_never_given_up(&make);
    a_late_copy_of_all_that_was_sent_is_shown_once(&make);
    nobody_else_can_acknowledge(&make);
}

const ID: MessageId = MessageId::new([9; 32]);

fn body() -> Body {
    Body::new(b"a body".to_vec())
}

fn letter(from: UserId, datagram: Datagram) -> Letter {
    Letter {
        from: Sender { user: from, device: None, proof: Proof::Session },
        grade: Grade::Ratcheted,
        datagram,
    }
}

fn append<L: DataSync>(seat: &mut Seat<L>, to: &Audience) {
    seat.run("append", |layer, cx| layer.append(cx, ID, to, body()));
}

fn round<L: DataSync>(seat: &mut Seat<L>) -> Round {
    seat.run("due", L::due).map(|due| due.now).unwrap_or_default()
}

fn due<L: DataSync>(seat: &mut Seat<L>) -> Vec<Datagram> {
    round(seat).datagrams
}

/// All that is due within a few seconds: a layer may send one datagram at a time.
fn all_due<L: DataSync>(seat: &mut Seat<L>) -> Vec<Datagram> {
    let mut sent = due(seat);
    for _ in 0..4 {
        seat.party.wait(SOON / 4);
        sent.extend(due(seat));
    }
    sent
}

fn is_acked(arrivals: &[Arrival], by: UserId) -> bool {
    arrivals == [Arrival::Acked { id: ID, by, device: None }]
}

/// What becomes of a message that nobody confirms, within a year.
fn ends<L: DataSync>(seat: &mut Seat<L>) -> Vec<Arrival> {
    let mut arrivals = Vec::new();
    let end = seat.party.now.after(FOR_EVER);
    while seat.party.now < end {
        arrivals.extend(round(seat).arrivals);
        seat.party.wait(DAY);
    }
    arrivals
}

/// Hands datagrams to their reader as security would.
fn deliver<L: DataSync>(from: UserId, to: &mut Seat<L>, datagrams: Vec<Datagram>) -> Vec<Arrival> {
    let mut arrivals = Vec::new();
    for datagram in datagrams {
        assert!(datagram.to == Recipient::User(to.user), "a datagram is addressed to its reader");
        let arrived = to.run("receive", |layer, cx| layer.receive(cx, letter(from, datagram)));
        arrivals.extend(arrived.unwrap_or_default());
    }
    arrivals
}

fn bodies(arrivals: &[Arrival]) -> usize {
    arrivals.iter().filter(|arrival| matches!(arrival, Arrival::Body { body: b, .. } if *b == body())).count()
}

fn a_body_arrives_once<L: DataSync>(make: &impl Fn(u8) -> (L, UserId)) {
    let (mut alice, mut bob) = (Seat::new(make, 0), Seat::new(make, 1));
    append(&mut alice, &Audience::User(bob.user));
    let sent = due(&mut alice);

    let arrivals = deliver(alice.user, &mut bob, sent);

    assert!(bodies(&arrivals) == 1, "the body arrives once: {arrivals:?}");
}

fn bodies_arrive_in_the_order_in_which_they_were_appended<L: DataSync>(make: &impl Fn(u8) -> (L, UserId)) {
    let (mut alice, mut bob) = (Seat::new(make, 0), Seat::new(make, 1));
    let to = Audience::User(bob.user);
    for number in 0..100 {
        let (id, body) = (MessageId::new([number; 32]), Body::new(vec![number; 600]));
        alice.run("append", |layer, cx| layer.append(cx, id, &to, body));
    }
    let sent = all_due(&mut alice);

    let arrivals = deliver(alice.user, &mut bob, sent);

    let numbers: Vec<u8> = arrivals
        .iter()
        .filter_map(|arrival| match arrival {
            Arrival::Body { body, .. } => body.as_bytes().first().copied(),
            _ => None,
        })
        .collect();
    assert!(numbers == (0..100).collect::<Vec<u8>>(), "bodies arrive in their order: {numbers:?}");
}

fn a_datagram_names_the_messages_in_it<L: DataSync>(make: &impl Fn(u8) -> (L, UserId)) {
    let (mut alice, mut bob) = (Seat::new(make, 0), Seat::new(make, 1));
    append(&mut alice, &Audience::User(bob.user));
    let sent = due(&mut alice);

    let named: Vec<MessageId> = sent.iter().flat_map(|datagram| datagram.carries.clone()).collect();
    deliver(alice.user, &mut bob, sent);
    let answer = due(&mut bob);

    assert!(named == [ID], "a datagram names what it carries, once: {named:?}");
    assert!(answer.iter().all(|it| it.carries.is_empty()), "an acknowledgement carries no message");
}

fn what_nobody_confirms_is_given_up_and_said_to_be<L: DataSync>(make: &impl Fn(u8) -> (L, UserId)) {
    let (mut alice, bob) = (Seat::new(make, 0), Seat::new(make, 1));
    append(&mut alice, &Audience::User(bob.user));
    let first = round(&mut alice).arrivals;

    let end = ends(&mut alice);
    let rest = alice.run("due", L::due);

    assert!(first.is_empty(), "nothing is given up while it is sent for the first time: {first:?}");
    assert!(end == [Arrival::GaveUp { id: ID, to: bob.user }], "within a year it is given up, once: {end:?}");
    assert!(rest.is_some_and(|due| due.next.is_none()), "then nothing waits any more");
}

fn a_body_is_acknowledged<L: DataSync>(make: &impl Fn(u8) -> (L, UserId)) {
    let (mut alice, mut bob) = (Seat::new(make, 0), Seat::new(make, 1));
    append(&mut alice, &Audience::User(bob.user));
    let sent = due(&mut alice);

    deliver(alice.user, &mut bob, sent);
    let answer = due(&mut bob);
    let acked = deliver(bob.user, &mut alice, answer);
    alice.party.wait(PATIENCE);
    let rest = due(&mut alice);

    assert!(is_acked(&acked, bob.user), "it is acknowledged: {acked:?}");
    assert!(rest.is_empty(), "what is acknowledged is not sent again: {rest:?}");
}

fn resend_makes_due_at_once_what_one_user_lacks<L: DataSync>(make: &impl Fn(u8) -> (L, UserId)) {
    let (mut alice, bob, eve) = (Seat::new(make, 0), Seat::new(make, 1), Seat::new(make, 2));
    append(&mut alice, &Audience::User(bob.user));
    let other = MessageId::new([7; 32]);
    alice.run("append", |layer, cx| layer.append(cx, other, &Audience::User(eve.user), body()));
    due(&mut alice);
    alice.party.wait(SOON);
    let before = due(&mut alice);

    alice.run("resend", |layer, cx| layer.resend(cx, Some(&bob.user)));
    let one = due(&mut alice);
    alice.party.wait(SOON * 5);
    alice.run("resend", |layer, cx| layer.resend(cx, None));
    let all = due(&mut alice);

    let to = |sent: &[Datagram], user| sent.iter().filter(|it| it.to == Recipient::User(user)).count();
    assert!(before.is_empty(), "two seconds later nothing is due: {before:?}");
    assert!((to(&one, bob.user), to(&one, eve.user)) == (1, 0), "one user's messages go at once: {one:?}");
    assert!((to(&all, bob.user), to(&all, eve.user)) == (1, 1), "everybody's messages go at once: {all:?}");
}

fn what_is_acknowledged_is_never_given_up<L: DataSync>(make: &impl Fn(u8) -> (L, UserId)) {
    let (mut alice, mut bob) = (Seat::new(make, 0), Seat::new(make, 1));
    append(&mut alice, &Audience::User(bob.user));
    let sent = due(&mut alice);
    deliver(alice.user, &mut bob, sent);
    let answer = due(&mut bob);
    deliver(bob.user, &mut alice, answer);

    alice.run("resend", |layer, cx| layer.resend(cx, None));
    let end = ends(&mut alice);

    assert!(end.is_empty(), "what was acknowledged is neither sent nor given up: {end:?}");
}

fn a_late_copy_of_all_that_was_sent_is_shown_once<L: DataSync>(make: &impl Fn(u8) -> (L, UserId)) {
    let (mut alice, mut bob) = (Seat::new(make, 0), Seat::new(make, 1));
    append(&mut alice, &Audience::User(bob.user));
    let mut sent = due(&mut alice);
    let mut shown = bodies(&deliver(alice.user, &mut bob, sent.clone()));
    loop {
        alice.party.wait(DAY);
        bob.party.wait(DAY);
        let round = round(&mut alice);
        sent.extend(round.datagrams.clone());
        shown += bodies(&deliver(alice.user, &mut bob, round.datagrams));
        if !round.arrivals.is_empty() {
            break;
        }
    }

    shown += bodies(&deliver(alice.user, &mut bob, sent));

    assert!(shown == 1, "until its sender gives up, no copy is shown again: {shown} were");
}

fn nobody_else_can_acknowledge<L: DataSync>(make: &impl Fn(u8) -> (L, UserId)) {
    let (mut alice, mut bob, eve) = (Seat::new(make, 0), Seat::new(make, 1), Seat::new(make, 2));
    append(&mut alice, &Audience::User(bob.user));
    let sent = due(&mut alice);
    deliver(alice.user, &mut bob, sent);
    let answer = due(&mut bob);

    let acked = deliver(eve.user, &mut alice, answer);
    alice.party.wait(PATIENCE);
    let again = due(&mut alice);

    assert!(acked.is_empty(), "an acknowledgement counts for whoever sent it: {acked:?}");
    assert!(!again.is_empty(), "so the message is sent again");
}

fn what_passes_is_sent_once_and_forgotten<L: DataSync>(make: &impl Fn(u8) -> (L, UserId)) {
    let (mut alice, mut bob) = (Seat::new(make, 0), Seat::new(make, 1));
    let to = Audience::User(bob.user);
    let passing = Body::passing(body().into_bytes());
    alice.run("append", |layer, cx| layer.append(cx, ID, &to, passing));
    let sent = due(&mut alice);

    let arrivals = deliver(alice.user, &mut bob, sent);
    alice.party.wait(PATIENCE);
    let rest = round(&mut alice);

    assert!(bodies(&arrivals) == 1, "what passes arrives: {arrivals:?}");
    assert!(rest == Round::default(), "it is not sent again, nor given up: {rest:?}");
}

fn resending_nothing_changes_nothing<L: DataSync>(make: &impl Fn(u8) -> (L, UserId)) {
    let (mut alice, bob) = (Seat::new(make, 0), Seat::new(make, 1));
    let before = alice.party.store.clone();

    alice.run("resend", |layer, cx| layer.resend(cx, Some(&bob.user)));
    alice.run("resend", |layer, cx| layer.resend(cx, None));
    alice.run("online", L::online);
    let sent = due(&mut alice);

    assert!(sent.is_empty(), "nothing was appended: {sent:?}");
    assert!(alice.party.store == before, "where nothing waits, nothing is written");
}

fn what_is_lost_is_sent_again<L: DataSync>(make: &impl Fn(u8) -> (L, UserId)) {
    let (mut alice, mut bob) = (Seat::new(make, 0), Seat::new(make, 1));
    append(&mut alice, &Audience::User(bob.user));
    let lost = due(&mut alice);
    let next = alice.run("due", L::due).and_then(|due| due.next);
    alice.party.wait(PATIENCE);
    let again = due(&mut alice);

    let arrivals = deliver(alice.user, &mut bob, again);

    assert!(!lost.is_empty(), "an appended body is due at once");
    assert!(next.is_some(), "due names the moment of the resend");
    assert!(bodies(&arrivals) == 1, "the resend arrives: {arrivals:?}");
}

fn a_copy_is_noticed_and_acknowledged_again<L: DataSync>(make: &impl Fn(u8) -> (L, UserId)) {
    let (mut alice, mut bob) = (Seat::new(make, 0), Seat::new(make, 1));
    append(&mut alice, &Audience::User(bob.user));
    let sent = due(&mut alice);
    deliver(alice.user, &mut bob, sent.clone());
    let lost = due(&mut bob);

    let arrivals = deliver(alice.user, &mut bob, sent);
    let answer = due(&mut bob);
    let acked = deliver(bob.user, &mut alice, answer);

    assert!(!lost.is_empty(), "the first copy is acknowledged");
    assert!(bodies(&arrivals) == 0, "a copy is not handed up: {arrivals:?}");
    assert!(is_acked(&acked, bob.user), "a copy is acknowledged too: {acked:?}");
}

fn an_introduction_is_told_from_other_content<L: DataSync>(make: &impl Fn(u8) -> (L, UserId)) {
    let (mut alice, bob) = (Seat::new(make, 0), Seat::new(make, 1));
    let to = Audience::User(bob.user);
    append(&mut alice, &to);
    let introduction = Body::introduction(b"may I?".to_vec());
    alice.run("append", |layer, cx| layer.append(cx, MessageId::new([8; 32]), &to, introduction));
    let mut sent = due(&mut alice);
    alice.party.wait(SOON);
    sent.extend(due(&mut alice));

    let holds =
        |datagram: &Datagram, bytes: &[u8]| datagram.bytes.windows(bytes.len()).any(|window| window == bytes);
    let introduces = |datagram: &Datagram| holds(datagram, b"may I?");
    assert!(sent.iter().any(introduces), "an introduction is due within two seconds");
    assert!(
        sent.iter().all(|it| it.introduces == introduces(it)),
        "what introduces is marked, and goes apart from all else: {sent:?}"
    );
    assert!(sent.iter().any(|it| holds(it, body().as_bytes())), "other content goes as well");
}

fn appending_twice_changes_nothing<L: DataSync>(make: &impl Fn(u8) -> (L, UserId)) {
    let (mut alice, mut bob) = (Seat::new(make, 0), Seat::new(make, 1));
    append(&mut alice, &Audience::User(bob.user));
    append(&mut alice, &Audience::User(bob.user));
    let sent = due(&mut alice);

    let arrivals = deliver(alice.user, &mut bob, sent);

    assert!(bodies(&arrivals) == 1, "the same body appended twice arrives once: {arrivals:?}");
}

fn a_channel_hears_it_once<L: DataSync>(make: &impl Fn(u8) -> (L, UserId)) {
    let (mut alice, mut bob) = (Seat::new(make, 0), Seat::new(make, 1));
    let Ok(name) = Name::new("conformance") else { return };
    append(&mut alice, &Audience::Channel(name.clone()));
    let sent = due(&mut alice);
    alice.party.wait(PATIENCE);
    let rest = due(&mut alice);

    let [datagram] = sent.as_slice() else {
        assert!(sent.len() == 1, "a channel message is one datagram: {sent:?}");
        return;
    };
    let from = alice.user;
    let arrivals = bob.run("receive", |layer, cx| layer.receive(cx, letter(from, datagram.clone())));

    assert!(datagram.to == Recipient::Channel(name), "it is addressed to the channel");
    assert!(arrivals.is_some_and(|arrivals| bodies(&arrivals) == 1), "a channel message arrives");
    assert!(due(&mut bob).is_empty(), "a channel message is not acknowledged");
    assert!(rest.is_empty(), "a channel message is not sent again");
}

fn due_twice_returns_nothing_the_second_time<L: DataSync>(make: &impl Fn(u8) -> (L, UserId)) {
    let (mut alice, bob) = (Seat::new(make, 0), Seat::new(make, 1));
    append(&mut alice, &Audience::User(bob.user));

    let first = due(&mut alice);
    let second = due(&mut alice);

    assert!(!first.is_empty(), "an appended body is due at once");
    assert!(second.is_empty(), "due returns nothing the second time: {second:?}");
}

fn garbage_disturbs_nothing<L: DataSync>(make: &impl Fn(u8) -> (L, UserId)) {
    let (mut alice, mut bob) = (Seat::new(make, 0), Seat::new(make, 1));
    append(&mut alice, &Audience::User(bob.user));
    let sent = due(&mut alice);
    let from = alice.user;

    for datagram in &sent {
        for end in 0..datagram.bytes.len() {
            let cut =
                Datagram { bytes: datagram.bytes.iter().copied().take(end).collect(), ..datagram.clone() };
            let Seat { layer, party, .. } = &mut bob;
            let arrivals = party.run(|cx| layer.receive(cx, letter(from, cut))).unwrap_or_default();
            assert!(bodies(&arrivals) == 0, "a body out of {end} bytes of a datagram");
        }
    }
    let arrivals = deliver(from, &mut bob, sent);

    assert!(bodies(&arrivals) == 1, "the whole datagram arrives after its truncations: {arrivals:?}");
}
