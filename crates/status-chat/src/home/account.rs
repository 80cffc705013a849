//! Several accounts in one home, each in a folder of its own with its own lock.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use status_store::LockKind;

use super::{failed, is_home, lock_of};
use crate::error::OpenError;

/// The folder in a home that holds the labelled accounts.
const ACCOUNTS: &str = "accounts";

/// Most labelled accounts in one home.
pub const MAX_ACCOUNTS: usize = 64;

/// Longest label of an account, in bytes.
pub const MAX_ACCOUNT_LABEL: usize = 32;

/// Most entries of the folder that are looked at, whatever else lies there.
const MAX_ENTRIES: usize = 1_024;

/// Names that a folder cannot have on every system.
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];

/// By what the user of a home tells accounts apart before any is unlocked: 1 to 32 of `a`–`z`, `0`–`9`, `-` and `_`, a letter
/// or digit first. It is the name of a folder, so everybody who may list the home reads it; others never hear of it.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct AccountLabel(String);

/// Why a text is no label of an account.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LabelError {
    /// It has no character, or too many.
    #[error("the label of an account has 1 to {max} characters")]
    Length {
        /// The most it may have.
        max: usize,
    },
    /// It has characters that may not be in the name of a folder everywhere.
    #[error("the label of an account is made of a-z, 0-9, - and _, and begins with a letter or digit")]
    Character,
    /// It is the name of a device on some systems.
    #[error("some systems have no folder of this name; choose another label")]
    Reserved,
}

/// An account in a home, as it is seen without unlocking it.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Account {
    /// Its label; `None` is the account that lies in the home itself.
    pub label: Option<AccountLabel>,
    /// Its folder: what backup, doctor and the functions of this module are given for it.
    pub folder: PathBuf,
    /// What locks it; `None` if it opens without being given anything.
    pub lock: Option<LockKind>,
}

impl AccountLabel {
    /// A label.
    ///
    /// # Errors
    /// [`LabelError`] if the text may be none.
    pub fn new(text: impl Into<String>) -> Result<Self, LabelError> {
        let text = text.into();
        if text.is_empty() || text.len() > MAX_ACCOUNT_LABEL {
            return Err(LabelError::Length { max: MAX_ACCOUNT_LABEL });
        }
        // Small letters alone: some file systems take ALICE and alice for the same, others do not.
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let fits = text.bytes().all(|byte| plain(byte) || matches!(byte, b'-' | b'_'));
        if !fits || !text.bytes().next().is_some_and(plain) {
            return Err(LabelError::Character);
        }
        if DEVICES.contains(&text.as_str()) || is_port(&text) {
            return Err(LabelError::Reserved);
        }
        Ok(Self(text))
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AccountLabel {
    type Err = LabelError;

    fn from_str(text: &str) -> Result<Self, LabelError> {
        Self::new(text)
    }
}

impl fmt::Display for AccountLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The folder of an account in a home, be it there or not: a home of its own, for whatever is done with homes.
#[must_use]
pub fn account_folder(home: &Path, label: &AccountLabel) -> PathBuf {
    home.join(ACCOUNTS).join(label.as_str())
}

/// All accounts of a home, without unlocking any: first the one in the home itself, then those with labels, in their order.
/// What is no account is left out: other files, links, and what is left of one whose making was interrupted.
///
/// # Errors
/// [`OpenError`] if the folder cannot be read, or a file in it is not ours.
pub fn accounts(home: &Path) -> Result<Vec<Account>, OpenError> {
    let account = |label, folder: PathBuf| {
        let lock = lock_of(&folder)?;
        Ok::<_, OpenError>(Account { label, folder, lock })
    };
    let mut found = Vec::new();
    if is_home(home) {
        found.push(account(None, home.to_owned())?);
    }
    for label in labels(home)? {
        let folder = account_folder(home, &label);
        found.push(account(Some(label), folder)?);
    }
    Ok(found)
}

/// The folder to open for an account, which is to be there or to be made.
pub(crate) fn folder_to_open(home: &Path, label: &AccountLabel) -> Result<PathBuf, OpenError> {
    let folder = account_folder(home, label);
    if !is_home(&folder) && labels(home)?.len() >= MAX_ACCOUNTS {
        return Err(OpenError::TooManyAccounts { max: MAX_ACCOUNTS });
    }
    Ok(folder)
}

/// The labels of the accounts that are there.
fn labels(home: &Path) -> Result<Vec<AccountLabel>, OpenError> {
    let entries = match std::fs::read_dir(home.join(ACCOUNTS)) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(home, error)),
    };
    let mut found = Vec::new();
    for entry in entries.take(MAX_ENTRIES) {
        let entry = entry.map_err(|source| failed(home, source))?;
        let label = entry.file_name().to_str().and_then(|name| AccountLabel::new(name).ok());
        // A link is no folder of ours, wherever it leads.
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        found.extend(label.filter(|_| is_folder && is_home(&entry.path())));
    }
    found.sort_unstable();
    Ok(found)
}

/// Whether a system takes the name for a serial or parallel port.
fn is_port(name: &str) -> bool {
    let digits = name.strip_prefix("com").or_else(|| name.strip_prefix("lpt"));
    digits.is_some_and(|digits| digits.len() == 1 && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_the_name_of_a_folder_on_every_system_and_leads_nowhere_else() {
        for good in ["a", "0", "work", "alice-2", "a_b", &"x".repeat(MAX_ACCOUNT_LABEL), "com", "com10"] {
            assert_eq!(AccountLabel::new(good).map(|label| label.to_string()), Ok(good.to_owned()));
        }
        for bad in
            ["..", ".", "a/b", "/etc", "a\\b", "Alice", "-a", "_a", "a b", "a.b", "ä", "a\0", "c:", "a\n"]
        {
            assert_eq!(AccountLabel::new(bad), Err(LabelError::Character), "{bad:?}");
        }
        for bad in ["con", "nul", "com1", "lpt9"] {
            assert_eq!(AccountLabel::new(bad), Err(LabelError::Reserved), "{bad:?}");
        }
        for bad in [String::new(), "x".repeat(MAX_ACCOUNT_LABEL + 1)] {
            assert_eq!(AccountLabel::new(bad), Err(LabelError::Length { max: MAX_ACCOUNT_LABEL }));
        }
    }

    #[test]
    fn what_is_no_account_is_not_listed_and_an_account_beyond_the_most_is_not_made() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path();
        let make = |name: &str| {
            let folder = home.join(ACCOUNTS).join(name);
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join("status.redb"), "").unwrap();
        };
        (0..MAX_ACCOUNTS - 1).for_each(|number| make(&format!("a{number}")));
        make("NOT ONE");
        std::fs::create_dir_all(home.join(ACCOUNTS).join("half")).unwrap();
        std::fs::write(home.join(ACCOUNTS).join("file"), "").unwrap();
        let label = |text| AccountLabel::new(text).unwrap();

        let one_more = folder_to_open(home, &label("half"));
        make("last");
        let full = folder_to_open(home, &label("half"));
        let there = folder_to_open(home, &label("last"));

        assert_eq!(one_more.unwrap(), home.join(ACCOUNTS).join("half"));
        assert!(matches!(full, Err(OpenError::TooManyAccounts { max: MAX_ACCOUNTS })), "{full:?}");
        assert!(there.is_ok(), "{there:?}");
        assert_eq!(accounts(home).unwrap().len(), MAX_ACCOUNTS);
    }
}
