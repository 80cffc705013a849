//! What simulated people say.

use status_layer::row::{Reader, Writer};
use status_layer::{Audience, Body, GroupId, MessageId, Name, UserId};

/// A message of the simulation.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Note {
    /// Its id.
    pub id: MessageId,
    /// The number of the device that said it.
    pub device: u32,
    /// Its number among those of that device, from 1.
    pub number: u64,
    /// Its clock reading.
    pub clock: u64,
    /// Where it was said.
    pub place: Place,
    /// What was said.
    pub text: Vec<u8>,
}

/// Where something is said.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Place {
    /// Between two.
    User(UserId),
    /// In a closed chat.
    Group(GroupId),
    /// In public.
    Channel(Name),
}

/// What is in public messages where private ones have the mark of the run.
const PUBLIC: [u8; 16] = *b"heard by anybody";
const VERSION: u8 = 1;
const WHAT: &str = "a message of the simulation";

impl Note {
    /// The body. With a mark it can be told when it shows on the wire.
    #[must_use]
    pub fn encode(&self, mark: Option<&[u8; 16]>) -> Body {
        let mark = mark.unwrap_or(&PUBLIC);
        let row = Writer::new(VERSION).bytes(mark).bytes(self.id.as_bytes()).u32(self.device);
        let row = row.u64(self.number).u64(self.clock).sized(&self.place.encode());
        // Once more at the end: what is cut in two shows as well.
        Body::new(row.bytes(&self.text).bytes(mark).finish().to_vec())
    }

    /// Reads a body; `None` if it is none of ours.
    #[must_use]
    pub fn decode(body: &Body) -> Option<Self> {
        let read = Reader::read(WHAT, VERSION, body.as_bytes(), |r| {
            let _secret: [u8; 16] = r.array()?;
            let (id, device, number, clock) = (r.array()?, r.u32()?, r.u64()?, r.u64()?);
            let place = Place::decode(r.sized()?)?;
            let text = r.rest();
            let text = text.get(..text.len().checked_sub(16)?)?.to_vec();
            Some(Self { id: MessageId::new(id), device, number, clock, place, text })
        });
        read.ok()
    }

    /// The chat that it belongs to, for `us` who had it from `from`.
    pub(crate) fn seen_by(&self, us: UserId, from: UserId) -> Place {
        match &self.place {
            Place::User(_) if from != us => Place::User(from),
            place => place.clone(),
        }
    }
}

impl Place {
    pub(crate) fn encode(&self) -> Vec<u8> {
        match self {
            Self::User(user) => [&b"U"[..], user.as_bytes()].concat(),
            Self::Group(group) => [&b"G"[..], group.as_bytes()].concat(),
            Self::Channel(name) => [&b"C"[..], name.as_str().as_bytes()].concat(),
        }
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        match bytes.split_first()? {
            (b'U', user) => UserId::from_compressed(user).ok().map(Self::User),
            (b'G', group) => group.try_into().ok().map(GroupId::new).map(Self::Group),
            (b'C', name) => Name::new(std::str::from_utf8(name).ok()?).ok().map(Self::Channel),
            _ => None,
        }
    }
}

impl From<Audience> for Place {
    fn from(to: Audience) -> Self {
        match to {
            Audience::User(user) => Self::User(user),
            Audience::Group(group) => Self::Group(group),
            Audience::Channel(name) => Self::Channel(name),
        }
    }
}
