//! A disk that loses power: what was not synchronised may be lost, reordered, or torn between sectors.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};

use redb::StorageBackend;
use status_layer::testing::SeededRng;

/// What a disk writes whole or not at all, in bytes.
const SECTOR: u64 = 512;

/// What is kept together in memory, in bytes.
const PAGE: usize = 4096;

/// The content of a disk. Copies share what is the same in them.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Image {
    len: u64,
    pages: BTreeMap<u64, Arc<[u8; PAGE]>>,
}

impl Image {
    pub(crate) const fn len(&self) -> u64 {
        self.len
    }

    pub(crate) fn set_len(&mut self, len: u64) {
        let (page, keep) = (len / PAGE as u64, usize::try_from(len % PAGE as u64).unwrap());
        self.pages.split_off(&len.div_ceil(PAGE as u64));
        if let Some(page) = self.pages.get_mut(&page) {
            Arc::make_mut(page)[keep..].fill(0);
        }
        self.len = len;
    }

    pub(crate) fn get(&self, at: u64, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        let mut done = 0;
        while done < len {
            let place = at + done as u64;
            let skip = usize::try_from(place % PAGE as u64).unwrap();
            let part = (PAGE - skip).min(len - done);
            if let Some(page) = self.pages.get(&(place / PAGE as u64)) {
                bytes[done..done + part].copy_from_slice(&page[skip..skip + part]);
            }
            done += part;
        }
        bytes
    }

    pub(crate) fn put(&mut self, at: u64, bytes: &[u8]) {
        let mut done = 0;
        while done < bytes.len() {
            let place = at + done as u64;
            let skip = usize::try_from(place % PAGE as u64).unwrap();
            let part = (PAGE - skip).min(bytes.len() - done);
            let page = self.pages.entry(place / PAGE as u64).or_insert_with(|| Arc::new([0; PAGE]));
            Arc::make_mut(page)[skip..skip + part].copy_from_slice(&bytes[done..done + part]);
            done += part;
        }
        self.len = self.len.max(at + bytes.len() as u64);
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.get(0, usize::try_from(self.len).unwrap())
    }
}

/// A disk in memory. Clones are the same disk.
#[derive(Clone, Debug, Default)]
pub(crate) struct Device(Arc<Mutex<State>>);

#[derive(Clone, Debug, Default)]
struct State {
    /// What is seen now.
    seen: Image,
    /// What is on the disk for certain.
    safe: Image,
    /// What happened since then, in order.
    pending: Vec<Change>,
    /// How many changes and synchronisations are still carried out before the power goes.
    left: Option<u64>,
    /// Whether the power is gone.
    gone: bool,
    /// Whether writes that are reported as failed arrive in the cache of the disk all the same.
    lying: bool,
    /// What every write fails with, until space is back.
    refusing: Option<io::ErrorKind>,
    changes: u64,
    waits: u64,
    /// Bytes that were read.
    read: u64,
}

#[derive(Clone, Debug)]
enum Change {
    Write { at: u64, bytes: Vec<u8> },
    Length(u64),
}

impl Device {
    /// A disk with this content.
    pub(crate) fn with(image: Image) -> Self {
        Self(Arc::new(Mutex::new(State { seen: image.clone(), safe: image, ..State::default() })))
    }

    /// Lets the power go after so many more changes and synchronisations.
    pub(crate) fn cut_after(&self, left: u64) {
        let mut state = self.0.lock().unwrap();
        (state.left, state.gone) = (Some(left), false);
    }

    /// Lets writes arrive although they are reported as failed, so that a restart sees what is not safe yet.
    pub(crate) fn lie(&self) {
        self.0.lock().unwrap().lying = true;
    }

    /// Refuses all writes, or none.
    pub(crate) fn refuse(&self, why: Option<io::ErrorKind>) {
        self.0.lock().unwrap().refusing = why;
    }

    /// How many changes and synchronisations there were.
    pub(crate) fn changes(&self) -> u64 {
        self.0.lock().unwrap().changes
    }

    /// How many synchronisations there were.
    pub(crate) fn waits(&self) -> u64 {
        self.0.lock().unwrap().waits
    }

    /// How many bytes were read.
    pub(crate) fn read_so_far(&self) -> u64 {
        self.0.lock().unwrap().read
    }

    pub(crate) fn image(&self) -> Image {
        self.0.lock().unwrap().seen.clone()
    }

    /// The disk after the power went: of the changes that were not synchronised each sector arrived or not.
    pub(crate) fn after_the_cut(&self, rng: &mut SeededRng) -> Self {
        let state = self.0.lock().unwrap();
        let mut image = state.safe.clone();
        // Sometimes all or nothing arrived, mostly some.
        let percent = [0, 10, 50, 90, 100][usize::try_from(rng.below(5)).unwrap()];
        let mut pending: Vec<&Change> = state.pending.iter().collect();
        if rng.chance(30) {
            // Later writes first: where two meet, the earlier one wins.
            pending.reverse();
        }
        for change in pending {
            match change {
                Change::Length(len) => {
                    if rng.chance(percent) {
                        image.set_len(*len);
                    }
                }
                Change::Write { at, bytes: new } => {
                    for (from, to) in sectors(*at, new.len() as u64) {
                        if rng.chance(percent) {
                            image.put(from, &new[span(from - at, to - at)]);
                        }
                    }
                }
            }
        }
        Self::with(image)
    }
}

impl State {
    /// Counts one change; an error if the power is gone, or the disk refuses.
    fn change(&mut self) -> io::Result<()> {
        if let Some(why) = self.refusing {
            return Err(why.into());
        }
        if let Some(left) = &mut self.left {
            let next = left.checked_sub(1);
            self.gone = next.is_none();
            *left = next.ok_or_else(|| io::Error::other("the power is gone"))?;
        }
        self.changes += 1;
        Ok(())
    }
}

impl StorageBackend for Device {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.lock().unwrap().seen.len())
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let mut state = self.0.lock().unwrap();
        if offset + out.len() as u64 > state.seen.len() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        out.copy_from_slice(&state.seen.get(offset, out.len()));
        state.read += out.len() as u64;
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut state = self.0.lock().unwrap();
        let alive = state.left.is_some() && (!state.gone || state.lying);
        let cut = state.change();
        // The write during which the power goes is on its way too.
        if cut.is_ok() || alive && state.gone {
            state.seen.put(offset, data);
            state.pending.push(Change::Write { at: offset, bytes: data.to_vec() });
        }
        cut
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut state = self.0.lock().unwrap();
        state.change()?;
        state.seen.set_len(len);
        state.pending.push(Change::Length(len));
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.0.lock().unwrap();
        state.change()?;
        state.waits += 1;
        state.safe = state.seen.clone();
        state.pending.clear();
        Ok(())
    }
}

/// The parts of a write that lie in one sector each.
fn sectors(at: u64, len: u64) -> impl Iterator<Item = (u64, u64)> {
    let end = at + len;
    let mut from = at;
    std::iter::from_fn(move || {
        let to = ((from / SECTOR + 1) * SECTOR).min(end);
        let part = (from < end).then_some((from, to));
        from = to;
        part
    })
}

fn span(from: u64, to: u64) -> std::ops::Range<usize> {
    usize::try_from(from).unwrap()..usize::try_from(to).unwrap()
}
