//! AES in counter mode. It hides and does not authenticate: whoever uses it adds a MAC.

use aes::{Aes128Enc, Aes256Enc};
use ctr::Ctr128BE;
use ctr::cipher::{KeyIvInit, StreamCipher};

// Counter mode only ever encrypts the counter, so no key schedule for decryption is made.

/// Encrypts or decrypts `data` in place with AES-256-CTR; the counter is all 16 bytes of `iv`, big-endian.
pub fn aes256_ctr(key: &[u8; 32], iv: &[u8; 16], data: &mut [u8]) {
    Ctr128BE::<Aes256Enc>::new(key.into(), iv.into()).apply_keystream(data);
}

/// Encrypts or decrypts `data` in place with AES-128-CTR; the counter is all 16 bytes of `iv`, big-endian.
pub fn aes128_ctr(key: &[u8; 16], iv: &[u8; 16], data: &mut [u8]) {
    Ctr128BE::<Aes128Enc>::new(key.into(), iv.into()).apply_keystream(data);
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &str = "6bc1bee22e409f96e93d7e117393172a";
    const IV: &str = "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff";

    fn array<const N: usize>(digits: &str) -> [u8; N] {
        hex::decode(digits).unwrap().try_into().unwrap()
    }

    // Spec: NIST SP 800-38A, F.5.1
    #[test]
    fn aes128_gives_the_known_stream() {
        let mut data: [u8; 16] = array(PLAIN);

        aes128_ctr(&array("2b7e151628aed2a6abf7158809cf4f3c"), &array(IV), &mut data);

        assert_eq!(hex::encode(data), "874d6191b620e3261bef6864990db6ce");
    }

    // Spec: NIST SP 800-38A, F.5.5
    #[test]
    fn aes256_gives_the_known_stream() {
        let key = array("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4");
        let mut data: [u8; 16] = array(PLAIN);

        aes256_ctr(&key, &array(IV), &mut data);

        assert_eq!(hex::encode(data), "601ec313775789a5b7a7f504bbf3d228");
    }

    #[test]
    fn the_counter_runs_over_all_16_bytes() {
        let (key, mut two) = ([7; 32], [0; 32]);
        let mut second = [0; 16];

        aes256_ctr(&key, &[0xff; 16], &mut two);
        aes256_ctr(&key, &[0; 16], &mut second);

        assert_eq!(two[16..], second);
    }
}
