//! Contacts: whom the user knows, who asks to be known, and how safe it is to talk with them.

mod contact;
mod relation;

use status_layer::{Shelf, StoreError, UserId};

pub use contact::{Contact, ContactRequest, ContactState, How, Safety, Strangers, Verified, Which};
pub(crate) use relation::{Relation, Side};

use crate::table::contacts as rows;

/// Whether the user has added somebody: asked them to be a contact, or accepted their request.
pub(crate) fn is_added(shelf: &Shelf<'_>, user: &UserId) -> Result<bool, StoreError> {
    Ok(rows::load(shelf, user)?.is_some_and(|person| person.relation.is_added() && !person.blocked))
}
