//! The suite of the data sync seam.

use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use super::Seat;
use crate::{
    Arrival, Audience, Body, DataSync, Datagram, Grade, Letter, MessageId, Name, Proof, Recipient, Sender,
    UserId,
};

/// How long a layer may take to send again what was lost.
const PATIENCE: Duration = Duration::from_secs(7_200);

/// By when a layer that sends one datagram at a time has sent two.
const SOON: Duration = Duration::from_secs(2);

/// Runs the suite; `make` gives the layer and the user of seat 0 and seat 1.
pub fn data_sync<L: DataSync>(make: impl Fn(u8) -> (L, UserId)) {
    a_body_arrives_once_and_is_acknowledged(&make);
    what_is_lost_is_sent_again(&make);
    a_copy_is_noticed_and_acknowledged_again(&make);
    appending_twice_changes_nothing(&make);
    an_introduction_is_told_from_other_content(&make);
    a_channel_hears_it_once(&make);
    due_twice_returns_nothing_the_second_time(&make);
    garbage_disturbs_nothing(&make);
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

fn due<L: DataSync>(seat: &mut Seat<L>) -> Vec<Datagram> {
    seat.run("due", L::due).map(|due| due.now).unwrap_or_default()
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

fn a_body_arrives_once_and_is_acknowledged<L: DataSync>(make: &impl Fn(u8) -> (L, UserId)) {
    let (mut alice, mut bob) = (Seat::new(make, 0), Seat::new(make, 1));
    append(&mut alice, &Audience::User(bob.user));
    let sent = due(&mut alice);

    let arrivals = deliver(alice.user, &mut bob, sent);
    let answer = due(&mut bob);
    let acked = deliver(bob.user, &mut alice, answer);
    alice.party.wait(PATIENCE);
    let rest = due(&mut alice);

    assert!(bodies(&arrivals) == 1, "the body arrives once: {arrivals:?}");
    assert!(acked == vec![Arrival::Acked { id: ID, by: bob.user }], "it is acknowledged: {acked:?}");
    assert!(rest.is_empty(), "what is acknowledged is not sent again: {rest:?}");
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
    assert!(acked == vec![Arrival::Acked { id: ID, by: bob.user }], "a copy is acknowledged too: {acked:?}");
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
