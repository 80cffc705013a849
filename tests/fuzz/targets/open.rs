//! Security: any parcel is opened or refused, whoever made it, and honest mail still opens.
#![no_main]

#[path = "open/mallory.rs"]
mod mallory;

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use mallory::Mallory;
use status_crypto::{Keyring, SecretKey};
use status_fuzz::{Plan, changed, must, offer, plan};
use status_layer::testing::Party;
use status_layer::{
    Datagram, DeviceId, Interest, Name, Parcel, Recipient, Rendezvous, Sealed, Secret, Security, UserId,
};
use status_security::hazmat::{Message, Point};
use status_security::{Config, Sessions};

/// Alice and Bob know each other and have talked; two of her messages have not reached him yet.
struct World {
    alice: UserId,
    party: Party,
    bob: Sessions,
    /// Where Bob looks.
    places: Vec<Rendezvous>,
    /// All that was ever sent to Bob.
    parcels: Vec<Parcel>,
    /// What has not reached him, with what it says.
    waiting: Vec<(Parcel, &'static [u8])>,
    mallory: Mallory,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let (mut hers, mut his) = (Party::new(1), Party::new(2));
    let (alice_key, bob_key) = (SecretKey::generate(&mut hers.rng), SecretKey::generate(&mut his.rng));
    let (to_alice, to_bob) = (Recipient::User(alice_key.user()), Recipient::User(bob_key.user()));
    let shared = Rendezvous::Shared(bob_key.agree(&alice_key.public()));
    let alice = layer(&alice_key, "a1");
    let bob = layer(&bob_key, "b1");
    let channel = Recipient::Channel(Name::new("status").expect("a name"));
    let mut places = vec![shared];
    for whom in [&to_bob, &to_alice, &channel] {
        let out = must(&mut his, |cx| bob.expect(cx, whom, Interest::Listen));
        places.extend(out.meet.into_iter().map(|(place, _)| place));
    }
    must(&mut hers, |cx| alice.expect(cx, &to_bob, Interest::Listen));

    let seal = |party: &mut Party, from: &Sessions, to: &Recipient, text: &[u8]| {
        let datagram = Datagram { to: to.clone(), bytes: text.to_vec() };
        must(party, |cx| from.seal(cx, datagram)).parcels.pop().expect("one parcel")
    };
    let mut parcels =
        vec![seal(&mut hers, &alice, &to_bob, b"static"), seal(&mut hers, &alice, &channel, b"clear")];
    parcels.extend(must(&mut hers, |cx| alice.due(cx)).now.parcels);
    for parcel in &parcels {
        must(&mut his, |cx| bob.open(cx, parcel.clone()));
    }
    let announced = must(&mut his, |cx| bob.due(cx)).now.parcels.pop().expect("an announcement");
    must(&mut hers, |cx| alice.open(cx, announced.clone()));
    let first = seal(&mut hers, &alice, &to_bob, b"first");
    let late = seal(&mut hers, &alice, &to_bob, b"late");
    let third = seal(&mut hers, &alice, &to_bob, b"third");
    for parcel in [&first, &third] {
        must(&mut his, |cx| bob.open(cx, parcel.clone()));
    }
    let answer = seal(&mut his, &bob, &to_alice, b"answer");
    must(&mut hers, |cx| alice.open(cx, answer));
    let turned = seal(&mut hers, &alice, &to_bob, b"turned");
    parcels.extend([first, late.clone(), third, turned.clone()]);

    let announced = Message::decode(announced.sealed.as_bytes()).expect("a message");
    let prekeys = announced.bundles[0].prekeys();
    let prekey = Point::try_from(prekeys["b1"].key.as_slice()).expect("33 bytes");
    World {
        alice: alice_key.user(),
        party: his,
        bob,
        places,
        parcels,
        waiting: vec![(late, b"late"), (turned, b"turned")],
        mallory: Mallory::new(bob_key.public(), prekey),
    }
});

fn layer(key: &SecretKey, device: &str) -> Sessions {
    Sessions::new(Config::default(), Arc::new(key.clone()), DeviceId::new(device).expect("a device"))
}

fuzz_target!(|input: &[u8]| {
    let world = &*WORLD;
    let mut bob = world.party.clone();
    let mut taken_as_hers = false;
    match plan(input) {
        Some(Plan::Raw(bytes)) => {
            let hints = [Some(world.mallory.user()), None, Some(world.alice)];
            for (meet, hint) in world.places.iter().zip(hints.into_iter().cycle()) {
                let parcel = Parcel { meet: meet.clone(), sealed: Sealed::new(bytes.to_vec()), hint };
                offer(&mut bob, |cx| world.bob.open(cx, parcel));
            }
        }
        Some(Plan::Inside(script)) => {
            for (pause, place, sealed) in world.mallory.act(script) {
                bob.wait(pause);
                must(&mut bob, |cx| world.bob.due(cx));
                let meet = match place.checked_sub(1) {
                    None => Rendezvous::Shared(Secret::new([place; 32])),
                    Some(place) => world.places[place as usize % world.places.len()].clone(),
                };
                let parcel = Parcel { meet, sealed: Sealed::new(sealed), hint: Some(world.mallory.user()) };
                offer(&mut bob, |cx| world.bob.open(cx, parcel));
            }
        }
        Some(Plan::Changed { which, how }) => {
            let valid = &world.parcels[which % world.parcels.len()];
            let sealed = Sealed::new(changed(valid.sealed.as_bytes(), how));
            let parcel = Parcel { sealed, ..valid.clone() };
            taken_as_hers = offer(&mut bob, |cx| world.bob.open(cx, parcel)).is_some();
        }
        None => return,
    }

    // A change that does not touch what is sealed (an unknown field, say) leaves her message hers. And of four
    // inputs one is enough: honest mail costs more time than all the rest.
    let drawn = input.iter().fold(0, |sum: u8, byte| sum.wrapping_add(*byte)) % 4 == 0;
    if taken_as_hers || !drawn {
        return;
    }
    bob.wait(Duration::from_secs(1));
    for (parcel, text) in &world.waiting {
        let opened = must(&mut bob, |cx| world.bob.open(cx, parcel.clone()));
        assert!(
            matches!(&opened.mail[..], [letter] if letter.datagram.bytes == *text),
            "honest mail was lost"
        );
        let again = offer(&mut bob, |cx| world.bob.open(cx, parcel.clone()));
        assert!(again.is_none(), "a message opened twice");
    }
});
