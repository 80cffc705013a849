//! Users on devices, for tests that read as what happens.

use std::sync::Arc;

use status_crypto::{PublicKey, SecretKey};
use status_layer::testing::Party;
use status_layer::{
    Datagram, DeviceId, Grade, Interest, LayerError, Opened, Outgoing, Parcel, Recipient, Rendezvous,
    Security, UserId,
};
use status_security::hazmat::Message;
use status_security::{Config, Error, OpenError, SealError, Sessions};

pub(crate) const HOUR: core::time::Duration = core::time::Duration::from_secs(60 * 60);

/// A user on one device.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) key: PublicKey,
    pub(crate) layer: Sessions,
    pub(crate) party: Party,
}

/// What came out of a parcel: text and grade.
pub(crate) type Heard = (String, Grade);

impl Person {
    /// The user and device numbered `seed`.
    pub(crate) fn new(seed: u8) -> Self {
        Self::on(seed, seed, Config::default())
    }

    /// User `user` on device `device`.
    pub(crate) fn on(user: u8, device: u8, config: Config) -> Self {
        let identity = SecretKey::from_bytes(&[user; 32]).unwrap();
        let key = identity.public();
        let id = DeviceId::new(format!("device-{device}")).unwrap();
        let seed = u64::from(user) * 1000 + u64::from(device);
        Self { key, layer: Sessions::new(config, Arc::new(identity), id), party: Party::new(seed) }
    }

    pub(crate) fn user(&self) -> UserId {
        self.key.user()
    }

    pub(crate) fn try_seal(&mut self, to: &Self, text: &str) -> Result<Outgoing, Error> {
        let datagram = Datagram::new(Recipient::User(to.user()), text.as_bytes().to_vec());
        self.party.run(|cx| self.layer.seal(cx, datagram))
    }

    /// Seals a text for somebody: one parcel.
    #[track_caller]
    pub(crate) fn seal(&mut self, to: &Self, text: &str) -> Parcel {
        let mut out = self.try_seal(to, text).unwrap();
        assert_eq!(out.parcels.len(), 1);
        out.parcels.remove(0)
    }

    pub(crate) fn try_open(&mut self, parcel: &Parcel) -> Result<Opened, Error> {
        self.party.run(|cx| self.layer.open(cx, parcel.clone()))
    }

    /// Opens a parcel that holds one text.
    #[track_caller]
    pub(crate) fn open(&mut self, parcel: &Parcel) -> Heard {
        let opened = self.try_open(parcel).unwrap();
        assert_eq!(opened.mail.len(), 1, "one letter");
        let letter = &opened.mail[0];
        assert_eq!(letter.from.user, parcel.hint.unwrap());
        (String::from_utf8(letter.datagram.bytes.clone()).unwrap(), letter.grade)
    }

    /// Why a parcel is refused; checks that the shelf stays as it was.
    #[track_caller]
    pub(crate) fn refuses(&mut self, parcel: &Parcel) -> OpenError {
        let before = self.party.store.clone();
        let error = self.try_open(parcel).map(|opened| opened.mail).expect_err("the parcel is refused");
        assert!(self.party.store == before, "a refused parcel changed the shelf");
        match LayerError::from(error) {
            LayerError::Reject(reason) => *reason.get::<OpenError>().expect("an error of opening"),
            LayerError::Fault(reason) => panic!("our own failure: {reason}"),
        }
    }

    /// The parcel with our keys, if one is due.
    pub(crate) fn announcement(&mut self) -> Option<Parcel> {
        let due = self.party.run(|cx| self.layer.due(cx)).unwrap();
        due.now.parcels.into_iter().next()
    }

    pub(crate) fn expect(&mut self, whom: &Recipient, how: Interest) -> Vec<(Rendezvous, Interest)> {
        self.party.run(|cx| self.layer.expect(cx, whom, how)).unwrap().meet
    }

    pub(crate) fn wait(&mut self, span: core::time::Duration) {
        self.party.wait(span);
    }
}

/// Two users, each knowing the other's keys.
pub(crate) fn introduced() -> (Person, Person) {
    introduced_with(Config::default())
}

pub(crate) fn introduced_with(config: Config) -> (Person, Person) {
    let (mut alice, mut bob) = (Person::on(1, 1, config), Person::on(2, 2, config));
    let (from_alice, from_bob) = (alice.announcement().unwrap(), bob.announcement().unwrap());
    alice.try_open(&from_bob).unwrap();
    bob.try_open(&from_alice).unwrap();
    (alice, bob)
}

/// Two users with a session that both have used.
pub(crate) fn in_session() -> (Person, Person) {
    let (mut alice, mut bob) = introduced();
    let first = alice.seal(&bob, "first");
    bob.open(&first);
    let answer = bob.seal(&alice, "answer");
    alice.open(&answer);
    (alice, bob)
}

/// The message in a parcel.
pub(crate) fn message(parcel: &Parcel) -> Message {
    Message::decode(parcel.sealed.as_bytes()).unwrap()
}

/// `parcel` with its message changed.
pub(crate) fn changed(parcel: &Parcel, change: impl FnOnce(&mut Message)) -> Parcel {
    let mut message = message(parcel);
    change(&mut message);
    Parcel { sealed: status_layer::Sealed::new(message.encode()), ..parcel.clone() }
}

/// Why sealing is refused.
#[track_caller]
pub(crate) fn seal_refused(sealed: Result<Outgoing, Error>) -> SealError {
    match LayerError::from(sealed.expect_err("sealing is refused")) {
        LayerError::Reject(reason) => *reason.get::<SealError>().expect("an error of sealing"),
        LayerError::Fault(reason) => panic!("our own failure: {reason}"),
    }
}
