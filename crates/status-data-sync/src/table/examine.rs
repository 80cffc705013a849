//! What has to hold for the rows of this layer.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use status_layer::examine::{Examined, Nature, Report, Table, Wrong, every_row};
use status_layer::{
    Area, Draft, GroupId, MessageId, Name, Read, Shelf, StoreError, Timestamp, UserId, Value,
};

use super::message::{self, Waiting};
use super::peer::{Counts, Peer};
use super::record::{self, Kind, Task};
use super::{
    ACK, AGENDA, CHANNEL, Fields, MEMBERS, MESSAGE, NAME, NUMBER, PEER, QUEUE, RECORD, SEEN, SEEN_BY, key,
    value,
};
use crate::ident::SyncId;

/// Every table of this layer.
pub const TABLES: [Table; 12] = [
    table(NUMBER, "the next number", Nature::Device),
    table(RECORD, "what is to be sent to whom", Nature::Device),
    table(QUEUE, "the order in which it is sent", Nature::Index),
    table(AGENDA, "whose turn it is when", Nature::Index),
    table(PEER, "counts of what there is of a user", Nature::Index),
    table(ACK, "acknowledgements to be sent", Nature::Device),
    table(SEEN, "messages that arrived", Nature::Index),
    table(SEEN_BY, "messages that arrived, by sender", Nature::Device),
    table(MESSAGE, "bodies that wait for confirmation", Nature::Device),
    table(NAME, "what the application calls them", Nature::Index),
    table(CHANNEL, "bodies for channels", Nature::Device),
    table(MEMBERS, "members of closed chats", Nature::User),
];

const fn table(tag: u8, holds: &'static str, nature: Nature) -> Table {
    Table { tag, holds, nature }
}

/// Looks at all rows of this layer in `area`.
///
/// Every row can be read, and the invariants of the tables hold: what is to be sent is in a queue, has a body and a user
/// whose turn comes; what arrived is noted twice; names belong to bodies; counts are right.
///
/// # Errors
/// [`StoreError`] if the medium fails.
pub fn examine(rows: &dyn Read, area: Area) -> Result<Examined, StoreError> {
    let mut draft = Draft::new(rows);
    let shelf = draft.shelf(area);
    let seen = ids(&shelf, SEEN_BY, 1 + 33 + 8)?;
    let bare = bare_names(&shelf)?;
    every_row(rows, area, &TABLES, |shelf, row_key, row, report| {
        let mut fields = Fields::of_key("a data sync key", row_key)?;
        if matches!(row_key.first(), Some(&(AGENDA | ACK | SEEN | SEEN_BY | NAME))) {
            fields_of(row)?.end()?;
        }
        match row_key.first() {
            Some(&NUMBER) => {
                fields.end()?;
                fields_of(row)?.u64()?;
            }
            Some(&RECORD) => {
                let id = SyncId::new(fields.array()?);
                let task = Task { id, user: fields.user()?, kind: kind(&mut fields)? };
                fields.end()?;
                sent(shelf, &task, report)?;
            }
            Some(&QUEUE) => {
                let user = fields.user()?;
                let place = (Timestamp::from_millis(fields.u64()?), fields.u64()?);
                fields.end()?;
                let mut fields = fields_of(row)?;
                let task = Task { user, id: SyncId::new(fields.array()?), kind: kind(&mut fields)? };
                fields.end()?;
                if record(shelf, &task)?.is_none_or(|record| (record.due, record.number) != place) {
                    report.drop(Wrong::Dangling);
                }
                counted(shelf, &user, report)?;
            }
            Some(&AGENDA) => {
                let (due, user) = (Timestamp::from_millis(fields.u64()?), fields.user()?);
                fields.end()?;
                if peer(shelf, &user)?.is_none_or(|peer| peer.next != Some(due)) {
                    report.drop(Wrong::Dangling);
                }
            }
            Some(&PEER) => {
                let user = fields.user()?;
                fields.end()?;
                user_in_order(shelf, &Peer::load(shelf, &user)?, report)?;
            }
            Some(&ACK) => {
                let user = fields.user()?;
                fields.array::<32>()?;
                fields.end()?;
                counted(shelf, &user, report)?;
            }
            Some(&SEEN) => {
                let id = fields.array()?;
                fields.end()?;
                if !seen.contains(&id) {
                    report.drop(Wrong::Dangling);
                }
            }
            Some(&SEEN_BY) => {
                let user = fields.user()?;
                fields.u64()?;
                let noted = key(SEEN, &[&fields.array::<32>()?]);
                fields.end()?;
                if !shelf.has(&noted)? {
                    report.mend(Wrong::Incomplete, [(noted, Some(value(&[]).into()))].into());
                }
                counted(shelf, &user, report)?;
            }
            Some(&MESSAGE) => waiting(shelf, SyncId::new(fields.array()?), report)?,
            Some(&NAME) => {
                let name = MessageId::new(fields.array()?);
                let named = match fields.rest() {
                    [] => bare.contains(name.as_bytes()),
                    id => match Waiting::load(shelf, SyncId::new(exactly(id)?)) {
                        Ok(Some(waiting)) => waiting.names.contains(&name),
                        Ok(None) => false,
                        // The message is found by itself.
                        Err(_) => true,
                    },
                };
                if !named {
                    report.drop(Wrong::Dangling);
                }
            }
            Some(&CHANNEL) => {
                fields.u64()?;
                fields.end()?;
                let name = key(NAME, &[&bare_name(row)?]);
                if !shelf.has(&name)? {
                    report.mend(Wrong::Incomplete, [(name, Some(value(&[]).into()))].into());
                }
            }
            _ => drop(message::members(shelf, &GroupId::new(fields.array()?))?),
        }
        Ok(())
    })
}

/// A record has its place in the queue, and what it speaks of.
fn sent(shelf: &Shelf<'_>, task: &Task, report: &mut Report<'_>) -> Result<(), StoreError> {
    let Some(record) = task.load(shelf)? else { return Ok(()) };
    let due = record.due.millis().to_be_bytes();
    let place = key(QUEUE, &[task.user.as_bytes(), &due, &record.number.to_be_bytes()]);
    let kind = [match task.kind {
        Kind::Offer => 0,
        Kind::Request => 1,
        Kind::Message => 2,
    }];
    let row = Value::new(value(&[task.id.as_bytes(), &kind]));
    if shelf.get(&place)?.as_ref() != Some(&row) {
        report.mend(Wrong::Incomplete, [(place, Some(row))].into());
    }
    if task.kind != Kind::Request && !message::has(shelf, task.id)? {
        // Nothing is left that could be sent.
        report.drop(Wrong::Dangling);
    }
    Ok(())
}

/// A body is sent to somebody, and is found under its names.
fn waiting(shelf: &Shelf<'_>, id: SyncId, report: &mut Report<'_>) -> Result<(), StoreError> {
    let Some(waiting) = Waiting::load(shelf, id)? else { return Ok(()) };
    if !record::any(shelf, id)? {
        report.drop(Wrong::Dangling);
    }
    for name in waiting.names {
        let name = key(NAME, &[name.as_bytes(), id.as_bytes()]);
        if !shelf.has(&name)? {
            report.mend(Wrong::Incomplete, [(name, Some(value(&[]).into()))].into());
        }
    }
    Ok(())
}

/// A user's counts are right, and their turn comes if there is anything for them.
fn user_in_order(shelf: &Shelf<'_>, peer: &Peer, report: &mut Report<'_>) -> Result<(), StoreError> {
    let (counts, first) = count(shelf, &peer.user)?;
    let next = peer.next.or(first);
    if counts != peer.counts || next != peer.next {
        report.mend(Wrong::Differs, row_of(&peer.user, counts, next));
    }
    if let Some(next) = next {
        let turn = key(AGENDA, &[&next.millis().to_be_bytes(), peer.user.as_bytes()]);
        if !shelf.has(&turn)? {
            report.mend(Wrong::Incomplete, [(turn, Some(value(&[]).into()))].into());
        }
    }
    Ok(())
}

/// A user of whom there is anything has a row of counts.
fn counted(shelf: &Shelf<'_>, user: &UserId, report: &mut Report<'_>) -> Result<(), StoreError> {
    if !shelf.has(&key(PEER, &[user.as_bytes()]))? {
        let (counts, next) = count(shelf, user)?;
        report.mend(Wrong::Incomplete, row_of(user, counts, next));
    }
    Ok(())
}

/// Counts what there is of a user; and when the first of it is due.
fn count(shelf: &Shelf<'_>, user: &UserId) -> Result<(Counts, Option<Timestamp>), StoreError> {
    let rows = |tag: u8| shelf.scan(&key(tag, &[user.as_bytes()]), None, usize::MAX);
    let number = |rows: usize| u32::try_from(rows).unwrap_or(u32::MAX);
    let queue = rows(QUEUE)?;
    let requests = queue.iter().filter(|(_, row)| row.last() == Some(&1)).count();
    let waiting = number(queue.len().saturating_sub(requests));
    let (acks, seen) = (number(rows(ACK)?.len()), number(rows(SEEN_BY)?.len()));
    let first = if acks > 0 { Some(Timestamp::default()) } else { record::first_due(shelf, user)? };
    Ok((Counts { waiting, requests: number(requests), acks, seen }, first))
}

type Rows = Vec<(Vec<u8>, Option<Value>)>;

fn row_of(user: &UserId, counts: Counts, next: Option<Timestamp>) -> Rows {
    let next = next.map_or(u64::MAX, Timestamp::millis).to_be_bytes();
    let Counts { waiting, requests, acks, seen } = counts;
    let counts = [waiting, requests, acks, seen].map(u32::to_be_bytes);
    let row =
        (counts != [[0; 4]; 4] || next != [0xff; 8]).then(|| value(&[&next, counts.as_flattened()]).into());
    [(key(PEER, &[user.as_bytes()]), row)].into()
}

/// A record, if there is one that can be read; one that cannot is found by itself.
fn record(shelf: &Shelf<'_>, task: &Task) -> Result<Option<record::Record>, StoreError> {
    readable(task.load(shelf))
}

fn peer(shelf: &Shelf<'_>, user: &UserId) -> Result<Option<Peer>, StoreError> {
    readable(Peer::load(shelf, user).map(Some))
}

fn readable<T>(read: Result<Option<T>, StoreError>) -> Result<Option<T>, StoreError> {
    match read {
        Err(StoreError::Damaged { .. } | StoreError::Newer { .. }) => Ok(None),
        read => read,
    }
}

/// The ids at place `at` in all keys of a table.
fn ids(shelf: &Shelf<'_>, tag: u8, at: usize) -> Result<BTreeSet<[u8; 32]>, StoreError> {
    let rows = shelf.scan(&[tag], None, usize::MAX)?;
    Ok(rows.iter().filter_map(|(key, _)| key.get(at..)?.try_into().ok()).collect())
}

fn bare_names(shelf: &Shelf<'_>) -> Result<BTreeSet<[u8; 32]>, StoreError> {
    let rows = shelf.scan(&[CHANNEL], None, usize::MAX)?;
    Ok(rows.iter().filter_map(|(_, row)| bare_name(row).ok()).collect())
}

fn bare_name(row: &[u8]) -> Result<[u8; 32], StoreError> {
    let mut fields = Fields::of_value("a channel message", row)?;
    let name = fields.array()?;
    let len = fields.u16()?;
    let channel = core::str::from_utf8(fields.slice(len.into())?).map_err(|_| fields.damaged())?;
    Name::new(channel).map_err(|_| fields.damaged())?;
    Ok(name)
}

fn exactly(id: &[u8]) -> Result<[u8; 32], StoreError> {
    id.try_into().map_err(|_| StoreError::Damaged { what: "the name of a data sync message" })
}

fn fields_of(row: &[u8]) -> Result<Fields<'_>, StoreError> {
    Fields::of_value("a data sync row", row)
}

fn kind(fields: &mut Fields<'_>) -> Result<Kind, StoreError> {
    match fields.array()? {
        [0] => Ok(Kind::Offer),
        [1] => Ok(Kind::Request),
        [2] => Ok(Kind::Message),
        _ => Err(fields.damaged()),
    }
}
