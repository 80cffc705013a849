//! What has to hold for the rows of this layer.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use status_layer::examine::{Examined, Nature, Report, Table, Wrong, every_row};
use status_layer::row::{Reader, Writer};
use status_layer::{Area, Draft, GroupId, Read, Shelf, StoreError, Timestamp, UserId};

use super::lapse;
use super::message::{self, Bare, Waiting};
use super::order::{self, Held};
use super::peer::{Counts, Peer};
use super::record::{self, Kind, Task};
use super::settled::Settled;
use super::{
    ACK, AGENDA, CHANNEL, HEADS, HELD, HELD_UNTIL, LAPSE, MEMBERS, MESSAGE, NAME, NUMBER, PEER, QUEUE,
    RECORD, SEEN, SEEN_BY, SETTLED, SETTLED_AT, VERSION, WANTED, empty, id, key, user,
};
use crate::ident::SyncId;

/// Every table of this layer.
pub const TABLES: [Table; 19] = [
    table(NUMBER, "the next number", Nature::Device),
    table(RECORD, "what is to be sent to whom", Nature::Device),
    table(QUEUE, "the order in which it is sent", Nature::Index),
    table(AGENDA, "whose turn it is when", Nature::Index),
    table(PEER, "what there is of each user", Nature::Index),
    table(ACK, "acknowledgements to be sent", Nature::Device),
    table(SEEN, "messages that arrived", Nature::Index),
    table(SEEN_BY, "messages that arrived, by sender", Nature::Device),
    table(MESSAGE, "bodies that wait for confirmation", Nature::Device),
    table(NAME, "what the application calls them", Nature::Index),
    table(CHANNEL, "bodies for channels", Nature::Device),
    table(MEMBERS, "members of closed chats", Nature::User),
    table(SETTLED, "what became of messages", Nature::Device),
    table(SETTLED_AT, "the same by time", Nature::Index),
    table(HEADS, "the last messages of groups", Nature::Device),
    table(HELD, "messages that wait for others", Nature::Device),
    table(WANTED, "what they wait for", Nature::Index),
    table(HELD_UNTIL, "how long they wait", Nature::Index),
    table(LAPSE, "when it is looked at what is too old", Nature::Device),
];

const fn table(tag: u8, holds: &'static str, nature: Nature) -> Table {
    Table { tag, holds, nature }
}

/// What is known of all rows before one is looked at.
#[derive(Default)]
struct Known {
    /// Messages that arrived.
    seen: BTreeSet<[u8; 32]>,
    /// Names of bodies for channels.
    bare: BTreeSet<[u8; 32]>,
    /// How many messages of each user wait for others.
    held: BTreeMap<UserId, u32>,
}

/// Looks at all rows of this layer in `area`.
///
/// Every row can be read, and the invariants of the tables hold: what is to be sent is in a queue, has a body and a user
/// whose turn comes; what arrived is noted twice; names belong to bodies; counts are right.
///
/// # Errors
/// [`StoreError`] if the medium fails.
pub fn examine(rows: &dyn Read, area: Area) -> Result<Examined, StoreError> {
    let known = Known::gather(&Draft::new(rows).shelf(area))?;
    every_row(rows, area, &TABLES, |shelf, row_key, row, report| {
        let tag = row_key.first().copied().unwrap_or_default();
        if matches!(tag, AGENDA | ACK | SEEN | SEEN_BY | NAME | SETTLED_AT | WANTED | HELD_UNTIL) {
            Reader::read("a data sync note", VERSION, row, |_| Some(()))?;
        }
        match tag {
            NUMBER => drop(Reader::read("the counter of data sync", VERSION, row, Reader::u64)?),
            RECORD => {
                let task = read_key(row_key, |r| Some((id(r)?, user(r)?, record::kind(r)?)))?;
                sent(shelf, &Task { id: task.0, user: task.1, kind: task.2 }, report)?;
            }
            QUEUE => {
                let (user, due, number) = read_key(row_key, |r| Some((user(r)?, time(r)?, r.u64()?)))?;
                let task = record::task(&user, row)?;
                if readable(task.load(shelf))?
                    .is_none_or(|record| (record.due, record.number) != (due, number))
                {
                    report.drop(Wrong::Dangling);
                }
                known.counted(shelf, &user, report)?;
            }
            AGENDA => {
                let (due, user) = read_key(row_key, |r| Some((time(r)?, user(r)?)))?;
                let peer = readable(Peer::load(shelf, &user).map(Some))?;
                if peer.is_none_or(|peer| peer.next != Some(due)) {
                    report.drop(Wrong::Dangling);
                }
            }
            PEER => known.user_in_order(shelf, &Peer::load(shelf, &read_key(row_key, user)?)?, report)?,
            ACK => known.counted(shelf, &read_key(row_key, |r| Some((user(r)?, id(r)?)))?.0, report)?,
            SEEN => {
                if !known.seen.contains(read_key(row_key, id)?.as_bytes()) {
                    report.drop(Wrong::Dangling);
                }
            }
            SEEN_BY => {
                let (user, _, id) = read_key(row_key, |r| Some((user(r)?, r.u64()?, id(r)?)))?;
                present(shelf, key(SEEN, &[id.as_bytes()]), report)?;
                known.counted(shelf, &user, report)?;
            }
            MESSAGE => waiting(shelf, read_key(row_key, id)?, report)?,
            NAME => known.named(shelf, row_key, report)?,
            CHANNEL => {
                read_key(row_key, Reader::u64)?;
                present(shelf, key(NAME, &[Bare::read(row)?.name.as_bytes()]), report)?;
            }
            MEMBERS => drop(message::members(shelf, &GroupId::new(read_key(row_key, Reader::array)?))?),
            SETTLED => {
                let (id, by) = read_key(row_key, |r| Some((id(r)?, user(r)?)))?;
                if let Some(settled) = Settled::load(shelf, id, &by)? {
                    let at = settled.at.millis().to_be_bytes();
                    present(shelf, key(SETTLED_AT, &[&at, id.as_bytes(), by.as_bytes()]), report)?;
                }
            }
            SETTLED_AT => {
                let (at, id, by) = read_key(row_key, |r| Some((time(r)?, id(r)?, user(r)?)))?;
                if settles(Settled::load(shelf, id, &by), |settled| settled.at == at)? {
                    report.drop(Wrong::Dangling);
                }
            }
            HEADS => drop(order::heads(shelf, &GroupId::new(read_key(row_key, Reader::array)?))?),
            LAPSE => drop(lapse::read(row)?),
            HELD => held(shelf, read_key(row_key, id)?, report)?,
            WANTED => {
                let (parent, child) = read_key(row_key, |r| Some((id(r)?, id(r)?)))?;
                if settles(Held::load(shelf, child), |held| held.missing.contains(&parent))? {
                    report.drop(Wrong::Dangling);
                }
            }
            _ => {
                let (until, id) = read_key(row_key, |r| Some((time(r)?, id(r)?)))?;
                if settles(Held::load(shelf, id), |held| held.until == until)? {
                    report.drop(Wrong::Dangling);
                }
            }
        }
        Ok(())
    })
}

/// A record has its place in the queue, and what it speaks of.
fn sent(shelf: &Shelf<'_>, task: &Task, report: &mut Report<'_>) -> Result<(), StoreError> {
    let Some(record) = task.load(shelf)? else { return Ok(()) };
    let due = record.due.millis().to_be_bytes();
    let place = key(QUEUE, &[task.user.as_bytes(), &due, &record.number.to_be_bytes()]);
    let filed = shelf.get(&place)?.and_then(|row| record::task(&task.user, &row).ok());
    if filed != Some(*task) {
        let row = Writer::new(VERSION).bytes(task.id.as_bytes()).u8(task.kind.byte()).finish();
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
    let names = waiting.names.iter().map(|name| key(NAME, &[name.as_bytes(), id.as_bytes()]));
    names.into_iter().try_for_each(|name| present(shelf, name, report))
}

/// A message that waits for others is found by them, and by the time.
fn held(shelf: &Shelf<'_>, id: SyncId, report: &mut Report<'_>) -> Result<(), StoreError> {
    let Some(held) = Held::load(shelf, id)? else { return Ok(()) };
    present(shelf, key(HELD_UNTIL, &[&held.until.millis().to_be_bytes(), id.as_bytes()]), report)?;
    let wanted = held.missing.iter().map(|parent| key(WANTED, &[parent.as_bytes(), id.as_bytes()]));
    wanted.into_iter().try_for_each(|wanted| present(shelf, wanted, report))
}

impl Known {
    fn gather(shelf: &Shelf<'_>) -> Result<Self, StoreError> {
        let mut known = Self::default();
        for (row_key, _) in shelf.scan(&[SEEN_BY], None, usize::MAX)? {
            known.seen.extend(row_key.last_chunk::<32>().copied());
        }
        for (_, row) in shelf.scan(&[CHANNEL], None, usize::MAX)? {
            known.bare.extend(Bare::read(&row).ok().map(|bare| *bare.name.as_bytes()));
        }
        for (row_key, _) in shelf.scan(&[HELD], None, usize::MAX)? {
            let Ok(id) = read_key(&row_key, id) else { continue };
            if let Some(held) = readable(Held::load(shelf, id))? {
                *known.held.entry(held.origin.from.user).or_default() += 1;
            }
        }
        Ok(known)
    }

    /// A name belongs to a body that has it.
    fn named(&self, shelf: &Shelf<'_>, row_key: &[u8], report: &mut Report<'_>) -> Result<(), StoreError> {
        let (name, id) = read_key(row_key, |r| {
            let name = r.array::<32>()?;
            Some((name, if r.is_empty() { None } else { Some(id(r)?) }))
        })?;
        let gone = match id {
            None => !self.bare.contains(&name),
            Some(id) => settles(Waiting::load(shelf, id), |waiting| {
                waiting.names.iter().any(|known| *known.as_bytes() == name)
            })?,
        };
        if gone {
            report.drop(Wrong::Dangling);
        }
        Ok(())
    }

    /// A user's counts are right, and their turn comes if there is anything for them.
    fn user_in_order(
        &self,
        shelf: &Shelf<'_>,
        peer: &Peer,
        report: &mut Report<'_>,
    ) -> Result<(), StoreError> {
        let (counts, first) = self.count(shelf, &peer.user)?;
        let next = peer.next.or(first);
        if counts != peer.counts || next != peer.next {
            let mut right = peer.clone();
            (right.counts, right.next) = (counts, next);
            report.mend(Wrong::Differs, [(key(PEER, &[peer.user.as_bytes()]), Some(right.write()))].into());
        }
        match next {
            Some(next) => {
                present(shelf, key(AGENDA, &[&next.millis().to_be_bytes(), peer.user.as_bytes()]), report)
            }
            None => Ok(()),
        }
    }

    /// A user of whom there is anything has a row of counts.
    fn counted(&self, shelf: &Shelf<'_>, user: &UserId, report: &mut Report<'_>) -> Result<(), StoreError> {
        let row_key = key(PEER, &[user.as_bytes()]);
        if !shelf.has(&row_key)? {
            let (counts, next) = self.count(shelf, user)?;
            let mut peer = Peer::load(shelf, user)?;
            (peer.counts, peer.next) = (counts, next);
            report.mend(Wrong::Incomplete, [(row_key, Some(peer.write()))].into());
        }
        Ok(())
    }

    /// Counts what there is of a user; and when the first of it is due.
    fn count(&self, shelf: &Shelf<'_>, user: &UserId) -> Result<(Counts, Option<Timestamp>), StoreError> {
        let rows = |tag: u8| shelf.scan(&key(tag, &[user.as_bytes()]), None, usize::MAX);
        let number = |rows: usize| u32::try_from(rows).unwrap_or(u32::MAX);
        let queue = rows(QUEUE)?;
        let tasks = queue.iter().filter_map(|(_, row)| record::task(user, row).ok());
        let requests = tasks.filter(|task| task.kind == Kind::Request).count();
        let counts = Counts {
            waiting: number(queue.len().saturating_sub(requests)),
            requests: number(requests),
            acks: number(rows(ACK)?.len()),
            seen: number(rows(SEEN_BY)?.len()),
            held: self.held.get(user).copied().unwrap_or_default(),
        };
        let first =
            if counts.acks > 0 { Some(Timestamp::default()) } else { record::first_due(shelf, user)? };
        Ok((counts, first))
    }
}

/// An empty row has to be there.
fn present(shelf: &Shelf<'_>, key: Vec<u8>, report: &mut Report<'_>) -> Result<(), StoreError> {
    if !shelf.has(&key)? {
        report.mend(Wrong::Incomplete, [(key, Some(empty()))].into());
    }
    Ok(())
}

/// What can be read; what cannot is found by itself.
fn readable<T>(read: Result<Option<T>, StoreError>) -> Result<Option<T>, StoreError> {
    match read {
        Err(StoreError::Damaged { .. } | StoreError::Newer { .. }) => Ok(None),
        read => read,
    }
}

/// Whether it is sure that no row is there that fits: one that cannot be read might.
fn settles<T>(
    read: Result<Option<T>, StoreError>,
    fits: impl FnOnce(&T) -> bool,
) -> Result<bool, StoreError> {
    match read {
        Ok(found) => Ok(!found.is_some_and(|found| fits(&found))),
        Err(StoreError::Damaged { .. } | StoreError::Newer { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

fn read_key<'a, T>(
    row_key: &'a [u8],
    fields: impl FnOnce(&mut Reader<'a>) -> Option<T>,
) -> Result<T, StoreError> {
    Reader::read_key("a data sync key", row_key, fields)
}

fn time(r: &mut Reader<'_>) -> Option<Timestamp> {
    r.u64().map(Timestamp::from_millis)
}
