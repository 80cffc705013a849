//! Cover traffic in the whole stack: it goes out, is not taken for mail, and never stands in the way of messages.

use std::time::Duration;

use status_e2e::journal::{Journal, delivered, mail};
use status_e2e::{must, privacy, stack, stack_over, user};
use status_layer::testing::rng;
use status_layer::{Audience, Body, Frame, Memory, MessageId, Recipient, Store, Timestamp, Unit};
use status_privacy::{Cover, Darkness, Padding};
use status_sim::{Link, World};
use status_stack::{Engine, Input, Output};

const ALICE: u8 = 1;
const BOB: u8 = 2;

const DARK: Darkness = Darkness {
    padding: Padding::PowersOfTwo,
    cover: Some(Cover { every: Duration::from_secs(60) }),
    decoys: 4,
};

#[test]
fn two_users_talk_in_the_dark_and_with_somebody_who_knows_nothing_of_it() {
    let mut world = World::new(3, Link::default());
    let dark = stack_over(ALICE, privacy(ALICE).with_darkness(DARK));
    let alice = world.add(user(ALICE), Box::new(Journal(dark)));
    let bob = world.add(user(BOB), Box::new(Journal(stack(BOB))));
    world.expect(alice, Recipient::User(user(BOB)));
    world.expect(bob, Recipient::User(user(ALICE)));
    let ids: Vec<_> = (0..6).map(|number| MessageId::new([number; 32])).collect();

    for (number, id) in ids.iter().enumerate() {
        let (from, to) = if number % 2 == 0 { (alice, BOB) } else { (bob, ALICE) };
        world.send(from, Audience::User(user(to)), *id, Body::new(vec![1; 100 * number]));
        world.run_for(Duration::from_secs(1_200));
    }

    let acked = |node| delivered(&world.node(node).store).len();
    assert_eq!((acked(alice), acked(bob)), (3, 3));
    assert_eq!((mail(&world.node(alice).store).len(), mail(&world.node(bob).store).len()), (3, 3));
    assert!(world.stats.frames > 100, "cover for two hours: {} frames", world.stats.frames);
}

/// A stack that is never told that anything was published.
struct Stranded<E> {
    engine: E,
    store: Memory,
    rng: status_layer::testing::SeededRng,
    now: Timestamp,
    sent: Vec<Frame>,
}

impl<E: Engine> Stranded<E> {
    fn step(&mut self, input: Input) -> Option<Timestamp> {
        let mut unit = Unit::new(self.now, &mut self.rng, &self.store);
        let Output { frames, wake, .. } = must(self.engine.step(&mut unit, input));
        let batch = unit.into_batch();
        self.store.commit(batch).unwrap();
        self.sent.extend(frames.into_iter().map(|(_, frame)| frame));
        wake
    }

    fn run_for(&mut self, span: Duration) {
        let end = self.now.after(span);
        while let Some(wake) = self.step(Input::Tick).filter(|wake| *wake <= end) {
            self.now = wake;
        }
        self.now = end;
    }
}

#[test]
fn while_frames_wait_cover_is_dropped() {
    let mut alice = Stranded {
        engine: stack_over(ALICE, privacy(ALICE).with_darkness(DARK)),
        store: Memory::new(),
        rng: rng(1),
        now: Timestamp::from_secs(1_700_000_000),
        sent: Vec::new(),
    };
    alice.step(Input::Start);

    alice.run_for(Duration::from_secs(6 * 3_600));
    let different = |frames: &[Frame]| {
        let mut bytes: Vec<_> = frames.iter().map(|frame| &frame.bytes).collect();
        bytes.sort_unstable();
        bytes.dedup();
        bytes.len()
    };
    let waiting = different(&alice.sent);
    let before = alice.sent.len();
    alice.step(Input::Send {
        id: MessageId::new([1; 32]),
        to: Audience::User(user(BOB)),
        body: Body::introduction(vec![1; 10]),
    });

    assert!((8..12).contains(&waiting), "of some 360 frames of cover eight wait, and our keys: {waiting}");
    assert!(alice.sent.len() > before, "and a message goes out as ever");
}
