//! Accounts: one recovery phrase, from which all keys of a user follow.

use alloc::string::String;
use core::fmt;

use bip32::{DerivationPath, Prefix, XPrv};
use zeroize::Zeroizing;

use crate::{PublicKey, SecretKey, sha256};

mod language;
mod mnemonic;
mod spelling;

pub use language::{Language, PhraseLength};
pub use mnemonic::{Mnemonic, MnemonicError};
pub use spelling::Spelling;

/// The chat key, which is the identity of the user in the protocol (EIP-1581).
pub const CHAT_PATH: &str = "m/43'/60'/1581'/0'/0";

/// The key that encrypts the user's own storage (EIP-1581).
pub const ENCRYPTION_PATH: &str = "m/43'/60'/1581'/1'/0";

/// The first wallet account (BIP44).
pub const WALLET_PATH: &str = "m/44'/60'/0'/0/0";

/// The root of a user's keys (BIP32). Never printed.
#[derive(Clone)]
pub struct Account {
    master: XPrv,
    key: SecretKey,
}

/// Why no key follows from a seed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AccountError {
    /// The seed has a length that is not 16, 32 or 64 bytes.
    #[error("a seed has 16, 32 or 64 bytes, this has {len}")]
    Seed {
        /// Length found, in bytes.
        len: usize,
    },
    /// The path does not begin with `m`, or holds something else than numbers below 2³¹ and `'`.
    #[error("a path is written like {CHAT_PATH}")]
    Path,
    /// The seed gives no key here, which happens to one seed in 2¹²⁷.
    #[error("this seed gives no key at this path; use another path, or another seed")]
    NoKey,
}

impl Account {
    /// The account of a recovery phrase and a passphrase, which is normally empty.
    ///
    /// # Errors
    /// [`AccountError::NoKey`].
    pub fn new(mnemonic: &Mnemonic, passphrase: &str) -> Result<Self, AccountError> {
        Self::from_seed(mnemonic.seed(passphrase).expose())
    }

    /// The account of a seed.
    ///
    /// # Errors
    /// [`AccountError::Seed`] or [`AccountError::NoKey`].
    pub fn from_seed(seed: &[u8]) -> Result<Self, AccountError> {
        let master = XPrv::new(seed).map_err(|error| match error {
            bip32::Error::SeedLength => AccountError::Seed { len: seed.len() },
            _ => AccountError::NoKey,
        })?;
        Ok(Self { key: secret_key(&master)?, master })
    }

    /// The key at a path of BIP32, such as `m/44'/60'/0'/0/1`; `m` is the master key.
    ///
    /// # Errors
    /// [`AccountError::Path`] or [`AccountError::NoKey`].
    pub fn key(&self, path: &str) -> Result<SecretKey, AccountError> {
        secret_key(&self.derive(path)?)
    }

    /// The key at [`CHAT_PATH`]: the identity of the user in the protocol.
    ///
    /// # Errors
    /// [`AccountError::NoKey`].
    pub fn chat_key(&self) -> Result<SecretKey, AccountError> {
        self.key(CHAT_PATH)
    }

    /// The key at [`ENCRYPTION_PATH`], for the user's own storage.
    ///
    /// # Errors
    /// [`AccountError::NoKey`].
    pub fn encryption_key(&self) -> Result<SecretKey, AccountError> {
        self.key(ENCRYPTION_PATH)
    }

    /// The key at [`WALLET_PATH`]. The protocol does not use it.
    ///
    /// # Errors
    /// [`AccountError::NoKey`].
    pub fn wallet_key(&self) -> Result<SecretKey, AccountError> {
        self.key(WALLET_PATH)
    }

    /// The extended private key at a path, as text beginning with `xprv`.
    ///
    /// # Errors
    /// [`AccountError::Path`] or [`AccountError::NoKey`].
    pub fn extended_key(&self, path: &str) -> Result<Zeroizing<String>, AccountError> {
        Ok(self.derive(path)?.to_string(Prefix::XPRV))
    }

    /// The master public key.
    #[must_use]
    pub const fn public(&self) -> PublicKey {
        self.key.public()
    }

    /// The name of the account: SHA-256 over the uncompressed master public key.
    #[must_use]
    pub fn key_uid(&self) -> [u8; 32] {
        sha256(&[&self.public().uncompressed()])
    }

    /// The Ethereum address of the master key.
    #[must_use]
    pub fn address(&self) -> [u8; 20] {
        self.public().address()
    }

    fn derive(&self, path: &str) -> Result<XPrv, AccountError> {
        let path: DerivationPath = path.parse().map_err(|_| AccountError::Path)?;
        path.iter().try_fold(self.master.clone(), |key, child| match key.derive_child(child) {
            Ok(key) => Ok(key),
            Err(bip32::Error::Depth) => Err(AccountError::Path),
            Err(_) => Err(AccountError::NoKey),
        })
    }
}

/// The path whose key deployed peers derive when they are asked for `path`: they lose a last number that is
/// hardened. The paths of the protocol end with a plain number and stay what they are.
#[must_use]
pub fn deployed_path(path: &str) -> &str {
    path.strip_suffix('\'').and_then(|path| path.rsplit_once('/')).map_or(path, |(head, _)| head)
}

fn secret_key(extended: &XPrv) -> Result<SecretKey, AccountError> {
    let bytes = Zeroizing::new(extended.to_bytes());
    SecretKey::from_bytes(bytes.as_slice()).map_err(|_| AccountError::NoKey)
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Account(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account() -> Account {
        Account::from_seed(&[7; 64]).unwrap()
    }

    #[test]
    fn a_seed_has_16_32_or_64_bytes() {
        assert_eq!(Account::from_seed(&[7; 15]).err(), Some(AccountError::Seed { len: 15 }));
        assert!(Account::from_seed(&[7; 16]).is_ok());
        assert!(Account::from_seed(&[7; 32]).is_ok());
    }

    #[test]
    fn a_path_begins_with_m_and_holds_numbers() {
        for path in ["", "44'/60'", "m/", "m/x", "m/2147483648", "m/-1", &format!("m{}", "/0".repeat(256))] {
            assert_eq!(account().key(path).err(), Some(AccountError::Path), "{path}");
        }
    }

    #[test]
    fn deployed_peers_lose_a_last_hardened_number() {
        assert_eq!(deployed_path("m/43'/60'/1581'"), "m/43'/60'");
        assert_eq!(deployed_path("m"), "m");
        for path in [CHAT_PATH, ENCRYPTION_PATH, WALLET_PATH] {
            assert_eq!(deployed_path(path), path);
        }
    }

    #[test]
    fn the_master_key_names_the_account() {
        assert_eq!(account().key("m").map(|key| key.public()), Ok(account().public()));
        assert_eq!(account().key_uid(), sha256(&[&account().public().uncompressed()]));
    }

    #[test]
    fn an_account_is_never_printed() {
        assert_eq!(format!("{:?}", account()), "Account(..)");
    }
}
