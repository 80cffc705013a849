//! Homes as they are after years, for tests and benches of the whole.

use status_layer::{Draft, Store, StoreError};

use crate::core::AREA;
use crate::event::Message;
use crate::table;

/// Keeps messages in the store of a client that is not open, as if they had been sent or received; all of them in one
/// commit. What the layers remember of a message is not made.
///
/// # Errors
/// [`StoreError`]; then none is kept.
pub fn keep<'a>(
    store: &mut impl Store,
    messages: impl IntoIterator<Item = &'a Message>,
) -> Result<(), StoreError> {
    let mut draft = Draft::new(store);
    let mut shelf = draft.shelf(AREA);
    for message in messages {
        table::join(&mut shelf, &message.chat);
        table::set_clock(&mut shelf, &message.chat, message.clock);
        table::save_message(&mut shelf, message);
    }
    let batch = draft.into_batch();
    store.commit(batch)
}
