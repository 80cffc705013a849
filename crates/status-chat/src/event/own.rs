//! What the user did on another device.

use serde::{Deserialize, Serialize};

/// What was changed on another device of the user, and is so here now.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub enum OwnChange {
    /// What the user says of themselves: [`Client::profile`](crate::Client::profile).
    Profile,
    /// What becomes of what strangers write: [`Contacts::strangers`](crate::Contacts::strangers).
    Strangers,
}
