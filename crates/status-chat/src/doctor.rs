//! Looking after a home: what is in it, whether all of it is in order, what can be mended, and what can still be read of
//! one that is damaged.
//!
//! [`examine`] and [`export`] change nothing. [`repair`] changes only what follows from other rows, such as the order of
//! messages, in one commit and after the file was copied; what cannot be derived is reported and left as it is.

mod export;
#[cfg(test)]
mod tests;

use std::fs;
use std::path::{Path, PathBuf};

use status_crypto::{Keyring as _, SecretKey};
use status_layer::examine::{Examined, Stock};
use status_layer::{Area, Batch, Draft, Read, Store as _, StoreError, UserId};
use status_store::{ANCHOR_AREA, Blocks, Lock, Sealed};

use crate::areas::parts;
use crate::core::AREA;
use crate::error::OpenError;
use crate::home::{lock_there, store_file};
use crate::table;

pub use export::{Exported, Record, export};
pub use status_layer::examine::{Finding, Wrong};

/// How often what was mended is looked at again before it is committed: an index that cannot be read goes first, and is
/// made anew by the next look.
const ROUNDS: usize = 8;

/// What was found in a home.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Whose home it is, if that can be read.
    pub user: Option<UserId>,
    /// The blocks of its file, and which of them are damaged.
    pub blocks: Blocks,
    /// Why the store cannot be opened, if so; then nothing is known of its rows, and [`export`] reads what is left.
    pub closed: Option<String>,
    /// Each layer's rows.
    pub parts: Vec<Part>,
}

/// What was found in the rows of one layer.
#[derive(Clone, Debug, Default)]
pub struct Part {
    /// The layer.
    pub name: &'static str,
    /// How many rows there are of what.
    pub tables: Vec<Table>,
    /// What is wrong; at most 10,000 things.
    pub findings: Vec<Finding>,
    /// How many more things are wrong.
    pub more: u64,
    /// Why not all rows could be read, if so.
    pub unread: Option<String>,
}

/// How much there is of one kind of rows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Table {
    /// What they hold.
    pub holds: &'static str,
    /// How many there are.
    pub rows: u64,
    /// Their bytes, keys included.
    pub bytes: u64,
}

/// What was mended.
#[derive(Clone, Debug)]
pub struct Repaired {
    /// Rows that were written or deleted.
    pub rows: usize,
    /// Where the file lies as it was before; nothing if nothing had to be mended.
    pub copy: Option<PathBuf>,
    /// What is still found afterwards.
    pub left: Report,
}

/// Looks at a home that no client has open. Its files stay as they are. `progress` is told how many of how many blocks
/// were read.
///
/// # Errors
/// [`OpenError`] if there is no home, it is in use, or the lock does not fit. Damage is no error but in the report.
pub fn examine(
    home: &Path,
    lock: Option<&Lock>,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Report, OpenError> {
    let lock = lock_there(home, lock)?;
    let path = store_file(home);
    match Sealed::look(&path, &lock) {
        Ok(look) => {
            let blocks = look.verify(progress)?;
            Ok(Report { blocks, ..rows(&look) })
        }
        Err(status_store::OpenError::Store(error @ StoreError::Damaged { .. })) => {
            let salvage = Sealed::salvage(&path, &lock, progress, &mut |_| Ok(()));
            let blocks = salvage.map(|salvage| salvage.blocks).unwrap_or_default();
            Ok(Report { blocks, closed: Some(error.to_string()), ..Report::default() })
        }
        Err(error) => Err(error.into()),
    }
}

/// Mends what follows from other rows, in one commit, after the file was copied beside itself. What cannot be derived stays
/// as it is and is in the report of what is left.
///
/// # Errors
/// [`OpenError`] as for [`examine`], and if the store is damaged below its rows; then nothing was changed.
pub fn repair(home: &Path, lock: Option<&Lock>) -> Result<Repaired, OpenError> {
    let lock = lock_there(home, lock)?;
    let path = store_file(home);
    // First without touching the file: whether there is anything to do.
    let look = Sealed::look(&path, &lock)?;
    let to_do = mend(&look)?;
    if to_do.is_empty() {
        return Ok(Repaired { rows: 0, copy: None, left: rows(&look) });
    }
    let copy =
        copy_beside(&path).map_err(|source| OpenError::Home { path: path.display().to_string(), source })?;
    drop(look);
    let mut store = Sealed::open(&path, &lock)?;
    let batch = mend(&store)?;
    let rows_mended = batch.len();
    store.commit(batch)?;
    Ok(Repaired { rows: rows_mended, copy: Some(copy), left: rows(&store) })
}

impl Report {
    /// Whether everything is in order.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        let clean = |part: &Part| part.findings.is_empty() && part.more == 0 && part.unread.is_none();
        self.closed.is_none() && self.blocks.damaged.is_empty() && self.parts.iter().all(clean)
    }

    /// Whether [`repair`] would mend anything.
    #[must_use]
    pub fn can_be_mended(&self) -> bool {
        self.parts.iter().any(|part| part.findings.iter().any(|finding| !finding.repair.is_empty()))
    }
}

/// Looks at the rows of all layers.
fn rows(store: &dyn Read) -> Report {
    let known = parts();
    let mut found: Vec<Part> = known
        .iter()
        .map(|part| match (part.examine)(store, part.area) {
            Ok(examined) => of(part.name, examined),
            Err(error) => Part { name: part.name, unread: Some(error.to_string()), ..Part::default() },
        })
        .collect();
    // Rows of layers that were put in the place of ours, or of a newer program.
    let strange = |area: &Area| *area != ANCHOR_AREA && known.iter().all(|part| part.area != *area);
    for area in (0..=u8::MAX).map(Area).filter(strange) {
        match status_layer::examine::every_row(store, area, &[], |_, _, _, _| Ok(())) {
            Ok(examined) if examined.findings.is_empty() => {}
            Ok(examined) => found.push(of("unknown layer", examined)),
            Err(error) => {
                found.push(Part {
                    name: "unknown layer",
                    unread: Some(error.to_string()),
                    ..Part::default()
                });
            }
        }
    }
    Report { user: user(store), parts: found, ..Report::default() }
}

fn of(name: &'static str, examined: Examined) -> Part {
    let Examined { stock, findings, more, .. } = examined;
    let table = |Stock { table, rows, bytes }: Stock| Table { holds: table.holds, rows, bytes };
    Part { name, tables: stock.into_iter().map(table).collect(), findings, more, unread: None }
}

fn user(store: &dyn Read) -> Option<UserId> {
    let owner = table::load_owner(&Draft::new(store).shelf(AREA)).ok()??;
    Some(SecretKey::from_bytes(owner.chat_key.as_slice()).ok()?.user())
}

/// The writes that mend what can be mended.
fn mend(store: &dyn Read) -> Result<Batch, StoreError> {
    let mut draft = Draft::new(store);
    for _ in 0..ROUNDS {
        let mut mended = false;
        for part in parts() {
            for finding in (part.examine)(&draft, part.area)?.findings {
                let mut shelf = draft.shelf(part.area);
                for (key, value) in finding.repair {
                    mended = true;
                    match value {
                        Some(value) => shelf.put(key, value),
                        None => shelf.delete(key),
                    }
                }
            }
        }
        if !mended {
            break;
        }
    }
    Ok(draft.into_batch())
}

/// Copies a file to a name beside it that is free.
fn copy_beside(path: &Path) -> std::io::Result<PathBuf> {
    let mut number = 1_u32;
    loop {
        let copy = path.with_extension(format!("store.before-repair-{number}"));
        match fs::File::create_new(&copy) {
            Ok(mut to) => {
                std::io::copy(&mut fs::File::open(path)?, &mut to)?;
                to.set_permissions(fs::metadata(path)?.permissions())?;
                to.sync_all()?;
                return Ok(copy);
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                number = number.saturating_add(1);
            }
            Err(error) => return Err(error),
        }
    }
}
