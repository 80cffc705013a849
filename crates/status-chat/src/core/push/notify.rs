//! Having others notified of what we say.
//!
//! | state of a reader | what happens | next |
//! | --- | --- | --- |
//! | said | nothing, until the message has left for them | left, or given up with the message |
//! | left | asks how they are notified, if that is not known | asked, or left |
//! | asked | nothing for 3 seconds | left |
//! | left | nobody can notify them | forgotten |
//! | left | asks one server for each of their devices, after the n-th time again in 2 s · n · 2ⁿ, five times in all | asked so |
//! | asked so | a server says that it did | that device is done; with the last one all is forgotten |
//! | asked so | a server does not know the token | how they are notified is to be asked again; left |
//!
//! The row of a reader is written with the message, and changed before anything is said: a crash loses nobody, and has a server
//! asked again that may have notified already. Whoever does not answer is told the same words again, which a server that
//! knows them passes over; words are new only if something new is said, or after a restart.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use status_crypto::text;
use status_layer::{MessageId, Recipient, StoreError, UserId};
use status_payload::{
    ChatMark, NotificationType, PushNotification, PushNotificationReport, PushNotificationRequest,
    ReportError, hash_of_key, hash_of_text,
};
use status_stack::Fault;

use super::{Errand, backoff};
use crate::core::step::fault;
use crate::core::{AREA, Core, Step, Stop};
use crate::event::{Chat, Mention, Mentioned};
use crate::table::group;
use crate::table::push::{self as rows, Info, Known, MAX_PENDING, Pending};

/// How long servers have to say how somebody is notified. Spec: 3 s.
const ANSWERED_IN: Duration = Duration::from_secs(3);

/// If no server says anything that fits, it is asked again after this time at the earliest: anybody can answer that they know
/// nothing.
const ASK_AGAIN: Duration = Duration::from_secs(1_800);

/// Servers are asked again after this time, times n · 2ⁿ after the n-th try.
const STEP: Duration = Duration::from_secs(2);

/// How often servers are asked: once, and four times again.
const MAX_TRIES: u8 = 5;

/// People named in one message who are notified.
const MAX_MENTIONED: usize = 32;

/// Reports of one answer that are looked at.
const MAX_REPORTS: usize = 64;

impl Core {
    /// Remembers who is to be notified of a message of ours once it has left.
    pub(in crate::core) fn to_notify(
        &self,
        step: &mut Step<'_, '_>,
        chat: &Chat,
        message: MessageId,
        said: &str,
    ) -> Result<(), Stop> {
        let shelf = step.shelf();
        if !rows::notifying(&shelf)? {
            return Ok(());
        }
        let me = self.keyring.user();
        // As they name the chat: one with us is called by our key.
        let (readers, name): (BTreeSet<UserId>, _) = match chat {
            Chat::User(user) => ([*user].into(), own_name(&me)),
            Chat::Group(id) => {
                let roster = group::roster(&shelf, id)?;
                (
                    roster.into_iter().flat_map(|roster| roster.members().collect::<Vec<_>>()).collect(),
                    id.to_string(),
                )
            }
            Chat::Channel(name) => (named(said), name.to_string()),
        };
        let (mention, mark) = (matches!(chat, Chat::Channel(_)), hash_of_text(&name));
        let room = MAX_PENDING.saturating_sub(rows::pending(&shelf)?);
        for user in readers.into_iter().filter(|user| *user != me).take(room) {
            let pending = Pending {
                message,
                user,
                mention,
                chat: mark,
                tries: 0,
                fresh: true,
                due: None,
                devices: Vec::new(),
            };
            rows::save_pending(&mut step.shelf(), &pending)?;
        }
        Ok(())
    }

    /// A message has left for a reader: they are to be notified, if that was not done.
    pub(in crate::core) fn has_left(
        &self,
        step: &mut Step<'_, '_>,
        message: MessageId,
        to: &Recipient,
    ) -> Result<(), Fault> {
        let now = step.now();
        let mut shelf = step.shelf();
        for pending in pending_for(&shelf, message, to).map_err(fault)? {
            if pending.due.is_none() {
                rows::save_pending(&mut shelf, &Pending { due: Some(now), ..pending }).map_err(fault)?;
            }
        }
        Ok(())
    }

    /// A message is sent to a reader no more.
    pub(in crate::core) fn never_left(
        &self,
        step: &mut Step<'_, '_>,
        message: MessageId,
        to: UserId,
    ) -> Result<(), Fault> {
        let mut shelf = step.shelf();
        let pending = pending_for(&shelf, message, &Recipient::User(to)).map_err(fault)?;
        pending.iter().for_each(|pending| rows::drop_pending(&mut shelf, pending));
        Ok(())
    }

    pub(super) fn notifications_due(
        &self,
        step: &mut Step<'_, '_>,
        room: usize,
    ) -> Result<Vec<Errand>, StoreError> {
        let now = step.now();
        let mut errands = Vec::new();
        for pending in rows::due_pending(&mut step.shelf(), now, room)? {
            errands.extend(self.notify(step, pending)?);
        }
        Ok(errands)
    }

    fn notify(&self, step: &mut Step<'_, '_>, mut pending: Pending) -> Result<Vec<Errand>, StoreError> {
        let (now, user) = (step.now(), pending.user);
        if pending.tries >= MAX_TRIES {
            rows::drop_pending(&mut step.shelf(), &pending);
            return Ok(Vec::new());
        }
        let Some(known) = self.believed(step, &user)? else {
            pending.due = Some(now.after(ANSWERED_IN));
            let mut shelf = step.shelf();
            rows::save_pending(&mut shelf, &pending)?;
            let infos = rows::known(&shelf, &user)?.map(|known| known.infos).unwrap_or_default();
            rows::save_known(&mut shelf, &user, &Known { until: now.after(ASK_AGAIN), infos })?;
            return Ok(vec![Errand::Ask { user }]);
        };
        // Somebody else's message has asked a moment ago: the answer is waited for together.
        let asked = known.until.before(ASK_AGAIN);
        let answer = asked.after(ANSWERED_IN);
        if known.infos.is_empty() && pending.tries == 0 && now >= asked && now < answer {
            pending.due = Some(answer);
            rows::save_pending(&mut step.shelf(), &pending)?;
            return Ok(Vec::new());
        }
        let chosen = choose(step, &known, &pending);
        if chosen.is_empty() {
            rows::drop_pending(&mut step.shelf(), &pending);
            return Ok(Vec::new());
        }
        let fresh = pending.fresh;
        pending.fresh = false;
        pending.tries = pending.tries.saturating_add(1);
        pending.due = Some(now.after(backoff(STEP, u32::from(pending.tries))));
        pending.devices = chosen.iter().map(|info| info.device.clone()).collect();
        rows::save_pending(&mut step.shelf(), &pending)?;
        let mut requests: BTreeMap<UserId, Vec<PushNotification>> = BTreeMap::new();
        for info in &chosen {
            requests.entry(info.server).or_default().push(self.notification(&pending, info));
        }
        let message = pending.message;
        let errand = |(server, requests)| {
            let request = PushNotificationRequest { requests, message_id: message.as_bytes().to_vec() };
            Errand::Notify { message, user, server, request, fresh }
        };
        Ok(requests.into_iter().map(errand).collect())
    }

    /// Spec: the deployed peer seals no content into it: the field for it stays empty.
    fn notification(&self, pending: &Pending, info: &Info) -> PushNotification {
        PushNotification {
            access_token: info.token.to_string(),
            chat_id: ChatMark(pending.chat.to_vec()),
            public_key: hash_of_key(&pending.user).to_vec(),
            installation_id: info.device.clone(),
            message: Vec::new(),
            r#type: if pending.mention { NotificationType::Mention } else { NotificationType::Message },
            author: hash_of_text(&own_name(&self.keyring.user())).to_vec(),
        }
    }

    /// Takes what a server says that it did.
    pub(crate) fn reported(
        &self,
        step: &mut Step<'_, '_>,
        (message, user, server): (MessageId, UserId, UserId),
        reports: &[PushNotificationReport],
    ) -> Result<(), StoreError> {
        let mut shelf = step.shelf();
        let Some(mut pending) = rows::load_pending(&shelf, message, &user)? else { return Ok(()) };
        let mut known = rows::known(&shelf, &user)?.unwrap_or_default();
        let (hash, before) = (hash_of_key(&user), known.clone());
        for report in reports.iter().take(MAX_REPORTS).filter(|report| report.public_key == hash) {
            let device = report.installation_id.as_str();
            let outcome = if report.success { None } else { Some(report.error) };
            match outcome {
                Some(ReportError::WrongToken) => {
                    known.forget(&server, device);
                    // How they are notified has changed.
                    known.until = status_layer::Timestamp::default();
                    pending.fresh = true;
                }
                Some(ReportError::NotRegistered) => {
                    known.forget(&server, device);
                    pending.devices.retain(|its| its != device);
                }
                Some(_) => pending.fresh = true,
                None => pending.devices.retain(|its| its != device),
            }
        }
        if known != before {
            rows::save_known(&mut shelf, &user, &known)?;
        }
        if pending.devices.is_empty() {
            rows::drop_pending(&mut shelf, &pending);
            return Ok(());
        }
        rows::save_pending(&mut shelf, &pending)
    }
}

/// One server for each device that is to be notified, at random.
fn choose(step: &mut Step<'_, '_>, known: &Known, pending: &Pending) -> Vec<Info> {
    let mut of_device: BTreeMap<&str, Vec<&Info>> = BTreeMap::new();
    for info in &known.infos {
        if pending.tries == 0 || pending.devices.contains(&info.device) {
            of_device.entry(&info.device).or_default().push(info);
        }
    }
    let rng = step.unit.cx(AREA).rng;
    let mut one = |all: Vec<&Info>| {
        let at = usize::try_from(rng.next_u32()).unwrap_or(0).checked_rem(all.len())?;
        all.get(at).map(|info| (*info).clone())
    };
    of_device.into_values().filter_map(&mut one).collect()
}

fn pending_for(
    shelf: &status_layer::Shelf<'_>,
    message: MessageId,
    to: &Recipient,
) -> Result<Vec<Pending>, StoreError> {
    match to {
        Recipient::User(user) => Ok(rows::load_pending(shelf, message, user)?.into_iter().collect()),
        Recipient::Channel(_) => rows::pending_of(shelf, message),
    }
}

/// Who is named in a text.
fn named(said: &str) -> BTreeSet<UserId> {
    let user = |mention: Mention| match mention.who {
        Mentioned::User(user) => Some(user),
        Mentioned::Everyone => None,
    };
    Mention::all(said).into_iter().filter_map(user).take(MAX_MENTIONED).collect()
}

/// How others name the chat with us. Our own key has a name.
fn own_name(me: &UserId) -> String {
    text::key_string(me).unwrap_or_default()
}
