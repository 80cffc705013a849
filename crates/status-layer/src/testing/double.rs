//! The simplest layers that keep the rules of their seams. They protect nothing: for tests only.

mod courier;
mod glass;
mod open_book;

pub use courier::Courier;
pub use glass::Glass;
pub use open_book::OpenBook;

use alloc::vec::Vec;

use crate::{IdError, LayerError, StoreError, UserId};

/// Why a double refuses or fails.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DoubleError {
    /// The bytes are not what this double makes.
    #[error("not what this double makes")]
    Malformed,
    /// The parcel was opened before.
    #[error("opened before")]
    Again,
    /// Users have one device each.
    #[error("users of this double have one device each")]
    NoDevices,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<DoubleError> for LayerError {
    fn from(error: DoubleError) -> Self {
        match error {
            DoubleError::Store(_) => Self::fault(error),
            _ => Self::reject(error),
        }
    }
}

impl From<IdError> for DoubleError {
    fn from(_: IdError) -> Self {
        Self::Malformed
    }
}

/// Fields one after the other, each behind its length as four bytes big-endian.
fn pack(fields: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::new();
    for field in fields {
        out.extend(u32::try_from(field.len()).unwrap_or(u32::MAX).to_be_bytes());
        out.extend_from_slice(field);
    }
    out
}

/// Takes apart what [`pack`] made of exactly `N` fields.
fn unpack<const N: usize>(mut bytes: &[u8]) -> Result<[&[u8]; N], DoubleError> {
    let mut fields = [&[][..]; N];
    for field in &mut fields {
        let (len, rest) = bytes.split_first_chunk::<4>().ok_or(DoubleError::Malformed)?;
        let len = usize::try_from(u32::from_be_bytes(*len)).map_err(|_| DoubleError::Malformed)?;
        let (found, rest) = rest.split_at_checked(len).ok_or(DoubleError::Malformed)?;
        *field = found;
        bytes = rest;
    }
    if bytes.is_empty() { Ok(fields) } else { Err(DoubleError::Malformed) }
}

fn user(bytes: &[u8]) -> Result<UserId, DoubleError> {
    Ok(UserId::from_compressed(bytes)?)
}
