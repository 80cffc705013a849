//! What is done when there is time, a little at once: making old messages findable, and dropping what is kept no longer.

use std::time::Duration;

use status_layer::{Shelf, StoreError, Timestamp};

use super::clear::clear_slice;
use super::{Core, Step, Stop};
use crate::event::Chat;
use crate::history::Retention;
use crate::table::{self, Built, Counted, Look, Spot, ask, word};

/// Messages that are made findable at once.
const INDEX_SLICE: usize = 200;
/// Messages that are counted at once.
const COUNT_SLICE: usize = 1_000;
/// Messages that are dropped at once.
const DROP_SLICE: usize = 100;
/// How long everything else has its turn between two slices.
const PAUSE: Duration = Duration::from_millis(20);
/// How often it is looked whether messages are too old.
const LOOK_EVERY: Duration = Duration::from_secs(3_600);

impl Core {
    /// Says how long messages are kept, in one chat or in all for which nothing else was said.
    pub(crate) fn keep(
        &self,
        step: &mut Step<'_, '_>,
        chat: Option<&Chat>,
        retention: Option<Retention>,
    ) -> Result<(), Stop> {
        let due = step.now();
        let mut shelf = step.shelf();
        table::set_retention(&mut shelf, chat, retention);
        table::set_look(&mut shelf, Some(&Look { due, at: None }));
        // Now, and not when the layers have something to do.
        self.layers(step, status_stack::Input::Tick)?;
        Ok(())
    }

    /// Does a slice of what is due. Before the first start of a home nothing is.
    pub(super) fn tend(&self, step: &mut Step<'_, '_>) -> Result<(), StoreError> {
        let now = step.now();
        let mut shelf = step.shelf();
        match table::built(&shelf)? {
            Some(Built::UpTo(from)) => drop(table::build(&mut shelf, from, INDEX_SLICE)?),
            Some(Built::Whole) => {}
            None => return Ok(()),
        }
        if let Some((chat, up_to)) = word::any_clearing(&shelf)? {
            clear_slice(&mut shelf, &chat, up_to)?;
        }
        match table::last_look(&shelf)? {
            Some(look) if look.due <= now => {
                let next = match step.attempt(|step| go_on(&mut step.shelf(), look, now)) {
                    Ok(next) => next,
                    // A row that cannot be read is for the doctor; it is not to keep the layers from their work.
                    Err(StoreError::Damaged { .. } | StoreError::Newer { .. }) => rest(&step.shelf(), now)?,
                    Err(error) => return Err(error),
                };
                table::set_look(&mut step.shelf(), next.as_ref());
            }
            _ => {}
        }
        Ok(())
    }

    /// At a start: a home of an earlier version has no index yet.
    pub(super) fn prepare(step: &mut Step<'_, '_>) -> Result<(), StoreError> {
        let mut shelf = step.shelf();
        if table::built(&shelf)?.is_none() {
            table::build(&mut shelf, [0; 32], INDEX_SLICE)?;
        }
        Ok(())
    }
}

/// When the next slice is due, if anything is to be done.
pub(super) fn due(shelf: &Shelf<'_>, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
    let building = matches!(table::built(shelf)?, Some(Built::UpTo(_))).then(|| now.after(PAUSE));
    let look = table::last_look(shelf)?.map(|look| look.due.max(now.after(PAUSE)));
    let clearing = word::any_clearing(shelf)?.map(|_| now.after(PAUSE));
    let history = ask::due(shelf)?.map(|due| due.max(now.after(PAUSE)));
    Ok(building.into_iter().chain(look).chain(clearing).chain(history).min())
}

/// Goes on with a look at what is too old: counts, drops, or turns to the next chat. Nothing, if all is kept for ever.
fn go_on(shelf: &mut Shelf<'_>, look: Look, now: Timestamp) -> Result<Option<Look>, StoreError> {
    let (chat, counted) = match look.at {
        Some(at) => at,
        None => match table::next_chat(shelf, None)? {
            Some(chat) => (chat, Counted::UpTo(Spot::FIRST, 0)),
            None => return rest(shelf, now),
        },
    };
    let Retention { age, count } = match table::retention(shelf, Some(&chat))? {
        Some(its) => its,
        None => table::retention(shelf, None)?.unwrap_or_default(),
    };
    let at = match (counted, count) {
        (Counted::UpTo(spot, so_far), Some(most)) => {
            let spots = table::spots_after(shelf, &chat, spot, COUNT_SLICE)?;
            let all = so_far.saturating_add(spots.len() as u64);
            match spots.last() {
                Some(last) if spots.len() == COUNT_SLICE => Some((chat, Counted::UpTo(*last, all))),
                _ => Some((chat, Counted::Surplus(all.saturating_sub(most)))),
            }
        }
        (Counted::UpTo(..), None) => Some((chat, Counted::Surplus(0))),
        (Counted::Surplus(surplus), _) => {
            let since = age.map_or(0, |age| now.millis().saturating_sub(millis(age)));
            let too_old = |dropped: usize, clock: u64| (dropped as u64) < surplus || clock < since;
            let dropped = table::drop_oldest(shelf, &chat, DROP_SLICE, too_old)?;
            match dropped {
                DROP_SLICE => Some((chat, Counted::Surplus(surplus.saturating_sub(DROP_SLICE as u64)))),
                _ => table::next_chat(shelf, Some(&chat))?.map(|chat| (chat, Counted::UpTo(Spot::FIRST, 0))),
            }
        }
    };
    match at {
        Some(at) => Ok(Some(Look { due: now, at: Some(at) })),
        None => rest(shelf, now),
    }
}

/// The next look begins later, unless nothing is ever dropped.
fn rest(shelf: &Shelf<'_>, now: Timestamp) -> Result<Option<Look>, StoreError> {
    let drops = table::any_retention(shelf)?;
    Ok(drops.then(|| Look { due: now.after(LOOK_EVERY), at: None }))
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
