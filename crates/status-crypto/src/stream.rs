//! AES in counter mode. It hides and does not authenticate: whoever uses it adds a MAC.

use aes::{Aes128, Aes256};
use ctr::Ctr128BE;
use ctr::cipher::{KeyIvInit, StreamCipher};

/// Encrypts or decrypts `data` in place with AES-256-CTR; the counter is all 16 bytes of `iv`, big-endian.
pub fn aes256_ctr(key: &[u8; 32], iv: &[u8; 16], data: &mut [u8]) {
    Ctr128BE::<Aes256>::new(key.into(), iv.into()).apply_keystream(data);
}

/// Encrypts or decrypts `data` in place with AES-128-CTR; the counter is all 16 bytes of `iv`, big-endian.
pub fn aes128_ctr(key: &[u8; 16], iv: &[u8; 16], data: &mut [u8]) {
    Ctr128BE::<Aes128>::new(key.into(), iv.into()).apply_keystream(data);
}
