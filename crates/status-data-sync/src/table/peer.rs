//! What is known of a user: how many rows they have, when their next payload is due, what to acknowledge.

use alloc::vec::Vec;

use status_layer::{Shelf, StoreError, Timestamp, UserId};

use super::record::Kind;
use super::{ACK, AGENDA, Fields, PAGE, PEER, key, record, value};
use crate::ident::SyncId;

const WHAT: &str = "a data sync user";
const NEVER: u64 = u64::MAX;

/// A user we exchange with. Load, change, save.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    pub(crate) user: UserId,
    pub(crate) counts: Counts,
    /// When their next payload is due.
    pub(crate) next: Option<Timestamp>,
    /// As it stands on the shelf.
    stored: (Counts, Option<Timestamp>),
}

/// The rows of a user, so that bounds cost one lookup.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Counts {
    /// Offers and messages that wait for a confirmation.
    pub(crate) waiting: u32,
    /// Requests that wait for a message.
    pub(crate) requests: u32,
    /// Acknowledgements to be sent.
    pub(crate) acks: u32,
    /// Messages noted as arrived.
    pub(crate) seen: u32,
}

impl Peer {
    pub(crate) fn load(shelf: &Shelf<'_>, user: &UserId) -> Result<Self, StoreError> {
        let stored = match shelf.get(&peer_key(user))? {
            Some(row) => read(&row)?,
            None => (Counts::default(), None),
        };
        Ok(Self { user: *user, counts: stored.0, next: stored.1, stored })
    }

    /// Writes what changed. A user of whom nothing is left to know leaves no row.
    pub(crate) fn save(self, shelf: &mut Shelf<'_>) {
        let state = (self.counts, self.next);
        if state == self.stored {
            return;
        }
        if let (_, Some(filed)) = self.stored {
            shelf.delete(agenda_key(filed, &self.user));
        }
        if let Some(next) = self.next {
            shelf.put(agenda_key(next, &self.user), value(&[]));
        }
        match state {
            (counts, None) if counts == Counts::default() => shelf.delete(peer_key(&self.user)),
            _ => shelf.put(peer_key(&self.user), write(&state)),
        }
    }

    /// Sets the time of the next payload: at once if there is something to acknowledge, else as the records say.
    pub(crate) fn settle(&mut self, shelf: &Shelf<'_>, now: Timestamp) -> Result<(), StoreError> {
        self.next = match self.counts.acks {
            0 => record::first_due(shelf, &self.user)?,
            _ => Some(now),
        };
        Ok(())
    }

    /// Has a message acknowledged with the next payload, unless `max` acknowledgements wait already.
    pub(crate) fn acknowledge(
        &mut self,
        shelf: &mut Shelf<'_>,
        id: SyncId,
        max: u32,
    ) -> Result<(), StoreError> {
        let key = key(ACK, &[self.user.as_bytes(), id.as_bytes()]);
        if self.counts.acks < max && !shelf.has(&key)? {
            shelf.put(key, value(&[]));
            self.counts.acks += 1;
        }
        Ok(())
    }

    /// Takes at most `limit` of the acknowledgements to be sent.
    pub(crate) fn take_acks(
        &mut self,
        shelf: &mut Shelf<'_>,
        limit: usize,
    ) -> Result<Vec<SyncId>, StoreError> {
        if self.counts.acks == 0 {
            return Ok(Vec::new());
        }
        let mut acks = Vec::new();
        for (key, _) in shelf.scan(&key(ACK, &[self.user.as_bytes()]), None, limit)? {
            let mut fields = Fields::of_key("a data sync acknowledgement", &key)?;
            fields.user()?;
            acks.push(SyncId::new(fields.array()?));
            self.counts.acks = self.counts.acks.saturating_sub(1);
            shelf.delete(key);
        }
        Ok(acks)
    }
}

impl Counts {
    /// The count of the records of a kind.
    pub(crate) const fn of(&mut self, kind: Kind) -> &mut u32 {
        match kind {
            Kind::Offer | Kind::Message => &mut self.waiting,
            Kind::Request => &mut self.requests,
        }
    }

    /// Counts one record less.
    pub(crate) const fn less(&mut self, kind: Kind) {
        let count = self.of(kind);
        *count = count.saturating_sub(1);
    }
}

/// An entry of the agenda: when whose payload is due.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) due: Timestamp,
    pub(crate) user: UserId,
}

/// Some of the users for whom something waits, by the time of their next payload, from `after` on.
pub(crate) fn agenda(shelf: &Shelf<'_>, after: Option<Entry>) -> Result<Vec<Entry>, StoreError> {
    let after = after.map(|entry| agenda_key(entry.due, &entry.user));
    let rows = shelf.scan(&[AGENDA], after.as_deref(), PAGE)?;
    rows.iter().map(|(key, _)| entry(key)).collect()
}

/// When the next payload for anybody is due.
pub(crate) fn next(shelf: &Shelf<'_>) -> Result<Option<Timestamp>, StoreError> {
    let first = shelf.scan(&[AGENDA], None, 1)?;
    first.first().map(|(key, _)| Ok(entry(key)?.due)).transpose()
}

fn entry(key: &[u8]) -> Result<Entry, StoreError> {
    let mut fields = Fields::of_key("the data sync agenda", key)?;
    Ok(Entry { due: Timestamp::from_millis(fields.u64()?), user: fields.user()? })
}

fn agenda_key(due: Timestamp, user: &UserId) -> Vec<u8> {
    key(AGENDA, &[&due.millis().to_be_bytes(), user.as_bytes()])
}

fn peer_key(user: &UserId) -> Vec<u8> {
    key(PEER, &[user.as_bytes()])
}

fn write((counts, next): &(Counts, Option<Timestamp>)) -> Vec<u8> {
    value(&[
        &next.map_or(NEVER, Timestamp::millis).to_be_bytes(),
        &counts.waiting.to_be_bytes(),
        &counts.requests.to_be_bytes(),
        &counts.acks.to_be_bytes(),
        &counts.seen.to_be_bytes(),
    ])
}

fn read(row: &[u8]) -> Result<(Counts, Option<Timestamp>), StoreError> {
    let mut fields = Fields::of_value(WHAT, row)?;
    let next = Some(fields.u64()?).filter(|next| *next != NEVER).map(Timestamp::from_millis);
    let counts =
        Counts { waiting: fields.u32()?, requests: fields.u32()?, acks: fields.u32()?, seen: fields.u32()? };
    fields.end()?;
    Ok((counts, next))
}
