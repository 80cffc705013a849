//! The cryptography that the layers share: keys of secp256k1, recoverable signatures, key agreement,
//! and thin wrappers around RustCrypto with the exact byte layouts that deployed peers use.
//!
//! Nothing here is home-made below the level of a byte layout, and nothing here keeps state. Secrets are
//! wiped when dropped, are compared in constant time and print as `Name(..)`. Randomness is an argument.
//!
//! ```
//! use status_crypto::{Keyring, SecretKey, keccak256};
//! # use status_crypto::KeyError;
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let alice = SecretKey::from_bytes(&[0x11; 32])?;
//! let bob = SecretKey::from_bytes(&[0x22; 32])?;
//! let digest = keccak256(&[b"hello"]);
//!
//! assert_eq!(alice.sign(&digest).recover(&digest)?, alice.public());
//! assert_eq!(alice.agree(&bob.public()), bob.agree(&alice.public()));
//! # Ok(())
//! # }
//! ```
#![cfg_attr(not(test), no_std)]

extern crate alloc;

pub mod account;
pub mod aead;
mod curve;
mod hash;
mod kdf;
mod key;
mod keyring;
mod search;
mod signature;
pub mod stream;
pub mod text;
mod wipe;
pub mod x25519;

pub use hash::{Keccak, hmac_sha256, hmac_sha256_each, keccak256, same, sha256, shake256};
pub use kdf::{KdfError, hkdf_sha256, pbkdf2_sha256};
pub use key::{KeyError, PublicKey, SecretKey};
pub use keyring::Keyring;
pub use search::{Found, Search};
pub use signature::{Signature, SignatureError};
pub use wipe::wipe;
