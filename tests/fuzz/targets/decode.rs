//! Payload: any body is a message or refused, and what is a message can be judged, written and read again.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use status_crypto::{Keyring, SecretKey};
use status_fuzz::{Plan, changed, plan};
use status_layer::{Body, Name, Timestamp, UserId};
use status_payload::{ChatMessage, Clock, Content, Kind, Place, Rules, decode, encode, hazmat, validate};

const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

struct World {
    alice: SecretKey,
    bob: UserId,
    bodies: Vec<Body>,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let alice = SecretKey::from_bytes(&[0x11; 32]).expect("a key");
    let bob = SecretKey::from_bytes(&[0x22; 32]).expect("a key").user();
    let places = [Place::Channel(Name::new("status").expect("a name")), Place::User(bob)];
    let bodies = places.iter().map(|place| {
        let clock = Clock::default().next(NOW);
        let message = ChatMessage::text(place, "hello", clock, NOW).expect("a short text");
        encode(&alice, &Content::from(message)).expect("a short body")
    });
    let bodies = bodies.collect();
    World { alice, bob, bodies }
});

fuzz_target!(|input: &[u8]| {
    let world = &*WORLD;
    let body = match plan(input) {
        Some(Plan::Raw(bytes)) => Body::new(bytes.to_vec()),
        Some(Plan::Inside([kind, payload @ ..])) => {
            hazmat::sign_payload(&world.alice, Kind::from(i32::from(*kind)), payload.to_vec())
        }
        Some(Plan::Changed { which, how }) => {
            Body::new(changed(world.bodies[which % world.bodies.len()].as_bytes(), how))
        }
        Some(Plan::Inside([])) | None => return,
    };

    for from in [None, Some(world.bob)] {
        let Ok(message) = decode(&body, from) else { continue };
        for rules in [Rules::Current, Rules::Of2020] {
            // Either judgement is fine, as long as there is one.
            let _ = validate(&message.content, NOW, rules);
        }
        let written = encode(&world.alice, &message.content).expect("it was short enough to be read");
        let again = decode(&written, None).expect("what was written can be read");
        assert!(again.content == message.content, "it reads differently the second time");
    }
});
