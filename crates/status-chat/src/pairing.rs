//! A new device gets the account from one that has it, by a short code or a QR code, over the network itself.
//!
//! ```no_run
//! # use status_chat::{Client, pairing};
//! # async fn old(client: Client) -> Result<(), Box<dyn std::error::Error>> {
//! // On the device that has the account:
//! let invitation = client.devices().invite().await?;
//! println!("type {} or scan {}", &*invitation.code(), &*invitation.qr());
//! let device = invitation.finished().await?;
//! # Ok(()) }
//! # async fn new(typed: &str) -> Result<(), Box<dyn std::error::Error>> {
//! // On the new one, whose home is empty:
//! let client = pairing::join(Client::builder().home("new-home"), typed).await?;
//! # Ok(()) }
//! ```
//!
//! The two meet on a channel that the code names, under passing identities that nobody can tell from any others, and agree on
//! keys by SPAKE2: whoever listens learns nothing, and whoever guesses has one guess. Then the old device hands over the
//! account, sealed.
//!
//! # Both or neither
//!
//! | step | old device | new device | killed here, after the restart |
//! | --- | --- | --- | --- |
//! | 1 | waits | hello, answer, proof: all in memory | the invitation is void, the new home is empty |
//! | 2 | commits: *this device id gets the account* | waits | the new home is empty; the id is never heard of, and lapses after 30 days |
//! | 3 | sends the account | | the same |
//! | 4 | | **commits: the account, its own id, the other devices** | the decision: from here on both have it |
//! | 5 | | opens, and announces its keys under the account | it announces them at its next start |
//! | 6 | hears that id: commits that it belongs to us, tells the other devices | hears the old device: commits that it belongs to us | they hear of it at their next start |
//!
//! The account leaves only after step 2 is durable, so whoever reaches step 4 finds it done on the other side. Until step 4 the
//! new device has written nothing; it cannot announce the id, so nothing joins. No step waits for a clock to agree.

mod code;
mod flight;
mod host;
mod invitation;
mod join;
mod keys;
mod newcomer;
mod party;
#[cfg(test)]
mod tests;

use crate::builder::MakeStack;
use crate::clock::SharedClock;
use crate::error::{OpenError, SendError};
use crate::guest::Door;

pub use invitation::Invitation;
pub(crate) use invitation::invite;
pub use join::join;

/// Why a device was not paired. Nothing has changed on either side, unless it says so.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PairingError {
    /// The text is no code of an invitation.
    #[error(
        "this is no pairing code. It is six digits and two words, such as 482193-guitar-velvet, or the text of a QR code"
    )]
    NoCode,
    /// A word of the code is not one that codes have.
    #[error("word {word} of the code is misspelt. Look at the other device and type it again")]
    Misspelt {
        /// Which word, counted from 1.
        word: usize,
    },
    /// The home has an owner already, or the builder names one.
    #[error("this home belongs to somebody already. A new device needs an empty one")]
    Occupied,
    /// Nobody answers at the code's place.
    #[error("no device answers. Keep the invitation open on the other one, and look whether both are online")]
    NoAnswer,
    /// Whoever answered, or asked, did not know the code. The invitation is void: its one guess is used.
    #[error("the code was wrong, and the invitation is void now. Invite again, and type the new code")]
    WrongCode,
    /// Another device has used the invitation.
    #[error(
        "another device has used this invitation. If it was none of yours, it did not get in. Invite again"
    )]
    Taken,
    /// The invitation was not used in time.
    #[error("the invitation has expired. Invite again")]
    Expired,
    /// Somebody floods the place of the invitation; it is void.
    #[error("too much came to this invitation, which is void now. Invite again, with the QR code if you can")]
    Flooded,
    /// The new device knew the code, and was not heard of since. If it comes, it is taken in all the same.
    #[error("the new device got the account and has not come online yet. It is taken in when it does")]
    Unfinished,
    /// The client was closed, another invitation took the place of this one, or the network has stopped.
    #[error("the client was closed, or another invitation took the place of this one")]
    Closed,
    /// The operating system gives no randomness.
    #[error("the operating system gives no randomness")]
    Randomness,
    /// The new home cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Our own side failed.
    #[error(transparent)]
    Send(#[from] SendError),
    /// A layer failed.
    #[error("a layer failed: {0}")]
    Failed(String),
}

/// What pairing needs of a client that runs.
pub(crate) struct Kit {
    pub(crate) make: MakeStack,
    pub(crate) clock: SharedClock,
    pub(crate) door: Door,
    pub(crate) runtime: tokio::runtime::Handle,
}

impl PairingError {
    fn failed(why: impl std::fmt::Display) -> Self {
        Self::Failed(why.to_string())
    }
}
