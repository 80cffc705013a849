//! The rows of notifications: what this device asked of servers, what others asked of theirs, and who is to be notified.
//!
//! | key | value |
//! | --- | --- |
//! | `U` `n` | version: those to whom we write are notified |
//! | `U` `r` | version, service (1), contacts only, mentions blocked (1 each), device token, topic, access token (length (2) and text each), contacts when it was told last (33 each): how this device is notified |
//! | `U` `a` | version, at (8), hash (32): what of it was said at our contact code, and when |
//! | `u` server (33) | version, state (1), leaving (1), tries (4), asked at, due (8 each), version of what it was told (8), ids of what it was asked (64 each): a server |
//! | `V` user (33) | version, asked until (8), then server (33), version (8), installation, access token (length (2) and text each) for each of their devices and servers (in `known`) |
//! | `v` `n` message (32) user (33) | version, kind (1), chat (64), tries (1), whether it is new to the servers (1), due (8, 0 before the message has left), devices (length (2) and text each): somebody to be notified (in `pending`) |
//! | `v` `d` due (8) message (32) user (33) | version: the order of those |
//!
//! All of it belongs to the device. Tokens are secrets. Numbers are big-endian, times in milliseconds since the Unix epoch.

mod known;
mod pending;

use std::time::Duration;

use status_layer::row::{Reader, Writer};
use status_layer::{Shelf, StoreError, Timestamp, UserId, Value};
use zeroize::Zeroizing;

use super::profile::Published;
use super::text;
use crate::event::{PushRefusal, PushState};
use crate::push::{DeviceToken, MAX_PUSH_SERVERS, PushService, PushWishes};

pub(crate) use known::{Info, KNOWN, Known, known, read_known, save_known};
pub(crate) use pending::{
    MAX_PENDING, NOTIFY, Pending, drop_pending, due_pending, examine, load_pending, pending, pending_of,
    save_pending,
};

pub(crate) const OURS: u8 = b'U';
pub(crate) const SERVER: u8 = b'u';

const NOTIFYING: [u8; 2] = [OURS, b'n'];
const REGISTRATION: [u8; 2] = [OURS, b'r'];
const ADVERTISED: [u8; 2] = [OURS, b'a'];

const VERSION: u8 = 1;
const WHAT: &str = "the chat's notifications";

/// Servers that are remembered: those that are asked, and those that are to forget us and have not answered.
pub(crate) const MAX_SERVERS: usize = 4 * MAX_PUSH_SERVERS;

/// How often a server is asked.
pub(crate) const MAX_TRIES: u32 = 12;

/// Between two things that a server is told there is at least so much time, however much changes.
pub(crate) const GAP: Duration = Duration::from_secs(10);

/// How this device is notified.
#[derive(Clone, Eq, PartialEq)]
pub(crate) struct Registration {
    pub(crate) device: DeviceToken,
    pub(crate) wishes: PushWishes,
    /// What whoever wants to notify must know; empty if there is none yet.
    pub(crate) access_token: Zeroizing<String>,
    /// Whom the access token was made for.
    pub(crate) contacts: Vec<UserId>,
}

/// What a server was asked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Server {
    pub(crate) state: PushState,
    /// Whether it is to forget us.
    pub(crate) leaving: bool,
    pub(crate) tries: u32,
    pub(crate) asked: Timestamp,
    /// When it is asked again, if it is waited for.
    pub(crate) due: Timestamp,
    /// The version of the last thing that it was told; each has a greater one.
    pub(crate) version: u64,
    /// The names of what it was asked and did not answer.
    pub(crate) ids: Vec<[u8; 64]>,
}

impl Server {
    /// One that is to be asked at once.
    pub(crate) fn new(leaving: bool) -> Self {
        Self {
            state: PushState::Waiting,
            leaving,
            tries: 0,
            asked: Timestamp::default(),
            due: Timestamp::default(),
            version: 0,
            ids: Vec::new(),
        }
    }

    /// When it is to be asked next.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        let gap = if self.asked == Timestamp::default() { self.asked } else { self.asked.after(GAP) };
        (self.state == PushState::Waiting).then(|| self.due.max(gap))
    }

    /// Begins anew.
    pub(crate) fn again(&mut self) {
        *self = Self { asked: self.asked, version: self.version, ..Self::new(self.leaving) };
    }
}

pub(crate) fn notifying(shelf: &Shelf<'_>) -> Result<bool, StoreError> {
    shelf.has(&NOTIFYING)
}

/// Turns notifying others on or off. Off, nothing of it is kept.
pub(crate) fn set_notifying(shelf: &mut Shelf<'_>, notifying: bool) -> Result<(), StoreError> {
    if notifying {
        shelf.put(NOTIFYING, Writer::new(VERSION).finish());
        return Ok(());
    }
    shelf.delete(NOTIFYING);
    for (tag, max) in [(NOTIFY, 2 * MAX_PENDING), (KNOWN, known::MAX_KNOWN)] {
        shelf.scan(&[tag], None, max + 1)?.into_iter().for_each(|(key, _)| shelf.delete(key));
    }
    Ok(())
}

pub(crate) fn registration(shelf: &Shelf<'_>) -> Result<Option<Registration>, StoreError> {
    shelf.get(&REGISTRATION)?.map(|row| read_registration(&row)).transpose()
}

pub(crate) fn save_registration(shelf: &mut Shelf<'_>, registration: Option<&Registration>) {
    match registration {
        Some(registration) => shelf.put(REGISTRATION, row(registration)),
        None => shelf.delete(REGISTRATION),
    }
}

/// What of it was said at our contact code, and when.
pub(crate) fn advertised(shelf: &Shelf<'_>) -> Result<Option<Published>, StoreError> {
    shelf.get(&ADVERTISED)?.map(|row| read_advertised(&row)).transpose()
}

pub(crate) fn set_advertised(shelf: &mut Shelf<'_>, said: Option<&Published>) {
    match said {
        Some(Published { at, hash }) => {
            shelf.put(ADVERTISED, Writer::new(VERSION).u64(at.millis()).bytes(hash).finish());
        }
        None => shelf.delete(ADVERTISED),
    }
}

/// Every server, in the order of their keys.
pub(crate) fn servers(shelf: &Shelf<'_>) -> Result<Vec<(UserId, Server)>, StoreError> {
    shelf.scan(&[SERVER], None, MAX_SERVERS)?.iter().map(|(key, row)| read_server(key, row)).collect()
}

pub(crate) fn server(shelf: &Shelf<'_>, user: &UserId) -> Result<Option<Server>, StoreError> {
    let key = key(SERVER, user);
    shelf.get(&key)?.map(|row| read_server(&key, &row).map(|(_, server)| server)).transpose()
}

pub(crate) fn save_server(shelf: &mut Shelf<'_>, user: &UserId, server: &Server) {
    let row = Writer::new(VERSION)
        .u8(state_byte(server.state))
        .flag(server.leaving)
        .u32(server.tries)
        .u64(server.asked.millis())
        .u64(server.due.millis())
        .u64(server.version);
    let row = server.ids.iter().fold(row, |row, id| row.bytes(id));
    shelf.put(key(SERVER, user), row.finish());
}

pub(crate) fn drop_server(shelf: &mut Shelf<'_>, user: &UserId) {
    shelf.delete(key(SERVER, user));
}

/// Notes that something has changed of which servers are to know: contacts, who is blocked or muted, channels.
pub(crate) fn touch(shelf: &mut Shelf<'_>) -> Result<(), StoreError> {
    if !shelf.has(&REGISTRATION)? {
        return Ok(());
    }
    for (user, mut server) in servers(shelf)? {
        if !server.leaving {
            server.again();
            save_server(shelf, &user, &server);
        }
    }
    Ok(())
}

/// When something is to be said to a server next.
pub(crate) fn next(shelf: &Shelf<'_>) -> Result<Option<Timestamp>, StoreError> {
    let asks = servers(shelf)?.into_iter().filter_map(|(_, server)| server.next()).min();
    let notifies = if notifying(shelf)? { pending::next(shelf)? } else { None };
    Ok(asks.into_iter().chain(notifies).min())
}

/// Looks at a row of ours.
pub(crate) fn check_ours(key: &[u8], row: &[u8]) -> Result<(), StoreError> {
    match key {
        key if key == NOTIFYING => Reader::read(WHAT, VERSION, row, |_| Some(())),
        key if key == REGISTRATION => read_registration(row).map(drop),
        key if key == ADVERTISED => read_advertised(row).map(drop),
        _ => Err(damaged()),
    }
}

pub(crate) fn read_server(key: &[u8], row: &[u8]) -> Result<(UserId, Server), StoreError> {
    let server = Reader::read(WHAT, VERSION, row, |r| {
        let mut server = Server {
            state: state_of(r.u8()?)?,
            leaving: r.flag()?,
            tries: r.u32()?,
            asked: Timestamp::from_millis(r.u64()?),
            due: Timestamp::from_millis(r.u64()?),
            version: r.u64()?,
            ids: Vec::new(),
        };
        while !r.is_empty() {
            server.ids.push(r.array()?);
        }
        Some(server)
    })?;
    Ok((read_user(key)?, server))
}

fn row(registration: &Registration) -> Value {
    let Registration { device, wishes, access_token, contacts } = registration;
    let row = Writer::new(VERSION)
        .u8(match device.service {
            PushService::Apn => 1,
            PushService::Firebase => 2,
        })
        .flag(wishes.contacts_only)
        .flag(wishes.block_mentions)
        .sized(device.token.as_bytes())
        .sized(device.topic.as_bytes())
        .sized(access_token.as_bytes());
    contacts.iter().fold(row, |row, user| row.bytes(user.as_bytes())).finish()
}

fn read_registration(row: &[u8]) -> Result<Registration, StoreError> {
    Reader::read(WHAT, VERSION, row, |r| {
        let service = match r.u8()? {
            1 => PushService::Apn,
            2 => PushService::Firebase,
            _ => return None,
        };
        let wishes = PushWishes { contacts_only: r.flag()?, block_mentions: r.flag()? };
        let mut secret = || Some(Zeroizing::new(text(r.sized()?)?));
        let (token, topic, access_token) = (secret()?, secret()?, secret()?);
        let device = DeviceToken { service, token, topic };
        let mut contacts = Vec::new();
        while !r.is_empty() {
            contacts.push(UserId::from_compressed(&r.array::<33>()?).ok()?);
        }
        Some(Registration { device, wishes, access_token, contacts })
    })
}

fn read_advertised(row: &[u8]) -> Result<Published, StoreError> {
    Reader::read(WHAT, VERSION, row, |r| {
        Some(Published { at: Timestamp::from_millis(r.u64()?), hash: r.array()? })
    })
}

const fn state_byte(state: PushState) -> u8 {
    match state {
        PushState::Waiting => 0,
        PushState::Registered => 1,
        PushState::GaveUp => 2,
        PushState::Refused(PushRefusal::Malformed) => 3,
        PushState::Refused(PushRefusal::TokenType) => 4,
        PushState::Refused(PushRefusal::Unsaid) => 5,
    }
}

const fn state_of(byte: u8) -> Option<PushState> {
    Some(match byte {
        0 => PushState::Waiting,
        1 => PushState::Registered,
        2 => PushState::GaveUp,
        3 => PushState::Refused(PushRefusal::Malformed),
        4 => PushState::Refused(PushRefusal::TokenType),
        5 => PushState::Refused(PushRefusal::Unsaid),
        _ => return None,
    })
}

fn key(tag: u8, user: &UserId) -> Vec<u8> {
    [&[tag], user.as_bytes().as_slice()].concat()
}

fn read_user(key: &[u8]) -> Result<UserId, StoreError> {
    Reader::read_key(WHAT, key, |r| UserId::from_compressed(&r.array::<33>()?).ok())
}

const fn damaged() -> StoreError {
    StoreError::Damaged { what: WHAT }
}

#[cfg(test)]
mod tests;
