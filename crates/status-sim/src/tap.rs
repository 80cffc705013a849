//! Looks into the seams between layers, for those who judge a run.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::digest::digest;
use status_data_sync::hazmat::{Payload, Wire};
use status_layer::{
    Arrival, Audience, Body, Cx, DataSync, Datagram, Due, Frame, GroupId, Interest, Letter, MessageId,
    Parcel, Privacy, Recipient, Rendezvous, Round, Topic, UserId,
};
use status_security::hazmat::{Direct, Lock, Message, RatchetKey};

/// What was seen, shared by all layers of a run.
#[derive(Clone, Debug, Default)]
pub struct Tap(Rc<RefCell<Seen>>);

#[derive(Debug, Default)]
struct Seen {
    /// Names of message keys, with what they sealed, of parcels that were wrapped, by the frame.
    sealed: BTreeMap<u64, Vec<Used>>,
    /// Messages that went out, by reader.
    sent: BTreeSet<(UserId, u64)>,
    sendings: u64,
    resends: u64,
}

/// A message key that was used.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Used {
    /// The name of the key: the ratchet key and the number, or the ephemeral key; and the slot.
    pub(crate) key: u64,
    /// What it sealed.
    pub(crate) text: u64,
}

impl Tap {
    /// How many messages data sync has sent, and how many of these not for the first time.
    #[must_use]
    pub fn sendings(&self) -> (u64, u64) {
        let seen = self.0.borrow();
        (seen.sendings, seen.resends)
    }

    /// The keys that sealed what is in a frame; nothing if it was taken before.
    pub(crate) fn take(&self, frame: &Frame) -> Vec<Used> {
        self.0.borrow_mut().sealed.remove(&digest([frame.bytes.as_slice()])).unwrap_or_default()
    }

    fn wrapped(&self, sealed: &[u8], frames: &[Frame]) {
        let Ok(message) = Message::decode(&without_bundles(sealed)) else { return };
        let name = |(slot, direct): (String, Direct)| {
            let text = digest([direct.payload.as_slice()]);
            let key = match direct.lock {
                Lock::Ratchet { header, .. } => {
                    let key = match &header.key {
                        RatchetKey::Secp256k1(point) => point.as_slice(),
                        RatchetKey::Curve25519(u) => u,
                    };
                    digest([slot.as_bytes(), key, &header.n.to_be_bytes()])
                }
                Lock::Fixed { ephemeral } => digest([slot.as_bytes(), &ephemeral, &[]]),
            };
            Used { key, text }
        };
        let used: Vec<Used> = message.direct.into_iter().map(name).collect();
        if used.is_empty() {
            return;
        }
        let mut seen = self.0.borrow_mut();
        for frame in frames {
            seen.sealed.insert(digest([frame.bytes.as_slice()]), used.clone());
        }
    }

    fn due(&self, datagrams: &[Datagram]) {
        let mut seen = self.0.borrow_mut();
        for datagram in datagrams {
            let Recipient::User(user) = datagram.to else { continue };
            let Ok(payload) = Payload::decode(Wire::Deployed, &datagram.bytes) else { continue };
            for message in payload.messages {
                seen.sendings += 1;
                if !seen.sent.insert((user, digest([message.id().as_slice()]))) {
                    seen.resends += 1;
                }
            }
        }
    }
}

/// A layer that is looked at.
#[derive(Clone, Debug)]
pub struct Tapped<L> {
    layer: L,
    tap: Tap,
}

impl<L> Tapped<L> {
    /// Looks at a layer.
    pub const fn new(layer: L, tap: Tap) -> Self {
        Self { layer, tap }
    }
}

impl<Y: DataSync> DataSync for Tapped<Y> {
    type Error = Y::Error;

    fn share(&self, cx: &mut Cx<'_>, group: GroupId, with: &[UserId]) -> Result<(), Self::Error> {
        self.layer.share(cx, group, with)
    }

    fn append(&self, cx: &mut Cx<'_>, id: MessageId, to: &Audience, body: Body) -> Result<(), Self::Error> {
        self.layer.append(cx, id, to, body)
    }

    fn receive(&self, cx: &mut Cx<'_>, letter: Letter) -> Result<Vec<Arrival>, Self::Error> {
        self.layer.receive(cx, letter)
    }

    fn online(&self, cx: &mut Cx<'_>) -> Result<(), Self::Error> {
        self.layer.online(cx)
    }

    fn resend(&self, cx: &mut Cx<'_>, whom: Option<&UserId>) -> Result<(), Self::Error> {
        self.layer.resend(cx, whom)
    }

    fn due(&self, cx: &mut Cx<'_>) -> Result<Due<Round>, Self::Error> {
        let due = self.layer.due(cx)?;
        self.tap.due(&due.now.datagrams);
        Ok(due)
    }

    fn lapse(&self, cx: &mut Cx<'_>) -> Result<Due<Vec<Arrival>>, Self::Error> {
        self.layer.lapse(cx)
    }
}

impl<P: Privacy> Privacy for Tapped<P> {
    type Error = P::Error;

    fn watch(&self, cx: &mut Cx<'_>, meet: &Rendezvous, how: Interest) -> Result<Vec<Topic>, Self::Error> {
        self.layer.watch(cx, meet, how)
    }

    fn wrap(&self, cx: &mut Cx<'_>, parcel: Parcel) -> Result<Vec<Frame>, Self::Error> {
        let sealed = parcel.sealed.clone();
        let frames = self.layer.wrap(cx, parcel)?;
        self.tap.wrapped(sealed.as_bytes(), &frames);
        Ok(frames)
    }

    fn peel(&self, cx: &mut Cx<'_>, frame: Frame) -> Result<Option<Parcel>, Self::Error> {
        self.layer.peel(cx, frame)
    }

    fn due(&self, cx: &mut Cx<'_>) -> Result<Due<Vec<Frame>>, Self::Error> {
        self.layer.due(cx)
    }
}

/// The fields of a protocol message but for its bundles (field 3): to verify them is dear, and no key is in them.
fn without_bundles(sealed: &[u8]) -> Vec<u8> {
    const BUNDLES: u64 = 3;
    let mut kept = Vec::with_capacity(sealed.len());
    let mut rest = sealed;
    while !rest.is_empty() {
        let Some((tag, after)) = varint(rest) else { return sealed.to_vec() };
        // All fields have a length.
        let Some((len, after)) = varint(after).filter(|_| tag & 7 == 2) else { return sealed.to_vec() };
        let Some((_, next)) = after.split_at_checked(len as usize) else { return sealed.to_vec() };
        if tag >> 3 != BUNDLES {
            kept.extend_from_slice(rest.get(..rest.len() - next.len()).unwrap_or_default());
        }
        rest = next;
    }
    kept
}

fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0;
    for (n, byte) in bytes.iter().take(9).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * n);
        if byte & 0x80 == 0 {
            return Some((value, bytes.get(n + 1..)?));
        }
    }
    None
}
