//! Bodies that wait: messages for users, bare messages for channels, and who is in which closed chat.

use alloc::vec::Vec;

use status_layer::{GroupId, MessageId, Name, Shelf, StoreError, UserId};

use super::{CHANNEL, Fields, MEMBERS, MESSAGE, NAME, PAGE, key, record, value};
use crate::ident::SyncId;
use crate::wire::Message;

const WHAT: &str = "a data sync message";

/// Most application ids of one message. More than one takes equal bodies within the same second.
const MAX_NAMES: usize = 64;

/// A message that waits for confirmations.
pub(crate) struct Waiting {
    pub(crate) message: Message,
    /// What the application calls it; none if it is passed on for somebody else.
    pub(crate) names: Vec<MessageId>,
    /// Whether it is an introduction.
    pub(crate) introduces: bool,
}

/// Set in the count of names if the message is an introduction. Invariant: above [`MAX_NAMES`].
const INTRODUCES: u16 = 0x8000;

impl Waiting {
    /// A message that nobody has a name for, and no introduction.
    pub(crate) const fn new(message: Message) -> Self {
        Self { message, names: Vec::new(), introduces: false }
    }

    pub(crate) fn load(shelf: &Shelf<'_>, id: SyncId) -> Result<Option<Self>, StoreError> {
        shelf.get(&message_key(id))?.map(|row| Self::read(&row)).transpose()
    }

    /// Writes the message, and that it waits under each of its names.
    pub(crate) fn save(&self, shelf: &mut Shelf<'_>, id: SyncId) {
        // Invariant: `add_name` keeps them below `MAX_NAMES`.
        let count = u16::try_from(self.names.len()).unwrap_or(INTRODUCES - 1);
        let count = if self.introduces { count | INTRODUCES } else { count };
        let names: Vec<u8> = self.names.iter().flat_map(MessageId::as_bytes).copied().collect();
        let row = value(&[
            self.message.group.as_bytes(),
            &self.message.timestamp.to_be_bytes(),
            &count.to_be_bytes(),
            &names,
            &self.message.body,
        ]);
        shelf.put(message_key(id), row);
        for name in &self.names {
            shelf.put(name_key(*name, Some(id)), value(&[]));
        }
    }

    /// Has the message wait under one more name; `false` if it has too many.
    pub(crate) fn add_name(&mut self, name: MessageId) -> bool {
        if !self.names.contains(&name) {
            if self.names.len() >= MAX_NAMES {
                return false;
            }
            self.names.push(name);
        }
        true
    }

    /// Forgets the message if no record of it is left.
    pub(crate) fn release(&self, shelf: &mut Shelf<'_>, id: SyncId) -> Result<(), StoreError> {
        if !record::any(shelf, id)? {
            shelf.delete(message_key(id));
            for name in &self.names {
                shelf.delete(name_key(*name, Some(id)));
            }
        }
        Ok(())
    }

    fn read(row: &[u8]) -> Result<Self, StoreError> {
        let mut fields = Fields::of_value(WHAT, row)?;
        let group = GroupId::new(fields.array()?);
        let timestamp = fields.array().map(i64::from_be_bytes)?;
        let count = fields.u16()?;
        let introduces = count & INTRODUCES != 0;
        let names =
            (0..count & !INTRODUCES).map(|_| fields.array().map(MessageId::new)).collect::<Result<_, _>>()?;
        Ok(Self { message: Message { group, timestamp, body: fields.rest().to_vec() }, names, introduces })
    }
}

/// Whether a message is kept.
pub(crate) fn has(shelf: &Shelf<'_>, id: SyncId) -> Result<bool, StoreError> {
    shelf.has(&message_key(id))
}

/// Whether anything waits under the application's `name`.
pub(crate) fn waits(shelf: &Shelf<'_>, name: MessageId) -> Result<bool, StoreError> {
    Ok(!shelf.scan(&name_key(name, None), None, 1)?.is_empty())
}

/// Keeps a bare body for a channel.
pub(crate) fn add_bare(
    shelf: &mut Shelf<'_>,
    name: MessageId,
    channel: &Name,
    body: &[u8],
) -> Result<(), StoreError> {
    let number = record::next_number(shelf)?;
    let channel = channel.as_str().as_bytes();
    // Invariant: the kernel bounds a name to 512 bytes.
    let len = u16::try_from(channel.len()).unwrap_or(u16::MAX);
    let row = value(&[name.as_bytes(), &len.to_be_bytes(), channel, body]);
    shelf.put(key(CHANNEL, &[&number.to_be_bytes()]), row);
    shelf.put(name_key(name, None), value(&[]));
    Ok(())
}

/// Takes some of the bare bodies, in the order in which they were added; none if there are none.
pub(crate) fn take_bare(shelf: &mut Shelf<'_>) -> Result<Vec<(Name, Vec<u8>)>, StoreError> {
    let mut bodies = Vec::new();
    for (row_key, row) in shelf.scan(&[CHANNEL], None, PAGE)? {
        let mut fields = Fields::of_value("a channel message", &row)?;
        let name = MessageId::new(fields.array()?);
        let len = fields.u16()?;
        let text = core::str::from_utf8(fields.slice(len.into())?).map_err(|_| fields.damaged())?;
        let channel = Name::new(text).map_err(|_| fields.damaged())?;
        bodies.push((channel, fields.rest().to_vec()));
        shelf.delete(row_key);
        shelf.delete(name_key(name, None));
    }
    Ok(bodies)
}

/// Replaces the members of a closed chat.
pub(crate) fn set_members(shelf: &mut Shelf<'_>, group: &GroupId, members: &[UserId]) {
    let users: Vec<&[u8]> = members.iter().map(|user| user.as_bytes().as_slice()).collect();
    shelf.put(key(MEMBERS, &[group.as_bytes()]), value(&users));
}

/// The members of a closed chat, if it was shared.
pub(crate) fn members(shelf: &Shelf<'_>, group: &GroupId) -> Result<Option<Vec<UserId>>, StoreError> {
    let Some(row) = shelf.get(&key(MEMBERS, &[group.as_bytes()]))? else {
        return Ok(None);
    };
    let mut fields = Fields::of_value("the members of a chat", &row)?;
    let mut users = Vec::new();
    while !fields.rest.is_empty() {
        users.push(fields.user()?);
    }
    Ok(Some(users))
}

fn message_key(id: SyncId) -> Vec<u8> {
    key(MESSAGE, &[id.as_bytes()])
}

fn name_key(name: MessageId, id: Option<SyncId>) -> Vec<u8> {
    let id = id.as_ref().map_or(&[][..], |id| id.as_bytes());
    key(NAME, &[name.as_bytes(), id])
}
