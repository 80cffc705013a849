//! What follows what: the last messages of each group, and messages that wait for those before them.
//!
//! Only peers who have switched it on use these rows.

use alloc::string::String;
use alloc::vec::Vec;

use status_layer::row::{Reader, Writer};
use status_layer::{DeviceId, Grade, GroupId, Proof, Sender, Shelf, StoreError, Timestamp};

use super::{HEADS, HELD, HELD_UNTIL, PAGE, VERSION, WANTED, empty, id, key, read_ids, user, write_ids};
use crate::ident::SyncId;

const WHAT: &str = "a message that waits for others";

/// Most messages that one names as those before it; of more, the last ones count.
pub(crate) const MAX_PARENTS: usize = 8;

/// Who sent something, and how well it was sealed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Origin {
    pub(crate) from: Sender,
    pub(crate) grade: Grade,
}

/// A message that waits for those before it.
pub(crate) struct Held {
    pub(crate) origin: Origin,
    pub(crate) until: Timestamp,
    pub(crate) missing: Vec<SyncId>,
    pub(crate) body: Vec<u8>,
}

/// The messages of a group that none follows yet.
pub(crate) fn heads(shelf: &Shelf<'_>, group: &GroupId) -> Result<Vec<SyncId>, StoreError> {
    let Some(row) = shelf.get(&key(HEADS, &[group.as_bytes()]))? else { return Ok(Vec::new()) };
    Reader::read("the last messages of a group", VERSION, &row, read_ids)
}

/// Notes that a message follows its parents.
pub(crate) fn follow(
    shelf: &mut Shelf<'_>,
    group: &GroupId,
    id: SyncId,
    parents: &[SyncId],
) -> Result<(), StoreError> {
    let mut heads = heads(shelf, group)?;
    heads.retain(|head| *head != id && !parents.contains(head));
    heads.push(id);
    let surplus = heads.len().saturating_sub(MAX_PARENTS);
    heads.drain(..surplus);
    shelf.put(key(HEADS, &[group.as_bytes()]), write_ids(Writer::new(VERSION), &heads).finish());
    Ok(())
}

impl Held {
    pub(crate) fn load(shelf: &Shelf<'_>, id: SyncId) -> Result<Option<Self>, StoreError> {
        let Some(row) = shelf.get(&held_key(id))? else { return Ok(None) };
        Reader::read(WHAT, VERSION, &row, |r| {
            let from = user(r)?;
            let (proof, grade) = (proof_of(r.u8()?)?, grade_of(r.u8()?)?);
            let device = match r.sized()? {
                [] => None,
                device => Some(DeviceId::new(String::from_utf8(device.to_vec()).ok()?).ok()?),
            };
            let until = Timestamp::from_millis(r.u64()?);
            let missing = read_ids(r)?;
            let origin = Origin { from: Sender { user: from, device, proof }, grade };
            Some(Self { origin, until, missing, body: r.rest().to_vec() })
        })
        .map(Some)
    }

    pub(crate) fn save(&self, shelf: &mut Shelf<'_>, id: SyncId) {
        let Origin { from, grade } = &self.origin;
        let device = from.device.as_ref().map_or("", DeviceId::as_str);
        let row = Writer::new(VERSION)
            .bytes(from.user.as_bytes())
            .u8(proof_byte(from.proof))
            .u8(grade_byte(*grade))
            .sized(device.as_bytes())
            .u64(self.until.millis());
        shelf.put(held_key(id), write_ids(row, &self.missing).bytes(&self.body).finish());
        shelf.put(until_key(self.until, id), empty());
        for parent in &self.missing {
            shelf.put(wanted_key(*parent, Some(id)), empty());
        }
    }

    /// Forgets that it waits.
    pub(crate) fn remove(&self, shelf: &mut Shelf<'_>, id: SyncId) {
        shelf.delete(held_key(id));
        shelf.delete(until_key(self.until, id));
        for parent in &self.missing {
            shelf.delete(wanted_key(*parent, Some(id)));
        }
    }
}

/// Some of the messages that wait for `parent`.
pub(crate) fn waiting_for(shelf: &Shelf<'_>, parent: SyncId) -> Result<Vec<SyncId>, StoreError> {
    let rows = shelf.scan(&wanted_key(parent, None), None, PAGE)?;
    let child = |r: &mut Reader<'_>| {
        id(r)?;
        id(r)
    };
    rows.iter().map(|(key, _)| Reader::read_key(WHAT, key, child)).collect()
}

/// Some of the messages that wait, with the moment until which they do, the earliest first.
pub(crate) fn held(shelf: &Shelf<'_>, limit: usize) -> Result<Vec<(Timestamp, SyncId)>, StoreError> {
    let rows = shelf.scan(&[HELD_UNTIL], None, limit)?;
    let entry = |r: &mut Reader<'_>| Some((Timestamp::from_millis(r.u64()?), id(r)?));
    rows.iter().map(|(key, _)| Reader::read_key(WHAT, key, entry)).collect()
}

/// Whether a message waits.
pub(crate) fn is_held(shelf: &Shelf<'_>, id: SyncId) -> Result<bool, StoreError> {
    shelf.has(&held_key(id))
}

fn held_key(id: SyncId) -> Vec<u8> {
    key(HELD, &[id.as_bytes()])
}

fn until_key(until: Timestamp, id: SyncId) -> Vec<u8> {
    key(HELD_UNTIL, &[&until.millis().to_be_bytes(), id.as_bytes()])
}

fn wanted_key(parent: SyncId, child: Option<SyncId>) -> Vec<u8> {
    let child = child.as_ref().map_or(&[][..], |id| id.as_bytes());
    key(WANTED, &[parent.as_bytes(), child])
}

const fn proof_byte(proof: Proof) -> u8 {
    match proof {
        Proof::Session => 0,
        Proof::Signature => 1,
        Proof::Hint => 2,
    }
}

const fn proof_of(byte: u8) -> Option<Proof> {
    match byte {
        0 => Some(Proof::Session),
        1 => Some(Proof::Signature),
        2 => Some(Proof::Hint),
        _ => None,
    }
}

const fn grade_byte(grade: Grade) -> u8 {
    match grade {
        Grade::Clear => 0,
        Grade::Static => 1,
        Grade::Ratcheted => 2,
    }
}

const fn grade_of(byte: u8) -> Option<Grade> {
    match byte {
        0 => Some(Grade::Clear),
        1 => Some(Grade::Static),
        2 => Some(Grade::Ratcheted),
        _ => None,
    }
}
