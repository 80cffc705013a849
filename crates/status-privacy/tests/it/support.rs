//! What the tests share.

use status_crypto::SecretKey;
use status_layer::testing::Party;
use status_layer::{Frame, Interest, Name, Parcel, Privacy, Rendezvous, Sealed, Topic, UserId};
use status_privacy::{Error, Waku};

pub(crate) type Layer = Waku<SecretKey>;

/// The layer of the user whose key is 32 times `byte`.
pub(crate) fn waku(byte: u8) -> Layer {
    Waku::new(SecretKey::from_bytes(&[byte; 32]).unwrap())
}

pub(crate) fn named(text: &str) -> Rendezvous {
    Rendezvous::Named(Name::new(text).unwrap())
}

pub(crate) fn inbox(of: &Layer) -> Rendezvous {
    Rendezvous::Inbox(of.user())
}

/// A parcel of a user, signed.
pub(crate) fn parcel(from: UserId, meet: &Rendezvous, bytes: &[u8]) -> Parcel {
    Parcel { meet: meet.clone(), sealed: Sealed::new(bytes.to_vec()), hint: Some(from) }
}

/// A parcel of `from`, signed.
pub(crate) fn signed(from: &Layer, meet: &Rendezvous, bytes: &[u8]) -> Parcel {
    parcel(from.user(), meet, bytes)
}

pub(crate) fn listen(layer: &Layer, party: &mut Party, meet: &Rendezvous) -> Vec<Topic> {
    party.run(|cx| layer.watch(cx, meet, Interest::Listen)).unwrap()
}

pub(crate) fn ignore(layer: &Layer, party: &mut Party, meet: &Rendezvous) -> Vec<Topic> {
    party.run(|cx| layer.watch(cx, meet, Interest::Ignore)).unwrap()
}

/// The one frame of a parcel.
pub(crate) fn wrap(layer: &Layer, party: &mut Party, parcel: Parcel) -> Frame {
    let [frame] = <[Frame; 1]>::try_from(party.run(|cx| layer.wrap(cx, parcel)).unwrap()).unwrap();
    frame
}

pub(crate) fn peel(layer: &Layer, party: &mut Party, frame: Frame) -> Result<Option<Parcel>, Error> {
    party.run(|cx| layer.peel(cx, frame))
}
