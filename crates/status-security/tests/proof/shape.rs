//! What anybody can see of a message without a key: a reader of its own, so that the model does not lean on the layer.

use std::collections::BTreeMap;

use status_layer::{Parcel, UserId};

/// The outside of a message.
#[derive(Debug, Default)]
pub(crate) struct Shape {
    /// Whose keys it carries.
    pub(crate) bundles: Vec<UserId>,
    /// What is in it, by the device that it is for.
    pub(crate) slots: BTreeMap<String, Slot>,
}

/// The outside of a ciphertext.
#[derive(Debug, Default)]
pub(crate) struct Slot {
    /// Whether it sets up a session.
    pub(crate) handshake: bool,
    /// The session and the header; none if it is sealed to an identity.
    pub(crate) ratchet: Option<Turn>,
    pub(crate) payload: Vec<u8>,
}

/// Which message key of which session seals it.
#[derive(Clone, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Turn {
    /// The prekey that names the session.
    pub(crate) session: Vec<u8>,
    /// The sender's ratchet key.
    pub(crate) key: Vec<u8>,
    /// The number of the message in its chain.
    pub(crate) n: u64,
}

/// The slot of what is sealed to an identity.
pub(crate) const STATIC: &str = "none";

impl Shape {
    /// What shows of a parcel; nothing if its bytes are no message.
    pub(crate) fn of(parcel: &Parcel) -> Self {
        Self::read(parcel.sealed.as_bytes()).unwrap_or_default()
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let mut shape = Self::default();
        for (field, value) in fields(bytes)? {
            match field {
                3 => shape.bundles.extend(identity(value.bytes())),
                101 => {
                    let (slot, direct) = entry(value.bytes())?;
                    shape.slots.insert(slot, Slot::read(direct)?);
                }
                _ => {}
            }
        }
        Some(shape)
    }
}

impl Slot {
    fn read(bytes: &[u8]) -> Option<Self> {
        let mut slot = Self::default();
        for (field, value) in fields(bytes)? {
            match field {
                1 => slot.handshake = true,
                2 => slot.ratchet = Some(Turn::read(value.bytes())?),
                3 => slot.payload = value.bytes().to_vec(),
                _ => {}
            }
        }
        Some(slot)
    }
}

impl Turn {
    fn read(bytes: &[u8]) -> Option<Self> {
        let mut turn = Self::default();
        for (field, value) in fields(bytes)? {
            match (field, value) {
                (1, Value::Bytes(key)) => turn.key = key.to_vec(),
                (2, Value::Number(n)) => turn.n = n,
                (4, Value::Bytes(session)) => turn.session = session.to_vec(),
                _ => {}
            }
        }
        Some(turn)
    }
}

/// The user of a bundle that lists any device.
fn identity(bundle: &[u8]) -> Option<UserId> {
    let fields = fields(bundle)?;
    let lists = fields.iter().any(|(field, _)| *field == 2);
    let (_, identity) = fields.iter().find(|(field, _)| *field == 1)?;
    UserId::from_compressed(identity.bytes()).ok().filter(|_| lists)
}

fn entry(bytes: &[u8]) -> Option<(String, &[u8])> {
    let (mut slot, mut direct) = (String::new(), &[][..]);
    for (field, value) in fields(bytes)? {
        match field {
            1 => slot = String::from_utf8(value.bytes().to_vec()).ok()?,
            2 => direct = value.bytes(),
            _ => {}
        }
    }
    Some((slot, direct))
}

#[derive(Clone, Copy)]
enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

impl<'a> Value<'a> {
    const fn bytes(self) -> &'a [u8] {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Number(_) => &[],
        }
    }
}

/// The fields of a protobuf message. Only the two wire types that this layer uses.
fn fields(mut bytes: &[u8]) -> Option<Vec<(u64, Value<'_>)>> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let tag = varint(&mut bytes)?;
        let number = varint(&mut bytes)?;
        let value = match tag & 7 {
            0 => Value::Number(number),
            2 => {
                let (value, rest) = bytes.split_at_checked(usize::try_from(number).ok()?)?;
                bytes = rest;
                Value::Bytes(value)
            }
            _ => return None,
        };
        fields.push((tag >> 3, value));
    }
    Some(fields)
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}
