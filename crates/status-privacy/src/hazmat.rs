//! The parts of an envelope one by one, for research and for checking vectors. Nothing here keeps a caller
//! from choosing bad randomness, so chats go through [`Waku`](crate::Waku).

use alloc::string::String;
use alloc::vec::Vec;

use status_crypto::aead::AeadError;
use status_crypto::{KeyError, Keyring, PublicKey, keccak256};
use status_layer::{CryptoRng, Cx, Parcel, Sealed, Secret, Topic, UserId};
use zeroize::Zeroizing;

use crate::payload::{ecies, plain, symmetric};
use crate::topic::{self, ShortTopic};
use crate::{Error, Inbox, Padding, PlainError, segment};

/// A plaintext taken apart, its signature checked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Plain {
    /// What was sent.
    pub payload: Vec<u8>,
    /// What only makes the plaintext longer.
    pub padding: Vec<u8>,
    /// Who signed it.
    pub signer: Option<PublicKey>,
}

/// Draws the padding that brings a plaintext to the next multiple of 256 bytes: 1 to 256 bytes.
pub fn draw_padding(payload: &[u8], signer: Option<&dyn Keyring>, rng: &mut dyn CryptoRng) -> Vec<u8> {
    plain::draw_padding(payload, signer, Padding::Blocks, rng)
}

/// Lays out a plaintext with exactly this padding, and signs it if there is a signer; `None` if the payload
/// has 16 MiB or more.
#[must_use]
pub fn encode(payload: &[u8], padding: &[u8], signer: Option<&dyn Keyring>) -> Option<Vec<u8>> {
    plain::encode(payload, padding, signer)
}

/// Takes a plaintext apart and recovers its signer.
///
/// # Errors
/// [`PlainError`], for whatever deployed peers refuse.
pub fn decode(bytes: &[u8]) -> Result<Plain, PlainError> {
    let plain = plain::Plain::decode(bytes)?;
    let signer = plain.signer()?;
    Ok(Plain { payload: plain.payload.to_vec(), padding: plain.padding.to_vec(), signer })
}

/// Derives the symmetric key of a place from its name, 32 bytes. Takes about 10 ms optimised.
#[must_use]
pub fn symmetric_key(name: &[u8]) -> Secret {
    symmetric::key(name)
}

/// Seals a plaintext with a symmetric key; draws 12 bytes.
///
/// # Errors
/// [`AeadError`] if the key has not 32 bytes.
pub fn seal_symmetric(key: &Secret, rng: &mut dyn CryptoRng, plain: &[u8]) -> Result<Vec<u8>, AeadError> {
    symmetric::seal(key, rng, plain)
}

/// Opens what was sealed with a symmetric key; `None` if it was not, or was changed.
#[must_use]
pub fn open_symmetric(key: &Secret, sealed: &[u8]) -> Option<Vec<u8>> {
    symmetric::open(key, sealed)
}

/// Seals a plaintext to the key of one user; draws the ephemeral key (32 bytes), then 16 bytes.
pub fn seal_asymmetric(to: &PublicKey, rng: &mut dyn CryptoRng, plain: &[u8]) -> Vec<u8> {
    ecies::seal(to, rng, plain)
}

/// Opens what was sealed to the key of `keyring`; `None` if it was not, or was changed.
#[must_use]
pub fn open_asymmetric(keyring: &dyn Keyring, sealed: &[u8]) -> Option<Vec<u8>> {
    ecies::open(keyring, sealed)
}

/// The topic of a name, 4 bytes.
#[must_use]
pub fn topic(name: &str) -> [u8; 4] {
    ShortTopic::of_hash(keccak256(&[name.as_bytes()])).0
}

/// The form in which Waku v2 carries a topic: `/waku/1/0x<8 hex digits>/rfc26`.
#[must_use]
pub fn content_topic(topic: [u8; 4]) -> Topic {
    ShortTopic(topic).content_topic()
}

/// The partition of a user's inbox, below 5000.
#[must_use]
pub fn partition(user: &UserId) -> u16 {
    topic::partition(user)
}

/// The name of the inbox that a user shares with everybody of the same partition.
#[must_use]
pub fn partitioned_name(user: &UserId) -> String {
    topic::partitioned(user)
}

/// The name of a user's personal inbox.
///
/// # Errors
/// [`KeyError::NotAPoint`] if the user's key is not a point of the curve.
pub fn personal_name(user: &UserId) -> Result<String, KeyError> {
    Inbox::Personal.name(user)
}

/// The name of the place that two users agreed on.
#[must_use]
pub fn negotiated_name(secret: &Secret) -> Zeroizing<String> {
    topic::negotiated(secret.expose())
}

/// Cuts a parcel for envelopes that take `size` bytes each: itself alone if it fits, else `SegmentMessage`s, parity last.
#[must_use]
pub fn split(sealed: &Sealed, size: usize) -> Vec<Vec<u8>> {
    segment::split(sealed, size)
}

/// The parity of pieces of `size` bytes, of which the last may be shorter: one for every eight pieces, none if there would
/// be more than 256 of both.
#[must_use]
pub fn parity(pieces: &[&[u8]], size: usize) -> Vec<Vec<u8>> {
    segment::combine(pieces, size)
}

/// Takes a parcel as it was in its envelope; gives it back unless it is a segment, and the whole with the last segment needed.
///
/// # Errors
/// [`SegmentError`](crate::SegmentError), in a [`PeelError`](crate::PeelError).
pub fn gather(cx: &mut Cx<'_>, parcel: Parcel) -> Result<Option<Parcel>, Error> {
    segment::gather(cx, parcel)
}
