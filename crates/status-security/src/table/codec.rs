//! How rows of this layer are laid out: the kernel's row format, at the version of this layer's schema.

use status_layer::{StoreError, row};

use crate::bundle::Extension;
use crate::suite::Suites;

/// The newest schema version of every row of this layer.
///
/// In version 1 a device said nothing of what else it understands, and a session nothing of private prekeys.
const VERSION: u8 = 2;

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

/// What a device says of suites: the set, 0 if it says nothing, then the ratchet key; and if it says something, what else
/// it understands.
pub(crate) fn write_extension(row: row::Writer, extension: Option<&Extension>) -> row::Writer {
    let Some(extension) = extension else { return row.u32(0).option::<32>(None) };
    row.u32(extension.suites().bits()).option(extension.ratchet()).u32(extension.features())
}

/// Reads what [`write_extension`] wrote; the outer `None` says that it cannot be read.
pub(crate) fn read_extension(row: &mut Reader<'_>) -> Option<Option<Extension>> {
    match (row.u32()?, row.option()?) {
        (0, None) => Some(None),
        (suites, ratchet) => {
            let extension = Extension::new(Suites::from_bits(suites), ratchet)?;
            let features = if row.version() < 2 { 0 } else { row.u32()? };
            Some(Some(extension.with_features(features)))
        }
    }
}
