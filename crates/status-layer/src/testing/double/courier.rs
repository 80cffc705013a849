//! A data sync that repeats everything each minute until it is acknowledged.

use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use super::{DoubleError, pack, unpack, user};
use crate::{
    Arrival, Audience, Body, Cx, DataSync, Datagram, Due, GroupId, Letter, MessageId, Name, Recipient, Round,
    Timestamp, UserId,
};

/// A data sync that repeats everything each minute until it is acknowledged. It knows no closed groups.
#[derive(Clone, Copy, Debug, Default)]
pub struct Courier;

const AGAIN_AFTER: Duration = Duration::from_secs(60);
const GIVE_UP_AFTER: Duration = Duration::from_secs(30 * 86_400);
const MANY: usize = 10_000;

// Rows: W id reader → time of the next sending, time of appending, kind, body | C count → channel, body | A reader id → "" | S sender id → ""
const WAITING: u8 = b'W';
const CHANNEL: u8 = b'C';
const ACK: u8 = b'A';
const SEEN: u8 = b'S';

// Datagrams: M id body | A id
const MESSAGE: &[u8] = b"M";
const ACKED: &[u8] = b"A";

impl DataSync for Courier {
    type Error = DoubleError;

    fn share(&self, _: &mut Cx<'_>, _: GroupId, _: &[UserId]) -> Result<(), DoubleError> {
        Ok(())
    }

    fn append(&self, cx: &mut Cx<'_>, id: MessageId, to: &Audience, body: Body) -> Result<(), DoubleError> {
        match to {
            Audience::User(reader) => {
                let key = key(WAITING, id.as_bytes(), reader.as_bytes());
                if !cx.shelf.has(&key)? {
                    let now = cx.now.millis().to_be_bytes();
                    let kind = [u8::from(body.introduces()) | u8::from(body.passes()) << 1];
                    cx.shelf.put(key, pack(&[&now, &now, &kind, body.as_bytes()]));
                }
            }
            Audience::Channel(name) => {
                let row = pack(&[name.as_str().as_bytes(), body.as_bytes()]);
                cx.shelf.put(key(CHANNEL, id.as_bytes(), &[]), row);
            }
            Audience::Group(_) => return Err(DoubleError::Malformed),
        }
        Ok(())
    }

    fn receive(&self, cx: &mut Cx<'_>, letter: Letter) -> Result<Vec<Arrival>, DoubleError> {
        let Letter { from, grade, datagram: Datagram { to, bytes, .. } } = letter;
        if matches!(to, Recipient::Channel(_)) {
            return Ok(vec![Arrival::Body { from, grade, to, body: Body::new(bytes) }]);
        }
        let [what, id, body] = unpack(&bytes)?;
        let id = MessageId::new(id.try_into().map_err(|_| DoubleError::Malformed)?);
        if what == ACKED {
            let waiting = key(WAITING, id.as_bytes(), from.user.as_bytes());
            let known = cx.shelf.has(&waiting)?;
            cx.shelf.delete(waiting);
            return Ok(if known {
                vec![Arrival::Acked { id, by: from.user, device: from.device }]
            } else {
                Vec::new()
            });
        }
        cx.shelf.put(key(ACK, from.user.as_bytes(), id.as_bytes()), Vec::new());
        let seen = key(SEEN, from.user.as_bytes(), id.as_bytes());
        if cx.shelf.has(&seen)? {
            // Acknowledged once more, and so is our own note of it if that got lost.
            return Ok(vec![Arrival::Again { from: from.user }]);
        }
        cx.shelf.put(seen, Vec::new());
        Ok(vec![Arrival::Body { from, grade, to, body: Body::new(body.to_vec()) }])
    }

    fn online(&self, cx: &mut Cx<'_>) -> Result<(), DoubleError> {
        self.resend(cx, None)
    }

    fn resend(&self, cx: &mut Cx<'_>, whom: Option<&UserId>) -> Result<(), DoubleError> {
        for (key, row) in cx.shelf.scan(&[WAITING], None, MANY)? {
            if whom.is_none_or(|user| key.ends_with(user.as_bytes())) {
                let [_, since, kind, body] = unpack(&row)?;
                cx.shelf.put(key, pack(&[&cx.now.millis().to_be_bytes(), since, kind, body]));
            }
        }
        Ok(())
    }

    fn due(&self, cx: &mut Cx<'_>) -> Result<Due<Round>, DoubleError> {
        let mut due = Due::<Round>::default();
        for (key, _) in cx.shelf.scan(&[ACK], None, MANY)? {
            let (reader, id) = split(&key, 33)?;
            let to = Recipient::User(user(reader)?);
            due.now.datagrams.push(Datagram::new(to, pack(&[ACKED, id, &[]])));
            cx.shelf.delete(key);
        }
        for (key, row) in cx.shelf.scan(&[CHANNEL], None, MANY)? {
            let [name, body] = unpack(&row)?;
            let name = core::str::from_utf8(name).map_err(|_| DoubleError::Malformed)?;
            let datagram = Datagram::new(Recipient::Channel(Name::new(name)?), body.to_vec());
            let (id, _) = split(&key, 32)?;
            due.now.datagrams.push(Datagram { carries: vec![message(id)?], ..datagram });
            cx.shelf.delete(key);
        }
        for (key, row) in cx.shelf.scan(&[WAITING], None, MANY)? {
            let [at, since, kind, body] = unpack(&row)?;
            let (mut at, (id, reader)) = (time(at), split(&key, 32)?);
            let (id, reader) = (message(id)?, user(reader)?);
            if at <= cx.now && cx.now.since(time(since)) > GIVE_UP_AFTER {
                due.now.arrivals.push(Arrival::GaveUp { id, to: reader });
                cx.shelf.delete(key);
                continue;
            }
            if at <= cx.now {
                let datagram = Datagram::new(Recipient::User(reader), pack(&[MESSAGE, id.as_bytes(), body]));
                due.now.datagrams.push(Datagram { introduces: kind == [1], carries: vec![id], ..datagram });
                if kind == [2] {
                    cx.shelf.delete(key);
                    continue;
                }
                at = cx.now.after(AGAIN_AFTER);
                cx.shelf.put(key, pack(&[&at.millis().to_be_bytes(), since, kind, body]));
            }
            due.next = Some(due.next.map_or(at, |next| next.min(at)));
        }
        Ok(due)
    }

    fn lapse(&self, cx: &mut Cx<'_>) -> Result<Due<Vec<Arrival>>, DoubleError> {
        let mut due = Due::<Vec<Arrival>>::default();
        for (key, row) in cx.shelf.scan(&[WAITING], None, MANY)? {
            let [_, since, _, _] = unpack(&row)?;
            let (end, (id, reader)) = (time(since).after(GIVE_UP_AFTER), split(&key, 32)?);
            if end < cx.now {
                due.now.push(Arrival::GaveUp { id: message(id)?, to: user(reader)? });
                cx.shelf.delete(key);
            } else {
                let end = end.after(Duration::from_millis(1));
                due.next = Some(due.next.map_or(end, |next| next.min(end)));
            }
        }
        Ok(due)
    }
}

fn time(bytes: &[u8]) -> Timestamp {
    Timestamp::from_millis(u64::from_be_bytes(bytes.try_into().unwrap_or_default()))
}

fn message(bytes: &[u8]) -> Result<MessageId, DoubleError> {
    bytes.try_into().map(MessageId::new).map_err(|_| DoubleError::Malformed)
}

fn key(tag: u8, first: &[u8], second: &[u8]) -> Vec<u8> {
    [&[tag], first, second].concat()
}

fn split(key: &[u8], at: usize) -> Result<(&[u8], &[u8]), DoubleError> {
    key.get(1..).and_then(|key| key.split_at_checked(at)).ok_or(DoubleError::Malformed)
}
