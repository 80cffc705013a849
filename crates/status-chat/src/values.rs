//! Values that an application keeps in the home beside its messages, sealed and backed up like them.

use serde::Serialize;
use serde::de::DeserializeOwned;
use status_layer::row::{Reader, Writer};
use status_layer::{Shelf, StoreError};

use crate::client::Client;
use crate::error::SendError;

pub(crate) const VALUE: u8 = b'B';
const VERSION: u8 = 1;
const WHAT: &str = "the values of applications";

/// The longest key, in bytes.
const MAX_KEY: usize = 256;
/// The largest value, in bytes of JSON.
const MAX_VALUE: usize = 256 * 1024;

/// Why a value cannot be kept or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ValueError {
    /// A key is empty or too long.
    #[error("a key has 1 to {MAX_KEY} bytes")]
    Key,
    /// The value is too large.
    #[error("a value of {len} bytes is too large, at most {MAX_VALUE} are kept under one key. Divide it")]
    TooLarge {
        /// Its size, in bytes of JSON.
        len: usize,
    },
    /// The value cannot be written as JSON, or what is kept under the key is of another type.
    #[error("the value under {key:?} is not of the wanted type: {why}")]
    Type {
        /// The key.
        key: String,
        /// What does not fit.
        why: String,
    },
    /// The client is the reason.
    #[error(transparent)]
    Client(#[from] SendError),
}

impl Client {
    /// The value that the application has kept under a key, if any.
    ///
    /// # Errors
    /// [`ValueError`].
    pub async fn value<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, ValueError> {
        let at = row_key(key)?;
        let json = self.look(move |shelf| shelf.get(&at)?.map(|row| read(&row)).transpose()).await?;
        let typed = |json: Vec<u8>| serde_json::from_slice(&json).map_err(|why| mistyped(key, &why));
        json.map(typed).transpose()
    }

    /// Keeps a value under a key, in place of the one that is there. When this returns `Ok`, it is durable.
    ///
    /// # Errors
    /// [`ValueError`]; then the old value stays.
    pub async fn set_value<T: Serialize>(&self, key: &str, value: &T) -> Result<(), ValueError> {
        let at = row_key(key)?;
        let json = serde_json::to_vec(value).map_err(|why| mistyped(key, &why))?;
        if json.len() > MAX_VALUE {
            return Err(ValueError::TooLarge { len: json.len() });
        }
        let keep = move |_: &_, step: &mut crate::core::Step<'_, '_>| {
            step.shelf().put(at.clone(), Writer::new(VERSION).bytes(&json).finish());
            Ok(())
        };
        Ok(self.wish(keep).await?)
    }

    /// Deletes the value under a key, if there is one.
    ///
    /// # Errors
    /// [`ValueError`].
    pub async fn remove_value(&self, key: &str) -> Result<(), ValueError> {
        let at = row_key(key)?;
        let remove = move |_: &_, step: &mut crate::core::Step<'_, '_>| {
            step.shelf().delete(at.clone());
            Ok(())
        };
        Ok(self.wish(remove).await?)
    }
}

/// Looks whether a row is one of these.
pub(crate) fn examine(key: &[u8], row: &[u8]) -> Result<(), StoreError> {
    let json = read(row)?;
    let is_json = serde_json::from_slice::<serde::de::IgnoredAny>(&json).is_ok();
    let key = key.get(1..).and_then(|key| std::str::from_utf8(key).ok()).filter(|key| row_key(key).is_ok());
    if is_json && key.is_some() { Ok(()) } else { Err(StoreError::Damaged { what: WHAT }) }
}

/// Takes over a value from elsewhere.
pub(crate) fn adopt(
    shelf: &mut Shelf<'_>,
    key: &[u8],
    value: &status_layer::Value,
) -> Result<(), StoreError> {
    examine(key, value)?;
    shelf.put(key, value.clone());
    Ok(())
}

fn read(row: &[u8]) -> Result<Vec<u8>, StoreError> {
    Reader::read(WHAT, VERSION, row, |r| Some(r.rest().to_vec()))
}

fn row_key(key: &str) -> Result<Vec<u8>, ValueError> {
    match key.len() {
        1..=MAX_KEY => Ok([&[VALUE], key.as_bytes()].concat()),
        _ => Err(ValueError::Key),
    }
}

fn mistyped(key: &str, why: &serde_json::Error) -> ValueError {
    ValueError::Type { key: key.to_owned(), why: why.to_string() }
}
