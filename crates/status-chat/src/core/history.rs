//! What was said before this device was there: asking our other devices for it, a page at a time.
//!
//! They are asked one after the other: two would mostly give the same. Who does not answer for a while loses the turn, and may
//! answer later all the same. Each page is asked for by itself, so the device that gives keeps nothing, and whoever is killed
//! goes on where they were: the place is kept in the commit of the messages that were before it.

pub(super) mod page;

use std::time::Duration;

use status_layer::{DeviceId, StoreError};
use status_payload::{Content, HistoryAsk, HistoryPlace, OwnDevices};

use self::page::{MARK, MAX_HAVE, mark};
use super::say::{invalid, place};
use super::{Core, Step, Stop};
use crate::devices::{HistoryId, HistoryRange, MAX_HISTORY_CHATS};
use crate::error::SendError;
use crate::event::{Chat, Event};
use crate::table::ask::{self, Giver, MAX_REQUESTS, Request, Stand};
use crate::table::{self, Spot, devices};

/// How long everything else has its turn between two pages.
pub(super) const PAUSE: Duration = Duration::from_millis(250);
/// How long a device may be silent before the next one is asked.
pub(super) const SILENT: Duration = Duration::from_secs(60);
/// How long an answer is waited for before the same is asked again. What was asked is not lost meanwhile.
const AGAIN: Duration = Duration::from_secs(6 * 60 * 60);
/// How long a request lasts.
const EXPIRES: Duration = Duration::from_secs(30 * 24 * 60 * 60);

impl Core {
    /// Begins to ask our other devices.
    pub(crate) fn request_history(
        &self,
        step: &mut Step<'_, '_>,
        range: &HistoryRange,
    ) -> Result<HistoryId, Stop> {
        let now = step.now();
        let limits = [
            ("chats", range.chats.len(), MAX_HISTORY_CHATS),
            ("requests for history", ask::all(&step.shelf())?.len().saturating_add(1), MAX_REQUESTS),
        ];
        if let Some((field, len, max)) = limits.into_iter().find(|(_, len, max)| len > max) {
            return Err(SendError::TooLong { field, len, max }.into());
        }
        let mut id = [0; 16];
        step.unit.cx(super::AREA).rng.fill_bytes(&mut id);
        let id = HistoryId(id);
        let mut shelf = step.shelf();
        let mut due = now;
        for device in devices::all(&shelf)?.into_iter().filter(|device| device.joined) {
            let giver = Giver { stand: Stand::Waiting, due, covered: 0, total: 0, taken: 0, after: None };
            ask::save_giver(&mut shelf, id, &device.id, &giver);
            due = due.after(SILENT);
        }
        if due == now {
            return Err(SendError::NoOtherDevice.into());
        }
        ask::save(&mut shelf, id, &Request { begun: now, range: range.clone() });
        self.ask_history(step)?;
        // When the next is to be asked is to be known.
        self.layers(step, status_stack::Input::Tick)?;
        Ok(id)
    }

    /// Asks whoever it is time to ask.
    pub(super) fn ask_history(&self, step: &mut Step<'_, '_>) -> Result<(), Stop> {
        let now = step.now();
        if ask::due(&step.shelf())?.is_none_or(|due| now < due) {
            return Ok(());
        }
        for (id, request) in ask::all(&step.shelf())? {
            if request.begun.after(EXPIRES) <= now {
                self.end_history(step, id)?;
                continue;
            }
            for (device, giver) in ask::givers(&step.shelf(), id)? {
                if giver.stand != Stand::Done && giver.due <= now {
                    self.ask_device(step, id, &request, (&device, giver))?;
                }
            }
        }
        Ok(())
    }

    /// Asks a device for its next page; one that was taken out is asked no more.
    fn ask_device(
        &self,
        step: &mut Step<'_, '_>,
        id: HistoryId,
        request: &Request,
        (device, giver): (&DeviceId, Giver),
    ) -> Result<(), Stop> {
        let now = step.now();
        if devices::joined(&step.shelf(), device)? != Some(true) {
            ask::save_giver(&mut step.shelf(), id, device, &Giver { stand: Stand::Done, ..giver });
            return self.finish_history(step, id);
        }
        let clock = self.tick(step, &Chat::User(self.keyring.user()))?;
        let chats: Result<_, _> = request.range.chats.iter().map(|chat| place(chat).chat_id()).collect();
        let have = self.have(step, giver.after.as_ref())?;
        let ask = HistoryAsk {
            clock,
            id: id.0.to_vec(),
            giver: device.as_str().to_owned(),
            chats: chats.map_err(|why| invalid(&why))?,
            since: request.range.since,
            until: request.range.until,
            after: giver.after.as_ref().and_then(on_the_wire),
            have,
        };
        ask::save_giver(
            &mut step.shelf(),
            id,
            device,
            &Giver { stand: Stand::Asked, due: now.after(AGAIN), ..giver },
        );
        self.tell_own(
            step,
            &Content::OwnDevices(Box::new(OwnDevices { ask: Some(ask), ..OwnDevices::default() })),
        )
    }

    /// What stands for the messages that are here already of those that come next.
    fn have(&self, step: &mut Step<'_, '_>, after: Option<&ask::Place>) -> Result<Vec<u8>, StoreError> {
        let Some((chat, spot)) = after else { return Ok(Vec::new()) };
        let shelf = step.shelf();
        let spots = table::spots_before(&shelf, chat, *spot, table::clock(&shelf, chat)?, MAX_HAVE)?;
        let mut have = Vec::with_capacity(spots.len() * MARK);
        for spot in spots {
            if let Some(message) = table::load_message(&shelf, status_layer::MessageId::new(spot.id))? {
                have.extend(mark(&shelf, &message)?);
            }
        }
        Ok(have)
    }

    /// Ends a request of which all devices have given what they have; otherwise tells how far it has come, and has the next
    /// one asked if nobody is.
    pub(super) fn finish_history(&self, step: &mut Step<'_, '_>, id: HistoryId) -> Result<(), Stop> {
        let now = step.now();
        let progress = ask::progress(&step.shelf(), id)?;
        if progress.done {
            return self.end_history(step, id);
        }
        step.tell(Event::History(progress));
        let mut shelf = step.shelf();
        let givers = ask::givers(&shelf, id)?;
        // While one gives, the others wait, as long as it is heard of.
        let gives = givers.iter().any(|(_, giver)| giver.stand != Stand::Done && giver.after.is_some());
        let mut due = if gives { now.after(SILENT) } else { now.after(PAUSE) };
        for (device, giver) in givers {
            if giver.stand == Stand::Waiting && giver.after.is_none() {
                ask::save_giver(&mut shelf, id, &device, &Giver { due, ..giver });
                due = due.after(SILENT);
            }
        }
        Ok(())
    }

    /// Asks later: it was refused now.
    pub(super) fn put_history_off(&self, step: &mut Step<'_, '_>) -> Result<(), StoreError> {
        let now = step.now();
        let mut shelf = step.shelf();
        for (id, _) in ask::all(&shelf)? {
            for (device, giver) in ask::givers(&shelf, id)? {
                let due = giver.due.max(now.after(SILENT));
                ask::save_giver(&mut shelf, id, &device, &Giver { due, ..giver });
            }
        }
        Ok(())
    }

    fn end_history(&self, step: &mut Step<'_, '_>, id: HistoryId) -> Result<(), Stop> {
        let progress = ask::progress(&step.shelf(), id)?;
        ask::forget(&mut step.shelf(), id)?;
        step.tell(Event::History(crate::devices::HistoryProgress { done: true, ..progress }));
        Ok(())
    }
}

/// A place, as it travels.
pub(super) fn on_the_wire((chat, spot): &ask::Place) -> Option<HistoryPlace> {
    let chat_id = place(chat).chat_id().ok()?;
    Some(HistoryPlace { chat_id, clock: spot.clock, message_id: spot.id.to_vec() })
}

/// A place that arrived.
pub(super) fn place_of(said: &HistoryPlace) -> Option<ask::Place> {
    let id = said.message_id.as_slice().try_into().ok()?;
    Some((super::arrive::sync::named(&said.chat_id)?, Spot { clock: said.clock, id }))
}
