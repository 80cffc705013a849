//! The suite of the privacy seam.

use alloc::vec;
use alloc::vec::Vec;

use super::Seat;
use crate::{Frame, Interest, Name, Parcel, Privacy, Rendezvous, Sealed, Secret, Topic, UserId};

/// Runs the suite; `make` gives the layer and the user of seat 0 and seat 1.
pub fn privacy<L: Privacy>(make: impl Fn(u8) -> (L, UserId)) {
    a_parcel_comes_out_as_it_went_in(&make);
    only_who_listens_gets_it(&make);
    an_inbox_opens_for_its_owner_alone(&make);
    equal_places_and_lengths_look_alike(&make);
    a_truncated_frame_is_not_a_parcel(&make);
    due_twice_returns_nothing_the_second_time(&make);
}

fn named(text: &str) -> Option<Rendezvous> {
    Name::new(text).ok().map(Rendezvous::Named)
}

fn parcel<L>(from: &Seat<L>, meet: &Rendezvous, bytes: &[u8]) -> Parcel {
    Parcel { meet: meet.clone(), sealed: Sealed::new(bytes.to_vec()), hint: Some(from.user) }
}

fn listen<L: Privacy>(seat: &mut Seat<L>, meet: &Rendezvous, how: Interest) -> Vec<Topic> {
    seat.run("watch", |layer, cx| layer.watch(cx, meet, how)).unwrap_or_default()
}

fn wrap<L: Privacy>(seat: &mut Seat<L>, parcel: Parcel) -> Vec<Frame> {
    let frames = seat.run("wrap", |layer, cx| layer.wrap(cx, parcel)).unwrap_or_default();
    assert!(!frames.is_empty(), "a parcel becomes at least one frame");
    frames
}

fn peel<L: Privacy>(seat: &mut Seat<L>, frames: Vec<Frame>) -> Vec<Parcel> {
    frames
        .into_iter()
        .filter_map(|frame| seat.run("peel", |layer, cx| layer.peel(cx, frame)).flatten())
        .collect()
}

/// The places at which seat 1 can listen.
fn places(user: UserId) -> Vec<Rendezvous> {
    let mut places = vec![Rendezvous::Inbox(user), Rendezvous::Shared(Secret::new([5; 32]))];
    places.extend(named("conformance"));
    places
}

fn a_parcel_comes_out_as_it_went_in<L: Privacy>(make: &impl Fn(u8) -> (L, UserId)) {
    let (mut alice, mut bob) = (Seat::new(make, 0), Seat::new(make, 1));
    for meet in places(bob.user) {
        let topics = listen(&mut bob, &meet, Interest::Listen);
        for size in [0, 1, 200, 256, 5_000] {
            let sent = parcel(&alice, &meet, &vec![7; size]);

            let frames = wrap(&mut alice, sent.clone());
            let wanted = frames.iter().all(|frame| topics.contains(&frame.topic));
            let now = alice.party.now;
            let timed = frames.iter().all(|frame| frame.at == now);
            let got = peel(&mut bob, frames);

            assert!(wanted, "frames bear a topic that watch names");
            assert!(timed, "frames bear the time of the step");
            assert!(got == vec![sent], "what was wrapped at {meet:?} is peeled: {got:?}");
        }
    }
}

fn only_who_listens_gets_it<L: Privacy>(make: &impl Fn(u8) -> (L, UserId)) {
    let (mut alice, mut bob) = (Seat::new(make, 0), Seat::new(make, 1));
    let (Some(here), Some(there)) = (named("here"), named("there")) else { return };
    let sent = parcel(&alice, &here, b"x");
    let frames = wrap(&mut alice, sent);

    let before = peel(&mut bob, frames.clone());
    let both = listen(&mut bob, &here, Interest::Listen).len();
    let with_other = listen(&mut bob, &there, Interest::Listen).len();
    let during = peel(&mut bob, frames.clone());
    let left = listen(&mut bob, &here, Interest::Ignore).len();
    let after = peel(&mut bob, frames);

    assert!(before.is_empty(), "who does not listen gets nothing");
    assert!(during.len() == 1, "who listens gets it");
    assert!(after.is_empty(), "who stopped listening gets nothing");
    assert!((both, with_other, left) == (1, 2, 1), "watch returns every topic wanted, and no more");
}

fn an_inbox_opens_for_its_owner_alone<L: Privacy>(make: &impl Fn(u8) -> (L, UserId)) {
    let (mut alice, mut bob) = (Seat::new(make, 0), Seat::new(make, 1));
    let theirs = Rendezvous::Inbox(bob.user);
    let ours = Rendezvous::Inbox(alice.user);
    listen(&mut alice, &ours, Interest::Listen);
    listen(&mut bob, &theirs, Interest::Listen);

    let sent = parcel(&alice, &theirs, b"for bob");
    let frames = wrap(&mut alice, sent);
    let astray = peel(&mut alice, frames.clone());
    let home = peel(&mut bob, frames);

    assert!(astray.is_empty(), "an inbox opens for nobody else: {astray:?}");
    assert!(home.len() == 1, "an inbox opens for its owner");
}

fn equal_places_and_lengths_look_alike<L: Privacy>(make: &impl Fn(u8) -> (L, UserId)) {
    let (mut alice, bob) = (Seat::new(make, 0), Seat::new(make, 1));
    for meet in places(bob.user) {
        let (zeros, ones) = (parcel(&alice, &meet, &[0; 300]), parcel(&alice, &meet, &[255; 300]));
        let one = wrap(&mut alice, zeros);
        let other = wrap(&mut alice, ones);

        let shape = |frames: &[Frame]| -> Vec<(Topic, usize)> {
            frames.iter().map(|frame| (frame.topic.clone(), frame.bytes.len())).collect()
        };
        assert!(shape(&one) == shape(&other), "frames tell nothing of what is said at {meet:?}");
    }
}

fn a_truncated_frame_is_not_a_parcel<L: Privacy>(make: &impl Fn(u8) -> (L, UserId)) {
    let (mut alice, mut bob) = (Seat::new(make, 0), Seat::new(make, 1));
    for meet in places(bob.user) {
        listen(&mut bob, &meet, Interest::Listen);
        let sent = parcel(&alice, &meet, b"whole");
        for frame in wrap(&mut alice, sent) {
            for end in 0..frame.bytes.len() {
                let cut = Frame { bytes: frame.bytes.iter().copied().take(end).collect(), ..frame.clone() };
                let Seat { layer, party, .. } = &mut bob;
                let got = party.run(|cx| layer.peel(cx, cut));
                assert!(!matches!(got, Ok(Some(_))), "a parcel out of {end} bytes of a frame");
            }
        }
    }
}

fn due_twice_returns_nothing_the_second_time<L: Privacy>(make: &impl Fn(u8) -> (L, UserId)) {
    let mut alice = Seat::new(make, 0);

    alice.run("due", L::due);
    let second = alice.run("due", L::due).map(|due| due.now).unwrap_or_default();

    assert!(second.is_empty(), "due returns nothing the second time: {second:?}");
}
