//! What can still be read of a store that does not open any more, or not all of it.
//!
//! The pages of the database are read one by one, past those that are damaged. From the root, wherever it can be found,
//! its tree is followed to the rows; what hangs below a page that is damaged is looked for in all pages that the tree did
//! not lead to. Rows found that way were written once, and may have been replaced or deleted since.

mod pages;
mod tree;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use sha2::{Digest, Sha256};
use status_layer::{Area, StoreError, Value};
use zeroize::Zeroizing;

use super::Sealed;
use super::layout::BLOCK;
use super::look;
use crate::error::OpenError;
use crate::lock::Lock;
use crate::owner::Owner;
use crate::rows::MAX_VALUE;
use pages::Pages;
use tree::{Node, Place, Roots};

/// A row that was found.
#[derive(Clone, Debug)]
pub struct Salvaged {
    /// Whose row it is.
    pub area: Area,
    /// Its key.
    pub key: Vec<u8>,
    /// Its value.
    pub value: Value,
    /// How it was found.
    pub found: Found,
}

/// How a row was found.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Found {
    /// It is what the last commit that can be read left.
    Current,
    /// It was written once; it may have been replaced or deleted since.
    Perhaps,
}

/// What a search has shown.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Salvage {
    /// The blocks of the file.
    pub blocks: look::Blocks,
    /// Rows that the tree leads to.
    pub current: u64,
    /// Rows that were found beside it.
    pub perhaps: u64,
    /// Pages that the tree leads to and that cannot be read: what is lost, or was found as [`Found::Perhaps`].
    pub lost: u64,
    /// Whether a root was found at all.
    pub rooted: bool,
}

/// Deepest tree that is followed. A real one has a handful of levels.
const MAX_DEPTH: u32 = 32;

impl Sealed {
    /// Reads what can be read of the store in the file `path`, and hands each row to `take`, none twice under the same key
    /// unless what was found differs. The file stays as it is.
    ///
    /// The values of secret areas come out sealed, as they stand in the file. Rows that are [`Found::Perhaps`] may be notes of the database itself: only those of areas and tables that the caller
    /// knows are worth looking at.
    ///
    /// # Errors
    /// [`OpenError`] if the lock does not fit, the file is none of ours, or both copies of the wrapped key are damaged: then
    /// nothing can be read of it by anybody. Whatever `take` returns.
    pub fn salvage(
        path: &Path,
        lock: &Lock,
        progress: &mut dyn FnMut(u64, u64),
        take: &mut dyn FnMut(Salvaged) -> Result<(), StoreError>,
    ) -> Result<Salvage, OpenError> {
        let _owner = Owner::of(path)?;
        let pages = Pages::open(path, lock)?;
        let mut search =
            Search { done: Salvage::default(), visited: BTreeSet::new(), known: BTreeSet::new(), take };
        search.done.blocks =
            look::verify(pages.count, &mut |index| Ok(pages.read(index)?.is_some()), progress)?;
        // What the journal has is newer than the pages; of more commits the last one counts.
        let mut newest: BTreeMap<Vec<u8>, Option<Value>> = BTreeMap::new();
        for write in pages.journal().into_iter().flat_map(|entry| entry.writes) {
            newest.insert(write.place, write.value);
        }
        for (place, value) in newest {
            search.newest(&place, value)?;
        }
        if let Some(page) = pages.read(0)?
            && let Some(roots) = Roots::read(&page)
        {
            search.follow(&pages, &roots)?;
        }
        if search.done.lost > 0 || !search.done.rooted {
            search.beside(&pages)?;
        }
        Ok(search.done)
    }
}

/// Who is given the entries of a leaf.
type Given<'g, S> = dyn FnMut(&mut S, &[u8], &[u8]) -> Result<(), StoreError> + 'g;

/// A search under way.
struct Search<'a> {
    done: Salvage,
    /// Pages that the tree led to.
    visited: BTreeSet<u64>,
    /// Digests of keys and of whole rows that were handed out.
    known: BTreeSet<[u8; 16]>,
    take: &'a mut dyn FnMut(Salvaged) -> Result<(), StoreError>,
}

impl Search<'_> {
    /// Follows the tree of tables to the table of rows, and that to the rows.
    fn follow(&mut self, pages: &Pages, roots: &Roots) -> Result<(), StoreError> {
        for root in &roots.found {
            let mut tables = Vec::new();
            self.walk(pages, roots, *root, MAX_DEPTH, &mut |_, key, value| {
                tables.extend((key == b"rows").then(|| tree::table_root(value)).flatten());
                Ok(())
            })?;
            for table in tables {
                self.done.rooted = true;
                self.walk(pages, roots, table, MAX_DEPTH, &mut |search, place, value| {
                    search.give(place, value, Found::Current)
                })?;
            }
            if self.done.rooted {
                return Ok(());
            }
        }
        Ok(())
    }

    fn walk(
        &mut self,
        pages: &Pages,
        roots: &Roots,
        place: Place,
        depth: u32,
        row: &mut Given<'_, Self>,
    ) -> Result<(), StoreError> {
        let first = roots.page(place);
        let whole = first.map(|first| self.read(pages, first, place.pages())).transpose()?.flatten();
        let node = whole.as_ref().and_then(|bytes| Node::read(bytes));
        let (Some(node), Some(deeper)) = (node, depth.checked_sub(1)) else {
            self.done.lost = self.done.lost.saturating_add(1);
            return Ok(());
        };
        match node {
            Node::Leaf(pairs) => pairs.into_iter().try_for_each(|(key, value)| row(self, key, value)),
            Node::Branch(children) => {
                children.into_iter().try_for_each(|child| self.walk(pages, roots, child, deeper, row))
            }
        }
    }

    /// Reads pages that belong together, if all of them are what was written and none was led to before.
    fn read(
        &mut self,
        pages: &Pages,
        first: u64,
        count: u64,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
        let all = self.done.blocks.all;
        if first.saturating_add(count) > all || !self.visited.insert(first) {
            return Ok(None);
        }
        let mut whole = Zeroizing::new(Vec::new());
        for index in first..first.saturating_add(count) {
            self.visited.insert(index);
            match pages.read(index)? {
                Some(page) => whole.extend_from_slice(&page),
                None => return Ok(None),
            }
        }
        Ok(Some(whole))
    }

    /// Looks for rows in all pages that no tree led to.
    fn beside(&mut self, pages: &Pages) -> Result<(), StoreError> {
        for index in 1..self.done.blocks.all {
            if self.visited.contains(&index) {
                continue;
            }
            let Some(mut whole) = pages.read(index)? else { continue };
            let Some(len) = Node::leaf_len(&whole).filter(|len| *len <= MAX_VALUE + BLOCK) else { continue };
            for next in 1..len.div_ceil(BLOCK) {
                match pages.read(index.saturating_add(next as u64))? {
                    Some(page) => whole.extend_from_slice(&page),
                    None => break,
                }
            }
            if let Some(Node::Leaf(pairs)) = Node::read(&whole) {
                pairs.into_iter().try_for_each(|(key, value)| self.give(key, value, Found::Perhaps))?;
            }
        }
        Ok(())
    }

    /// A row as the journal has it; one that was deleted is not to be found in the pages either.
    fn newest(&mut self, place: &[u8], value: Option<Value>) -> Result<(), StoreError> {
        match value {
            Some(value) => self.give(place, &value, Found::Current),
            None => {
                self.known.insert(digest(&[place]));
                Ok(())
            }
        }
    }

    fn give(&mut self, place: &[u8], value: &[u8], found: Found) -> Result<(), StoreError> {
        let Some((area, key)) = place.split_first() else { return Ok(()) };
        let count = match found {
            // The journal has it.
            Found::Current if !self.known.insert(digest(&[place])) => return Ok(()),
            Found::Current => &mut self.done.current,
            // What the tree has of this key is newer; and of old ones each is shown once.
            Found::Perhaps if self.known.contains(&digest(&[place])) => return Ok(()),
            Found::Perhaps if !self.known.insert(digest(&[place, value])) => return Ok(()),
            Found::Perhaps => &mut self.done.perhaps,
        };
        *count = count.saturating_add(1);
        (self.take)(Salvaged { area: Area(*area), key: key.to_vec(), value: Value::new(value), found })
    }
}

/// Names a key, or a key with its value.
fn digest(parts: &[&[u8]]) -> [u8; 16] {
    let mut sum = Sha256::new();
    for part in parts {
        sum.update((part.len() as u64).to_le_bytes());
        sum.update(part);
    }
    let sum: [u8; 32] = sum.finalize().into();
    sum.first_chunk().copied().unwrap_or_default()
}
