//! A key that the keyring of the operating system keeps.

use keyring_core::{Entry, Error};
use zeroize::Zeroizing;

use crate::error::{KeyError, OpenError};
use crate::lock::Key;

impl Key {
    /// Reads the key that the keyring keeps under `entry`: 64 hexadecimal digits, as in a key file.
    ///
    /// The application chooses the keyring, with one of the crates that [`keyring_core`] lists, and the entry, one for
    /// each home. It has to be a keyring that outlives a restart of the machine; that of the Linux kernel does not.
    ///
    /// # Errors
    /// [`OpenError::Keyring`] if there is no such entry, or the keyring is locked or fails; [`KeyError::Text`] if what it
    /// keeps is no key.
    pub fn from_keyring(entry: &Entry) -> Result<Self, OpenError> {
        read(entry)?.ok_or_else(|| OpenError::Keyring(Box::new(Error::NoEntry)))
    }

    /// Reads the key that the keyring keeps under `entry`, or draws one and gives it to the keyring if there is no such
    /// entry. What is there is never replaced.
    ///
    /// For a new home: one that is locked already opens with no new key. Whoever deletes the entry closes the home for
    /// ever, unless the key was written down ([`Key::expose`]).
    ///
    /// # Errors
    /// As [`Key::from_keyring`]; then no key was made, or the keyring did not keep it.
    pub fn from_keyring_or_make(entry: &Entry) -> Result<Self, OpenError> {
        if let Some(key) = read(entry)? {
            return Ok(key);
        }
        let key = Self::generate()?;
        entry.set_secret(key.expose().as_bytes()).map_err(failed)?;
        // What counts is what the keyring gives back from now on.
        Self::from_keyring(entry)
    }
}

/// The key under `entry`, if there is one.
fn read(entry: &Entry) -> Result<Option<Key>, OpenError> {
    let kept = match entry.get_secret() {
        Ok(kept) => Zeroizing::new(kept),
        Err(Error::NoEntry) => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let text = std::str::from_utf8(&kept).map_err(|_| KeyError::Text)?;
    Ok(Some(Key::parse(text)?))
}

fn failed(error: Error) -> OpenError {
    // These carry what is kept.
    let error = match error {
        Error::BadEncoding(kept) | Error::BadDataFormat(kept, _) => {
            drop(Zeroizing::new(kept));
            return KeyError::Text.into();
        }
        error => error,
    };
    OpenError::Keyring(Box::new(error))
}
