//! What was deleted on another device of ours, for us alone.

use status_payload::{SyncClearHistory, SyncDeleteForMe, read_message_id};

use super::super::{Origin, Unfit};
use super::named;
use super::person::not_ahead;
use crate::core::clear::{clear, hide};
use crate::core::{Core, Step};
use crate::event::{Deleted, Event};
use crate::table::{self, hidden};

impl Core {
    /// A message was deleted; also one that is not here yet.
    pub(in crate::core::arrive) fn hidden_elsewhere(
        &self,
        step: &mut Step<'_, '_>,
        origin: &Origin,
        said: &SyncDeleteForMe,
    ) -> Result<(), Unfit> {
        self.belongs(step, origin)?;
        let id = read_message_id(&said.message_id).ok_or(Unfit::NoId)?;
        let now = step.now();
        match table::load_message(&step.shelf(), id)? {
            None => hidden::hide(&mut step.shelf(), &id, now)?,
            Some(message) if message.deleted == Some(Deleted::ForMe) => {}
            Some(message) => {
                let chat = message.chat.clone();
                hide(&mut step.shelf(), message)?;
                step.tell(Event::Hidden { chat, id });
            }
        }
        Ok(())
    }

    /// A chat was emptied.
    pub(in crate::core::arrive) fn cleared_elsewhere(
        &self,
        step: &mut Step<'_, '_>,
        origin: &Origin,
        said: &SyncClearHistory,
    ) -> Result<(), Unfit> {
        self.belongs(step, origin)?;
        let (chat, clock) = (named(&said.chat_id).ok_or(Unfit::Elsewhere)?, said.cleared_at.value());
        not_ahead(step.now(), clock)?;
        if clear(&mut step.shelf(), &chat, clock)? {
            step.tell(Event::Cleared { chat, clock });
        }
        Ok(())
    }
}
