//! What becomes of a registration at a notification server.

use serde::{Deserialize, Serialize};

/// How a notification server stands to what this device asked of it.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub enum PushState {
    /// It was asked, or will be, and has not answered. It is asked 12 times, ever more rarely, for about two weeks.
    Waiting,
    /// It has us notified.
    Registered,
    /// It does not take the registration, and is asked no more until something about it changes.
    Refused(PushRefusal),
    /// It never answered, and is asked no more until something about the registration changes.
    GaveUp,
}

/// Why a notification server does not take a registration.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub enum PushRefusal {
    /// Something in it is wrong, it says.
    Malformed,
    /// It does not serve this sort of device token.
    TokenType,
    /// It does not say why.
    Unsaid,
}

impl PushRefusal {
    /// What to do about it, in a sentence without a full stop.
    #[must_use]
    pub const fn hint(self) -> &'static str {
        match self {
            Self::Malformed => "register with a device token that the push service has given out now",
            Self::TokenType => "register with a server that serves this sort of device",
            Self::Unsaid => "register with another server, or ask who runs this one",
        }
    }
}
