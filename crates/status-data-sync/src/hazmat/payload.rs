//! Payloads as they stand on the wire, unchecked, in both numberings.

use alloc::vec::Vec;

use prost::Message as _;

use crate::generated;
use crate::wire::has_content;

/// Which numbers the fields have.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Wire {
    /// What Status put on the network: 5001 to 5005 and 6001 to 6003.
    Deployed,
    /// What the written specification says: from 1 on. It has no group offers.
    VacSpec,
}

/// A payload, with ids of any length.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Payload {
    /// Ids of messages that arrived.
    pub acks: Vec<Vec<u8>>,
    /// Ids of messages that the sender has.
    pub offers: Vec<Vec<u8>>,
    /// Ids of messages that the sender lacks.
    pub requests: Vec<Vec<u8>>,
    /// Messages.
    pub messages: Vec<Message>,
    /// What the sender can give of whole chats.
    pub group_offers: Vec<GroupOffer>,
}

/// A message.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Message {
    /// The group; 32 bytes if it comes from an honest peer.
    pub group_id: Vec<u8>,
    /// Seconds since the Unix epoch.
    pub timestamp: i64,
    /// The content.
    pub body: Vec<u8>,
    /// Ids of the messages that it follows; no deployed peer writes it.
    pub parents: Vec<Vec<u8>>,
    /// Whether it is neither stored nor acknowledged; no deployed peer writes it.
    pub ephemeral: bool,
}

/// An offer of messages of one chat.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct GroupOffer {
    /// The id of the chat.
    pub group_id: Vec<u8>,
    /// Ids of messages.
    pub message_ids: Vec<Vec<u8>>,
}

/// Bytes that are no payload or message.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the bytes do not parse as MVDS")]
pub struct NotPayload;

/// Whether the layer takes a private datagram for MVDS; if not, it is a body as it stands.
#[must_use]
pub fn is_datasync(bytes: &[u8]) -> bool {
    generated::Payload::decode(bytes).is_ok_and(|payload| has_content(&payload))
}

impl Payload {
    /// Reads a payload. An empty one parses too, see [`is_valid`](Self::is_valid).
    ///
    /// # Errors
    /// [`NotPayload`].
    pub fn decode(wire: Wire, bytes: &[u8]) -> Result<Self, NotPayload> {
        match wire {
            Wire::Deployed => generated::Payload::decode(bytes).map(Self::from),
            Wire::VacSpec => generated::VacPayload::decode(bytes).map(Self::from),
        }
        .map_err(|_| NotPayload)
    }

    /// Writes the payload, list by list.
    #[must_use]
    pub fn encode(&self, wire: Wire) -> Vec<u8> {
        match wire {
            Wire::Deployed => generated::Payload::from(self.clone()).encode_to_vec(),
            Wire::VacSpec => generated::VacPayload::from(self.clone()).encode_to_vec(),
        }
    }

    /// Whether there is anything in it, which makes it a payload.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        *self != Self::default()
    }
}

impl Message {
    /// Reads a message.
    ///
    /// # Errors
    /// [`NotPayload`].
    pub fn decode(wire: Wire, bytes: &[u8]) -> Result<Self, NotPayload> {
        match wire {
            Wire::Deployed => generated::Message::decode(bytes).map(Self::from),
            Wire::VacSpec => generated::VacMessage::decode(bytes).map(Self::from),
        }
        .map_err(|_| NotPayload)
    }

    /// Writes the message.
    #[must_use]
    pub fn encode(&self, wire: Wire) -> Vec<u8> {
        match wire {
            Wire::Deployed => generated::Message::from(self.clone()).encode_to_vec(),
            Wire::VacSpec => generated::VacMessage::from(self.clone()).encode_to_vec(),
        }
    }

    /// The id of the message, the same in both numberings.
    #[must_use]
    pub fn id(&self) -> [u8; 32] {
        super::message_id(&self.group_id, self.timestamp, &self.body)
    }
}

fn all<A, B: From<A>>(list: Vec<A>) -> Vec<B> {
    list.into_iter().map(B::from).collect()
}

impl From<generated::Payload> for Payload {
    fn from(payload: generated::Payload) -> Self {
        let generated::Payload { acks, offers, requests, messages, group_offers, extensions: _ } = payload;
        Self { acks, offers, requests, messages: all(messages), group_offers: all(group_offers) }
    }
}

impl From<Payload> for generated::Payload {
    fn from(payload: Payload) -> Self {
        let Payload { acks, offers, requests, messages, group_offers } = payload;
        Self {
            acks,
            offers,
            requests,
            messages: all(messages),
            group_offers: all(group_offers),
            extensions: 0,
        }
    }
}

impl From<generated::VacPayload> for Payload {
    fn from(payload: generated::VacPayload) -> Self {
        let generated::VacPayload { acks, offers, requests, messages } = payload;
        Self { acks, offers, requests, messages: all(messages), group_offers: Vec::new() }
    }
}

impl From<Payload> for generated::VacPayload {
    fn from(payload: Payload) -> Self {
        let Payload { acks, offers, requests, messages, .. } = payload;
        Self { acks, offers, requests, messages: all(messages) }
    }
}

impl From<generated::Message> for Message {
    fn from(message: generated::Message) -> Self {
        let generated::Message { group_id, timestamp, body, metadata } = message;
        let generated::Metadata { parents, ephemeral } = metadata.unwrap_or_default();
        Self { group_id, timestamp, body, parents, ephemeral }
    }
}

impl From<Message> for generated::Message {
    fn from(message: Message) -> Self {
        let Message { group_id, timestamp, body, parents, ephemeral } = message;
        let metadata = generated::Metadata { parents, ephemeral };
        let metadata = Some(metadata).filter(|metadata| *metadata != generated::Metadata::default());
        Self { group_id, timestamp, body, metadata }
    }
}

impl From<generated::VacMessage> for Message {
    fn from(message: generated::VacMessage) -> Self {
        let generated::VacMessage { group_id, timestamp, body, metadata } = message;
        let generated::VacMetadata { parents, ephemeral } = metadata.unwrap_or_default();
        Self { group_id, timestamp, body, parents, ephemeral }
    }
}

impl From<Message> for generated::VacMessage {
    fn from(message: Message) -> Self {
        let Message { group_id, timestamp, body, parents, ephemeral } = message;
        let metadata = generated::VacMetadata { parents, ephemeral };
        let metadata = Some(metadata).filter(|metadata| *metadata != generated::VacMetadata::default());
        Self { group_id, timestamp, body, metadata }
    }
}

impl From<generated::Offer> for GroupOffer {
    fn from(offer: generated::Offer) -> Self {
        let generated::Offer { group_id, message_ids } = offer;
        Self { group_id, message_ids }
    }
}

impl From<GroupOffer> for generated::Offer {
    fn from(offer: GroupOffer) -> Self {
        let GroupOffer { group_id, message_ids } = offer;
        Self { group_id, message_ids }
    }
}
