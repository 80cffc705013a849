//! Deleting for us alone: one message, or all that was said in a chat; on all our devices.

use status_layer::{MessageId, Shelf, StoreError};
use status_payload::{Clock, Content, SyncClearHistory, SyncDeleteForMe};

use super::change::empty;
use super::contacts::id_text;
use super::say::{invalid, place};
use super::{Core, Step, Stop};
use crate::error::SendError;
use crate::event::{Chat, Deleted, Message};
use crate::table::{self, Spot, hidden, word};

/// Messages of an emptied chat that are dropped at once.
const CLEAR_SLICE: usize = 200;

impl Core {
    /// Deletes a message for us alone: it is in no history any more.
    pub(crate) fn hide(&self, step: &mut Step<'_, '_>, id: MessageId) -> Result<(), Stop> {
        let Some(message) = table::load_message(&step.shelf(), id)? else {
            return Err(Stop::Refused(SendError::NoMessage));
        };
        hide(&mut step.shelf(), message)?;
        let clock = self.next_word(step, 0)?;
        self.tell_own(step, &Content::SyncDeleteForMe(SyncDeleteForMe { clock, message_id: id_text(id) }))
    }

    /// Empties a chat for us alone.
    pub(crate) fn clear(&self, step: &mut Step<'_, '_>, chat: &Chat) -> Result<(), Stop> {
        let up_to = table::clock(&step.shelf(), chat)?;
        clear(&mut step.shelf(), chat, up_to)?;
        let chat_id = place(chat).chat_id().map_err(|why| invalid(&why))?;
        let said = SyncClearHistory { chat_id, cleared_at: Clock::new(up_to) };
        self.tell_own(step, &Content::SyncClearHistory(said))?;
        // What does not go at once goes now, and not when the layers have something to do.
        Ok(self.layers(step, status_stack::Input::Tick)?)
    }
}

/// Leaves nothing of a message to be seen.
pub(super) fn hide(shelf: &mut Shelf<'_>, mut message: Message) -> Result<(), StoreError> {
    empty(shelf, &mut message, Deleted::ForMe)?;
    table::save_message(shelf, &message)
}

/// Has nothing shown any more of what was said in a chat up to a clock, nor taken if it comes again; says whether that is new.
/// It is dropped in slices, the first of them now.
pub(super) fn clear(shelf: &mut Shelf<'_>, chat: &Chat, up_to: u64) -> Result<bool, StoreError> {
    if up_to <= table::emptied(shelf, chat)? {
        return Ok(false);
    }
    table::set_emptied(shelf, chat, up_to);
    word::set_clearing(shelf, chat, Some(up_to));
    table::mark_read(shelf, chat, Spot::end_of(up_to))?;
    clear_slice(shelf, chat, up_to)?;
    Ok(true)
}

/// Drops a slice of a chat that is being emptied.
pub(super) fn clear_slice(shelf: &mut Shelf<'_>, chat: &Chat, up_to: u64) -> Result<(), StoreError> {
    let dropped = table::drop_oldest(shelf, chat, CLEAR_SLICE, |_, clock| clock <= up_to)?;
    if dropped < CLEAR_SLICE {
        word::set_clearing(shelf, chat, None);
    }
    Ok(())
}

/// Whether a message that has just come was deleted for us before.
pub(super) fn was_hidden(shelf: &mut Shelf<'_>, message: &mut Message) -> Result<bool, StoreError> {
    let was = hidden::take_hidden(shelf, &message.id)?;
    if was {
        empty(shelf, message, Deleted::ForMe)?;
    }
    Ok(was)
}
