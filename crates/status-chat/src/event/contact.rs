//! What happens with people.

use serde::{Deserialize, Serialize};
use status_layer::{DeviceId, Grade, MessageId};

/// What is new about a person.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub enum ContactChange {
    /// They ask to be a contact.
    Requested {
        /// The message with the request, if it came with one; it is told of as a message too.
        request: Option<MessageId>,
        /// What they say to introduce themselves; may be empty.
        note: String,
        /// How well it was sealed on its way. [`Grade::Static`] is not forward secret yet; in no case is it said that they
        /// are who they claim to be.
        grade: Grade,
    },
    /// Somebody whose request was denied asks again. It stays denied until the user accepts.
    RequestedAgain {
        /// The message with the request. It is kept in the place of the one before, and not told of as a message.
        request: MessageId,
        /// What they say to introduce themselves.
        note: String,
        /// How well it was sealed on its way.
        grade: Grade,
    },
    /// They want us as a contact too: it is mutual now.
    Accepted,
    /// They took back their request, or are no contact any more.
    Retracted,
    /// What they say of themselves has changed.
    Profile,
    /// They have another picture, or none any more.
    Picture,
    /// They have a device that was not heard of before: what is said to them is sealed for it as well. If they were verified,
    /// it is time to ask them whether it is theirs.
    NewDevice {
        /// The device.
        device: DeviceId,
    },
    /// They have removed a device.
    RemovedDevice {
        /// The device.
        device: DeviceId,
    },
    /// The user decided something about them on another device.
    Elsewhere,
    /// A stranger whom nobody answered is forgotten, with all that they wrote: there were too many. Not kept for
    /// [`Stream`](crate::Stream)s.
    Forgotten,
}
