//! Taking out of a home what its user has read and written, also when it is damaged.

use std::path::Path;

use status_crypto::{Keyring as _, SecretKey};
use status_layer::{Area, Read as _, StoreError, UserId};
use status_store::{Found, Sealed};

use crate::core::AREA;
use crate::error::OpenError;
use crate::event::{Chat, Message};
use crate::home::{lock_there, store_file};
use crate::table;
use status_store::Lock;

/// Something that was taken out. No key is ever among it.
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    /// Whose home it is.
    User(UserId),
    /// A chat that the user takes part in; one with a person is a contact.
    Chat(Chat),
    /// A message.
    Message(Box<Message>),
}

/// What was taken out, and what was not.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Exported {
    /// Chats.
    pub chats: u64,
    /// Messages.
    pub messages: u64,
    /// How many of both were found beside what the last commit left: they were written once, and may have been replaced or
    /// deleted since.
    pub perhaps: u64,
    /// Rows that were found and cannot be read.
    pub unread: u64,
    /// Blocks of the file, of 4096 bytes each.
    pub blocks: u64,
    /// Blocks that are damaged.
    pub damaged: u64,
    /// Places in the file that should lead to rows and do not.
    pub lost: u64,
}

/// Takes out all that can be read, and goes on behind what cannot. The files of the home stay as they are; `progress` is
/// told how many of how many blocks were read.
///
/// Messages come in no order. From a damaged file one may come twice, when an older form of it was found too.
///
/// # Errors
/// [`OpenError`] if there is no home, it is in use, the lock does not fit, or what wraps the key of the file is gone; and
/// whatever `take` returns.
pub fn export(
    home: &Path,
    lock: Option<&Lock>,
    progress: &mut dyn FnMut(u64, u64),
    take: &mut dyn FnMut(Record, Found) -> Result<(), StoreError>,
) -> Result<Exported, OpenError> {
    let lock = lock_there(home, lock)?;
    let path = store_file(home);
    let mut done = Exported::default();
    // What opens and is whole is read as a client reads it.
    if let Ok(look) = Sealed::look(&path, &lock) {
        let blocks = look.verify(progress)?;
        if blocks.damaged.is_empty() {
            done.blocks = blocks.all;
            let mut after: Option<Vec<u8>> = None;
            loop {
                let rows = look.scan(AREA, b"", after.as_deref(), 1_000)?;
                let Some((last, _)) = rows.last() else { return Ok(done) };
                after = Some(last.clone());
                for (key, value) in rows {
                    done.take(&key, &value, Found::Current, take)?;
                }
            }
        }
    }
    let salvage = Sealed::salvage(&path, &lock, progress, &mut |row| match row.area {
        AREA => done.take(&row.key, &row.value, row.found, take),
        Area(_) => Ok(()),
    })?;
    (done.blocks, done.damaged, done.lost) =
        (salvage.blocks.all, salvage.blocks.damaged.len() as u64, salvage.lost);
    Ok(done)
}

impl Exported {
    fn take(
        &mut self,
        key: &[u8],
        value: &[u8],
        found: Found,
        take: &mut dyn FnMut(Record, Found) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let record = match key.first() {
            Some(b'I') => read_user(value).map(Record::User),
            Some(b'J') => table::chat_in(key).map(Record::Chat),
            Some(b'M') => {
                table::message_of(key, value).ok().map(|message| Record::Message(Box::new(message)))
            }
            // Orders and clocks follow from the messages.
            _ => return Ok(()),
        };
        let Some(record) = record else {
            // What was found beside the tree may never have been a row of ours.
            self.unread = self.unread.saturating_add(u64::from(found == Found::Current));
            return Ok(());
        };
        let count = match &record {
            Record::User(_) => return take(record, found),
            Record::Chat(_) => &mut self.chats,
            Record::Message(_) => &mut self.messages,
        };
        *count = count.saturating_add(1);
        self.perhaps = self.perhaps.saturating_add(u64::from(found == Found::Perhaps));
        take(record, found)
    }
}

fn read_user(row: &[u8]) -> Option<UserId> {
    let owner = table::read_owner(row).ok()?;
    Some(SecretKey::from_bytes(owner.chat_key.as_slice()).ok()?.user())
}
