//! Backups: one sealed file with the account and all that its user has read and written, and no key that was ever used.
//!
//! What a backup holds is a list of what may be in it, not of what may not: each layer declares its tables, and only the
//! rows of those that are its user's go into it. Sessions, prekeys, keys of messages and what waits to be sent are of one
//! device and stay there; so nothing that is restored can use a key again. Restoring makes a new device of the same account,
//! which finds its contacts like any other new device, with the chats and the history of the old one.
//!
//! ```no_run
//! use status_chat::{Passphrase, backup};
//! use std::path::Path;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let lock = Passphrase::new("open sesame")?.into();
//! backup::make(Path::new("home"), None, Path::new("alice.backup"), &lock, &mut |_| {})?;
//! println!("{} messages", backup::check(Path::new("alice.backup"), &lock, &mut |_| {})?.messages);
//! backup::restore(Path::new("alice.backup"), &lock, Path::new("new-home"), None, &mut |_| {})?;
//! # Ok(())
//! # }
//! ```

mod content;
mod error;

use std::path::Path;

use rand::rngs::{StdRng, SysRng};
use rand_core::SeedableRng;
use status_crypto::{Keyring as _, SecretKey};
use status_layer::{Batch, Draft, Read, StoreError, Timestamp, UserId, Value};
use status_p2p::HostKey;
use status_store::{BackupReader, BackupWriter, Builder, Lock, LockKind};
use zeroize::Zeroizing;

use crate::areas::{Part, parts};
use crate::builder::new_device;
use crate::clock::{Clock, SystemClock};
use crate::core::AREA;
use crate::event::{Chat, Stage};
use crate::home::{build_store, is_home, open_there};
use crate::table::{self, Adopted, Owner};
use content::{Account, Entry};
pub use error::BackupError;

/// Rows that are written in one commit while restoring.
const STEP: usize = 1_000;

/// What a backup holds.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Contents {
    /// Whose it is.
    pub user: UserId,
    /// When it was made.
    pub made_at: Timestamp,
    /// Chats that the user takes part in.
    pub chats: u64,
    /// Messages.
    pub messages: u64,
    /// Messages of the user to others that nobody had acknowledged when the backup was made. A restored home does not send
    /// them again.
    pub unconfirmed: u64,
}

/// Writes a backup of a home that no client has open into the new file `file`, under `with`. `progress` is told the
/// number of rows so far.
///
/// # Errors
/// [`BackupError`]; then there is no such file.
pub fn make(
    home: &Path,
    lock: Option<&Lock>,
    file: &Path,
    with: &Lock,
    progress: &mut dyn FnMut(u64),
) -> Result<Contents, BackupError> {
    let store = open_there(home, lock)?;
    let writer = BackupWriter::create(file, with)?;
    write(&store, SystemClock.now(), writer, progress)
}

/// Reads a whole backup and checks all that is in it, without a home.
///
/// # Errors
/// [`BackupError`] says what is wrong and what to do.
pub fn check(file: &Path, with: &Lock, progress: &mut dyn FnMut(u64)) -> Result<Contents, BackupError> {
    read(file, with, progress, &mut Nobody)
}

/// Makes a new home from a backup: the same account, chats and history on a new device, under `lock`, or with its key in it.
/// The home appears whole or not at all.
///
/// # Errors
/// [`BackupError::Occupied`] if there is a home already, which stays as it is; [`BackupError`] says what else is wrong.
pub fn restore(
    file: &Path,
    with: &Lock,
    home: &Path,
    lock: Option<&Lock>,
    progress: &mut dyn FnMut(u64),
) -> Result<Contents, BackupError> {
    if is_home(home) {
        return Err(BackupError::Occupied { home: home.to_owned() });
    }
    // Before anything is made: what cannot be read leaves no trace.
    BackupReader::open(file, with)?;
    let mut target = Target { store: build_store(home, lock)?, batch: Batch::default() };
    let contents = read(file, with, progress, &mut target)?;
    target.finish()?;
    Ok(contents)
}

/// Which lock the backup in `file` has.
///
/// # Errors
/// [`BackupError`] if it is no backup.
pub fn lock_of(file: &Path) -> Result<LockKind, BackupError> {
    Ok(BackupReader::lock_of(file)?)
}

/// Writes all that is the user's. The store does not change meanwhile: its owner is who calls.
pub(crate) fn write(
    store: &dyn Read,
    now: Timestamp,
    mut file: BackupWriter,
    progress: &mut dyn FnMut(u64),
) -> Result<Contents, BackupError> {
    let mut draft = Draft::new(store);
    let owner = table::load_owner(&draft.shelf(AREA))?.ok_or(BackupError::Empty)?;
    let account = Account { made_at: now, chat_key: owner.chat_key, phrase: owner.phrase };
    let mut tally = Tally::new(&account)?;
    Entry::Account(account).write(&mut file)?;
    for part in parts() {
        for table in part.of_the_user() {
            let mut after: Option<Vec<u8>> = None;
            loop {
                let rows = store.scan(part.area, &[table.tag], after.as_deref(), STEP)?;
                let Some((last, _)) = rows.last() else { break };
                after = Some(last.clone());
                for (key, value) in rows {
                    // What cannot be read now could not be restored: better to know it today.
                    tally.add(&part, (&key, &value))?;
                    Entry::Row { area: part.area, key, value }.write(&mut file)?;
                }
                progress(tally.rows);
            }
        }
    }
    Entry::End { rows: tally.rows }.write(&mut file)?;
    file.finish()?;
    Ok(tally.contents)
}

/// Who is given what a backup holds.
trait Taker {
    fn own(&mut self, account: Account) -> Result<(), BackupError>;
    fn add(&mut self, part: &Part, row: (Vec<u8>, Value)) -> Result<(), BackupError>;
}

/// Who only wants to know whether all of it can be read.
struct Nobody;

/// Reads a backup from its beginning to its end.
fn read(
    file: &Path,
    with: &Lock,
    progress: &mut dyn FnMut(u64),
    taker: &mut dyn Taker,
) -> Result<Contents, BackupError> {
    let mut file = BackupReader::open(file, with)?;
    let Entry::Account(account) = Entry::read(&mut file)? else { return Err(BackupError::Content) };
    let mut tally = Tally::new(&account)?;
    taker.own(account)?;
    let parts = parts();
    loop {
        match Entry::read(&mut file)? {
            Entry::Row { area, key, value } => {
                let part = parts.iter().find(|part| part.area == area).ok_or(BackupError::Content)?;
                tally.add(part, (&key, &value))?;
                taker.add(part, (key, value))?;
                if tally.rows.is_multiple_of(STEP as u64) {
                    progress(tally.rows);
                }
            }
            Entry::End { rows } if rows == tally.rows && file.left() == 0 => {
                progress(rows);
                return Ok(tally.contents);
            }
            Entry::End { .. } | Entry::Account(_) => return Err(BackupError::Content),
        }
    }
}

/// What went into a backup, or came out of it, so far.
struct Tally {
    rows: u64,
    contents: Contents,
}

impl Tally {
    fn new(account: &Account) -> Result<Self, BackupError> {
        let key = SecretKey::from_bytes(account.chat_key.as_slice()).map_err(|_| BackupError::Content)?;
        let (user, made_at) = (key.user(), account.made_at);
        Ok(Self { rows: 0, contents: Contents { user, made_at, chats: 0, messages: 0, unconfirmed: 0 } })
    }

    /// Counts a row, if it may be in a backup and can be read.
    fn add(&mut self, part: &Part, (key, value): (&[u8], &Value)) -> Result<(), BackupError> {
        if !part.of_the_user().any(|table| key.first() == Some(&table.tag)) {
            return Err(BackupError::Content);
        }
        self.rows = self.rows.saturating_add(1);
        if part.area != AREA {
            return Ok(());
        }
        let nothing = status_layer::Memory::new();
        let mut draft = Draft::new(&nothing);
        match table::adopt(&mut draft.shelf(AREA), key, value)? {
            Adopted::Chat => self.contents.chats = self.contents.chats.saturating_add(1),
            Adopted::Message(message) => {
                self.contents.messages = self.contents.messages.saturating_add(1);
                let confirmed = matches!(message.stage, None | Some(Stage::Delivered { .. }));
                if !confirmed && matches!(message.chat, Chat::User(_)) {
                    self.contents.unconfirmed = self.contents.unconfirmed.saturating_add(1);
                }
            }
            Adopted::Other => {}
        }
        Ok(())
    }
}

/// A home that is being filled.
struct Target {
    store: Builder,
    batch: Batch,
}

impl Taker for Nobody {
    fn own(&mut self, _: Account) -> Result<(), BackupError> {
        Ok(())
    }

    fn add(&mut self, _: &Part, _: (Vec<u8>, Value)) -> Result<(), BackupError> {
        Ok(())
    }
}

impl Taker for Target {
    /// The account, on a device that was never seen before.
    fn own(&mut self, account: Account) -> Result<(), BackupError> {
        let mut rng = StdRng::try_from_rng(&mut SysRng).map_err(|_| BackupError::Randomness)?;
        let host_key = HostKey::generate(&mut rng);
        let host_key = host_key.secret().expose().try_into().map_err(|_| BackupError::Randomness)?;
        let owner = Owner {
            chat_key: account.chat_key,
            host_key: Box::new(Zeroizing::new(host_key)),
            device: new_device(&mut rng),
            phrase: account.phrase,
        };
        let mut draft = Draft::new(&self.store);
        table::save_owner(&mut draft.shelf(AREA), &owner);
        let batch = draft.into_batch();
        Ok(self.store.add(&batch)?)
    }

    fn add(&mut self, part: &Part, (key, value): (Vec<u8>, Value)) -> Result<(), BackupError> {
        if part.area == AREA {
            let mut draft = Draft::new(&self.store);
            table::adopt(&mut draft.shelf(AREA), &key, &value)?;
            for (area, key, value) in draft.into_batch().iter() {
                self.batch.set(area, key, value.cloned());
            }
        } else {
            self.batch.set(part.area, key, Some(value));
        }
        if self.batch.len() >= STEP { Ok(self.store.add(&std::mem::take(&mut self.batch))?) } else { Ok(()) }
    }
}

impl Target {
    /// Gives the home its name if everything in it is in order.
    fn finish(mut self) -> Result<(), BackupError> {
        self.store.add(&self.batch)?;
        self.batch = Batch::default();
        for part in parts().into_iter().filter(|part| part.area != AREA) {
            if !(part.examine)(&self.store, part.area)?.findings.is_empty() {
                return Err(StoreError::Damaged { what: part.name }.into());
            }
        }
        Ok(self.store.finish()?)
    }
}

#[cfg(test)]
mod tests;
