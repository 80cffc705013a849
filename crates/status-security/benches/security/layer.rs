//! The whole layer over a store in memory: bundles signed and verified, rows read and written.

use std::hint::black_box;
use std::sync::Arc;

use k256::ecdsa::SigningKey;
use status_crypto::SecretKey;
use status_layer::testing::Party;
use status_layer::{Datagram, DeviceId, Parcel, Read, Recipient, Security, UserId};
use status_security::hazmat::{Bundle, Prekey};
use status_security::{Config, Sessions, Transition};

use super::clock::{Table, timed};
use super::kernel;

struct Person {
    key: SecretKey,
    layer: Sessions,
    party: Party,
}

impl Person {
    fn new(seed: u8, config: Config) -> Self {
        let key = SecretKey::from_bytes(&[seed; 32]).unwrap();
        let device = DeviceId::new(format!("device-{seed}")).unwrap();
        let layer = Sessions::new(config, Arc::new(key.clone()), device);
        Self { key, layer, party: Party::new(u64::from(seed)) }
    }

    fn user(&self) -> UserId {
        self.key.public().user()
    }

    fn seal(&mut self, to: UserId, text: &[u8]) -> Parcel {
        let datagram = Datagram::new(Recipient::User(to), text.to_vec());
        self.party.run(|cx| self.layer.seal(cx, datagram)).unwrap().parcels.remove(0)
    }

    fn open(&mut self, parcel: &Parcel) {
        black_box(self.party.run(|cx| self.layer.open(cx, parcel.clone())).unwrap());
    }

    fn announcement(&mut self) -> Parcel {
        self.party.run(|cx| self.layer.due(cx)).unwrap().now.parcels.remove(0)
    }
}

/// Two with a session that both have used.
fn in_session(transition: Transition) -> (Person, Person) {
    let config = Config { transition, ..Config::default() };
    let (mut alice, mut bob) = (Person::new(1, config), Person::new(2, config));
    alice.open(&bob.announcement());
    bob.open(&alice.announcement());
    let there = alice.seal(bob.user(), b"there");
    bob.open(&there);
    let back = bob.seal(alice.user(), b"back");
    alice.open(&back);
    let there = alice.seal(bob.user(), b"there");
    bob.open(&there);
    (alice, bob)
}

fn signing() -> SigningKey {
    SigningKey::from_slice(&[1; 32]).unwrap()
}

/// The bare signatures of a bundle: one, and another one over its extension.
fn signatures(key: &SigningKey, count: usize) {
    (0..count).for_each(|_| drop(black_box(kernel::sign(key, &[7; 120]))));
}

pub(crate) fn rows(table: &mut Table) {
    let text = [7; 1024];
    for (name, transition, signed) in [("secp256k1", Transition::Old, 1), ("curve25519", Transition::New, 2)]
    {
        let (mut alice, mut bob) = in_session(transition);
        let to = bob.user();
        let mut chain = [8; 32];
        let signing = signing();
        let mut ours = |count| timed(|| (0..count).for_each(|_| drop(alice.seal(to, &text))));
        let mut bare = |count| {
            timed(|| {
                for _ in 0..count {
                    signatures(&signing, signed);
                    black_box(kernel::seal(&mut chain, &[0; 41], &text));
                }
            })
        };
        table.row(&format!("{name}: layer seals 1 KiB, with bundle"), "", &mut ours, &mut bare);

        // Kept below the largest jump, since what was sealed above was never delivered.
        let (mut alice, fresh) = in_session(transition);
        (bob.party, bob.layer) = (fresh.party, fresh.layer);
        let digest = [5; 32];
        let signature: [u8; 65] =
            SecretKey::from_bytes(&[1; 32]).unwrap().sign(&digest).as_bytes().to_vec().try_into().unwrap();
        let payload = kernel::seal(&mut [8; 32], &[0; 41], &text);
        let mut ours = |count| {
            let parcels: Vec<Parcel> = (0..count).map(|_| alice.seal(to, &text)).collect();
            timed(|| parcels.iter().for_each(|parcel| bob.open(parcel)))
        };
        let mut bare = |count| {
            timed(|| {
                for _ in 0..count {
                    for _ in 0..signed {
                        black_box(kernel::recover(&signature, &digest));
                    }
                    black_box(kernel::open(&mut [8; 32], &[0; 41], &payload));
                }
            })
        };
        table.row(&format!("{name}: layer opens 1 KiB, with bundle"), "", &mut ours, &mut bare);
        late(table, name, transition);
        fan_out(table, name, transition, signed);
    }
}

/// A thousand messages in reverse: each opens with a key that was kept. The kernel is the same in order.
fn late(table: &mut Table, name: &str, transition: Transition) {
    let text = [7; 1024];
    let (mut alice, mut bob) = in_session(transition);
    let sealed: Vec<Parcel> = (0..1000).map(|_| alice.seal(bob.user(), &text)).collect();
    let whole = bob.party.clone();
    bob.open(&sealed[999]);
    let skipped = bob.party.clone();
    let mut next = 998;
    let layer = bob.layer.clone();
    let mut late = |count: usize| {
        if next < count {
            (bob.party, next) = (skipped.clone(), 998);
        }
        let batch: Vec<&Parcel> = (0..count).map(|n| &sealed[next - n]).collect();
        next -= count;
        timed(|| batch.into_iter().for_each(|parcel| bob.open(parcel)))
    };
    let mut other = Person { key: SecretKey::from_bytes(&[2; 32]).unwrap(), layer, party: whole.clone() };
    let mut at = 0;
    let mut in_order = |count: usize| {
        if at + count > 1000 {
            (other.party, at) = (whole.clone(), 0);
        }
        let batch = &sealed[at..at + count];
        at += count;
        timed(|| batch.iter().for_each(|parcel| other.open(parcel)))
    };
    table.row(&format!("{name}: late 1 KiB of 1,000 / in order"), "≤ 1.25", &mut late, &mut in_order);

    let mut all = 0;
    bob.party = skipped;
    sealed[..999].iter().rev().for_each(|parcel| {
        bob.open(parcel);
        all += 1;
    });
    table.line(&format!("{name}: of 1,000 in reverse {} were opened", all + 1));
}

fn fan_out(table: &mut Table, name: &str, transition: Transition, signed: usize) {
    let text = [7; 1024];
    let config = Config { transition, max_targets: 5, ..Config::default() };
    let mut alice = Person::new(1, config);
    let bob = SecretKey::from_bytes(&[2; 32]).unwrap();
    let mut device = Person::new(2, config);
    let listed = device.announcement();
    let bundle =
        status_security::hazmat::Message::decode(listed.sealed.as_bytes()).unwrap().bundles.remove(0);
    let one: Prekey = bundle.prekeys()["device-2"].clone();
    let prekeys: std::collections::BTreeMap<_, _> =
        (0..5).map(|n| (format!("device {n}"), one.clone())).collect();
    let message = status_security::hazmat::Message {
        bundles: vec![Bundle::sign(&bob, prekeys, alice.party.now)],
        ..Default::default()
    };
    alice.open(&Parcel { sealed: status_layer::Sealed::new(message.encode()), ..listed });
    let to = bob.public().user();
    alice.seal(to, &text);
    let mut ours = |count| timed(|| (0..count).for_each(|_| drop(alice.seal(to, &text))));
    let mut chain = [8; 32];
    let signing = signing();
    let mut bare = |count| {
        timed(|| {
            for _ in 0..count {
                signatures(&signing, signed);
                (0..5).for_each(|_| drop(black_box(kernel::seal(&mut chain, &[0; 41], &text))));
            }
        })
    };
    table.row(&format!("{name}: layer seals 1 KiB for 5 devices"), "", &mut ours, &mut bare);
}

/// What a session takes on the shelf.
pub(crate) fn sizes(table: &mut Table) {
    for (name, transition) in [("secp256k1", Transition::Old), ("curve25519", Transition::New)] {
        let (mut alice, mut bob) = in_session(transition);
        let session = bytes(&bob, b"s", false);
        (0..1000).for_each(|_| drop(alice.seal(bob.user(), b"lost")));
        let last = alice.seal(bob.user(), b"last");
        bob.open(&last);
        let skipped = bytes(&bob, b"k", true) / bob.rows(b"k");
        table.line(&format!(
            "{name}: {session} bytes a session (≤ 260), {skipped} a skipped key with its key (≤ 72)"
        ));
    }
}

impl Person {
    fn rows(&self, table: &[u8]) -> usize {
        self.party.store.scan(Party::AREA, table, None, usize::MAX).unwrap().len()
    }
}

fn bytes(of: &Person, table: &[u8], keys: bool) -> usize {
    let rows = of.party.store.scan(Party::AREA, table, None, usize::MAX).unwrap();
    rows.iter().map(|(key, row)| row.len() + if keys { key.len() } else { 0 }).sum()
}
