//! The payload of an envelope, the same for every carrier (7/WAKU-DATA, 26/WAKU2-PAYLOAD): a padded and
//! mostly signed [plaintext](plain), sealed with a key that both sides know ([`symmetric`]) or to the key of
//! one user ([`ecies`]). Keys are wiped; plaintexts are not, since all that they hold was sealed by security before and goes
//! on as it is.
//!
//! Randomness is drawn in this order: padding, then the nonce (symmetric) or the ephemeral key and the
//! counter block (ecies). The same randomness gives the same bytes.

pub(crate) mod ecies;
pub(crate) mod plain;
pub(crate) mod symmetric;

pub use plain::PlainError;
