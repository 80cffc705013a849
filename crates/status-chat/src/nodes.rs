//! The nodes of the network that this device knows, kept so that it finds its way back after a restart.
//!
//! | key | value |
//! | --- | --- |
//! | `N` name of the node | version, and what the network layer keeps of it ([`KnownNode::encode`]) |

use std::collections::BTreeMap;
use std::time::Duration;

use status_layer::examine::{Examined, Nature, Table, Wrong, every_row};
use status_layer::{Area, Read, Shelf, StoreError};
use status_p2p::{KnownNode, KnownNodeError, MAX_KNOWN, Overview};
use tokio::time::Instant;

pub(crate) const AREA: Area = Area(17);

const NODE: u8 = b'N';
const WHAT: &str = "the known nodes";
/// The newest version of a row that the network layer reads.
const VERSION: u8 = 1;

/// How soon after the start the nodes that were found are kept for the first time, and how often from then on.
const FIRST: Duration = Duration::from_secs(60);
const EVERY: Duration = Duration::from_secs(10 * 60);

/// Every table of the area.
pub(crate) const TABLES: [Table; 1] =
    [Table { tag: NODE, holds: "nodes of the network", nature: Nature::Device }];

/// Keeps the nodes of a running node.
#[derive(Debug)]
pub(crate) struct Keeper {
    overview: Overview,
    due: Instant,
}

impl Keeper {
    pub(crate) fn new(overview: Overview) -> Self {
        Self { overview, due: Instant::now() + FIRST }
    }

    /// Whether it is time.
    pub(crate) fn is_due(&self) -> bool {
        self.due <= Instant::now()
    }

    /// Writes what changed since the last time.
    pub(crate) fn keep(&mut self, shelf: &mut Shelf<'_>) -> Result<(), StoreError> {
        self.due = Instant::now() + EVERY;
        save(shelf, &self.overview.known())
    }
}

/// What was kept. A row that cannot be read is as good as none: the node is found again.
pub(crate) fn load(shelf: &Shelf<'_>) -> Result<Vec<KnownNode>, StoreError> {
    let rows = shelf.scan(&[NODE], None, MAX_KNOWN)?;
    Ok(rows.iter().filter_map(|(_, row)| KnownNode::decode(row).ok()).collect())
}

/// Makes the rows those of `known`, writing only what is different.
fn save(shelf: &mut Shelf<'_>, known: &[KnownNode]) -> Result<(), StoreError> {
    let key = |known: &KnownNode| [&[NODE], known.node().as_str().as_bytes()].concat();
    let mut wanted: BTreeMap<Vec<u8>, Vec<u8>> =
        known.iter().take(MAX_KNOWN).map(|known| (key(known), known.encode())).collect();
    // Twice as many as there are at most: rows that somebody else left behind go too, in the end.
    for (key, row) in shelf.scan(&[NODE], None, 2 * MAX_KNOWN)? {
        match wanted.get(&key) {
            None => shelf.delete(key),
            Some(bytes) if **bytes == *row => drop(wanted.remove(&key)),
            Some(_) => {}
        }
    }
    for (key, row) in wanted {
        shelf.put(key, row);
    }
    Ok(())
}

/// Looks at all rows of the area. Any of them may go: nodes are found again.
///
/// # Errors
/// [`StoreError`] if the medium fails.
pub(crate) fn examine(rows: &dyn Read, area: Area) -> Result<Examined, StoreError> {
    let mut seen = 0_usize;
    every_row(rows, area, &TABLES, |_, key, row, report| {
        seen = seen.saturating_add(1);
        match KnownNode::decode(row) {
            Err(KnownNodeError::Newer { version }) => {
                return Err(StoreError::Newer { what: WHAT, found: version, known: VERSION });
            }
            Err(_) => report.drop(Wrong::Damaged),
            Ok(known) if key.get(1..) != Some(known.node().as_str().as_bytes()) => {
                report.drop(Wrong::Differs);
            }
            Ok(_) if seen > MAX_KNOWN => report.drop(Wrong::TooMany),
            Ok(_) => {}
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use status_layer::Timestamp;
    use status_layer::{Draft, Memory, Store};
    use status_p2p::{Fleet, Source};

    use super::*;

    fn known(failures: u32) -> Vec<KnownNode> {
        let node = |record| KnownNode {
            record,
            source: Source::Tree,
            heard: Timestamp::from_secs(1),
            connected: None,
            tried: None,
            failures,
        };
        Fleet::StatusProd.boot().into_iter().map(node).collect()
    }

    fn keep(store: &mut Memory, known: &[KnownNode]) -> usize {
        let mut draft = Draft::new(store);
        save(&mut draft.shelf(AREA), known).unwrap();
        let batch = draft.into_batch();
        let writes = batch.len();
        store.commit(batch).unwrap();
        writes
    }

    fn kept(store: &Memory) -> Vec<KnownNode> {
        let mut kept = load(&Draft::new(store).shelf(AREA)).unwrap();
        kept.sort_by_key(KnownNode::node);
        kept
    }

    fn sorted(mut known: Vec<KnownNode>) -> Vec<KnownNode> {
        known.sort_by_key(KnownNode::node);
        known
    }

    #[test]
    fn only_what_changed_is_written_and_who_was_forgotten_goes() {
        let mut store = Memory::new();

        assert_eq!(keep(&mut store, &known(0)), 3);
        assert_eq!(keep(&mut store, &known(0)), 0);
        let mut changed = known(0);
        changed[0].failures = 1;
        assert_eq!(keep(&mut store, &changed), 1);
        assert_eq!(kept(&store), sorted(changed.clone()));
        assert_eq!(keep(&mut store, &changed[1..]), 1);
        assert_eq!(kept(&store), sorted(changed[1..].to_vec()));
        assert!(examine(&store, AREA).unwrap().findings.is_empty());
    }

    #[test]
    fn rows_that_cannot_be_read_are_found_and_may_go() {
        let mut store = Memory::new();
        keep(&mut store, &known(0));
        let mut draft = Draft::new(&store);
        let row = known(0)[0].encode();
        for (key, row) in [(&b"Nx"[..], &b"\x01rubbish"[..]), (b"Ny", &row), (b"Nz", b"\x02")] {
            draft.shelf(AREA).put(key, row.to_vec());
        }
        let batch = draft.into_batch();
        store.commit(batch).unwrap();

        let found = examine(&store, AREA).unwrap().findings;

        let found: Vec<_> = found.iter().map(|one| (one.wrong, one.repair.len())).collect();
        assert_eq!(
            found,
            [(Wrong::Damaged, 1), (Wrong::Differs, 1), (Wrong::Newer { found: 2, known: 1 }, 0)]
        );
        assert_eq!(kept(&store).len(), 4);
    }
}
