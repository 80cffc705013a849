//! Key bundles: whatever they say and however they are written, they are read as what was signed or refused, and what
//! they say is kept within bounds.
#![no_main]

use std::sync::LazyLock;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use status_crypto::{Keyring, keccak256};
use status_fuzz::script::Script;
use status_fuzz::seat::Seat;
use status_fuzz::tree::{self, Field, Value};
use status_fuzz::world::World;
use status_fuzz::{Plan, plan};
use status_layer::{Datagram, LayerError, Parcel, Recipient, Sealed, Security, Timestamp};
use status_security::Error;
use status_security::hazmat::{Bundle, Direct, MAX_KNOWN, Message};

static WORLD: LazyLock<World> = LazyLock::new(World::new);

/// Most bundles that one input makes.
const MOST: usize = 3;

fuzz_target!(|input: &[u8]| {
    let world = &*WORLD;
    match plan(input) {
        Some(Plan::Raw(bytes)) => read(bytes),
        Some(Plan::Inside(script)) => learn(world, script),
        Some(Plan::Changed { which, how }) => {
            let bundle = &world.bundles[which % world.bundles.len()];
            let mut script = Script::new(how);
            let bytes = match script.byte() % 4 {
                0 => respelled(&bundle.clone().encode(), &mut script),
                _ => {
                    let donor = script.one(&world.bundles);
                    tree::changed(&bundle.clone().encode(), &donor.clone().encode(), &mut script)
                }
            };
            if let Ok(read) = Message::decode(&tree::encode(&[tree::bytes(3, bytes)])) {
                read.bundles.iter().for_each(|read| assert_genuine(world, read));
                read.bundles.into_iter().for_each(assert_reads_again);
            }
        }
        None => {}
    }
});

/// Reads bytes as everything that they could be.
fn read(bytes: &[u8]) {
    if let Ok(bundle) = Bundle::decode(bytes) {
        assert_reads_again(bundle);
    }
    if let Ok(direct) = Direct::decode(bytes) {
        let again = Direct::decode(&direct.clone().encode());
        assert!(again.is_ok_and(|again| again == direct), "a ciphertext reads differently the second time");
    }
    if let Ok(message) = Message::decode(bytes) {
        let again = Message::decode(&message.clone().encode()).expect("what was written can be read");
        assert!(
            (&again.device, &again.bundles, &again.direct, &again.public)
                == (&message.device, &message.bundles, &message.direct, &message.public),
            "a message reads differently the second time"
        );
    }
}

/// Bob learns from bundles that Mallory has signed, whatever they say; what he keeps stays in order.
fn learn(world: &World, script: &[u8]) {
    let mut script = Script::new(script);
    let stage = script.one(&world.stages);
    let mut bob = Seat::new(world, stage);
    let mallory = world.mallory.user();
    let place = &world.mail[2].parcel.meet;
    for _ in 0..MOST {
        let how = script.byte();
        let mut bytes = world.mallory.bundle(&mut script).encode();
        if how & 1 == 1 {
            let donor = script.one(&world.bundles);
            bytes = tree::changed(&bytes, &donor.clone().encode(), &mut script);
        }
        if how & 2 == 2 {
            bytes = signed_again(world, &bytes, &mut script);
        }
        let device = script.id();
        let message = [tree::bytes(2, device), tree::bytes(3, bytes)];
        let sealed = Sealed::new(tree::encode(&message));
        bob.offer(Parcel { meet: place.clone(), sealed, hint: Some(mallory) });
        if how >= 0xe0 {
            bob.wait(Duration::from_secs(u64::from(script.byte()) * 3_600));
        }
        if script.is_over() {
            break;
        }
    }

    let known = bob.must(|bob, cx| bob.devices(&cx.shelf, &mallory).map_err(Error::from));
    assert!(known.len() <= MAX_KNOWN, "more devices than anybody can have");
    if script.byte() == 1 {
        let datagram = Datagram::new(Recipient::User(mallory), b"hello".to_vec());
        match bob.call(|bob, cx| bob.seal(cx, datagram)) {
            Ok(out) => assert!(out.parcels.len() == 1, "nothing goes out"),
            Err(LayerError::Reject(_)) => {}
            Err(LayerError::Fault(why)) => panic!("a stranger's bundle broke our side: {why}"),
        }
    }
    bob.end(None);
}

/// What deployed peers sign has no separators: the same text, divided in another way.
fn respelled(bundle: &[u8], script: &mut Script<'_>) -> Vec<u8> {
    let mut parts = Parts::of(bundle);
    let at = script.below(parts.entries.len() * 2 + 1);
    let cut = script.byte();
    let strip = script.byte().is_multiple_of(2);
    let count = parts.entries.len();
    match (at / 2, at % 2) {
        // Between the version of an entry and the id of the next, or the time.
        (which, 0) if which < count => {
            let version = parts.entries[which].1.version.to_string();
            if which + 1 < count {
                let (left, right) =
                    divided(&[version.as_bytes(), parts.entries[which + 1].0.as_slice()].concat(), cut);
                parts.entries[which].1.version = number(&left).unwrap_or_default();
                parts.entries[which + 1].0 = right;
            } else {
                let (left, right) = divided(format!("{version}{}", parts.timestamp).as_bytes(), cut);
                parts.entries[which].1.version = number(&left).unwrap_or_default();
                parts.timestamp = number(&right).unwrap_or_default();
            }
        }
        // Between the id of an entry and its key.
        (which, _) if which < count => {
            let (id, entry) = &mut parts.entries[which];
            let (left, right) = divided(&[id.as_slice(), &entry.key].concat(), cut);
            (*id, entry.key) = (left, right);
        }
        _ => {}
    }
    if strip {
        parts.strip();
    }
    parts.encode()
}

fn divided(text: &[u8], cut: u8) -> (Vec<u8>, Vec<u8>) {
    let (left, right) = text.split_at(usize::from(cut) % (text.len() + 1));
    (left.to_vec(), right.to_vec())
}

fn number<N: std::str::FromStr>(text: &[u8]) -> Option<N> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// Mallory signs what stands in a bundle now, as deployed peers do, without what they do not know.
fn signed_again(world: &World, bundle: &[u8], script: &mut Script<'_>) -> Vec<u8> {
    let mut parts = Parts::of(bundle);
    if script.byte().is_multiple_of(2) {
        parts.timestamp = script.nanos();
    }
    parts.strip();
    parts.entries.sort_by(|a, b| a.0.cmp(&b.0));
    let digest = keccak256(&[&parts.preimage()]);
    parts.identity = world.mallory.user().as_bytes().to_vec();
    parts.signature = world.mallory.key().sign(&digest).as_bytes().to_vec();
    let bytes = parts.encode();
    let read = Bundle::decode(&bytes);
    let distinct = parts.entries.windows(2).all(|pair| pair[0].0 != pair[1].0);
    if let Ok(read) = &read {
        assert!(
            read.preimage() == parts.preimage() || !distinct,
            "other bytes were verified than were signed"
        );
    }
    bytes
}

/// Nobody but its user can make a bundle say anything that another one of theirs does not say.
fn assert_genuine(world: &World, read: &Bundle) {
    let said = |bundle: &Bundle| {
        let entries = bundle.prekeys().iter().map(|(id, it)| (id.clone(), it.key.clone(), it.version));
        (bundle.identity(), entries.collect::<Vec<_>>(), bundle.timestamp())
    };
    let read_says = said(read);
    assert!(world.bundles.iter().any(|genuine| said(genuine) == read_says), "nobody has signed {read:?}");
    let all = |bundle: &Bundle| (bundle.prekeys().clone(), bundle.removed().clone(), bundle.timestamp());
    let plain = read.prekeys().values().all(|it| it.extension.is_none() && it.joined == Timestamp::default());
    assert!(
        (plain && read.removed().is_empty()) || world.bundles.iter().any(|genuine| all(genuine) == all(read)),
        "nobody has announced {read:?}"
    );
}

/// What was read is written, and reads the same.
fn assert_reads_again(bundle: Bundle) {
    let again = Bundle::decode(&bundle.clone().encode());
    assert!(again.is_ok_and(|again| again == bundle), "a bundle reads differently the second time");
}

/// The parts of a bundle that deployed peers know, and the fields that they do not.
#[derive(Default)]
struct Parts {
    identity: Vec<u8>,
    entries: Vec<(Vec<u8>, Entry)>,
    signature: Vec<u8>,
    timestamp: i64,
    rest: Vec<Field>,
}

#[derive(Default)]
struct Entry {
    key: Vec<u8>,
    version: u32,
    rest: Vec<Field>,
}

impl Parts {
    /// Takes a bundle apart; what does not fit is left out.
    fn of(bundle: &[u8]) -> Self {
        let mut parts = Self::default();
        for field in tree::parse(bundle).unwrap_or_default() {
            match (field.number, field.value) {
                (1, Value::Bytes(bytes)) => parts.identity = bytes,
                (2, Value::Bytes(bytes)) => parts.entries.push(entry(&bytes)),
                (4, Value::Bytes(bytes)) => parts.signature = bytes,
                (5, Value::Varint(number)) => parts.timestamp = number as i64,
                (number, value) => parts.rest.push(Field { number, value }),
            }
        }
        parts
    }

    /// Leaves out what deployed peers do not know.
    fn strip(&mut self) {
        self.rest.clear();
        self.entries.iter_mut().for_each(|(_, entry)| entry.rest.clear());
    }

    /// What deployed peers sign.
    fn preimage(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (id, Entry { key, version, .. }) in &self.entries {
            bytes.extend([id.as_slice(), key, version.to_string().as_bytes()].concat());
        }
        if self.timestamp != 0 {
            bytes.extend(self.timestamp.to_string().bytes());
        }
        bytes
    }

    fn encode(&self) -> Vec<u8> {
        let mut fields = vec![tree::bytes(1, self.identity.clone())];
        for (id, Entry { key, version, rest }) in &self.entries {
            let mut inner = vec![tree::bytes(1, key.clone()), tree::number(2, u64::from(*version))];
            inner.extend(rest.iter().cloned());
            let pair = [tree::bytes(1, id.clone()), tree::bytes(2, tree::encode(&inner))];
            fields.push(tree::bytes(2, tree::encode(&pair)));
        }
        fields.push(tree::bytes(4, self.signature.clone()));
        fields.push(tree::number(5, self.timestamp as u64));
        fields.extend(self.rest.iter().cloned());
        tree::encode(&fields)
    }
}

fn entry(bytes: &[u8]) -> (Vec<u8>, Entry) {
    let (mut id, mut entry) = (Vec::new(), Entry::default());
    for field in tree::parse(bytes).unwrap_or_default() {
        match (field.number, field.value) {
            (1, Value::Bytes(bytes)) => id = bytes,
            (2, Value::Bytes(bytes)) => {
                for field in tree::parse(&bytes).unwrap_or_default() {
                    match (field.number, field.value) {
                        (1, Value::Bytes(bytes)) => entry.key = bytes,
                        (2, Value::Varint(number)) => entry.version = number as u32,
                        (number, value) => entry.rest.push(Field { number, value }),
                    }
                }
            }
            _ => {}
        }
    }
    (id, entry)
}
