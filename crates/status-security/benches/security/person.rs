//! People with a whole layer over a store in memory.

use std::hint::black_box;
use std::sync::Arc;

use status_crypto::SecretKey;
use status_layer::testing::Party;
use status_layer::{Cx, Datagram, DeviceId, Parcel, Read, Recipient, Security, UserId};
use status_security::{Config, Sessions, Transition};

use super::ours::key;

pub(crate) struct Person {
    pub(crate) key: SecretKey,
    pub(crate) layer: Sessions,
    pub(crate) party: Party,
}

impl Person {
    pub(crate) fn new(seed: u8, config: Config) -> Self {
        let key = key(seed);
        let device = DeviceId::new(format!("device-{seed}")).unwrap();
        let layer = Sessions::new(config, Arc::new(key.clone()), device);
        Self { key, layer, party: Party::new(u64::from(seed)) }
    }

    pub(crate) fn user(&self) -> UserId {
        self.key.public().user()
    }

    pub(crate) fn seal(&mut self, to: UserId, text: &[u8]) -> Parcel {
        self.party.run(|cx| Ok::<_, ()>(sealed(&self.layer, cx, to, text))).unwrap()
    }

    pub(crate) fn open(&mut self, parcel: &Parcel) {
        black_box(self.party.run(|cx| self.layer.open(cx, parcel.clone())).unwrap());
    }

    pub(crate) fn announcement(&mut self) -> Parcel {
        self.party.run(|cx| self.layer.due(cx)).unwrap().now.parcels.remove(0)
    }
}

pub(crate) fn sealed(layer: &Sessions, cx: &mut Cx<'_>, to: UserId, text: &[u8]) -> Parcel {
    let datagram = Datagram::new(Recipient::User(to), text.to_vec());
    layer.seal(cx, datagram).unwrap().parcels.remove(0)
}

/// Two with a session that both have used.
pub(crate) fn in_session(transition: Transition) -> (Person, Person) {
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

impl Person {
    /// How many bytes the values of a table have, with or without their keys, and how many rows there are.
    pub(crate) fn bytes(&self, table: &[u8], keys: Keys) -> (usize, usize) {
        let rows = self.party.store.scan(Party::AREA, table, None, usize::MAX).unwrap();
        let key = |key: &[u8]| if keys == Keys::Counted { key.len() } else { 0 };
        (rows.iter().map(|(k, row)| row.len() + key(k)).sum(), rows.len())
    }
}

/// Whether the keys of rows count.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Keys {
    Counted,
    Left,
}
