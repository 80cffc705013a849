//! What is sealed or signed for a notification server.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use rand_core::CryptoRng;
use status_crypto::aead::{AeadError, open_nonce_first, seal_nonce_first};
use status_crypto::{KeyError, Keyring, PublicKey, Signature, keccak256, shake256};
use status_layer::{LayerError, UserId};
use zeroize::Zeroizing;

use super::PushNotificationRegistration;
use crate::wire::{Malformed, Payload};

/// A [`PushNotificationRegistration`], sealed for one server: the payload of its type, which is no encoded
/// message. AES-256-GCM under what the identity key of the user and the key of the server agree on: nonce
/// (12), ciphertext, tag (16).
#[derive(Clone, Default, Eq, PartialEq)]
pub struct SealedRegistration(pub Vec<u8>);

/// Why something was not sealed or opened.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// The other side is no key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// It was sealed for somebody else, or by somebody else, or was changed on its way.
    #[error("it was not sealed between these two, or was changed on its way")]
    Forged,
    /// What was sealed is too long.
    #[error("it is too long to be sealed at once")]
    TooLong,
    /// What is inside is not what it should be.
    #[error("what was sealed cannot be read")]
    Malformed,
}

impl SealedRegistration {
    /// Seals a registration of the local user for a server.
    ///
    /// # Errors
    /// [`SealError::Key`] or [`SealError::TooLong`].
    pub fn seal<K: Keyring + ?Sized>(
        registration: &PushNotificationRegistration,
        keyring: &K,
        server: &UserId,
        rng: &mut dyn CryptoRng,
    ) -> Result<Self, SealError> {
        // It holds the tokens.
        let bytes = Zeroizing::new(registration.bytes());
        seal(keyring, server, rng, &bytes).map(Self)
    }

    /// Opens a registration by `client`, for the local server.
    ///
    /// # Errors
    /// [`SealError`].
    pub fn open<K: Keyring + ?Sized>(
        &self,
        keyring: &K,
        client: &UserId,
    ) -> Result<PushNotificationRegistration, SealError> {
        let bytes = open(keyring, client, &self.0)?;
        PushNotificationRegistration::read(&bytes).map_err(|_| SealError::Malformed)
    }

    /// By what the answer of the server names the registration: SHAKE-256 of the sealed bytes.
    #[must_use]
    pub fn request_id(&self) -> [u8; 64] {
        shake256(&[&self.0])
    }
}

/// Seals the access token for a contact, so that only contacts can have the user notified.
///
/// # Errors
/// [`SealError::Key`] or [`SealError::TooLong`].
pub fn seal_token<K: Keyring + ?Sized>(
    keyring: &K,
    contact: &UserId,
    token: &str,
    rng: &mut dyn CryptoRng,
) -> Result<Vec<u8>, SealError> {
    seal(keyring, contact, rng, token.as_bytes())
}

/// The access token of `user`, if one of the sealed ones is for us.
#[must_use]
pub fn open_token<K: Keyring + ?Sized>(keyring: &K, user: &UserId, sealed: &[Vec<u8>]) -> Option<String> {
    let secret = keyring.agree(&PublicKey::from_user(user).ok()?);
    let opened = sealed.iter().find_map(|token| open_nonce_first(secret.expose(), token).ok())?;
    core::str::from_utf8(&opened).ok().map(Into::into)
}

/// The local user's leave for a server to have them notified under this token: a signature, 65 bytes.
#[must_use]
pub fn grant<K: Keyring + ?Sized>(keyring: &K, server: &UserId, token: &str) -> Vec<u8> {
    keyring.sign(&grant_digest(&keyring.user(), server, token)).as_bytes().to_vec()
}

/// Whether the user has given this leave.
#[must_use]
pub fn granted(user: &UserId, server: &UserId, token: &str, grant: &[u8]) -> bool {
    let signer = Signature::from_bytes(grant).and_then(|it| it.recover(&grant_digest(user, server, token)));
    signer.is_ok_and(|signer| signer.user() == *user)
}

/// What is signed: Keccak-256 of both compressed keys and the text of the token.
fn grant_digest(user: &UserId, server: &UserId, token: &str) -> [u8; 32] {
    keccak256(&[user.as_bytes(), server.as_bytes(), token.as_bytes()])
}

fn seal<K: Keyring + ?Sized>(
    keyring: &K,
    to: &UserId,
    rng: &mut dyn CryptoRng,
    bytes: &[u8],
) -> Result<Vec<u8>, SealError> {
    let secret = keyring.agree(&PublicKey::from_user(to)?);
    seal_nonce_first(secret.expose(), rng, bytes).map_err(of)
}

fn open<K: Keyring + ?Sized>(
    keyring: &K,
    from: &UserId,
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let secret = keyring.agree(&PublicKey::from_user(from)?);
    open_nonce_first(secret.expose(), sealed).map_err(of)
}

const fn of(error: AeadError) -> SealError {
    match error {
        AeadError::TooLong => SealError::TooLong,
        _ => SealError::Forged,
    }
}

impl Payload for SealedRegistration {
    fn read(payload: &[u8]) -> Result<Self, Malformed> {
        Ok(Self(payload.to_vec()))
    }

    fn bytes(&self) -> Vec<u8> {
        self.0.clone()
    }
}

impl From<SealError> for LayerError {
    fn from(error: SealError) -> Self {
        Self::reject(error)
    }
}

impl fmt::Debug for SealedRegistration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealedRegistration({} bytes)", self.0.len())
    }
}
