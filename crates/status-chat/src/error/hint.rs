//! What to do about an error, and when to try again.

use std::time::Duration;

use status_layer::StoreError;

use super::{Error, OpenError, SendError};
use crate::backup::BackupError;
use crate::identity::IdentityError;
use crate::stream::StreamError;
use crate::values::ValueError;

/// After this time a disk may have space again, or a failure of our own may be over.
const AFTER_FAILURE: Duration = Duration::from_secs(10);
/// After this time another process may have let go.
const AFTER_USE: Duration = Duration::from_secs(1);

const REPORT: &str = "it is a fault of this program; the log says more";
const DISK: &str = "free some space on the disk, or make it writable; what was kept before is there";
const ENTROPY: &str = "the operating system has to give randomness before anything can be sealed";
const REOPEN: &str = "open the client again";
const WORDS: &str = "check each word and their order against what was written down";
const LOCK: &str = "give the passphrase or key with which the home was locked";
const COPY: &str = "run the doctor on the home, or restore a backup into a new one";

impl OpenError {
    /// What to do about it, in a sentence without a full stop.
    #[must_use]
    pub fn hint(&self) -> &str {
        match self {
            Self::Home { .. } => "choose a folder that this user may write to",
            Self::Store(why) => of_store(why),
            Self::Lock(_) => LOCK,
            Self::Identity(why) => why.hint(),
            Self::OtherIdentity => "open it without an identity, or choose another home",
            Self::TooManyAccounts { .. } => "choose another home",
            Self::NoHome => "give the home that the account is in",
            Self::Layer(_) => COPY,
            Self::Network(_) => "check the addresses to listen at and those of the peers",
            Self::Randomness => ENTROPY,
            Self::Thread(_) => "close other programs, or raise the limit of threads",
            Self::Stream(why) => why.hint(),
        }
    }

    /// After which time the same call may succeed; `None` if something has to change first.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Store(why) => retry_store(why),
            Self::Network(_) | Self::Thread(_) => Some(AFTER_FAILURE),
            _ => None,
        }
    }
}

impl SendError {
    /// What to do about it, in a sentence without a full stop.
    #[must_use]
    pub fn hint(&self) -> &str {
        match self {
            Self::Nobody(_) => {
                "give a key that begins with zQ3sh or 0x04, a channel as #name, or the id of a group"
            }
            Self::Oneself => "write to somebody else",
            Self::NoOtherDevice => "pair a device, or confirm one that is listed",
            Self::NotAMember | Self::NotInvited => "ask one of its members to add you",
            Self::Group(_) => "ask an admin of the group, or change what was asked for as the error says",
            Self::TooLong { .. } => "shorten it",
            Self::TooManyChats { .. } => "leave a chat first",
            Self::Full | Self::ReadOnly => DISK,
            Self::Failed(_) => REPORT,
            Self::Closed => REOPEN,
            Self::NotOurs(_) => "give the id of a message that this user has sent",
            Self::GaveUp { .. } => "send it again, if it still matters",
            // The message says what is wrong with what was asked for.
            _ => "change what was asked for as the error says",
        }
    }

    /// After which time the same call may succeed; `None` if something has to change first.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Full | Self::ReadOnly | Self::Failed(_) => Some(AFTER_FAILURE),
            _ => None,
        }
    }
}

impl IdentityError {
    /// What to do about it, in a sentence without a full stop.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Randomness => ENTROPY,
            _ => WORDS,
        }
    }

    /// Never: something has to change first.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        None
    }
}

impl BackupError {
    /// What to do about it, in a sentence without a full stop.
    #[must_use]
    pub fn hint(&self) -> &str {
        match self {
            Self::File(_) => "check the path of the backup and its lock",
            Self::Home(why) => why.hint(),
            Self::Occupied { .. } | Self::Empty => "choose another home",
            Self::Content => "read it with the program that wrote it",
            Self::Randomness => ENTROPY,
            Self::Closed => REOPEN,
            #[expect(unreachable_patterns, reason = "others may come")]
            _ => REPORT,
        }
    }

    /// After which time the same call may succeed; `None` if something has to change first.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        if let Self::Home(why) = self { why.retry_after() } else { None }
    }
}

impl StreamError {
    /// What to do about it, in a sentence without a full stop.
    #[must_use]
    pub fn hint(&self) -> &str {
        match self {
            Self::Name => "choose a short name, such as that of your program",
            Self::TooMany => "forget a stream that nobody reads any more",
            Self::Client(why) => why.hint(),
        }
    }

    /// After which time the same call may succeed; `None` if something has to change first.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        if let Self::Client(why) = self { why.retry_after() } else { None }
    }
}

impl ValueError {
    /// What to do about it, in a sentence without a full stop.
    #[must_use]
    pub fn hint(&self) -> &str {
        match self {
            Self::Key => "choose a short key",
            Self::TooLarge { .. } => "divide the value among several keys",
            Self::Type { .. } => "read it as the type that was kept, or remove it",
            Self::Client(why) => why.hint(),
        }
    }

    /// After which time the same call may succeed; `None` if something has to change first.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        if let Self::Client(why) = self { why.retry_after() } else { None }
    }
}

impl Error {
    /// What to do about it, in a sentence without a full stop.
    #[must_use]
    pub fn hint(&self) -> &str {
        match self {
            Self::Open(why) => why.hint(),
            Self::Send(why) => why.hint(),
            Self::Identity(why) => why.hint(),
            Self::Backup(why) => why.hint(),
            Self::Stream(why) => why.hint(),
            Self::Value(why) => why.hint(),
            Self::Lock(_) | Self::Key(_) => LOCK,
            Self::Bot(why) => why.hint(),
            Self::Other(_) => "see the documentation of what said so",
        }
    }

    /// After which time the same call may succeed; `None` if something has to change first.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Open(why) => why.retry_after(),
            Self::Send(why) => why.retry_after(),
            Self::Backup(why) => why.retry_after(),
            Self::Stream(why) => why.retry_after(),
            Self::Value(why) => why.retry_after(),
            _ => None,
        }
    }
}

const fn of_store(why: &StoreError) -> &'static str {
    match why {
        StoreError::Full | StoreError::ReadOnly => DISK,
        StoreError::InUse { .. } => "stop the other program, or choose another home",
        StoreError::Newer { .. } => "use the newer program that wrote it",
        StoreError::Foreign => "choose a folder of this program, or a new one",
        StoreError::Unavailable(_) => "check the disk, then open the client again",
        _ => COPY,
    }
}

const fn retry_store(why: &StoreError) -> Option<Duration> {
    match why {
        StoreError::InUse { .. } => Some(AFTER_USE),
        StoreError::Full | StoreError::ReadOnly | StoreError::Unavailable(_) => Some(AFTER_FAILURE),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_becomes_the_one_of_the_crate_and_keeps_what_to_do() {
        let in_use = || OpenError::Store(StoreError::InUse { by: None });
        let errors: [Error; 6] = [
            in_use().into(),
            SendError::Full.into(),
            IdentityError::Randomness.into(),
            BackupError::Home(in_use()).into(),
            StreamError::TooMany.into(),
            ValueError::Key.into(),
        ];

        let told = errors.iter().map(|error| (error.retry_after(), error.hint()));

        let (soon, later) = (Some(AFTER_USE), Some(AFTER_FAILURE));
        let waits: Vec<_> = told.clone().map(|(wait, _)| wait).collect();
        assert_eq!(waits, [soon, later, None, soon, None, None]);
        assert!(told.clone().all(|(_, hint)| !hint.is_empty() && !hint.ends_with('.')));
        assert_eq!(errors[0].to_string(), in_use().to_string(), "nothing is put before it");
    }
}
