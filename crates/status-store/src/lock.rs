//! What opens a sealed store: a passphrase, or a key.

use std::fmt;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::Path;

use argon2::{Algorithm, Argon2, Params, Version};
use status_layer::Secret;
use tempfile::NamedTempFile;
use zeroize::Zeroizing;

use crate::error::{KeyError, OpenError};
use crate::redb::{folder, sync};
use crate::rows::unavailable;
use crate::sealed::cipher::random;

/// What locks a store. It protects a random key that seals the data, so it can be replaced without rewriting them.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Lock {
    /// Words that a person knows.
    Passphrase(Passphrase),
    /// A key that is kept somewhere: a file, an environment variable, a keyring.
    Key(Key),
}

/// Which of the two locks a store has.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum LockKind {
    /// It asks for a passphrase.
    Passphrase,
    /// It asks for a key.
    Key,
}

/// A passphrase, never empty, and what it costs to try one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Passphrase {
    words: Secret,
    cost: Cost,
}

/// A random key of 32 bytes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Key(Secret);

/// What Argon2id does to try one passphrase. It is stored with the store and counts when the lock is made; an
/// existing store keeps its own.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Cost {
    /// Memory, in KiB.
    pub memory: u32,
    /// Passes over that memory.
    pub passes: u32,
}

/// Bytes of a key.
pub(crate) const KEY: usize = 32;

impl Cost {
    /// About half a second of one core of 2024 (release build), with 128 MiB.
    pub const USUAL: Self = Self { memory: 128 * 1024, passes: 5 };
    /// The least that is taken: for tests.
    pub const LEAST: Self = Self { memory: 8, passes: 1 };
    /// The most that a file may ask for, so that a hostile one cannot stop us.
    const MOST: Self = Self { memory: 2 * 1024 * 1024, passes: 64 };
    /// Lanes of Argon2id.
    const LANES: u32 = 1;

    /// Whether this program does what the cost asks for.
    pub(crate) fn is_bearable(self) -> bool {
        (Self::LEAST.memory..=Self::MOST.memory).contains(&self.memory)
            && (Self::LEAST.passes..=Self::MOST.passes).contains(&self.passes)
    }
}

impl Default for Cost {
    fn default() -> Self {
        Self::USUAL
    }
}

impl Passphrase {
    /// Takes a passphrase, byte for byte as given, at the usual cost.
    ///
    /// # Errors
    /// [`KeyError::Empty`] if there is nothing in it.
    pub fn new(words: &str) -> Result<Self, KeyError> {
        if words.is_empty() {
            return Err(KeyError::Empty);
        }
        Ok(Self { words: Secret::new(words.as_bytes()), cost: Cost::default() })
    }

    /// Changes what a new lock costs.
    #[must_use]
    pub const fn costing(mut self, cost: Cost) -> Self {
        self.cost = cost;
        self
    }

    pub(crate) const fn cost(&self) -> Cost {
        self.cost
    }

    /// The key that follows from the words.
    ///
    /// Spec: RFC 9106, Argon2id version 1.3.
    pub(crate) fn derive(&self, cost: Cost, salt: &[u8]) -> Option<Zeroizing<[u8; KEY]>> {
        let params = Params::new(cost.memory, cost.passes, Cost::LANES, Some(KEY)).ok()?;
        let mut key = Zeroizing::new([0; KEY]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(self.words.expose(), salt, key.as_mut_slice())
            .ok()?;
        Some(key)
    }
}

impl Key {
    /// Draws a new key.
    ///
    /// # Errors
    /// [`OpenError::Store`] if the operating system gives no randomness.
    pub fn generate() -> Result<Self, OpenError> {
        let mut key = Zeroizing::new([0; KEY]);
        random(key.as_mut_slice()).map_err(unavailable)?;
        Ok(Self(Secret::new(*key)))
    }

    /// Reads a key of 64 hexadecimal digits; space around them does not count.
    ///
    /// # Errors
    /// [`KeyError::Text`].
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let mut key = Zeroizing::new([0; KEY]);
        hex::decode_to_slice(text.trim(), key.as_mut_slice()).map_err(|_| KeyError::Text)?;
        Ok(Self(Secret::new(*key)))
    }

    /// The 64 hexadecimal digits of the key, for the moment in which they are written down.
    #[must_use]
    pub fn expose(&self) -> Zeroizing<String> {
        Zeroizing::new(hex::encode(self.0.expose()))
    }

    /// Reads the key in the file `path`.
    ///
    /// # Errors
    /// [`OpenError::KeyFile`] if it cannot be read, [`KeyError::Text`] if there is no key in it.
    pub fn read(path: &Path) -> Result<Self, OpenError> {
        let mut text = Zeroizing::new(String::new());
        File::open(path)
            .and_then(|file| file.take(KEY as u64 * 4).read_to_string(&mut text))
            .map_err(|source| OpenError::KeyFile { path: path.to_owned(), source })?;
        Ok(Self::parse(&text)?)
    }

    /// Writes a new key into a new file that only its owner can read. If there is a file already, its key counts.
    ///
    /// # Errors
    /// [`OpenError::KeyFile`] if it cannot be written.
    pub fn read_or_make(path: &Path) -> Result<Self, OpenError> {
        let failed = |source| OpenError::KeyFile { path: path.to_owned(), source };
        if path.try_exists().map_err(failed)? {
            return Self::read(path);
        }
        let key = Self::generate()?;
        let mut draft = NamedTempFile::new_in(folder(path)).map_err(failed)?;
        draft.write_all(key.expose().as_bytes()).and_then(|()| draft.write_all(b"\n")).map_err(failed)?;
        draft.as_file().sync_all().map_err(failed)?;
        // Another process may have been faster: then its key is the one.
        if draft.persist_noclobber(path).is_err() {
            return Self::read(path);
        }
        sync(folder(path))?;
        Ok(key)
    }

    pub(crate) fn bytes(&self) -> Option<&[u8; KEY]> {
        self.0.expose().first_chunk()
    }
}

impl Lock {
    /// Which kind of lock it is.
    #[must_use]
    pub const fn kind(&self) -> LockKind {
        match self {
            Self::Passphrase(_) => LockKind::Passphrase,
            Self::Key(_) => LockKind::Key,
        }
    }
}

impl From<Passphrase> for Lock {
    fn from(passphrase: Passphrase) -> Self {
        Self::Passphrase(passphrase)
    }
}

impl From<Key> for Lock {
    fn from(key: Key) -> Self {
        Self::Key(key)
    }
}

impl fmt::Display for LockKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Passphrase => "a passphrase",
            Self::Key => "a key",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_passphrase_nor_key_is_ever_printed() {
        let passphrase = Passphrase::new("open sesame").unwrap();
        let key = Key::parse(&"ab".repeat(32)).unwrap();

        let printed = format!("{:?} {:?}", Lock::from(passphrase), Lock::from(key));

        assert!(!printed.contains("sesame") && !printed.contains("abab") && !printed.contains("171"));
    }

    #[test]
    fn a_key_is_64_hexadecimal_digits_and_nothing_else() {
        let text = "0123456789abcdefABCDEF0123456789abcdef0123456789abcdef0123456789";

        assert_eq!(*Key::parse(&format!(" {text}\n")).unwrap().expose(), text.to_lowercase());
        for wrong in ["", "0123", &text.replace('a', "g"), &format!("{text}00")] {
            assert!(matches!(Key::parse(wrong), Err(KeyError::Text)), "{wrong}");
        }
    }

    #[test]
    fn an_empty_passphrase_is_none() {
        assert!(matches!(Passphrase::new(""), Err(KeyError::Empty)));
    }

    // Spec: RFC 9106. The value is that of the reference implementation (argon2 -id -v 13 -m 16 -t 2 -p 1).
    #[test]
    fn passphrases_are_stretched_with_argon2id() {
        let passphrase = Passphrase::new("password").unwrap();

        let key = passphrase.derive(Cost { memory: 65_536, passes: 2 }, b"somesalt").unwrap();

        assert_eq!(
            hex::encode(key.as_slice()),
            "09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7"
        );
    }

    #[test]
    fn a_key_file_is_made_once_and_for_its_owner_only() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("k");

        let first = Key::read_or_make(&path).unwrap();
        let second = Key::read_or_make(&path).unwrap();

        assert_eq!(first, second);
        assert_eq!(Key::read(&path).unwrap(), first);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }
}
