//! When all that waits is looked at next, for what is too old to be sent.

use status_layer::row::{Reader, Writer};
use status_layer::{Shelf, StoreError, Timestamp};

use super::{LAPSE, VERSION};

/// When it is looked at, if that was ever needed.
pub(crate) fn planned(shelf: &Shelf<'_>) -> Result<Option<Timestamp>, StoreError> {
    shelf.get(&[LAPSE])?.map(|row| read(&row)).transpose()
}

/// Notes when it is looked at next.
pub(crate) fn plan(shelf: &mut Shelf<'_>, at: Timestamp) {
    shelf.put([LAPSE], Writer::new(VERSION).u64(at.millis()).finish());
}

pub(super) fn read(row: &[u8]) -> Result<Timestamp, StoreError> {
    Reader::read("the plan of data sync", VERSION, row, Reader::u64).map(Timestamp::from_millis)
}
