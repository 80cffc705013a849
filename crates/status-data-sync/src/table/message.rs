//! Bodies that wait: messages for users, bare messages for channels, and who is in which closed chat.

use alloc::vec::Vec;

use status_layer::row::{Reader, Writer};
use status_layer::{GroupId, MessageId, Name, Shelf, StoreError, UserId};

use super::{
    CHANNEL, MEMBERS, MESSAGE, NAME, PAGE, VERSION, empty, key, read_ids, read_names, record, user,
    write_ids, write_names,
};
use crate::ident::SyncId;
use crate::wire::Message;

const WHAT: &str = "a data sync message";

/// Most application ids of one message. More than one takes equal bodies within the same second.
const MAX_NAMES: usize = 64;

/// A message that waits for confirmations.
#[derive(Clone)]
pub(crate) struct Waiting {
    pub(crate) message: Message,
    /// What the application calls it; none if it is passed on for somebody else.
    pub(crate) names: Vec<MessageId>,
    /// Whether it is an introduction.
    pub(crate) introduces: bool,
}

/// Set if the message is an introduction; in version 1 this was the highest bit of the count of names.
const INTRODUCES: u8 = 0x80;
/// Set if the message passes: it is sent once.
const PASSES: u8 = 0x40;

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
        let flag = |set, flag| if set { flag } else { 0 };
        let flags = flag(self.introduces, INTRODUCES) | flag(self.message.passes, PASSES);
        let row = Writer::new(VERSION)
            .bytes(self.message.group.as_bytes())
            .u64(self.message.timestamp.cast_unsigned())
            .u8(flags);
        // Invariant: `add_name` keeps names below `MAX_NAMES`, and parents are bounded by `MAX_PARENTS`.
        let row = write_ids(write_names(row, &self.names), &self.message.parents);
        let row = row.bytes(&self.message.body).finish();
        shelf.put(message_key(id), row);
        for name in &self.names {
            shelf.put(name_key(*name, Some(id)), empty());
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
        Reader::read(WHAT, VERSION, row, |r| {
            let (group, timestamp) = (GroupId::new(r.array()?), r.i64()?);
            let mut flags = 0;
            if r.version() > 1 {
                flags = r.u8()?;
            }
            let mut count = r.u16()?;
            if r.version() == 1 && count & 0x8000 != 0 {
                (flags, count) = (INTRODUCES, count & 0x7fff);
            }
            let names = read_names(r, count)?;
            let parents = if r.version() > 1 { read_ids(r)? } else { Vec::new() };
            let passes = flags & PASSES != 0;
            let message = Message { group, timestamp, body: r.rest().to_vec(), parents, passes };
            Some(Self { message, names, introduces: flags & INTRODUCES != 0 })
        })
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
    // Invariant: the kernel bounds a name to 512 bytes.
    let row = Writer::new(VERSION).bytes(name.as_bytes()).sized(channel.as_str().as_bytes()).bytes(body);
    shelf.put(key(CHANNEL, &[&number.to_be_bytes()]), row.finish());
    shelf.put(name_key(name, None), empty());
    Ok(())
}

/// A body for a channel.
pub(crate) struct Bare {
    pub(crate) name: MessageId,
    pub(crate) channel: Name,
    pub(crate) body: Vec<u8>,
}

impl Bare {
    pub(super) fn read(row: &[u8]) -> Result<Self, StoreError> {
        Reader::read("a channel message", VERSION, row, |r| {
            let (name, text) = (MessageId::new(r.array()?), core::str::from_utf8(r.sized()?).ok()?);
            Some(Self { name, channel: Name::new(text).ok()?, body: r.rest().to_vec() })
        })
    }
}

/// Takes some of the bare bodies, in the order in which they were added; none if there are none.
pub(crate) fn take_bare(shelf: &mut Shelf<'_>) -> Result<Vec<Bare>, StoreError> {
    let mut bodies = Vec::new();
    for (row_key, row) in shelf.scan(&[CHANNEL], None, PAGE)? {
        let bare = Bare::read(&row)?;
        shelf.delete(row_key);
        shelf.delete(name_key(bare.name, None));
        bodies.push(bare);
    }
    Ok(bodies)
}

/// Replaces the members of a closed chat.
pub(crate) fn set_members(shelf: &mut Shelf<'_>, group: &GroupId, members: &[UserId]) {
    let row = members.iter().fold(Writer::new(VERSION), |row, user| row.bytes(user.as_bytes()));
    shelf.put(key(MEMBERS, &[group.as_bytes()]), row.finish());
}

/// The members of a closed chat, if it was shared.
pub(crate) fn members(shelf: &Shelf<'_>, group: &GroupId) -> Result<Option<Vec<UserId>>, StoreError> {
    let Some(row) = shelf.get(&key(MEMBERS, &[group.as_bytes()]))? else {
        return Ok(None);
    };
    Reader::read("the members of a chat", VERSION, &row, |r| {
        let mut users = Vec::new();
        while !r.is_empty() {
            users.push(user(r)?);
        }
        Some(users)
    })
    .map(Some)
}

fn message_key(id: SyncId) -> Vec<u8> {
    key(MESSAGE, &[id.as_bytes()])
}

fn name_key(name: MessageId, id: Option<SyncId>) -> Vec<u8> {
    let id = id.as_ref().map_or(&[][..], |id| id.as_bytes());
    key(NAME, &[name.as_bytes(), id])
}
