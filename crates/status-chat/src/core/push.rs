//! Notification servers: what this device asks of them, and what is to be said for that.
//!
//! What is to be said is an [`Errand`]. A courier takes errands as they become due and says them, beside the layers of the
//! home. Nothing of an errand is lost with the courier: it is due again later, until it is answered or given up.
//!
//! Spec: push notifications of deployed peers. A registration is sealed for the server, signed with the identity key, and
//! says more each time: its version grows with everything that a server is told, so that an answer that was lost harms nobody.

mod notify;
mod others;

use std::collections::BTreeSet;
use std::time::Duration;

use status_crypto::{PublicKey, keccak256, text};
use status_layer::{Body, MessageId, StoreError, Timestamp, UserId};
use status_payload::{
    Content, PushNotificationQueryInfo, PushNotificationRegistration, PushNotificationRequest,
    SealedRegistration, TokenType, encode, grant, hash_of_key, hash_of_text, seal_token,
};
use zeroize::{Zeroize as _, Zeroizing};

use super::say::invalid;
use super::{AREA, Core, MAX_CHATS, Step, Stop};
use crate::builder::new_device;
use crate::error::SendError;
use crate::event::{Chat, Event, PushState};
use crate::push::{DeviceToken, MAX_PUSH_SERVERS, PushService, PushWishes};
use crate::table;
use crate::table::contacts as people;
use crate::table::profile::Published;
use crate::table::push::{self as rows, MAX_SERVERS, MAX_TRIES, Registration, Server};

/// Contacts who can have this device notified if only contacts can: the access token is sealed for each. Further ones cannot.
const MAX_ALLOWED: usize = 512;

/// Hashes in each list of chats; servers take as many. What is beyond is notified, and not shown by the application.
const MAX_LISTED: usize = 1_000;

/// Up to so many contacts the sealed access tokens are said at our contact code; else whoever wants them asks a server.
const MAX_ADVERTISED: usize = 128;

/// People that are looked at in one go.
const PAGE: usize = 256;

/// What a server is told is told again after this time, times n · 2ⁿ after the n-th try.
const STEP: Duration = Duration::from_secs(15);

/// How often what others need to notify us is said again at our contact code although it has not changed.
const SAY_AGAIN: Duration = Duration::from_secs(24 * 60 * 60);

/// Something to be said beside the layers of the home.
#[derive(Debug)]
pub(crate) enum Errand {
    /// To a server, as ourselves; what it answers comes as all mail does.
    Register { server: UserId, body: Body },
    /// To whoever knows, as nobody: how is this user notified?
    Ask { user: UserId },
    /// To a server, as nobody: notify devices of this user.
    Notify {
        message: MessageId,
        user: UserId,
        server: UserId,
        request: PushNotificationRequest,
        /// Whether it is to be said in new words although it was said before.
        fresh: bool,
    },
}

/// Whom and what a registration names, as it is now.
#[derive(Default)]
struct Lists {
    contacts: Vec<UserId>,
    blocked: Vec<Vec<u8>>,
    muted: Vec<Vec<u8>>,
}

impl Core {
    /// Has this device notified by these servers, and by no others.
    pub(crate) fn register(
        &self,
        step: &mut Step<'_, '_>,
        servers: &[UserId],
        device: &DeviceToken,
        wishes: PushWishes,
    ) -> Result<(), Stop> {
        let servers: BTreeSet<UserId> = servers.iter().copied().collect();
        let allowed = 1..=MAX_PUSH_SERVERS;
        let is_one = |server: &UserId| *server != self.keyring.user() && PublicKey::from_user(server).is_ok();
        if !allowed.contains(&servers.len()) || !servers.iter().all(is_one) {
            return Err(SendError::PushServers { max: MAX_PUSH_SERVERS }.into());
        }
        let before = rows::registration(&step.shelf())?;
        let (token, contacts, open) = match before {
            Some(before) => (before.access_token, before.contacts, !before.wishes.contacts_only),
            None => (Zeroizing::default(), Vec::new(), false),
        };
        // Whoever has learnt it so far is to know it no more.
        let access_token = if wishes.contacts_only && open { Zeroizing::default() } else { token };
        let registration = Registration { device: device.clone(), wishes, access_token, contacts };
        let mut shelf = step.shelf();
        rows::save_registration(&mut shelf, Some(&registration));
        self.leave_servers(step, &servers)?;
        let mut shelf = step.shelf();
        for server in &servers {
            let mut row = rows::server(&shelf, server)?.unwrap_or_else(|| Server::new(false));
            row.leaving = false;
            row.again();
            rows::save_server(&mut shelf, server, &row);
        }
        Ok(())
    }

    /// Has this device notified no more.
    pub(crate) fn unregister(&self, step: &mut Step<'_, '_>) -> Result<(), Stop> {
        rows::save_registration(&mut step.shelf(), None);
        Ok(self.leave_servers(step, &BTreeSet::new())?)
    }

    /// Asks all servers but these to forget us. Of too many, those that never answered are forgotten by us.
    fn leave_servers(&self, step: &mut Step<'_, '_>, but: &BTreeSet<UserId>) -> Result<(), StoreError> {
        let mut shelf = step.shelf();
        let mut left: Vec<_> = rows::servers(&shelf)?;
        left.retain(|(server, _)| !but.contains(server));
        // Who is leaving already and was asked longest ago is forgotten first.
        left.sort_by_key(|(_, row)| (row.leaving, std::cmp::Reverse(row.asked)));
        for (place, (server, mut row)) in left.into_iter().enumerate() {
            if place + but.len() >= MAX_SERVERS {
                rows::drop_server(&mut shelf, &server);
            } else if !row.leaving {
                row.leaving = true;
                row.again();
                rows::save_server(&mut shelf, &server, &row);
            }
        }
        Ok(())
    }

    /// Takes what is due to be said, `room` errands at most; each is due again later.
    pub(crate) fn errands(&self, step: &mut Step<'_, '_>, room: usize) -> Result<Vec<Errand>, Stop> {
        let mut errands = self.registrations_due(step, room)?;
        let room = room.saturating_sub(errands.len());
        errands.extend(self.notifications_due(step, room)?);
        Ok(errands)
    }

    fn registrations_due(&self, step: &mut Step<'_, '_>, room: usize) -> Result<Vec<Errand>, Stop> {
        let now = step.now();
        let mut due = rows::servers(&step.shelf())?;
        due.retain(|(_, row)| row.next().is_some_and(|at| at <= now));
        due.truncate(room);
        if due.is_empty() {
            return Ok(Vec::new());
        }
        let lists = self.lists(step)?;
        let registration = self.renewed(step, &lists)?;
        let mut errands = Vec::new();
        for (server, mut row) in due {
            if row.tries >= MAX_TRIES {
                self.settle(step, &server, row, PushState::GaveUp)?;
                continue;
            }
            row.version = row.version.saturating_add(1).max(now.secs());
            let registration = registration.as_ref().filter(|_| !row.leaving);
            let sealed = self.sealed(step, &server, row.version, registration.map(|it| (it, &lists)))?;
            let (id, content) = (sealed.request_id(), Content::PushNotificationRegistration(sealed));
            let body = encode(&*self.keyring, &content).map_err(|why| invalid(&why))?;
            row.tries = row.tries.saturating_add(1);
            row.asked = now;
            row.due = now.after(backoff(STEP, row.tries));
            row.ids.push(id);
            rows::save_server(&mut step.shelf(), &server, &row);
            errands.push(Errand::Register { server, body });
        }
        Ok(errands)
    }

    /// The registration, under an access token that only those know whom it is for: whoever is no contact any more is not to.
    fn renewed(&self, step: &mut Step<'_, '_>, lists: &Lists) -> Result<Option<Registration>, Stop> {
        let Some(mut registration) = rows::registration(&step.shelf())? else { return Ok(None) };
        let gone = registration.contacts.iter().any(|user| lists.contacts.binary_search(user).is_err());
        if gone || registration.access_token.is_empty() {
            registration.access_token = Zeroizing::new(new_device(step.unit.cx(AREA).rng));
        }
        registration.contacts.clone_from(&lists.contacts);
        rows::save_registration(&mut step.shelf(), Some(&registration));
        Ok(Some(registration))
    }

    /// What a server is told: how this device is notified, or that it is no more.
    fn sealed(
        &self,
        step: &mut Step<'_, '_>,
        server: &UserId,
        version: u64,
        how: Option<(&Registration, &Lists)>,
    ) -> Result<SealedRegistration, Stop> {
        let installation_id = self.device.as_str().to_owned();
        let mut said = PushNotificationRegistration { installation_id, version, ..Default::default() };
        if let Some((registration, lists)) = how {
            let Registration { device, wishes, access_token, .. } = registration;
            said.token_type = match device.service {
                PushService::Apn => TokenType::Apn,
                PushService::Firebase => TokenType::Firebase,
            };
            (*device.token).clone_into(&mut said.device_token);
            (*device.topic).clone_into(&mut said.apn_topic);
            (**access_token).clone_into(&mut said.access_token);
            said.enabled = true;
            said.allow_from_contacts_only = wishes.contacts_only;
            said.block_mentions = wishes.block_mentions;
            said.allowed_key_list = self.allowed(step, registration)?;
            said.blocked_chat_list.clone_from(&lists.blocked);
            said.muted_chat_list.clone_from(&lists.muted);
            said.allowed_mentions_chat_list = self.mentioned_in(step, *wishes)?;
            said.grant = grant(&*self.keyring, server, access_token);
        } else {
            said.unregister = true;
        }
        let sealed = SealedRegistration::seal(&said, &*self.keyring, server, step.unit.cx(AREA).rng);
        said.device_token.zeroize();
        said.access_token.zeroize();
        sealed.map_err(|why| invalid(&why))
    }

    /// The access token for each contact, if only they are to know it.
    fn allowed(&self, step: &mut Step<'_, '_>, registration: &Registration) -> Result<Vec<Vec<u8>>, Stop> {
        let Registration { wishes, access_token, contacts, .. } = registration;
        if !wishes.contacts_only {
            return Ok(Vec::new());
        }
        let rng = step.unit.cx(AREA).rng;
        // Who is no key can ask for nothing.
        Ok(contacts
            .iter()
            .filter_map(|user| seal_token(&*self.keyring, user, access_token, rng).ok())
            .collect())
    }

    /// The channels in which whoever names us has us notified. Servers take no mention elsewhere.
    fn mentioned_in(&self, step: &mut Step<'_, '_>, wishes: PushWishes) -> Result<Vec<Vec<u8>>, Stop> {
        if wishes.block_mentions {
            return Ok(Vec::new());
        }
        let hash = |chat: &Chat| match chat {
            Chat::Channel(name) => Some(hash_of_text(name.as_str()).to_vec()),
            _ => None,
        };
        Ok(table::chats(&step.shelf(), MAX_CHATS)?.iter().filter_map(hash).take(MAX_LISTED).collect())
    }

    fn lists(&self, step: &mut Step<'_, '_>) -> Result<Lists, Stop> {
        let mut lists = Lists::default();
        let mut after = None;
        loop {
            let page = people::page(&step.shelf(), after.as_ref(), PAGE)?;
            let Some((last, _)) = page.last() else { return Ok(lists) };
            after = Some(*last);
            for (user, person) in &page {
                if person.relation.added() && !person.blocked && lists.contacts.len() < MAX_ALLOWED {
                    lists.contacts.push(*user);
                }
                let list = match (person.blocked, person.muted) {
                    (true, _) => &mut lists.blocked,
                    (false, true) => &mut lists.muted,
                    (false, false) => continue,
                };
                if let (true, Ok(key)) = (list.len() < MAX_LISTED, text::key_string(user)) {
                    list.push(hash_of_text(&key).to_vec());
                }
            }
        }
    }

    /// Keeps what became of a server, and tells it.
    pub(super) fn settle(
        &self,
        step: &mut Step<'_, '_>,
        server: &UserId,
        mut row: Server,
        state: PushState,
    ) -> Result<(), StoreError> {
        row.state = state;
        row.ids.clear();
        // Whoever was to forget us has, or never will.
        if row.leaving {
            rows::drop_server(&mut step.shelf(), server);
        } else {
            rows::save_server(&mut step.shelf(), server, &row);
            step.tell(Event::Push { server: *server, state });
        }
        Ok(())
    }

    /// What others need to notify us, if it is due to be said at our contact code; then it is noted as said.
    pub(super) fn infos_due(&self, step: &mut Step<'_, '_>) -> Result<bool, StoreError> {
        let now = step.now();
        let mut shelf = step.shelf();
        let (servers, last) = (rows::servers(&shelf)?, rows::advertised(&shelf)?);
        let asked = |(_, row): &(UserId, Server)| !row.leaving && row.state == PushState::Waiting;
        if (servers.is_empty() && last.is_none()) || servers.iter().any(asked) {
            return Ok(false);
        }
        let mark: Vec<u8> = registered(&servers)
            .flat_map(|(server, row)| server.as_bytes().iter().copied().chain(row.version.to_be_bytes()))
            .collect();
        let hash = keccak256(&[&mark]);
        let fresh =
            |last: Published| last.hash == hash && (mark.is_empty() || now.since(last.at) < SAY_AGAIN);
        if last.is_some_and(fresh) || (last.is_none() && mark.is_empty()) {
            return Ok(false);
        }
        rows::set_advertised(&mut shelf, Some(&Published { at: now, hash }));
        Ok(true)
    }

    /// What others need to notify us, for our contact code.
    pub(super) fn infos(&self, step: &mut Step<'_, '_>) -> Result<Vec<PushNotificationQueryInfo>, Stop> {
        let Some(registration) = rows::registration(&step.shelf())? else { return Ok(Vec::new()) };
        let Registration { wishes, access_token, contacts, .. } = &registration;
        if wishes.contacts_only && contacts.len() > MAX_ADVERTISED {
            return Ok(Vec::new());
        }
        let allowed = self.allowed(step, &registration)?;
        let open = if wishes.contacts_only { String::new() } else { access_token.to_string() };
        let servers = rows::servers(&step.shelf())?;
        let info = |(server, row): (&UserId, &Server)| PushNotificationQueryInfo {
            access_token: open.clone(),
            installation_id: self.device.as_str().to_owned(),
            public_key: hash_of_key(&self.keyring.user()).to_vec(),
            allowed_key_list: allowed.clone(),
            grant: grant(&*self.keyring, server, access_token),
            version: row.version,
            server_public_key: server.as_bytes().to_vec(),
        };
        Ok(registered(&servers).map(info).collect())
    }
}

fn registered(servers: &[(UserId, Server)]) -> impl Iterator<Item = (&UserId, &Server)> {
    let all = servers.iter().map(|(server, row)| (server, row));
    all.filter(|(_, row)| !row.leaving && row.state == PushState::Registered)
}

/// How long after the n-th try the next one is. Spec: a step, times n, times 2 to the n.
fn backoff(step: Duration, tries: u32) -> Duration {
    let power = 1_u32.checked_shl(tries).unwrap_or(u32::MAX);
    step.saturating_mul(tries).saturating_mul(power)
}

/// When the courier is needed next.
pub(super) fn due(shelf: &status_layer::Shelf<'_>) -> Result<Option<Timestamp>, StoreError> {
    rows::next(shelf)
}

#[cfg(test)]
mod tests;
