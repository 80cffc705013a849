//! The shelf's part of an operation: the same reads, writes and commit, alone.

use std::cell::RefCell;
use std::hint::black_box;
use std::time::Duration;

use status_layer::testing::Party;
use status_layer::{Area, Batch, Cx, Memory, Read, Row, StoreError, Unit, Value};

use crate::clock::timed;

/// What one operation has read from the store and written to it. Reads of what it had written itself are not among them.
pub(crate) struct Trace {
    party: Party,
    reads: Vec<Access>,
    writes: Batch,
}

enum Access {
    Get(Vec<u8>),
    Scan { prefix: Vec<u8>, after: Option<Vec<u8>>, limit: usize },
}

struct Recorder<'a> {
    store: &'a Memory,
    reads: RefCell<Vec<Access>>,
}

impl Trace {
    /// Runs `call` over a copy of what the party has.
    pub(crate) fn of(party: &Party, call: impl FnOnce(&mut Cx<'_>)) -> Self {
        let mut party = party.clone();
        let recorder = Recorder { store: &party.store, reads: RefCell::default() };
        let mut unit = Unit::new(party.now, &mut party.rng, &recorder);
        call(&mut unit.cx(Party::AREA));
        let writes = unit.into_batch();
        let reads = recorder.reads.into_inner();
        Self { party, reads, writes }
    }

    /// Does it again, so many times.
    pub(crate) fn again(&mut self, count: usize) -> Duration {
        timed(|| (0..count).for_each(|_| self.once()))
    }

    fn once(&mut self) {
        let (reads, writes) = (&self.reads, &self.writes);
        let done: Result<(), StoreError> = self.party.run(|cx| {
            for read in reads {
                match read {
                    Access::Get(key) => drop(black_box(cx.shelf.get(key)?)),
                    Access::Scan { prefix, after, limit } => {
                        drop(black_box(cx.shelf.scan(prefix, after.as_deref(), *limit)?));
                    }
                }
            }
            for (_, key, value) in writes.iter() {
                match value {
                    Some(value) => cx.shelf.put(key, value.clone()),
                    None => cx.shelf.delete(key),
                }
            }
            Ok(())
        });
        done.unwrap();
    }
}

impl Read for Recorder<'_> {
    fn get(&self, area: Area, key: &[u8]) -> Result<Option<Value>, StoreError> {
        self.reads.borrow_mut().push(Access::Get(key.to_vec()));
        self.store.get(area, key)
    }

    fn scan(
        &self,
        area: Area,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        let read = Access::Scan { prefix: prefix.to_vec(), after: after.map(<[u8]>::to_vec), limit };
        self.reads.borrow_mut().push(read);
        self.store.scan(area, prefix, after, limit)
    }
}
