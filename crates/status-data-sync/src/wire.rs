//! What two users send each other: bytes ⇄ checked values.

use alloc::vec::Vec;

use prost::Message as _;
use status_layer::{GroupId, MessageId};

use crate::error::ReceiveError;
use crate::generated;
use crate::ident::SyncId;
use crate::table::order::MAX_PARENTS;

/// Everything that one user tells another at one moment.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Payload {
    pub(crate) acks: Vec<SyncId>,
    pub(crate) offers: Vec<SyncId>,
    pub(crate) requests: Vec<SyncId>,
    pub(crate) messages: Vec<Message>,
    /// What the sender can give of chats.
    pub(crate) group_offers: Vec<GroupOffer>,
    /// What the sender understands beyond the deployed protocol.
    pub(crate) extensions: u32,
}

/// What is understood beyond the deployed protocol: bits of [`Payload::extensions`].
pub(crate) struct Extensions;

impl Extensions {
    /// Metadata of messages: parents, and messages that pass.
    pub(crate) const METADATA: u32 = 1;
}

/// What a user can give of one chat.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct GroupOffer {
    pub(crate) chat: Vec<u8>,
    /// Ids as chats know them.
    pub(crate) ids: Vec<MessageId>,
}

/// One body for one group.
#[derive(Clone, Eq, PartialEq)]
pub(crate) struct Message {
    pub(crate) group: GroupId,
    /// Seconds since the Unix epoch.
    pub(crate) timestamp: i64,
    pub(crate) body: Vec<u8>,
    /// The messages that it follows. Not covered by its id; nor is `passes`.
    pub(crate) parents: Vec<SyncId>,
    /// Whether it is neither kept nor acknowledged.
    pub(crate) passes: bool,
}

/// What bytes from a peer turn out to be.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Content {
    /// A payload. It may hold nothing that this layer acts on.
    Payload(Payload),
    /// Anything else: deployed peers send some private bodies without data sync.
    Bare,
}

impl Payload {
    /// Bytes that an id takes in a payload.
    pub(crate) const ID_LEN: usize = 36;

    pub(crate) const fn is_empty(&self) -> bool {
        self.acks.is_empty() && self.offers.is_empty() && self.requests.is_empty() && self.messages.is_empty()
    }

    pub(crate) fn encode(self) -> Vec<u8> {
        let messages = self.messages.into_iter().map(|message| generated::Message {
            metadata: message.metadata(),
            group_id: message.group.as_bytes().to_vec(),
            timestamp: message.timestamp,
            body: message.body,
        });
        generated::Payload {
            acks: ids(&self.acks),
            offers: ids(&self.offers),
            requests: ids(&self.requests),
            messages: messages.collect(),
            group_offers: Vec::new(),
            extensions: self.extensions,
        }
        .encode_to_vec()
    }
}

fn ids(ids: &[SyncId]) -> Vec<Vec<u8>> {
    ids.iter().map(|id| id.as_bytes().to_vec()).collect()
}

impl Message {
    /// Bytes that a message takes in a payload besides its body, at most.
    pub(crate) const ROOM: usize = 72;

    /// A message without metadata.
    pub(crate) const fn new(group: GroupId, timestamp: i64, body: Vec<u8>) -> Self {
        Self { group, timestamp, body, parents: Vec::new(), passes: false }
    }

    /// Bytes that the message takes in a payload, at most.
    pub(crate) fn room(&self) -> usize {
        let metadata = match self.metadata() {
            Some(_) => self.parents.len().saturating_mul(Self::PARENT).saturating_add(Self::METADATA),
            None => 0,
        };
        self.body.len().saturating_add(Self::ROOM).saturating_add(metadata)
    }

    /// Bytes that a parent takes, and that metadata takes besides.
    const PARENT: usize = 34;
    const METADATA: usize = 8;

    fn metadata(&self) -> Option<generated::Metadata> {
        (self.passes || !self.parents.is_empty())
            .then(|| generated::Metadata { parents: ids(&self.parents), ephemeral: self.passes })
    }

    pub(crate) fn id(&self) -> SyncId {
        SyncId::of(self.group.as_bytes(), self.timestamp, &self.body)
    }
}

impl core::fmt::Debug for Message {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Message({:?}, {} bytes)", self.id(), self.body.len())
    }
}

/// Reads what a peer sent.
///
/// A payload is what parses as one and has something in any of its lists. Wrong wire types and truncation do not
/// parse; unknown fields are ignored.
pub(crate) fn decode(bytes: &[u8]) -> Result<Content, ReceiveError> {
    match generated::Payload::decode(bytes) {
        Ok(payload) if has_content(&payload) => checked(payload).map(Content::Payload),
        _ => Ok(Content::Bare),
    }
}

pub(crate) const fn has_content(payload: &generated::Payload) -> bool {
    let generated::Payload { acks, offers, requests, messages, group_offers, extensions: _ } = payload;
    !(acks.is_empty()
        && offers.is_empty()
        && requests.is_empty()
        && messages.is_empty()
        && group_offers.is_empty())
}

fn checked(payload: generated::Payload) -> Result<Payload, ReceiveError> {
    let ids = |ids: Vec<Vec<u8>>| ids.iter().map(|id| SyncId::padded(id)).collect();
    let offer = |offer: generated::Offer| GroupOffer {
        chat: offer.group_id,
        // An id of another length names nothing.
        ids: offer.message_ids.into_iter().filter_map(|id| id.try_into().ok().map(MessageId::new)).collect(),
    };
    Ok(Payload {
        acks: ids(payload.acks),
        offers: ids(payload.offers),
        requests: ids(payload.requests),
        messages: payload.messages.into_iter().map(message).collect::<Result<_, _>>()?,
        group_offers: payload.group_offers.into_iter().map(offer).collect(),
        extensions: payload.extensions,
    })
}

fn message(message: generated::Message) -> Result<Message, ReceiveError> {
    // No group that we could share with anybody has another length.
    let group = message.group_id.try_into().map_err(|_| ReceiveError::ForeignGroup)?;
    let generated::Metadata { parents, ephemeral } = message.metadata.unwrap_or_default();
    // Of more than we would name ourselves the last ones count.
    let surplus = parents.len().saturating_sub(MAX_PARENTS);
    Ok(Message {
        parents: parents.iter().skip(surplus).map(|id| SyncId::padded(id)).collect(),
        passes: ephemeral,
        ..Message::new(GroupId::new(group), message.timestamp, message.body)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A payload with the message `hello` of the year 2020, as deployed peers write it.
    const HELLO: &str = "e2b802358af70220dc89de8da5443321f7861e199ea4373e0ba13fd8eef1401fa3d1d8d65fff7b61\
                         90f70280a0f8fa059af7020568656c6c6f";

    #[test]
    fn a_payload_is_written_as_deployed_peers_write_it() {
        let bytes = hex::decode(HELLO).unwrap();

        let Ok(Content::Payload(payload)) = decode(&bytes) else { panic!("not a payload") };

        assert_eq!(payload.messages[0].body, b"hello");
        assert_eq!(payload.messages[0].timestamp, 1_600_000_000);
        assert_eq!(payload.encode(), bytes);
    }

    #[test]
    fn a_wrong_wire_type_is_not_a_payload() {
        // The field of acks as a number.
        assert_eq!(decode(&[0xc8, 0xb8, 0x02, 0x01]).unwrap(), Content::Bare);
    }

    #[test]
    fn a_truncated_payload_is_not_a_payload() {
        let bytes = hex::decode(HELLO).unwrap();

        for end in 0..bytes.len() {
            assert_eq!(decode(&bytes[..end]).unwrap(), Content::Bare, "{end} bytes");
        }
    }

    #[test]
    fn group_offers_alone_are_a_payload_and_are_read() {
        let offers = generated::Payload {
            group_offers: vec![generated::Offer {
                group_id: b"chat".to_vec(),
                message_ids: vec![vec![1], vec![2; 32]],
            }],
            ..Default::default()
        };

        let Ok(Content::Payload(payload)) = decode(&offers.encode_to_vec()) else { panic!("not a payload") };

        let known = GroupOffer { chat: b"chat".to_vec(), ids: vec![MessageId::new([2; 32])] };
        assert_eq!(payload, Payload { group_offers: vec![known], ..Payload::default() });
    }

    #[test]
    fn metadata_is_read_as_it_was_written_and_changes_no_id() {
        let plain = Message::new(GroupId::new([1; 32]), 5, b"body".to_vec());
        let parents = vec![SyncId::new([7; 32]), SyncId::new([8; 32])];
        let message = Message { parents, passes: true, ..plain.clone() };
        let payload = Payload { messages: vec![message.clone()], extensions: 1, ..Payload::default() };

        let Ok(Content::Payload(read)) = decode(&payload.clone().encode()) else { panic!("not a payload") };

        assert_eq!(read, payload);
        assert_eq!(message.id(), plain.id());
    }

    #[test]
    fn rooms_are_not_too_small() {
        let ids = Payload { acks: vec![SyncId::new([1; 32]); 10], ..Default::default() };
        let body = vec![1; 1 << 21];
        let parents = vec![SyncId::new([1; 32]); MAX_PARENTS];
        let message = Message { parents, ..Message::new(GroupId::new([1; 32]), -1, body) };
        let room = message.room();
        let messages = Payload { messages: vec![message], ..Default::default() };

        assert_eq!(ids.encode().len(), 10 * Payload::ID_LEN);
        assert!(messages.encode().len() <= room);
    }
}
