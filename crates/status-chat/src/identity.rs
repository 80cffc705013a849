//! Who we are: twelve words, and the keys that follow from them.

use std::fmt;

use rand::rngs::{StdRng, SysRng};
use rand_core::{CryptoRng, SeedableRng};
use status_crypto::account::{Account, Language, Mnemonic, MnemonicError, PhraseLength};
use status_crypto::{Keyring, SecretKey};
use status_layer::UserId;
use zeroize::Zeroizing;

/// A user's identity: the recovery phrase and the chat key that follows from it.
///
/// Spec: BIP39, BIP32, path m/43'/60'/1581'/0'/0 of EIP-1581.
pub struct Identity {
    phrase: RecoveryPhrase,
    /// In a place of its own: what is moved leaves a copy behind.
    key: Box<SecretKey>,
}

/// The words from which an identity can be restored. Printed only on purpose, with [`RecoveryPhrase::expose`].
#[derive(Clone)]
pub struct RecoveryPhrase(Zeroizing<String>);

/// Why words are not an identity.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// The words are not a recovery phrase.
    #[error(transparent)]
    Phrase(#[from] MnemonicError),
    /// The operating system gives no randomness.
    #[error("the operating system gives no randomness")]
    Randomness,
    /// The words lead to no usable key. By chance this happens to nobody.
    #[error("no key can be derived from this recovery phrase")]
    Derivation,
}

impl Identity {
    /// Makes a new identity of twelve words.
    ///
    /// # Errors
    /// [`IdentityError::Randomness`] if the operating system gives none.
    pub fn generate() -> Result<Self, IdentityError> {
        let mut rng = StdRng::try_from_rng(&mut SysRng).map_err(|_| IdentityError::Randomness)?;
        Self::draw(&mut rng)
    }

    /// Makes a new identity of so many words in a language.
    ///
    /// # Errors
    /// [`IdentityError::Randomness`] if the operating system gives none.
    pub fn generate_in(language: Language, length: PhraseLength) -> Result<Self, IdentityError> {
        let mut rng = StdRng::try_from_rng(&mut SysRng).map_err(|_| IdentityError::Randomness)?;
        Self::of(&Mnemonic::generate_in(language, length, &mut rng)?)
    }

    pub(crate) fn draw(rng: &mut dyn CryptoRng) -> Result<Self, IdentityError> {
        Self::of(&Mnemonic::generate(rng)?)
    }

    /// Restores an identity from its recovery phrase, in whatever language it is.
    ///
    /// # Errors
    /// [`IdentityError::Phrase`], which names the word if one is unknown.
    pub fn restore(phrase: &str) -> Result<Self, IdentityError> {
        Self::of(&Mnemonic::parse(phrase)?)
    }

    fn of(mnemonic: &Mnemonic) -> Result<Self, IdentityError> {
        let account = Account::new(mnemonic, "").map_err(|_| IdentityError::Derivation)?;
        let key = Box::new(account.chat_key().map_err(|_| IdentityError::Derivation)?);
        Ok(Self { phrase: RecoveryPhrase(Zeroizing::new(mnemonic.expose().into())), key })
    }

    /// The public side: the user that others write to.
    #[must_use]
    pub fn user(&self) -> UserId {
        self.key.user()
    }

    /// The words to write down.
    #[must_use]
    pub const fn phrase(&self) -> &RecoveryPhrase {
        &self.phrase
    }

    pub(crate) fn key(&self) -> &SecretKey {
        &self.key
    }
}

impl RecoveryPhrase {
    pub(crate) const fn kept(words: Zeroizing<String>) -> Self {
        Self(words)
    }

    /// The words, for the moment in which they are shown.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for RecoveryPhrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryPhrase(..)")
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({:?})", self.user())
    }
}
