//! Requests: devices to be notified.

use status_payload::{
    Content, Filter, PushNotification, PushNotificationReport, PushNotificationRequest,
    PushNotificationResponse, ReportError,
};
use status_stack::Fault;

use super::{Letter, Step, fault};
use crate::config::{MAX_MESSAGE, MAX_NAME, MAX_REQUESTS};
use crate::rate::{self, What};
use crate::table::queue::{self, Queued};
use crate::table::{self, Installation, KeyHash};

impl Step<'_, '_, '_> {
    /// Puts what may be sent into the queue for the gateway, and reports on each device.
    pub(super) fn notify(&mut self, letter: Letter, request: &PushNotificationRequest) -> Result<(), Fault> {
        let fits = |asked: &PushNotification| {
            asked.chat_id.0.len() <= MAX_NAME
                && asked.author.len() <= MAX_NAME
                && asked.message.len() <= MAX_MESSAGE
        };
        if request.requests.len() > MAX_REQUESTS || request.message_id.len() > MAX_NAME {
            return self.refuse("it is about too many, or has no name that is in use");
        }
        let mut reports = Vec::with_capacity(request.requests.len());
        for asked in &request.requests {
            // Whoever names nobody is told nothing.
            let (Ok(who), Some(which)) =
                (KeyHash::try_from(asked.public_key.as_slice()), table::installation(&asked.installation_id))
            else {
                continue;
            };
            let error =
                if fits(asked) { self.send(&who, &which, asked)? } else { Some(ReportError::Internal) };
            reports.push(PushNotificationReport {
                success: error.is_none(),
                error: error.unwrap_or(ReportError::Unset),
                public_key: who.to_vec(),
                installation_id: asked.installation_id.clone(),
            });
        }
        self.out.tally.requests += 1;
        let response = PushNotificationResponse { message_id: request.message_id.clone(), reports };
        self.answer(letter.author, &Content::PushNotificationResponse(response));
        Ok(())
    }

    /// Why a device is not notified. What its owner does not want to hear is no reason: strangers are not told of it.
    fn send(
        &mut self,
        who: &KeyHash,
        which: &Installation,
        asked: &PushNotification,
    ) -> Result<Option<ReportError>, Fault> {
        let (config, now) = (self.server.config, self.unit.now());
        let Some(registration) = table::registration(&self.shelf(), who, which).map_err(fault)? else {
            return Ok(Some(ReportError::NotRegistered));
        };
        match registration.filter(asked) {
            Filter::WrongToken => return Ok(Some(ReportError::WrongToken)),
            Filter::Send => {}
            _ => return Ok(None),
        }
        let shelf = &mut self.shelf();
        let device = [&who[..], which].concat();
        if !rate::take(shelf, (What::Notifications, &device), config.notifications, now).map_err(fault)? {
            return Ok(Some(ReportError::Internal));
        }
        let queued = Queued {
            at: now,
            due: now,
            tries: 0,
            who: *who,
            which: *which,
            chat: asked.chat_id.0.clone(),
            message: asked.message.clone(),
        };
        if !queue::add(shelf, &queued, config.queue).map_err(fault)? {
            return Ok(Some(ReportError::Internal));
        }
        self.out.tally.queued += 1;
        Ok(None)
    }
}
