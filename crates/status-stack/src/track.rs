//! How far a message has come, by its frames: the way from the id of a frame back to the messages in it.
//!
//! A datagram becomes one or more frames, with ids in a row. It has left when all of them have, and is stored when all of
//! them are.

use alloc::vec::Vec;
use core::time::Duration;

use status_layer::row::{Reader, Writer};
use status_layer::{Cx, FrameId, MessageId, Name, Recipient, StoreError, UserId, Value};

use crate::step::News;
use crate::table::{LOAD, OF, VERSION, WHAT, damaged, id, key};

/// How long a history node may take to confirm a frame.
const KEPT_FOR: Duration = Duration::from_secs(86_400);

/// Frames whose messages are remembered; beyond it the oldest are forgotten, and only acknowledgements tell of them.
const MAX_FRAMES: u64 = 8_192;

/// Something that happened to a frame. The bit marks the frames to which it has happened.
#[derive(Clone, Copy)]
pub(crate) enum Step {
    Published = 1,
    Stored = 2,
}

/// Messages that went out together, and how many of their frames have not come so far yet.
struct Load {
    at: u64,
    frames: u32,
    unpublished: u32,
    unstored: u32,
    to: Recipient,
    ids: Vec<MessageId>,
}

/// Notes that `frames` carry the messages of a datagram. What nobody will ask for any more is forgotten.
pub(crate) fn note(
    cx: &mut Cx<'_>,
    to: &Recipient,
    ids: Vec<MessageId>,
    frames: &[FrameId],
) -> Result<(), StoreError> {
    let [first, ..] = frames else { return Ok(()) };
    if ids.is_empty() {
        return Ok(());
    }
    let count = u32::try_from(frames.len()).unwrap_or(u32::MAX);
    let load =
        Load { at: cx.now.millis(), frames: count, unpublished: count, unstored: count, to: to.clone(), ids };
    cx.shelf.put(key(LOAD, first.0), load.write());
    for frame in frames {
        cx.shelf.put(key(OF, frame.0), Writer::new(VERSION).u64(first.0).u8(0).finish());
    }
    // Two at a time is faster than they come.
    for (row_key, row) in cx.shelf.scan(&[LOAD], None, 2)? {
        let (oldest, load) = (id(&row_key)?, Load::read(&row)?);
        let late = cx.now.millis().saturating_sub(load.at) > KEPT_FOR.as_millis() as u64;
        if late || first.0.saturating_sub(oldest) > MAX_FRAMES {
            load.forget(cx, oldest);
        }
    }
    Ok(())
}

/// What it means that a frame will never leave.
pub(crate) fn unpublishable(cx: &Cx<'_>, frame: FrameId) -> Result<Vec<News>, StoreError> {
    let Some(row) = cx.shelf.get(&key(OF, frame.0))? else { return Ok(Vec::new()) };
    let row = cx.shelf.get(&key(LOAD, first(&row)?))?.ok_or_else(damaged)?;
    let Load { to, ids, .. } = Load::read(&row)?;
    Ok(ids.into_iter().map(|id| News::Unpublishable { id, to: to.clone() }).collect())
}

/// Notes what happened to a frame; returns the news if it has now happened to all frames of its messages.
pub(crate) fn happened(cx: &mut Cx<'_>, frame: FrameId, step: Step) -> Result<Vec<News>, StoreError> {
    let Some(row) = cx.shelf.get(&key(OF, frame.0))? else { return Ok(Vec::new()) };
    let (first, marks) = Reader::read(WHAT, VERSION, &row, |r| Some((r.u64()?, r.u8()?)))?;
    if marks & step as u8 != 0 {
        return Ok(Vec::new());
    }
    let marks = marks | step as u8;
    cx.shelf.put(key(OF, frame.0), Writer::new(VERSION).u64(first).u8(marks).finish());
    let row = cx.shelf.get(&key(LOAD, first))?.ok_or_else(damaged)?;
    let mut load = Load::read(&row)?;
    let left = match step {
        Step::Published => &mut load.unpublished,
        Step::Stored => &mut load.unstored,
    };
    *left = left.saturating_sub(1);
    let news = if *left == 0 { load.news(step) } else { Vec::new() };
    if load.unstored == 0 {
        load.forget(cx, first);
    } else {
        cx.shelf.put(key(LOAD, first), load.write());
    }
    Ok(news)
}

/// How many frames carry what a row of [`LOAD`] names.
pub(crate) fn frames(row: &[u8]) -> Result<u32, StoreError> {
    Load::read(row).map(|load| load.frames)
}

/// The first of the frames that a row of [`OF`] belongs to.
pub(crate) fn first(row: &[u8]) -> Result<u64, StoreError> {
    Reader::read(WHAT, VERSION, row, |r| {
        let first = r.u64()?;
        r.u8().map(|_| first)
    })
}

impl Load {
    fn news(&self, step: Step) -> Vec<News> {
        let news = |id: &MessageId| match step {
            Step::Published => News::Published { id: *id, to: self.to.clone() },
            Step::Stored => News::Stored { id: *id, to: self.to.clone() },
        };
        self.ids.iter().map(news).collect()
    }

    fn forget(&self, cx: &mut Cx<'_>, first: u64) {
        cx.shelf.delete(key(LOAD, first));
        for number in 0..u64::from(self.frames) {
            cx.shelf.delete(key(OF, first.saturating_add(number)));
        }
    }

    fn write(&self) -> Value {
        let (kind, name) = match &self.to {
            Recipient::User(user) => (b'u', user.as_bytes().as_slice()),
            Recipient::Channel(name) => (b'c', name.as_str().as_bytes()),
        };
        let row = Writer::new(VERSION)
            .u64(self.at)
            .u32(self.frames)
            .u32(self.unpublished)
            .u32(self.unstored)
            .u8(kind)
            .sized(name);
        self.ids.iter().fold(row, |row, id| row.bytes(id.as_bytes())).finish()
    }

    fn read(row: &[u8]) -> Result<Self, StoreError> {
        Reader::read(WHAT, VERSION, row, |r| {
            let (at, frames, unpublished, unstored) = (r.u64()?, r.u32()?, r.u32()?, r.u32()?);
            let (kind, name) = (r.u8()?, r.sized()?);
            let to = match kind {
                b'u' => Recipient::User(UserId::from_compressed(name).ok()?),
                b'c' => Recipient::Channel(Name::new(core::str::from_utf8(name).ok()?).ok()?),
                _ => return None,
            };
            let mut ids = Vec::new();
            while !r.is_empty() {
                ids.push(MessageId::new(r.array()?));
            }
            Some(Self { at, frames, unpublished, unstored, to, ids })
        })
    }
}
