//! How rows of this layer are laid out: the kernel's row format, at the version of this layer's schema.

use status_layer::{StoreError, row};

/// The newest schema version of every row of this layer.
const VERSION: u8 = 1;

pub(crate) use row::Reader;

/// Begins a row.
pub(crate) fn writer() -> row::Writer {
    row::Writer::new(VERSION)
}

/// Reads a whole row with `fields`, which returns `None` if a field is missing or cannot be.
pub(crate) fn read_row<'a, T>(
    what: &'static str,
    row: &'a [u8],
    fields: impl FnOnce(&mut Reader<'a>) -> Option<T>,
) -> Result<T, StoreError> {
    Reader::read(what, VERSION, row, fields)
}
