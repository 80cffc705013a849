//! Looking at rows without using them: which kinds there are in an area, how many, and what is wrong with them.
//!
//! Every layer owns its checks. It declares its tables once, as [`Table`]s, and checks one row at a time; what it finds
//! is a value, and so is what would mend it.

use alloc::vec::Vec;

use crate::{Area, Draft, Read, Shelf, StoreError, Value};

/// One kind of rows in an area: those whose keys begin with a tag.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Table {
    /// The first byte of their keys.
    pub tag: u8,
    /// What they hold, in words for the user.
    pub holds: &'static str,
    /// Where they come from.
    pub nature: Nature,
}

/// Where the rows of a table come from, and with that what may be done with them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Nature {
    /// They are of this device alone: keys, sessions, what is under way. They never leave it.
    Device,
    /// They are the user's: they go into a backup.
    User,
    /// They follow from other rows: they can be dropped and made anew.
    Index,
}

/// What is wrong with a row.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Wrong {
    /// It cannot be read.
    Damaged,
    /// A newer program wrote it.
    Newer {
        /// Version found.
        found: u8,
        /// Newest version known here.
        known: u8,
    },
    /// It belongs to no table of this program.
    Unknown,
    /// It speaks of a row that is not there.
    Dangling,
    /// A row that belongs to it is not there.
    Incomplete,
    /// It says something else than the rows that it follows from.
    Differs,
    /// There are more rows of its kind than there can be.
    TooMany,
}

/// One thing that is wrong.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Finding {
    /// What its table holds.
    pub table: &'static str,
    /// The key of the row, with its tag.
    pub key: Vec<u8>,
    /// What is wrong with it.
    pub wrong: Wrong,
    /// The rows that mend it, with their keys; `None` deletes. Nothing if it cannot be derived from other rows.
    pub repair: Vec<(Vec<u8>, Option<Value>)>,
}

/// How much there is of one table.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Stock {
    /// The table.
    pub table: Table,
    /// Its rows.
    pub rows: u64,
    /// Bytes of their keys and values.
    pub bytes: u64,
}

/// What was found in one area.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Examined {
    /// Every table that was declared, also those without rows.
    pub stock: Vec<Stock>,
    /// What is wrong, in the order of keys.
    pub findings: Vec<Finding>,
    /// How many more findings there are than [`MAX_FINDINGS`].
    pub more: u64,
}

/// Findings that are kept of one area; more are counted.
pub const MAX_FINDINGS: usize = 10_000;

/// What a table is called that was not declared.
const STRANGE: &str = "something unknown";

/// Rows read at a time.
const PAGE: usize = 256;

/// Looks at every row of an area. `check` is given each with a shelf to look up what it speaks of; it reports what it
/// finds, and its own errors [`StoreError::Damaged`] and [`StoreError::Newer`] are reported for it.
///
/// # Errors
/// Any other [`StoreError`]: the medium failed.
pub fn every_row(
    rows: &dyn Read,
    area: Area,
    tables: &[Table],
    mut check: impl FnMut(&Shelf<'_>, &[u8], &Value, &mut Report<'_>) -> Result<(), StoreError>,
) -> Result<Examined, StoreError> {
    let stock = tables.iter().map(|table| Stock { table: *table, rows: 0, bytes: 0 }).collect();
    let mut examined = Examined { stock, ..Examined::default() };
    let mut draft = Draft::new(rows);
    let shelf = draft.shelf(area);
    let mut after: Option<Vec<u8>> = None;
    loop {
        let page = shelf.scan(b"", after.as_deref(), PAGE)?;
        let Some((last, _)) = page.last() else { return Ok(examined) };
        after = Some(last.clone());
        for (key, value) in &page {
            let table = examined.stock.iter_mut().find(|stock| key.first() == Some(&stock.table.tag));
            let Some(stock) = table else {
                examined.push(STRANGE, key, Wrong::Unknown, Vec::new());
                continue;
            };
            stock.rows = stock.rows.saturating_add(1);
            stock.bytes = stock.bytes.saturating_add((key.len() as u64).saturating_add(value.len() as u64));
            let Table { holds, nature, .. } = stock.table;
            let mut report = Report { examined: &mut examined, table: holds, key };
            let drop = if nature == Nature::Index { [(key.clone(), None)].to_vec() } else { Vec::new() };
            match check(&shelf, key, value, &mut report) {
                Ok(()) => {}
                Err(StoreError::Damaged { .. }) => report.mend(Wrong::Damaged, drop),
                // What a newer program derives is its own affair.
                Err(StoreError::Newer { found, known, .. }) => report.say(Wrong::Newer { found, known }),
                Err(error) => return Err(error),
            }
        }
    }
}

/// Where a check says what it finds in the row that it was given.
#[derive(Debug)]
pub struct Report<'a> {
    examined: &'a mut Examined,
    table: &'static str,
    key: &'a [u8],
}

impl Report<'_> {
    /// Something is wrong that nothing here can mend.
    pub fn say(&mut self, wrong: Wrong) {
        self.mend(wrong, Vec::new());
    }

    /// Something is wrong, and these rows mend it.
    pub fn mend(&mut self, wrong: Wrong, repair: Vec<(Vec<u8>, Option<Value>)>) {
        self.examined.push(self.table, self.key, wrong, repair);
    }

    /// The row is wrong, and may go.
    pub fn drop(&mut self, wrong: Wrong) {
        self.mend(wrong, [(self.key.to_vec(), None)].to_vec());
    }
}

impl Examined {
    /// Rows of all tables.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.stock.iter().map(|stock| stock.rows).sum()
    }

    /// Bytes of all rows.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.stock.iter().map(|stock| stock.bytes).sum()
    }

    /// Adds something that was found beside single rows; `tables` name what its key belongs to.
    pub fn add(&mut self, tables: &[Table], key: &[u8], wrong: Wrong, repair: Vec<(Vec<u8>, Option<Value>)>) {
        let table = tables.iter().find(|table| key.first() == Some(&table.tag));
        self.push(table.map_or(STRANGE, |table| table.holds), key, wrong, repair);
    }

    fn push(&mut self, table: &'static str, key: &[u8], wrong: Wrong, repair: Vec<(Vec<u8>, Option<Value>)>) {
        if self.findings.len() < MAX_FINDINGS {
            self.findings.push(Finding { table, key: key.to_vec(), wrong, repair });
        } else {
            self.more = self.more.saturating_add(1);
        }
    }
}

impl core::fmt::Display for Wrong {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Damaged => f.write_str("cannot be read"),
            Self::Newer { found, known } => {
                write!(f, "was written by a newer program (version {found}, this one knows {known})")
            }
            Self::Unknown => f.write_str("is of a kind that this program does not know"),
            Self::Dangling => f.write_str("speaks of a row that is not there"),
            Self::Incomplete => f.write_str("lacks a row that belongs to it"),
            Self::Differs => f.write_str("does not agree with the rows that it follows from"),
            Self::TooMany => f.write_str("is one of more than there can be"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::{Reader, Writer};
    use crate::{Batch, Memory, Store};

    const TABLES: [Table; 2] = [
        Table { tag: b'a', holds: "things", nature: Nature::User },
        Table { tag: b'b', holds: "their order", nature: Nature::Index },
    ];

    fn examine(rows: &[(&[u8], &[u8])]) -> Examined {
        let mut store = Memory::new();
        let mut batch = Batch::default();
        rows.iter().for_each(|(key, value)| batch.set(Area(7), *key, Some(Value::new(*value))));
        batch.set(Area(8), *b"elsewhere", Some(Value::new(*b"")));
        store.commit(batch).unwrap();
        every_row(&store, Area(7), &TABLES, |shelf, key, value, report| {
            Reader::read("test", 1, value, |_| Some(()))?;
            if key.first() == Some(&b'b') && !shelf.has(&[b"a", &key[1..]].concat())? {
                report.drop(Wrong::Dangling);
            }
            Ok(())
        })
        .unwrap()
    }

    #[test]
    fn rows_that_are_in_order_are_counted() {
        let many: Vec<[u8; 3]> =
            (0..600_u16).map(|n| [b'a', n.to_be_bytes()[0], n.to_be_bytes()[1]]).collect();
        let row = Writer::new(1).finish();
        let rows: Vec<(&[u8], &[u8])> = many.iter().map(|key| (key.as_slice(), &*row)).collect();

        let examined = examine(&rows);

        assert_eq!((examined.rows(), examined.bytes(), examined.findings), (600, 2_400, Vec::new()));
        assert_eq!(examined.stock[1].rows, 0);
    }

    #[test]
    fn what_is_wrong_is_said_of_its_row_and_only_what_follows_from_others_may_go() {
        let examined = examine(&[
            (b"a1", &[1]),
            (b"a2", &[]),
            (b"b1", &[1]),
            (b"b3", &[1]),
            (b"b4", &[]),
            (b"b5", &[9]),
            (b"c", &[1]),
        ]);

        let found: Vec<(&[u8], Wrong, bool)> = examined
            .findings
            .iter()
            .map(|finding| (finding.key.as_slice(), finding.wrong, !finding.repair.is_empty()))
            .collect();
        assert_eq!(
            found,
            [
                (&b"a2"[..], Wrong::Damaged, false),
                (b"b3", Wrong::Dangling, true),
                (b"b4", Wrong::Damaged, true),
                (b"b5", Wrong::Newer { found: 9, known: 1 }, false),
                (b"c", Wrong::Unknown, false),
            ]
        );
    }
}
