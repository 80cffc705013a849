//! One user of the layer, in words.

use core::time::Duration;

use status_data_sync::hazmat::{Payload, Wire};
use status_data_sync::{Config, Mvds, SyncError};
use status_layer::testing::Party;
use status_layer::{
    Arrival, Audience, Body, Cx, DataSync, Datagram, Due, Grade, GroupId, Letter, MessageId, Name, Proof,
    Recipient, Round, Sender, Timestamp, UserId,
};

pub(crate) const HOUR: Duration = Duration::from_secs(3_600);
pub(crate) const DAY: Duration = Duration::from_secs(86_400);

pub(crate) struct User {
    pub(crate) key: UserId,
    pub(crate) sync: Mvds,
    pub(crate) party: Party,
    appended: u64,
}

/// The key of a numbered user.
pub(crate) fn key(number: u8) -> UserId {
    let mut key = [number; 33];
    key[0] = 2;
    UserId::from_compressed(&key).unwrap()
}

pub(crate) fn user(number: u8) -> User {
    user_with(number, Config::default())
}

pub(crate) fn user_with(number: u8, config: Config) -> User {
    let key = key(number);
    User { key, sync: Mvds::new(key, config), party: Party::new(number.into()), appended: 0 }
}

pub(crate) fn pair() -> (User, User) {
    (user(1), user(2))
}

pub(crate) fn id(number: u64) -> MessageId {
    let mut id = [0; 32];
    id[..8].copy_from_slice(&number.to_be_bytes());
    MessageId::new(id)
}

impl User {
    pub(crate) fn run<T>(
        &mut self,
        call: impl FnOnce(&Mvds, &mut Cx<'_>) -> Result<T, SyncError>,
    ) -> Result<T, SyncError> {
        let sync = self.sync;
        self.party.run(|cx| call(&sync, cx))
    }

    /// Appends a body for one reader, under the next number.
    pub(crate) fn append(&mut self, to: UserId, body: &[u8]) -> MessageId {
        self.appended += 1;
        let id = id(self.appended);
        self.append_as(id, &Audience::User(to), body).unwrap();
        id
    }

    pub(crate) fn append_as(&mut self, id: MessageId, to: &Audience, body: &[u8]) -> Result<(), SyncError> {
        self.run(|sync, cx| sync.append(cx, id, to, Body::new(body.to_vec())))
    }

    pub(crate) fn share(&mut self, group: GroupId, with: &[UserId]) -> Result<(), SyncError> {
        self.run(|sync, cx| sync.share(cx, group, with))
    }

    pub(crate) fn online(&mut self) {
        self.run(Mvds::online).unwrap();
    }

    /// What is to be sent.
    pub(crate) fn due(&mut self) -> Due<Vec<Datagram>> {
        let Due { now, next } = self.round();
        Due { now: now.datagrams, next }
    }

    pub(crate) fn round(&mut self) -> Due<Round> {
        self.run(Mvds::due).unwrap()
    }

    /// What is due, read.
    pub(crate) fn payloads(&mut self) -> Vec<(Recipient, Payload)> {
        let due = self.due().now.into_iter();
        due.map(|datagram| (datagram.to, Payload::decode(Wire::Deployed, &datagram.bytes).unwrap())).collect()
    }

    /// The only payload that is due.
    pub(crate) fn payload(&mut self) -> Payload {
        let mut payloads = self.payloads();
        assert_eq!(payloads.len(), 1, "one payload is due: {payloads:?}");
        payloads.remove(0).1
    }

    pub(crate) fn receive(&mut self, from: UserId, bytes: &[u8]) -> Result<Vec<Arrival>, SyncError> {
        let to = Recipient::User(self.key);
        self.run(|sync, cx| sync.receive(cx, letter(from, to, bytes)))
    }

    pub(crate) fn receive_payload(
        &mut self,
        from: UserId,
        payload: &Payload,
    ) -> Result<Vec<Arrival>, SyncError> {
        self.receive(from, &payload.encode(Wire::Deployed))
    }

    pub(crate) fn receive_in(
        &mut self,
        channel: &Name,
        from: UserId,
        bytes: &[u8],
    ) -> Result<Vec<Arrival>, SyncError> {
        let to = Recipient::Channel(channel.clone());
        self.run(|sync, cx| sync.receive(cx, letter(from, to, bytes)))
    }

    /// Sends what is due to `to`, who reads it.
    pub(crate) fn deliver_to(&mut self, to: &mut User) -> Vec<Arrival> {
        let due = self.due().now;
        due.into_iter().flat_map(|datagram| to.receive(self.key, &datagram.bytes).unwrap()).collect()
    }

    /// Lets time pass and collects the times at which something was due.
    pub(crate) fn sendings_until(&mut self, span: Duration) -> Vec<Timestamp> {
        let end = self.party.now.after(span);
        let mut sendings = Vec::new();
        loop {
            let due = self.due();
            if !due.now.is_empty() {
                sendings.push(self.party.now);
            }
            match due.next {
                Some(next) if next <= end => self.party.now = next,
                _ => break,
            }
        }
        self.party.now = end;
        sendings
    }

    pub(crate) fn rows(&self) -> usize {
        self.party.store.len()
    }
}

pub(crate) fn letter(from: UserId, to: Recipient, bytes: &[u8]) -> Letter {
    Letter {
        from: Sender { user: from, device: None, proof: Proof::Session },
        grade: Grade::Ratcheted,
        datagram: Datagram::new(to, bytes.to_vec()),
    }
}

/// The bodies among arrivals, in their order.
pub(crate) fn bodies(arrivals: &[Arrival]) -> Vec<&[u8]> {
    let mut bodies = Vec::new();
    for arrival in arrivals {
        if let Arrival::Body { body, .. } = arrival {
            bodies.push(body.as_bytes());
        }
    }
    bodies
}
