//! What opens a home: a passphrase that is asked for, or a key from a file or the environment.

use std::env;
use std::error::Error;
use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::json;
use status_chat::{ClientBuilder, Lock, LockKind, Passphrase, StoreKey, backup, home};

use crate::args::{BackupFile, Here};
use crate::home::Done;
use crate::show::Show;

const PASSPHRASE: &str = "STATUS_CHAT_PASSPHRASE";
const NEW_PASSPHRASE: &str = "STATUS_CHAT_NEW_PASSPHRASE";
const KEY: &str = "STATUS_CHAT_KEY";
const BACKUP_PASSPHRASE: &str = "STATUS_CHAT_BACKUP_PASSPHRASE";

/// Gives a builder the lock, if there is one.
pub(crate) fn locked(builder: ClientBuilder, lock: Option<Lock>) -> ClientBuilder {
    match lock {
        Some(lock) => builder.lock(lock),
        None => builder,
    }
}

/// The lock of a home that is there already: given, asked for, or none if its key lies in it.
pub(crate) fn of(here: &Here) -> Result<Option<Lock>, Box<dyn Error>> {
    if let Some(lock) = given(here)? {
        return Ok(Some(lock));
    }
    match home::lock_of(&here.folder())? {
        Some(LockKind::Passphrase) => {
            Ok(Some(Passphrase::new(&ask("Passphrase of this home: ", PASSPHRASE)?)?.into()))
        }
        Some(_) => Err(format!("this home is locked with a key. Give it with --key-file or {KEY}").into()),
        None => Ok(None),
    }
}

/// The lock for a new home. Who sits at a terminal is asked for a passphrase; an empty one leaves the key in the home.
pub(crate) fn first(here: &Here) -> Result<Option<Lock>, Box<dyn Error>> {
    if let Some(path) = &here.key_file {
        return Ok(Some(StoreKey::read_or_make(path)?.into()));
    }
    if let Some(lock) = given(here)? {
        return Ok(Some(lock));
    }
    if !std::io::stdin().is_terminal() {
        return Ok(None);
    }
    let words = rpassword::prompt_password("Passphrase for this home (empty: its key lies in it): ")?;
    if words.is_empty() {
        return Ok(None);
    }
    Ok(Some(again(&words)?))
}

/// Replaces the lock of a home.
pub(crate) fn replace(show: Show, here: &Here, to_key_file: Option<PathBuf>, in_home: bool) -> Done {
    if !home::is_home(&here.folder()) {
        let home = here.folder();
        let home = home.display();
        return Err(format!("{home} has no identity yet. Make one with `status-chat init`").into());
    }
    let old = of(here)?;
    let new = match to_key_file {
        Some(path) => Some(StoreKey::read_or_make(&path)?.into()),
        None if in_home => None,
        None => Some(new_passphrase()?),
    };
    home::relock(&here.folder(), old.as_ref(), new.as_ref())?;
    let what = match new.map(|lock| lock.kind()) {
        Some(kind) => format!("locked with {kind}"),
        None => "its key lies in it".to_owned(),
    };
    show.line(&format!("The home has a new lock: {what}."), || json!({ "event": "locked", "with": what }));
    show.say(&show.dim("Old copies of the home still open with the old one."));
    Ok(ExitCode::SUCCESS)
}

/// The lock of a backup that is there.
pub(crate) fn of_backup(file: &BackupFile) -> Result<Lock, Box<dyn Error>> {
    if let Some(path) = &file.backup_key_file {
        return Ok(StoreKey::read(path)?.into());
    }
    if backup::lock_of(&file.file)? == LockKind::Key {
        return Err("the backup is locked with a key. Give it with --backup-key-file".into());
    }
    match env::var(BACKUP_PASSPHRASE) {
        Ok(words) => Ok(Passphrase::new(&words)?.into()),
        Err(_) => Ok(Passphrase::new(&ask("Passphrase of the backup: ", BACKUP_PASSPHRASE)?)?.into()),
    }
}

/// The lock for a new backup.
pub(crate) fn for_backup(file: &BackupFile) -> Result<Lock, Box<dyn Error>> {
    if let Some(path) = &file.backup_key_file {
        return Ok(StoreKey::read_or_make(path)?.into());
    }
    match env::var(BACKUP_PASSPHRASE) {
        Ok(words) => Ok(Passphrase::new(&words)?.into()),
        Err(_) => again(&ask("Passphrase for the backup: ", BACKUP_PASSPHRASE)?),
    }
}

/// What the options and the environment give.
fn given(here: &Here) -> Result<Option<Lock>, Box<dyn Error>> {
    if let Some(path) = &here.key_file {
        return Ok(Some(StoreKey::read(path)?.into()));
    }
    if let Ok(key) = env::var(KEY) {
        return Ok(Some(StoreKey::parse(&key)?.into()));
    }
    match env::var(PASSPHRASE) {
        Ok(words) => Ok(Some(Passphrase::new(&words)?.into())),
        Err(_) => Ok(None),
    }
}

fn new_passphrase() -> Result<Lock, Box<dyn Error>> {
    if let Ok(words) = env::var(NEW_PASSPHRASE) {
        return Ok(Passphrase::new(&words)?.into());
    }
    again(&ask("New passphrase: ", NEW_PASSPHRASE)?)
}

/// Asks for a passphrase once more, so that a slip does not lock its owner out.
fn again(words: &str) -> Result<Lock, Box<dyn Error>> {
    if rpassword::prompt_password("The same again: ")? != words {
        return Err("the two are not the same. Nothing was changed: try again".into());
    }
    Ok(Passphrase::new(words)?.into())
}

fn ask(prompt: &str, variable: &str) -> Result<String, Box<dyn Error>> {
    if !std::io::stdin().is_terminal() {
        return Err(format!("a passphrase is needed, and nobody is there to ask. Set {variable}").into());
    }
    Ok(rpassword::prompt_password(prompt)?)
}
