//! What is known of a user: how many rows they have, when their next payload is due, what to acknowledge.

use alloc::vec::Vec;

use status_layer::row::{Reader, Writer};
use status_layer::{Shelf, StoreError, Timestamp, UserId, Value};

use super::record::{Kind, Place};
use super::{ACK, AGENDA, PEER, VERSION, empty, id, key, record, user};
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
    pub(crate) wake: Wake,
    /// When they were heard from last while something waited for them; 0 if never.
    pub(crate) heard: Timestamp,
    /// What they understand beyond the deployed protocol: bits of `wire::Extensions`.
    pub(crate) speaks: u32,
    /// As it stands on the shelf.
    stored: Option<Value>,
    filed: Option<Timestamp>,
}

/// What is sent again before its time. Instead of moving every record of the user, which may be many, it is noted how far
/// the queue was gone through.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Wake {
    /// When it began last.
    pub(crate) at: Timestamp,
    /// What was sent before this moment is sent again; 0 if no wake is under way.
    pub(crate) before: Timestamp,
    /// Where to go on.
    pub(crate) place: Option<Place>,
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
    /// Messages that wait for those before them.
    pub(crate) held: u32,
}

impl Peer {
    pub(crate) fn load(shelf: &Shelf<'_>, user: &UserId) -> Result<Self, StoreError> {
        let stored = shelf.get(&peer_key(user))?;
        let mut peer = match &stored {
            Some(row) => Self::read(*user, row)?,
            None => Self {
                user: *user,
                counts: Counts::default(),
                next: None,
                wake: Wake::default(),
                heard: Timestamp::default(),
                speaks: 0,
                stored: None,
                filed: None,
            },
        };
        peer.stored = stored;
        peer.filed = peer.next;
        Ok(peer)
    }

    /// Writes what changed. A user of whom nothing is left to know leaves no row.
    pub(crate) fn save(self, shelf: &mut Shelf<'_>) {
        if self.next != self.filed {
            if let Some(filed) = self.filed {
                shelf.delete(agenda_key(filed, &self.user));
            }
            if let Some(next) = self.next {
                shelf.put(agenda_key(next, &self.user), empty());
            }
        }
        let known = self.next.is_some() || self.counts != Counts::default() || self.speaks != 0;
        let row = known.then(|| self.write());
        if row == self.stored {
            return;
        }
        match row {
            Some(row) => shelf.put(peer_key(&self.user), row),
            None => shelf.delete(peer_key(&self.user)),
        }
    }

    /// Sets the time of the next payload: at once if there is something to acknowledge or to wake, else as the records say.
    pub(crate) fn settle(&mut self, shelf: &Shelf<'_>, now: Timestamp) -> Result<(), StoreError> {
        let at_once = self.counts.acks > 0 || self.wake.is_under_way();
        self.next = if at_once { Some(now) } else { record::first_due(shelf, &self.user)? };
        Ok(())
    }

    /// Whether anything waits for them.
    pub(crate) const fn lacks_anything(&self) -> bool {
        self.counts.waiting > 0 || self.counts.requests > 0
    }

    /// Has everything sent again that was sent before `before`, if anything waits.
    pub(crate) fn wake(&mut self, now: Timestamp, before: Timestamp) {
        if self.lacks_anything() {
            self.wake = Wake { at: now, before: before.max(self.wake.before), place: None };
            self.next = Some(self.next.map_or(now, |next| next.min(now)));
        }
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
            shelf.put(key, empty());
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
            acks.push(Reader::read_key("a data sync acknowledgement", &key, |r| {
                user(r)?;
                id(r)
            })?);
            self.counts.acks = self.counts.acks.saturating_sub(1);
            shelf.delete(key);
        }
        Ok(acks)
    }

    pub(super) fn write(&self) -> Value {
        let Counts { waiting, requests, acks, seen, held } = self.counts;
        let row = Writer::new(VERSION)
            .u64(self.next.map_or(NEVER, Timestamp::millis))
            .u32(waiting)
            .u32(requests)
            .u32(acks)
            .u32(seen)
            .u32(held)
            .u32(self.speaks)
            .u64(self.heard.millis())
            .u64(self.wake.at.millis())
            .u64(self.wake.before.millis())
            .flag(self.wake.place.is_some());
        match self.wake.place {
            Some(place) => place.write(row),
            None => row,
        }
        .finish()
    }

    fn read(user: UserId, row: &[u8]) -> Result<Self, StoreError> {
        Reader::read(WHAT, VERSION, row, |r| {
            let time = |r: &mut Reader<'_>| r.u64().map(Timestamp::from_millis);
            let next = Some(r.u64()?).filter(|next| *next != NEVER).map(Timestamp::from_millis);
            let mut counts =
                Counts { waiting: r.u32()?, requests: r.u32()?, acks: r.u32()?, seen: r.u32()?, held: 0 };
            let (mut speaks, mut heard, mut wake) = (0, Timestamp::default(), Wake::default());
            if r.version() > 1 {
                (counts.held, speaks, heard) = (r.u32()?, r.u32()?, time(r)?);
                (wake.at, wake.before) = (time(r)?, time(r)?);
                if r.flag()? {
                    wake.place = Some(Place::read(r)?);
                }
            }
            Some(Self { user, counts, next, wake, heard, speaks, stored: None, filed: None })
        })
    }
}

impl Wake {
    pub(crate) fn is_under_way(&self) -> bool {
        self.before != Timestamp::default()
    }

    /// Ends it.
    pub(crate) fn end(&mut self) {
        *self = Self { at: self.at, ..Self::default() };
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

/// At most `limit` of the users for whom something waits, by the time of their next payload, from `after` on.
pub(crate) fn agenda(
    shelf: &Shelf<'_>,
    after: Option<Entry>,
    limit: usize,
) -> Result<Vec<Entry>, StoreError> {
    let after = after.map(|entry| agenda_key(entry.due, &entry.user));
    let rows = shelf.scan(&[AGENDA], after.as_deref(), limit)?;
    rows.iter().map(|(key, _)| entry(key)).collect()
}

/// All users for whom something waits.
pub(crate) fn all_due(shelf: &Shelf<'_>) -> Result<Vec<UserId>, StoreError> {
    Ok(agenda(shelf, None, usize::MAX)?.into_iter().map(|entry| entry.user).collect())
}

/// When the next payload for anybody is due.
pub(crate) fn next(shelf: &Shelf<'_>) -> Result<Option<Timestamp>, StoreError> {
    let first = shelf.scan(&[AGENDA], None, 1)?;
    first.first().map(|(key, _)| Ok(entry(key)?.due)).transpose()
}

fn entry(key: &[u8]) -> Result<Entry, StoreError> {
    Reader::read_key("the data sync agenda", key, |r| {
        Some(Entry { due: Timestamp::from_millis(r.u64()?), user: user(r)? })
    })
}

fn agenda_key(due: Timestamp, user: &UserId) -> Vec<u8> {
    key(AGENDA, &[&due.millis().to_be_bytes(), user.as_bytes()])
}

fn peer_key(user: &UserId) -> Vec<u8> {
    key(PEER, &[user.as_bytes()])
}
