//! The suite of the privacy seam.

use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use super::Seat;

use crate::{
    Frame, Interest, LayerError, Name, Parcel, Privacy, Ready, Rendezvous, Sealed, Secret, Topic, UserId,
    Work,
};

/// Runs the suite; `make` gives the layer and the user of seat 0 and seat 1. For layers whose frames need no work.
pub fn privacy<L: Privacy>(make: impl Fn(u8) -> (L, UserId)) {
    privacy_with_work(make, |work| {
        assert!(work.zeros == 0, "no work was expected: {work:?}");
        0
    });
}

/// Runs the suite; `find` does the work that frames need.
pub fn privacy_with_work<L: Privacy>(make: impl Fn(u8) -> (L, UserId), find: impl Fn(&Work) -> u64) {
    let make = Scene { make, find };
    a_parcel_comes_out_as_it_went_in(&make);
    an_unsigned_parcel_has_no_hint(&make);
    only_who_listens_gets_it(&make);
    a_place_has_any_number_of_listeners(&make);
    listening_twice_is_listening_once(&make);
    listening_outlives_a_restart(&make);
    the_topics_wanted_follow_from_the_places_alone(&make);
    a_large_parcel_comes_out_once_in_any_order(&make);
    an_inbox_opens_for_its_owner_alone(&make);
    equal_places_and_lengths_look_alike(&make);
    a_truncated_frame_is_not_a_parcel(&make);
    a_changed_frame_is_no_other_parcel_and_no_fault(&make);
    a_frame_can_be_made_ready_at_any_later_time(&make);
    due_twice_returns_nothing_the_second_time(&make);
}

/// What the rules are tried on.
struct Scene<M, W> {
    make: M,
    find: W,
}

impl<L: Privacy, M: Fn(u8) -> (L, UserId), W: Fn(&Work) -> u64> Scene<M, W> {
    fn seat(&self, seat: u8) -> Seat<L> {
        Seat::new(&self.make, seat)
    }

    /// The frames of a parcel as they are published.
    fn wrap(&self, seat: &mut Seat<L>, parcel: Parcel) -> Vec<Frame> {
        let frames = wrap(seat, parcel);
        self.ready(seat, frames)
    }

    /// Makes frames ready and does the work that they need.
    fn ready(&self, seat: &mut Seat<L>, frames: Vec<Frame>) -> Vec<Frame> {
        let publish = |frame: Frame| {
            let topic = frame.topic.clone();
            let Ready { frame, work } = seat.run("ready", |layer, cx| layer.ready(cx, frame))?;
            let frame = match work {
                None => frame,
                Some(work) => {
                    let found = (self.find)(&work);
                    seat.run("prove", |layer, cx| layer.prove(cx, frame, found))?
                }
            };
            assert!(frame.topic == topic, "a frame that is made ready keeps its topic");
            Some(frame)
        };
        frames.into_iter().filter_map(publish).collect()
    }
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

fn a_parcel_comes_out_as_it_went_in<L: Privacy>(
    scene: &Scene<impl Fn(u8) -> (L, UserId), impl Fn(&Work) -> u64>,
) {
    let (mut alice, mut bob) = (scene.seat(0), scene.seat(1));
    for meet in places(bob.user) {
        let topics = listen(&mut bob, &meet, Interest::Listen);
        for size in [0, 1, 200, 256, 5_000, 60_000] {
            let sent = parcel(&alice, &meet, &vec![7; size]);

            let frames = scene.wrap(&mut alice, sent.clone());
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

fn only_who_listens_gets_it<L: Privacy>(scene: &Scene<impl Fn(u8) -> (L, UserId), impl Fn(&Work) -> u64>) {
    let (mut alice, mut bob) = (scene.seat(0), scene.seat(1));
    let (Some(here), Some(there)) = (named("here"), named("there")) else { return };
    let sent = parcel(&alice, &here, b"x");
    let frames = scene.wrap(&mut alice, sent);

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

fn an_unsigned_parcel_has_no_hint<L: Privacy>(
    scene: &Scene<impl Fn(u8) -> (L, UserId), impl Fn(&Work) -> u64>,
) {
    let (mut alice, mut bob) = (scene.seat(0), scene.seat(1));
    for meet in places(bob.user) {
        listen(&mut bob, &meet, Interest::Listen);
        let sent = Parcel { hint: None, ..parcel(&alice, &meet, b"unsigned") };

        let frames = scene.wrap(&mut alice, sent.clone());
        let got = peel(&mut bob, frames);

        assert!(got == vec![sent], "what was not signed bears no hint: {got:?}");
    }
}

fn a_place_has_any_number_of_listeners<L: Privacy>(
    scene: &Scene<impl Fn(u8) -> (L, UserId), impl Fn(&Work) -> u64>,
) {
    let (mut alice, mut bob) = (scene.seat(0), scene.seat(1));
    let Some(here) = named("here") else { return };
    listen(&mut alice, &here, Interest::Listen);
    listen(&mut bob, &here, Interest::Listen);
    let sent = parcel(&alice, &here, b"for all");

    let frames = scene.wrap(&mut alice, sent);
    let (hers, his) = (peel(&mut alice, frames.clone()), peel(&mut bob, frames));

    assert!(hers.len() == 1 && hers == his, "each who listens at a place gets what is left there");
}

fn listening_twice_is_listening_once<L: Privacy>(
    scene: &Scene<impl Fn(u8) -> (L, UserId), impl Fn(&Work) -> u64>,
) {
    let mut bob = scene.seat(1);
    for meet in places(bob.user) {
        let once = listen(&mut bob, &meet, Interest::Listen);
        let rows = bob.party.store.clone();
        let twice = listen(&mut bob, &meet, Interest::Listen);

        assert!(once == twice && rows == bob.party.store, "listening again at {meet:?} changes nothing");
    }
    for meet in places(bob.user) {
        listen(&mut bob, &meet, Interest::Ignore);
        let gone = listen(&mut bob, &meet, Interest::Ignore);
        let back = listen(&mut bob, &meet, Interest::Listen);
        let left = listen(&mut bob, &meet, Interest::Ignore);

        assert!(back.len() > gone.len() && left == gone, "listening at {meet:?} ends as often as it begins");
    }
}

fn listening_outlives_a_restart<L: Privacy>(
    scene: &Scene<impl Fn(u8) -> (L, UserId), impl Fn(&Work) -> u64>,
) {
    let (mut alice, mut bob) = (scene.seat(0), scene.seat(1));
    let places = places(bob.user);
    for meet in &places {
        listen(&mut bob, meet, Interest::Listen);
    }

    let mut again = scene.seat(1);
    again.party = bob.party;

    for meet in places {
        let sent = parcel(&alice, &meet, b"after the restart");
        let frames = scene.wrap(&mut alice, sent.clone());
        assert!(peel(&mut again, frames) == vec![sent], "all state is on the shelf");
    }
}

fn the_topics_wanted_follow_from_the_places_alone<L: Privacy>(
    scene: &Scene<impl Fn(u8) -> (L, UserId), impl Fn(&Work) -> u64>,
) {
    let mut places = places(scene.seat(1).user);
    places.extend(["one", "two", "three"].into_iter().filter_map(named));
    places.push(Rendezvous::Shared(Secret::new([6; 32])));
    // What each place asks for by itself; an inbox may be known by several names.
    let alone: Vec<Vec<Topic>> =
        places.iter().map(|meet| listen(&mut scene.seat(1), meet, Interest::Listen)).collect();
    let (mut bob, mut rng) = (scene.seat(1), super::super::rng(1));
    let mut open = vec![false; places.len()];
    for _ in 0..60 {
        let at = usize::try_from(rng.below(places.len() as u64)).unwrap_or_default();
        let how = if rng.chance(60) { Interest::Listen } else { Interest::Ignore };
        let (Some(meet), Some(open_here)) = (places.get(at), open.get_mut(at)) else { continue };
        *open_here = how == Interest::Listen;

        let mut topics = listen(&mut bob, meet, how);

        let wanted =
            alone.iter().zip(&open).filter(|(_, open)| **open).flat_map(|(topics, _)| topics.clone());
        let mut wanted: Vec<Topic> = wanted.collect();
        wanted.sort();
        wanted.dedup();
        topics.sort();
        assert!(
            topics == wanted,
            "watch returns the topics of the places listened at, each once: {topics:?}"
        );
    }
}

fn a_large_parcel_comes_out_once_in_any_order<L: Privacy>(
    scene: &Scene<impl Fn(u8) -> (L, UserId), impl Fn(&Work) -> u64>,
) {
    let (mut alice, mut bob) = (scene.seat(0), scene.seat(1));
    for (meet, size) in places(bob.user).into_iter().zip([130_000, 250_000, 1 << 20]) {
        listen(&mut bob, &meet, Interest::Listen);
        let mut rng = super::super::rng(size);
        let noise = (0..size).map(|_| u8::try_from(rng.below(256)).unwrap_or_default());
        let sent = parcel(&alice, &meet, &noise.collect::<Vec<u8>>());

        let mut frames = scene.wrap(&mut alice, sent.clone());
        frames.reverse();
        let got = peel(&mut bob, frames);

        assert!(got == vec![sent], "a parcel of {size} bytes comes out as it went in, and once");
    }
}

fn an_inbox_opens_for_its_owner_alone<L: Privacy>(
    scene: &Scene<impl Fn(u8) -> (L, UserId), impl Fn(&Work) -> u64>,
) {
    let (mut alice, mut bob) = (scene.seat(0), scene.seat(1));
    let theirs = Rendezvous::Inbox(bob.user);
    let ours = Rendezvous::Inbox(alice.user);
    listen(&mut alice, &ours, Interest::Listen);
    listen(&mut bob, &theirs, Interest::Listen);

    let sent = parcel(&alice, &theirs, b"for bob");
    let frames = scene.wrap(&mut alice, sent);
    let astray = peel(&mut alice, frames.clone());
    let home = peel(&mut bob, frames);

    assert!(astray.is_empty(), "an inbox opens for nobody else: {astray:?}");
    assert!(home.len() == 1, "an inbox opens for its owner");
}

fn equal_places_and_lengths_look_alike<L: Privacy>(
    scene: &Scene<impl Fn(u8) -> (L, UserId), impl Fn(&Work) -> u64>,
) {
    let (mut alice, bob) = (scene.seat(0), scene.seat(1));
    for meet in places(bob.user) {
        let (zeros, ones) = (parcel(&alice, &meet, &[0; 300]), parcel(&alice, &meet, &[255; 300]));
        // Work is left out: how long a number is that was found by chance says nothing.
        let one = wrap(&mut alice, zeros);
        let other = wrap(&mut alice, ones);

        let shape = |frames: &[Frame]| -> Vec<(Topic, usize)> {
            frames.iter().map(|frame| (frame.topic.clone(), frame.bytes.len())).collect()
        };
        assert!(shape(&one) == shape(&other), "frames tell nothing of what is said at {meet:?}");
    }
}

fn a_truncated_frame_is_not_a_parcel<L: Privacy>(
    scene: &Scene<impl Fn(u8) -> (L, UserId), impl Fn(&Work) -> u64>,
) {
    let (mut alice, mut bob) = (scene.seat(0), scene.seat(1));
    for meet in places(bob.user) {
        listen(&mut bob, &meet, Interest::Listen);
        let sent = parcel(&alice, &meet, b"whole");
        for frame in scene.wrap(&mut alice, sent) {
            for end in 0..frame.bytes.len() {
                let cut = Frame { bytes: frame.bytes.iter().copied().take(end).collect(), ..frame.clone() };
                let Seat { layer, party, .. } = &mut bob;
                let got = party.run(|cx| layer.peel(cx, cut));
                assert!(!matches!(got, Ok(Some(_))), "a parcel out of {end} bytes of a frame");
            }
        }
    }
}

fn a_changed_frame_is_no_other_parcel_and_no_fault<L: Privacy>(
    scene: &Scene<impl Fn(u8) -> (L, UserId), impl Fn(&Work) -> u64>,
) {
    let (mut alice, mut bob) = (scene.seat(0), scene.seat(1));
    for meet in places(bob.user) {
        listen(&mut bob, &meet, Interest::Listen);
        let sent = parcel(&alice, &meet, b"whole");
        for frame in scene.wrap(&mut alice, sent.clone()) {
            for at in 0..frame.bytes.len() {
                let mut changed = frame.clone();
                if let Some(byte) = changed.bytes.get_mut(at) {
                    *byte ^= 1 << (at % 8);
                }
                let Seat { layer, party, .. } = &mut bob;
                let before = party.store.clone();
                let got = party.run(|cx| layer.peel(cx, changed)).map_err(Into::into);
                let fault = matches!(got, Err(LayerError::Fault(_)));
                assert!(!fault, "a stranger's bytes are no fault of ours: byte {at}");
                let refused = !matches!(got, Ok(Some(_)));
                assert!(!refused || party.store == before, "what is refused leaves no trace: byte {at}");
            }
        }
    }
}

fn a_frame_can_be_made_ready_at_any_later_time<L: Privacy>(
    scene: &Scene<impl Fn(u8) -> (L, UserId), impl Fn(&Work) -> u64>,
) {
    let (mut alice, mut bob) = (scene.seat(0), scene.seat(1));
    for meet in places(bob.user) {
        listen(&mut bob, &meet, Interest::Listen);
        let sent = parcel(&alice, &meet, b"once more");
        let first = scene.wrap(&mut alice, sent.clone());
        for hours in [1, 24] {
            alice.party.wait(Duration::from_secs(hours * 3_600));
            bob.party.now = alice.party.now;

            let again = scene.ready(&mut alice, first.clone());
            let got = peel(&mut bob, again);

            assert!(got == vec![sent.clone()], "a frame is as good {hours} hours later: {got:?}");
        }
    }
}

fn due_twice_returns_nothing_the_second_time<L: Privacy>(
    scene: &Scene<impl Fn(u8) -> (L, UserId), impl Fn(&Work) -> u64>,
) {
    let mut alice = scene.seat(0);

    alice.run("due", L::due);
    let second = alice.run("due", L::due).map(|due| due.now).unwrap_or_default();

    assert!(second.is_empty(), "due returns nothing the second time: {second:?}");
}
