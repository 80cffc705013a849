//! Privacy: any frame is peeled, refused, or not ours.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use status_crypto::{Keyring, SecretKey};
use status_fuzz::{Plan, changed, must, offer, plan};
use status_layer::testing::Party;
use status_layer::{Frame, Interest, Name, Parcel, Privacy, Rendezvous, Sealed, Secret, Topic};
use status_privacy::{Waku, hazmat};

/// Bob listens at three places; Alice has left something at each, signed and not.
struct World {
    alice: SecretKey,
    bob: SecretKey,
    party: Party,
    layer: Waku<SecretKey>,
    topics: Vec<Topic>,
    frames: Vec<(Frame, Parcel)>,
    channel: Secret,
}

const CHANNEL: &str = "status";

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let (mut hers, mut his) = (Party::new(1), Party::new(2));
    let alice = SecretKey::generate(&mut hers.rng);
    let bob = SecretKey::generate(&mut his.rng);
    let sender = Waku::new(alice.clone());
    let layer = Waku::new(bob.clone());
    let channel = Name::new(CHANNEL).expect("a name");
    let places =
        [Rendezvous::Inbox(bob.user()), Rendezvous::Named(channel), Rendezvous::Shared(Secret::new([7; 32]))];
    let mut topics = Vec::new();
    let mut frames = Vec::new();
    for meet in places {
        topics = must(&mut his, |cx| layer.watch(cx, &meet, Interest::Listen));
        for hint in [None, Some(alice.user())] {
            let parcel = Parcel { meet: meet.clone(), sealed: Sealed::new(vec![1; 40]), hint };
            let made = must(&mut hers, |cx| sender.wrap(cx, parcel.clone()));
            frames.extend(made.into_iter().map(|frame| (frame, parcel.clone())));
        }
    }
    let channel = hazmat::symmetric_key(CHANNEL.as_bytes());
    World { alice, bob, party: his, layer, topics, frames, channel }
});

fuzz_target!(|input: &[u8]| {
    let world = &*WORLD;
    let mut bob = world.party.clone();
    let at = bob.now;
    let frame = |topic: &Topic, bytes: Vec<u8>| Frame { topic: topic.clone(), at, bytes };
    let offered = match plan(input) {
        Some(Plan::Raw(bytes)) => world.topics.iter().map(|topic| frame(topic, bytes.to_vec())).collect(),
        Some(Plan::Inside(plain)) => {
            let sealed =
                hazmat::seal_symmetric(&world.channel, &mut bob.rng, plain).expect("a key of 32 bytes");
            let boxed = hazmat::seal_asymmetric(&world.bob.public(), &mut bob.rng, plain);
            let signed = hazmat::encode(plain, plain, Some(&world.alice)).expect("a short plaintext");
            let signed =
                hazmat::seal_symmetric(&world.channel, &mut bob.rng, &signed).expect("a key of 32 bytes");
            [sealed, boxed, signed]
                .iter()
                .flat_map(|bytes| world.topics.iter().map(|topic| frame(topic, bytes.clone())))
                .collect()
        }
        Some(Plan::Changed { which, how }) => {
            let (valid, _) = &world.frames[which % world.frames.len()];
            let topic = changed(valid.topic.as_str().as_bytes(), how);
            let topic = Topic::new(String::from_utf8_lossy(&topic));
            vec![frame(&valid.topic, changed(&valid.bytes, how)), frame(&topic, valid.bytes.clone())]
        }
        None => Vec::new(),
    };

    for frame in offered {
        offer(&mut bob, |cx| world.layer.peel(cx, frame));
    }

    assert!(bob.store == world.party.store, "peeling wrote to the store");
    let (valid, parcel) = &world.frames[input.len() % world.frames.len()];
    assert_eq!(must(&mut bob, |cx| world.layer.peel(cx, valid.clone())).as_ref(), Some(parcel));
});
