//! What a client may refuse.

mod hint;

use status_layer::{MessageId, StoreError};

use crate::backup::BackupError;
use crate::bot::BotError;
use crate::identity::IdentityError;
use crate::stream::StreamError;
use crate::values::ValueError;

/// Any error of this crate, or of an application: what functions of bots return, so that `?` works on everything.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A client cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A call of a client failed.
    #[error(transparent)]
    Send(#[from] SendError),
    /// Words are not an identity.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// A backup cannot be made, read or restored.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// A stream of events cannot begin.
    #[error(transparent)]
    Stream(#[from] StreamError),
    /// A value cannot be kept or read.
    #[error(transparent)]
    Value(#[from] ValueError),
    /// A home cannot be unlocked.
    #[error(transparent)]
    Lock(#[from] status_store::OpenError),
    /// A key is not usable.
    #[error(transparent)]
    Key(#[from] status_store::KeyError),
    /// A bot was set up wrongly, or was asked wrongly.
    #[error(transparent)]
    Bot(#[from] BotError),
    /// Something of the application's own.
    #[error(transparent)]
    Other(#[from] Box<dyn std::error::Error + Send + Sync>),
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self::Other(error.into())
    }
}

/// Why a client cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The home could not be made or reached.
    #[error("the home {path} cannot be used: {source}. Choose another one, or change its permissions")]
    Home {
        /// The folder.
        path: String,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// The store in the home could not be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The lock of the home does not open it.
    #[error(transparent)]
    Lock(status_store::OpenError),
    /// The identity given is not usable.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The home belongs to somebody else.
    #[error(
        "this home belongs to another identity. Leave the identity out to use it, or choose another home"
    )]
    OtherIdentity,
    /// The home has as many accounts as it may have.
    #[error("there are {max} accounts in this home. Choose another home for one more")]
    TooManyAccounts {
        /// The most it may have.
        max: usize,
    },
    /// An account was chosen, but no home that it is in.
    #[error("an account is in a home, and none was given. Give the home too")]
    NoHome,
    /// A layer failed at the start.
    #[error("a layer failed at the start: {0}")]
    Layer(String),
    /// The network node could not be started.
    #[error("the network node could not be started: {0}")]
    Network(String),
    /// The operating system gave no randomness.
    #[error("the operating system gives no randomness")]
    Randomness,
    /// A stream that was asked for at the opening cannot begin.
    #[error(transparent)]
    Stream(Box<StreamError>),
    /// The operating system gave no thread.
    #[error("no thread could be started: {0}")]
    Thread(#[source] std::io::Error),
}

impl From<status_store::OpenError> for OpenError {
    fn from(error: status_store::OpenError) -> Self {
        match error {
            status_store::OpenError::Store(error) => Self::Store(error),
            error => Self::Lock(error),
        }
    }
}

/// Why a call of a client failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// The message breaks a rule that every receiver checks.
    #[error("the message is refused: {0}")]
    Invalid(String),
    /// No user and no channel is named so.
    #[error(
        "\"{0}\" names nobody: neither a user (a key that begins with zQ3sh or 0x04) nor a channel (#name, of a-z 0-9 -) nor a group (its id)"
    )]
    Nobody(String),
    /// There is no such message here.
    #[error("there is no such message here: it was deleted, or has not come yet")]
    NoMessage,
    /// The message is somebody else's.
    #[error("only its author may do this with a message")]
    NotYours,
    /// A message to oneself has no reader.
    #[error("this is your own key. Write to somebody else")]
    Oneself,
    /// No other device of ours belongs to us, so nobody can be asked.
    #[error("there is no other device of yours. Pair one, or confirm one that is listed")]
    NoOtherDevice,
    /// Nobody takes part in a group but its members.
    #[error("you are not a member of this group. Ask one of its members to add you")]
    NotAMember,
    /// The user is blocked.
    #[error("this user is blocked. Unblock them first")]
    Blocked,
    /// A device token cannot be one.
    #[error(
        "a device token has 1 to {max} bytes, the topic with it at most {max_topic}. Give what the push service has given out"
    )]
    DeviceToken {
        /// Largest number of bytes.
        max: usize,
        /// The same of a topic.
        max_topic: usize,
    },
    /// These are not servers that a device can register with.
    #[error(
        "a device registers with 1 to {max} notification servers, each named by its key, and not with itself. Name others"
    )]
    PushServers {
        /// Largest number of servers.
        max: usize,
    },
    /// There is no request to accept or deny.
    #[error("this user has not asked to be a contact, or has taken it back. Send them a request")]
    NoRequest,
    /// The user was not asked, and has not been added.
    #[error("this user is no contact of yours, and you have not asked them. Send them a request")]
    NotAContact,
    /// A name for somebody is too long, or has characters that do not show.
    #[error("a name for somebody has at most {max} characters, all of which show. Choose a shorter one")]
    Nickname {
        /// Largest number of characters.
        max: usize,
    },
    /// A file is no profile picture.
    #[error(transparent)]
    Picture(#[from] crate::avatar::AvatarError),
    /// A contact card is not taken.
    #[error(transparent)]
    Card(#[from] status_identity::CardError),
    /// No contact card can be made.
    #[error(transparent)]
    MakeCard(#[from] status_identity::MakeCardError),
    /// Somebody has to take us into a group first, and we have not answered yet.
    #[error("you are not invited to this group, or have answered already. Ask one of its members to add you")]
    NotInvited,
    /// The group does not allow it.
    #[error("the group does not allow this: {0}")]
    Group(status_payload::Refusal),
    /// A text or picture is too long.
    #[error("the {field} has a length of {len}, at most {max} is made. Shorten it")]
    TooLong {
        /// Which.
        field: &'static str,
        /// Its length: characters of a text, bytes of a picture.
        len: usize,
        /// The largest length.
        max: usize,
    },
    /// The client takes part in as many chats as it can.
    #[error("this client takes part in {max} chats already. Leave one first")]
    TooManyChats {
        /// The largest number of chats.
        max: usize,
    },
    /// A layer refused.
    #[error("{layer} refuses: {why}")]
    Refused {
        /// The layer.
        layer: String,
        /// Its reason.
        why: String,
    },
    /// The disk is full. Nothing was kept of the call, and nothing else is lost.
    #[error("nothing was sent: the disk is full. Free some space and try again")]
    Full,
    /// The disk takes no writes. Nothing was kept of the call, and nothing else is lost.
    #[error("nothing was sent: the disk is read-only. Make it writable and try again")]
    ReadOnly,
    /// Our own side failed. Nothing was kept of the call.
    #[error("nothing was sent, our own side failed: {0}")]
    Failed(String),
    /// No message of ours has this id.
    #[error("no message that was sent from this home has the id {0}")]
    NotOurs(MessageId),
    /// Not all readers acknowledged the message in time.
    #[error("{to} of {of} readers acknowledged the message within 30 days; it is sent no more")]
    GaveUp {
        /// How many readers have acknowledged it.
        to: u32,
        /// How many there are.
        of: u32,
    },
    /// The client was closed.
    #[error("the client is closed")]
    Closed,
}

impl From<std::convert::Infallible> for SendError {
    fn from(never: std::convert::Infallible) -> Self {
        match never {}
    }
}
