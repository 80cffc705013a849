//! The message on the wire as checked values.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use prost::Message as _;

use crate::bundle::{Bundle, BundleError};
use crate::error::OpenError;
use crate::generated as raw;
use crate::key::Point;
use crate::ratchet::{Form, Header};
use crate::suite::RatchetKey;

/// Longest installation id that is taken from a message, in bytes.
const MAX_DEVICE: usize = status_layer::DeviceId::MAX;

/// Most bundles that are taken from one message.
pub const MAX_BUNDLES: usize = 8;

/// One message of this layer.
#[derive(Clone, Default)]
pub struct Message {
    /// The sending device's installation id; may be empty.
    pub device: String,
    /// Genuine bundles.
    pub bundles: Vec<Bundle>,
    /// Ciphertexts by the installation id of the receiving device.
    pub direct: BTreeMap<String, Direct>,
    /// Content for everybody.
    pub public: Vec<u8>,
}

/// A message whose shape is known and whose content is not checked yet.
pub(crate) struct Unchecked(raw::ProtocolMessage);

/// One ciphertext for one device.
#[derive(Clone, Eq, PartialEq)]
pub struct Direct {
    /// Sets up the session, until the responder has answered.
    pub handshake: Option<Handshake>,
    /// What the payload is sealed with.
    pub lock: Lock,
    /// The ciphertext.
    pub payload: Vec<u8>,
}

/// What the responder needs to agree on a session (X3DH header).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Handshake {
    /// The initiator's ephemeral key.
    pub ephemeral: Point,
    /// The responder's signed prekey.
    pub prekey: Point,
    /// The prekey that the responder has made for the initiator alone, if it is used besides the signed one.
    pub private: Option<Point>,
}

/// What a payload is sealed with.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Lock {
    /// A message of a session (DR header).
    Ratchet {
        /// The responder's signed prekey with which the session was set up.
        session: Point,
        /// The header of the ratchet.
        header: Header,
    },
    /// Sealed to the identity key (DH header).
    Fixed {
        /// The ephemeral key.
        ephemeral: Point,
    },
}

impl Unchecked {
    /// Reads the shape; `None` if the bytes are not a message of this layer, or one that says nothing.
    ///
    /// Invariant: no chat content without this layer's frame is taken for a message. Both share field numbers,
    /// but of another type or without any content that this layer knows.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let message = raw::ProtocolMessage::decode(bytes).ok()?;
        let says_nothing = message.bundles.is_empty()
            && message.encrypted_message.is_empty()
            && message.public_message.is_empty();
        (!says_nothing).then_some(Self(message))
    }

    /// Checks all that does not depend on who reads: lengths, and the signature of every bundle, which must fit no other.
    ///
    /// # Errors
    /// [`OpenError::FieldLength`], [`OpenError::TooManyBundles`], [`OpenError::Bundle`].
    pub(crate) fn open(self) -> Result<Opening, OpenError> {
        let device = self.0.installation_id;
        if device.len() > MAX_DEVICE {
            return Err(OpenError::FieldLength { field: "installation id", len: device.len() });
        }
        let count = self.0.bundles.len();
        if count > MAX_BUNDLES {
            return Err(OpenError::TooManyBundles { count, max: MAX_BUNDLES });
        }
        let bundles = self.0.bundles.into_iter().map(Bundle::try_from);
        let bundles = bundles.collect::<Result<Vec<_>, BundleError>>()?;
        if !bundles.iter().all(Bundle::has_one_reading) {
            return Err(BundleError::Ambiguous.into());
        }
        Ok(Opening { device, bundles, direct: self.0.encrypted_message, public: self.0.public_message })
    }
}

/// A message whose bundles are genuine, and whose ciphertexts are still closed.
pub(crate) struct Opening {
    /// The sending device's installation id; may be empty.
    pub(crate) device: String,
    /// Genuine bundles.
    pub(crate) bundles: Vec<Bundle>,
    /// Content for everybody.
    pub(crate) public: Vec<u8>,
    direct: BTreeMap<String, raw::EncryptedMessageProtocol>,
}

impl Opening {
    /// Whether the message holds ciphertexts.
    pub(crate) fn is_direct(&self) -> bool {
        !self.direct.is_empty()
    }

    /// The ciphertext in `slot`, if any.
    ///
    /// # Errors
    /// [`OpenError::FieldLength`], [`OpenError::NoHeader`].
    pub(crate) fn take(&mut self, slot: &str) -> Option<Result<Direct, OpenError>> {
        self.direct.remove(slot).map(Direct::try_from)
    }
}

impl Message {
    /// The bytes that go into an envelope.
    #[must_use]
    pub fn encode(self) -> Vec<u8> {
        raw::ProtocolMessage {
            installation_id: self.device,
            bundles: self.bundles.into_iter().map(Into::into).collect(),
            encrypted_message: self.direct.into_iter().map(|(slot, direct)| (slot, direct.into())).collect(),
            public_message: self.public,
        }
        .encode_to_vec()
    }

    /// Reads a whole message, every ciphertext included.
    ///
    /// # Errors
    /// [`OpenError::NotSealed`] if the bytes are not such a message, or what is wrong with a part of it.
    #[cfg(feature = "hazmat")]
    pub fn decode(bytes: &[u8]) -> Result<Self, OpenError> {
        let opening = Unchecked::decode(bytes).ok_or(OpenError::NotSealed)?.open()?;
        let direct = opening.direct.into_iter().map(|(slot, direct)| Ok((slot, direct.try_into()?)));
        Ok(Self {
            device: opening.device,
            bundles: opening.bundles,
            direct: direct.collect::<Result<_, OpenError>>()?,
            public: opening.public,
        })
    }
}

#[cfg(feature = "hazmat")]
impl Direct {
    /// Reads one ciphertext (an `EncryptedMessageProtocol`).
    ///
    /// # Errors
    /// [`OpenError::NotSealed`], [`OpenError::FieldLength`], [`OpenError::NoHeader`].
    pub fn decode(bytes: &[u8]) -> Result<Self, OpenError> {
        raw::EncryptedMessageProtocol::decode(bytes).map_err(|_| OpenError::NotSealed)?.try_into()
    }

    /// The bytes of the ciphertext and its headers.
    #[must_use]
    pub fn encode(self) -> Vec<u8> {
        raw::EncryptedMessageProtocol::from(self).encode_to_vec()
    }
}

impl TryFrom<raw::EncryptedMessageProtocol> for Direct {
    type Error = OpenError;

    fn try_from(direct: raw::EncryptedMessageProtocol) -> Result<Self, OpenError> {
        let handshake = direct.x3dh_header.map(Handshake::try_from).transpose()?;
        let lock = match (direct.dr_header, direct.dh_header) {
            (Some(dr), _) => Lock::Ratchet {
                session: point("DRHeader.id", &dr.id)?,
                header: Header {
                    key: ratchet_key(&dr.key)?,
                    n: dr.n,
                    pn: dr.pn,
                    form: if dr.enclosed { Form::Enclosed } else { Form::Bare },
                },
            },
            (None, Some(dh)) => Lock::Fixed { ephemeral: point("DHHeader.key", &dh.key)? },
            (None, None) => return Err(OpenError::NoHeader),
        };
        Ok(Self { handshake, lock, payload: direct.payload })
    }
}

impl TryFrom<raw::X3dhHeader> for Handshake {
    type Error = OpenError;

    fn try_from(header: raw::X3dhHeader) -> Result<Self, OpenError> {
        let ephemeral = point("X3DHHeader.key", &header.key)?;
        let private = match header.private_prekey.as_slice() {
            [] => None,
            private => Some(point("X3DHHeader.private_prekey", private)?),
        };
        Ok(Self { ephemeral, prekey: point("X3DHHeader.id", &header.id)?, private })
    }
}

fn ratchet_key(bytes: &[u8]) -> Result<RatchetKey, OpenError> {
    let field = "DRHeader.key";
    RatchetKey::from_bytes(bytes).ok_or(OpenError::FieldLength { field, len: bytes.len() })
}

fn point(field: &'static str, bytes: &[u8]) -> Result<Point, OpenError> {
    Point::try_from(bytes).map_err(|_| OpenError::FieldLength { field, len: bytes.len() })
}

impl From<Direct> for raw::EncryptedMessageProtocol {
    fn from(direct: Direct) -> Self {
        let mut out = Self { payload: direct.payload, ..Self::default() };
        out.x3dh_header = direct.handshake.map(|handshake| raw::X3dhHeader {
            key: handshake.ephemeral.to_vec(),
            id: handshake.prekey.to_vec(),
            private_prekey: handshake.private.map(Vec::from).unwrap_or_default(),
        });
        match direct.lock {
            Lock::Ratchet { session, header } => {
                let Header { key, n, pn, form } = header;
                let (key, id, enclosed) = (key.as_bytes().to_vec(), session.to_vec(), form == Form::Enclosed);
                out.dr_header = Some(raw::DrHeader { key, n, pn, id, enclosed });
            }
            Lock::Fixed { ephemeral } => out.dh_header = Some(raw::DhHeader { key: ephemeral.to_vec() }),
        }
        out
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (bundles, direct, public) = (self.bundles.len(), self.direct.len(), self.public.len());
        write!(f, "Message({bundles} bundles, {direct} ciphertexts, {public} bytes for everybody)")
    }
}

impl fmt::Debug for Direct {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Direct({:?}, {} bytes)", self.lock, self.payload.len())
    }
}
