//! Who may do what to the messages of others.

use status_layer::{Shelf, StoreError, UserId};

use crate::event::Chat;
use crate::table::group;

/// Whether a user may delete messages of others in a chat, for everybody: admins of closed groups may.
pub(crate) fn may_delete(shelf: &Shelf<'_>, chat: &Chat, user: &UserId) -> Result<bool, StoreError> {
    match chat {
        Chat::User(_) | Chat::Channel(_) => Ok(false),
        Chat::Group(id) => Ok(group::roster(shelf, id)?.is_some_and(|roster| roster.is_admin(user))),
    }
}
