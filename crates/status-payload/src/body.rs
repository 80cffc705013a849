//! The wrapper around every message: who signed it, what it is, and its id.

use alloc::vec::Vec;
use core::fmt;

use status_crypto::{Keyring, PublicKey, Signature, keccak256};
use status_layer::{Body, MessageId, UserId};

use prost::Message as _;

use crate::generated::ApplicationMetadataMessage;
use crate::{Content, DecodeError, EncodeError, Kind};

/// Longest body that is made or read, in bytes: what deployed transports carry at most.
pub const MAX_BODY: usize = 1_048_576;

/// A message as its author made it. What it says is not yet judged: see [`crate::validate`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Message {
    /// The same for every reader.
    pub id: MessageId,
    /// Whoever signed it; of a message without signature, whoever sent it.
    pub author: UserId,
    /// Whether the author signed it.
    pub signed: bool,
    /// What it says.
    pub content: Content,
}

/// A message whose author and id are known and whose payload is still closed.
#[derive(Clone, Eq, PartialEq)]
pub struct Signed {
    /// The same for every reader.
    pub id: MessageId,
    /// Whoever signed it; of a message without signature, whoever sent it.
    pub author: UserId,
    /// Whether the author signed it.
    pub signed: bool,
    /// What the payload is. Not covered by the signature: whoever relays a message can change it.
    pub kind: Kind,
    /// The encoded message.
    pub payload: Vec<u8>,
}

/// Encodes and signs content. Deterministic: the same content by the same author is the same body.
///
/// # Errors
/// [`EncodeError::TooLarge`] beyond [`MAX_BODY`].
pub fn encode<K: Keyring + ?Sized>(keyring: &K, content: &Content) -> Result<Body, EncodeError> {
    let body = sign(keyring, content.kind(), content.payload());
    match body.as_bytes().len() {
        len if len > MAX_BODY => Err(EncodeError::TooLarge { len, max: MAX_BODY }),
        _ => Ok(body),
    }
}

/// Reads a body that `from` has sent. A signature makes its signer the author, whoever sent it.
///
/// # Errors
/// Any [`DecodeError`]; an unknown type of message is none, see [`Content::Other`].
pub fn decode(body: &Body, from: Option<UserId>) -> Result<Message, DecodeError> {
    let signed = decode_signed(body, from)?;
    let content = signed.content()?;
    Ok(Message { id: signed.id, author: signed.author, signed: signed.signed, content })
}

/// Reads the wrapper of a body that `from` has sent, and leaves the payload closed.
///
/// # Errors
/// Any [`DecodeError`] but those about the payload.
pub fn decode_signed(body: &Body, from: Option<UserId>) -> Result<Signed, DecodeError> {
    let bytes = body.as_bytes();
    if bytes.len() > MAX_BODY {
        return Err(DecodeError::TooLarge { len: bytes.len(), max: MAX_BODY });
    }
    let wrapper = ApplicationMetadataMessage::decode(bytes).map_err(|_| DecodeError::NotWrapped)?;
    let kind = Kind::from(wrapper.r#type);
    if wrapper.signature.is_empty() {
        let author = from.ok_or(DecodeError::NoAuthor)?;
        let id = MessageId::new(keccak256(&[bytes]));
        return Ok(Signed { id, author, signed: false, kind, payload: wrapper.payload });
    }
    let author = Signature::from_bytes(&wrapper.signature)
        .and_then(|signature| signature.recover(&keccak256(&[&wrapper.payload])))
        .map_err(|_| DecodeError::Signature)?;
    let id = message_id(&author, body);
    Ok(Signed { id, author: author.user(), signed: true, kind, payload: wrapper.payload })
}

/// The id of a body that `author` signed: Keccak-256 of the uncompressed key and the bytes of the body.
#[must_use]
pub fn message_id(author: &PublicKey, body: &Body) -> MessageId {
    MessageId::new(keccak256(&[&author.uncompressed(), body.as_bytes()]))
}

/// Wraps and signs an encoded message.
pub(crate) fn sign<K: Keyring + ?Sized>(keyring: &K, kind: Kind, payload: Vec<u8>) -> Body {
    let signature = keyring.sign(&keccak256(&[&payload])).as_bytes().to_vec();
    Body::new(ApplicationMetadataMessage { signature, payload, r#type: kind.number() }.encode_to_vec())
}

impl Signed {
    /// Opens the payload.
    ///
    /// # Errors
    /// [`DecodeError::Malformed`] or [`DecodeError::TooManyFields`].
    pub fn content(&self) -> Result<Content, DecodeError> {
        Content::read(self.kind, &self.payload)
    }
}

impl fmt::Debug for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signed({:?} by {:?}, {:?}, {} bytes)", self.id, self.author, self.kind, self.payload.len())
    }
}
