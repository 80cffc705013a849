//! What the targets of the security layer start from: Bob's store at some moments, and all that was ever sent to him.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use status_crypto::{Keyring, SecretKey};
use status_layer::testing::{Party, rng};
use status_layer::{
    Datagram, DeviceId, Interest, Name, Parcel, Recipient, Rendezvous, Sealed, Security, UserId,
};
use status_security::hazmat::{Bundle, Listing, Message, Prekey};
use status_security::{Config, Sessions, Transition};

use crate::mallory::Mallory;
use crate::must;
use crate::ring::Ring;

/// Everybody and everything, made once per process.
pub struct World {
    /// The layer of the victim, on device `b1`; its limits are low, so that they are reached.
    pub bob: Sessions,
    /// The victim.
    pub user: UserId,
    /// Bob's side at some moments.
    pub stages: Vec<Stage>,
    /// All that was sent to him, by people who follow the protocol.
    pub mail: Vec<Genuine>,
    /// Where Bob looks.
    pub places: Vec<Rendezvous>,
    /// Who may have signed an envelope: Mallory first, and nobody.
    pub hints: Vec<Option<UserId>>,
    /// Every bundle that somebody other than Mallory has signed.
    pub bundles: Vec<Bundle>,
    /// The forger.
    pub mallory: Mallory,
}

/// Bob's side at one moment.
#[derive(Clone)]
pub struct Stage {
    /// Store, time and randomness.
    pub party: Party,
    /// Which of [`World::mail`] he has opened.
    pub opened: BTreeSet<usize>,
    /// Which of it opens now, whatever strangers do.
    pub waiting: Vec<usize>,
}

/// Something that was sent to Bob.
pub struct Genuine {
    /// As it was sent.
    pub parcel: Parcel,
    /// The same without bundles: what a device sends whose keys are known. Cheaper to read.
    pub bare: Parcel,
    /// What it says to Bob's device `b1`, if anything; no other message says the same.
    pub text: Option<Vec<u8>>,
}

impl Genuine {
    /// Whether it begins a session with a prekey that was made for its sender alone.
    fn is_private(&self) -> bool {
        let message = Message::decode(self.parcel.sealed.as_bytes()).expect("a message");
        message.direct.values().any(|direct| direct.handshake.is_some_and(|it| it.private.is_some()))
    }
}

/// One device of somebody.
#[derive(Clone)]
struct Device {
    layer: Sessions,
    party: Party,
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl Device {
    fn new(key: &SecretKey, name: &str, transition: Transition, seed: u64) -> Self {
        let config = Config { transition, max_jump: 40, max_skipped: 20, ..Config::default() };
        let id = DeviceId::new(name).expect("an id");
        Self { layer: Sessions::new(config, Arc::new(Ring::new(key.clone())), id), party: Party::new(seed) }
    }

    fn place(&mut self, whom: &Recipient) -> Vec<Rendezvous> {
        let out = must(&mut self.party, |cx| self.layer.expect(cx, whom, Interest::Listen));
        out.meet.into_iter().map(|(place, _)| place).collect()
    }

    fn announce(&mut self) -> Parcel {
        must(&mut self.party, |cx| self.layer.due(cx)).now.parcels.pop().expect("an announcement")
    }

    fn seal(&mut self, to: &Recipient, text: &str) -> Parcel {
        // Bundles say when they were signed; no two of ours at once.
        self.party.wait(Duration::from_millis(1));
        let datagram = Datagram::new(to.clone(), text.as_bytes().to_vec());
        must(&mut self.party, |cx| self.layer.seal(cx, datagram)).parcels.pop().expect("one parcel")
    }

    fn pair(&mut self, other: &str) {
        let other = DeviceId::new(other).expect("an id");
        must(&mut self.party, |cx| self.layer.pair(cx, &other, Interest::Listen));
    }

    fn open(&mut self, parcel: &Parcel) {
        must(&mut self.party, |cx| self.layer.open(cx, parcel.clone()));
    }
}

/// The story so far.
struct Story {
    bob: Device,
    mail: Vec<Genuine>,
    opened: BTreeSet<usize>,
    stages: Vec<Stage>,
}

impl Story {
    /// Somebody has sent something to Bob; returns which.
    fn sent(&mut self, parcel: Parcel, text: Option<&str>) -> usize {
        let mut message = Message::decode(parcel.sealed.as_bytes()).expect("a message");
        message.bundles.clear();
        let bare = Parcel { sealed: Sealed::new(message.encode()), ..parcel.clone() };
        self.mail.push(Genuine { parcel, bare, text: text.map(|text| text.as_bytes().to_vec()) });
        self.mail.len() - 1
    }

    fn opens(&mut self, all: &[usize]) {
        for which in all {
            self.bob.open(&self.mail[*which].parcel);
            self.opened.insert(*which);
        }
    }

    fn stage(&mut self, waiting: &[usize]) {
        let (party, opened) = (self.bob.party.clone(), self.opened.clone());
        self.stages.push(Stage { party, opened, waiting: waiting.to_vec() });
    }
}

impl World {
    /// Plays the story: Alice writes on Curve25519, Carol on secp256k1 as deployed peers do, each from before they
    /// know any key of Bob's until after his keys were replaced.
    pub fn new() -> Self {
        let key = |n: u8| SecretKey::from_bytes(&[n; 32]).expect("a key");
        let (alices, bobs, carols) = (key(0xa1), key(0xb0), key(0xc1));
        let [to_alice, to_bob, to_carol] = [&alices, &bobs, &carols].map(|key| Recipient::User(key.user()));
        let channel = Recipient::Channel(Name::new("status").expect("a name"));
        let mut alice = Device::new(&alices, "a1", Transition::Negotiated, 1);
        let mut carol = Device::new(&carols, "c1", Transition::Old, 2);
        let mut other = Device::new(&bobs, "b2", Transition::Negotiated, 3);
        let mut bob = Device::new(&bobs, "b1", Transition::Negotiated, 4);

        let mut places = vec![Rendezvous::Inbox(bobs.user())];
        for whom in [&to_bob, &to_alice, &to_carol, &channel] {
            places.extend(bob.place(whom));
        }
        places.extend([&alices, &carols].map(|key| Rendezvous::Shared(bobs.agree(&key.public()))));
        places.push(Rendezvous::Inbox(alices.user()));
        let keys = bob.announce();
        let (mut story, mut first) =
            (Story { bob, mail: Vec::new(), opened: BTreeSet::new(), stages: Vec::new() }, Vec::new());

        // Nobody knows anybody's keys.
        for (device, name) in [(&mut alice, "alice"), (&mut carol, "carol")] {
            let fixed = format!("{name} fixed");
            first.push(story.sent(device.seal(&to_bob, &fixed), Some(&fixed)));
            let public = format!("{name} public");
            first.push(story.sent(device.seal(&channel, &public), None));
            first.push(story.sent(device.announce(), None));
        }
        let mut elsewhere = alice.clone();
        elsewhere.party.rng = rng(5);
        story.stage(&[first[0], first[3]]);
        story.opens(&first);

        // The first messages of sessions.
        let mut early = Vec::new();
        for (device, name) in [(&mut alice, "alice"), (&mut carol, "carol")] {
            device.open(&keys);
            for number in ["one", "two", "three"] {
                let text = format!("{name} {number}");
                early.push(story.sent(device.seal(&to_bob, &text), Some(&text)));
            }
        }
        story.stage(&[early[0], early[1], early[4], early[5]]);
        story.opens(&[early[0], early[2], early[3], early[5]]);

        // Both have turned the ratchet, some messages are late.
        let mut turned = Vec::new();
        for (device, to, name) in [(&mut alice, &to_alice, "alice"), (&mut carol, &to_carol, "carol")] {
            let answer = story.bob.seal(to, "answer");
            device.open(&answer);
            for number in ["four", "five"] {
                let text = format!("{name} {number}");
                turned.push(story.sent(device.seal(&to_bob, &text), Some(&text)));
            }
        }
        story.stage(&[early[1], early[4], turned[0], turned[2]]);
        story.opens(&[turned[1], turned[2]]);

        // Alice writes to a device of Bob's that is not his `b1`, as if she knew no other.
        let others = other.announce();
        elsewhere.open(&others);
        elsewhere.party.wait(Duration::from_secs(60));
        story.sent(elsewhere.seal(&to_bob, "for b2"), None);
        let others = story.sent(others, None);

        // Bob's keys were replaced, and he writes to himself from the other device.
        for device in [&mut story.bob, &mut alice, &mut carol, &mut other] {
            device.party.wait(DAY);
        }
        let keys = story.bob.announce();
        let mut late = vec![early[1], early[4], turned[0], turned[3]];
        for (device, name) in [(&mut alice, "alice"), (&mut carol, "carol")] {
            device.open(&keys);
            let text = format!("{name} six");
            late.push(story.sent(device.seal(&to_bob, &text), Some(&text)));
        }
        let echo = story.bob.seal(&to_alice, "echo");
        story.sent(echo, None);
        other.open(&keys);
        let copy = other.seal(&to_bob, "copy");
        story.sent(copy, Some("copy"));
        story.stage(&late);

        // His devices belong together, and Alice writes in a session that began with a prekey made for her.
        story.opens(&late);
        story.opens(&[others]);
        story.bob.pair("b2");
        other.pair("b1");
        let ours = ["ours", "ours too"].map(|text| story.sent(other.seal(&to_bob, text), Some(text)));
        let answer = story.bob.seal(&to_alice, "another answer");
        alice.open(&answer);
        let seven = story.sent(alice.seal(&to_bob, "alice seven"), Some("alice seven"));
        assert!(story.mail.iter().any(Genuine::is_private), "the story has to tell of private prekeys");
        story.stage(&[ours[0], ours[1], seven]);
        story.opens(&[ours[1]]);
        story.stage(&[ours[0], seven]);

        let mut bundles = story.several(&alices);
        let mallory = {
            let mine = Message::decode(keys.sealed.as_bytes()).expect("a message");
            let prekey = mine.bundles[0].prekeys()["b1"].clone();
            bundles.extend(mine.bundles);
            Mallory::new(&bobs.public(), prekey)
        };
        let users = [&alices, &carols, &bobs].map(|key| Some(key.user()));
        let hints = [Some(mallory.user()), None].into_iter().chain(users).collect();
        let Story { bob, mail, stages, .. } = story;
        World { bob: bob.layer, user: bobs.user(), stages, mail, places, hints, bundles, mallory }
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

impl Story {
    /// Adds announcements of several devices, and collects every bundle that was sent.
    fn several(&mut self, key: &SecretKey) -> Vec<Bundle> {
        let mut bundles: Vec<Bundle> = Vec::new();
        for genuine in &self.mail {
            let message = Message::decode(genuine.parcel.sealed.as_bytes()).expect("a message");
            bundles.extend(message.bundles);
        }
        let mine = bundles.iter().rfind(|bundle| bundle.identity() == key.user()).expect("a bundle of hers");
        let entry = mine.prekeys()["a1"].clone();
        let (made, place) = (self.bob.party.now, self.mail[2].parcel.meet.clone());
        let second = Prekey {
            key: SecretKey::from_bytes(&[0xa2; 32]).expect("a key").public().compressed().to_vec(),
            ..entry.clone()
        };
        let plain = Prekey { extension: None, version: 3, ..second.clone() };
        let lists = [
            vec![("a1", entry.clone()), ("a2", second)],
            vec![("a1", entry.clone()), ("a2", plain.clone())],
            vec![("1a", Prekey { extension: None, ..entry }), ("2a", plain)],
        ];
        for (seconds, list) in (1..).zip(lists) {
            let prekeys = list.into_iter().map(|(id, prekey)| (id.to_owned(), prekey)).collect();
            let at = made.after(Duration::from_secs(seconds));
            let removed = (seconds == 2).then(|| ("a0".to_owned(), made)).into_iter().collect();
            let bundle = Bundle::sign(key, Listing { prekeys, removed }, at);
            let message =
                Message { device: "a1".to_owned(), bundles: vec![bundle.clone()], ..Message::default() };
            let sealed = Sealed::new(message.encode());
            self.sent(Parcel { meet: place.clone(), sealed, hint: Some(key.user()) }, None);
            bundles.push(bundle);
        }
        bundles
    }
}
