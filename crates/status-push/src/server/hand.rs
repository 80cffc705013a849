//! What waits for the gateway, and what becomes of it.

use std::collections::BTreeSet;
use std::time::Duration;

use status_layer::{Draft, Read, StoreError, Timestamp};
use status_stack::Fault;

use super::{Server, Step, fault};
use crate::config::MAX_TRIES;
use crate::gateway::{DeviceToken, Outcome, Push};
use crate::table::{self, AREA, queue};

/// The first pause after the gateway did not take a notification; it doubles each time.
const PAUSE: Duration = Duration::from_secs(5);

/// The longest pause.
const MAX_PAUSE: Duration = Duration::from_secs(600);

/// A notification whose time has come.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Waiting {
    /// It is to be handed to the gateway, whose answer is [`Input::Handed`](super::Input::Handed) with
    /// [`Push::version`].
    Push(Push),
    /// Its device is not registered any more: it is to be given back as [`Outcome::Gone`].
    Unregistered {
        /// Its number.
        number: u64,
    },
}

impl Server {
    /// At most `limit` notifications whose time has come, but for those `under_way`; and when the next one's time comes.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn waiting(
        &self,
        rows: &dyn Read,
        now: Timestamp,
        limit: usize,
        under_way: &BTreeSet<u64>,
    ) -> Result<(Vec<Waiting>, Option<Timestamp>), StoreError> {
        let mut draft = Draft::new(rows);
        let shelf = draft.shelf(AREA);
        let mut waiting = Vec::new();
        for (due, number) in queue::in_order(&shelf, limit.saturating_add(under_way.len()).saturating_add(1))?
        {
            if under_way.contains(&number) {
                continue;
            }
            if due > now || waiting.len() >= limit {
                return Ok((waiting, Some(due.max(now))));
            }
            let Some(queued) = queue::load(&shelf, number)? else { continue };
            waiting.push(match table::registration(&shelf, &queued.who, &queued.which)? {
                Some(registration) => Waiting::Push(Push {
                    number,
                    token_type: registration.token_type,
                    token: DeviceToken::new(registration.device_token),
                    apn_topic: registration.apn_topic,
                    message: queued.message,
                    chat_id: queued.chat,
                    public_key: queued.who.to_vec(),
                    version: registration.version,
                }),
                None => Waiting::Unregistered { number },
            });
        }
        Ok((waiting, None))
    }
}

impl Step<'_, '_, '_> {
    /// Notes what the gateway said of a notification. One that waits no more is ignored.
    pub(super) fn handed(&mut self, number: u64, version: u64, outcome: Outcome) -> Result<(), Fault> {
        let now = self.unit.now();
        let Some(queued) = queue::load(&self.shelf(), number).map_err(fault)? else { return Ok(()) };
        let shelf = &mut self.shelf();
        let again = outcome == Outcome::TryLater && queued.tries.saturating_add(1) < MAX_TRIES;
        if again {
            let pause = PAUSE.saturating_mul(1 << queued.tries.min(16)).min(MAX_PAUSE);
            queue::put_off(shelf, number, &queued, now.after(pause));
            return Ok(());
        }
        queue::remove(shelf, number, &queued).map_err(fault)?;
        let registration = table::registration(shelf, &queued.who, &queued.which).map_err(fault)?;
        match outcome {
            Outcome::Accepted => self.out.tally.pushed += 1,
            Outcome::TryLater => self.out.tally.given_up += 1,
            Outcome::Gone => {
                self.out.tally.given_up += 1;
                // It may have registered anew with another token since then.
                if registration.is_some_and(|registration| registration.version == version) {
                    self.unregister(&queued.who, &queued.which, version)?;
                }
            }
        }
        Ok(())
    }
}
