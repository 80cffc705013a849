//! The curve by `k256` of RustCrypto: pure Rust.

use ::k256::ecdsa::{RecoveryId, Signature, SigningKey, VerifyingKey};
use ::k256::elliptic_curve::point::AffineCoordinates;
use ::k256::{PublicKey, SecretKey, ecdh};
use zeroize::Zeroizing;

use super::Backend;

/// Pure Rust, in constant time where a secret is at work.
pub(crate) enum K256 {}

impl Backend for K256 {
    type Point = PublicKey;
    type Private = SigningKey;

    fn point(sec1: &[u8]) -> Option<PublicKey> {
        PublicKey::from_sec1_bytes(sec1).ok()
    }

    fn compressed(point: &PublicKey) -> [u8; 33] {
        let affine = point.as_affine();
        let mut bytes = [2 | affine.y_is_odd().unwrap_u8(); 33];
        bytes.split_at_mut(1).1.copy_from_slice(&affine.x());
        bytes
    }

    fn uncompressed(point: &PublicKey) -> [u8; 65] {
        let affine = point.as_affine();
        let mut bytes = [4; 65];
        let (x, y) = bytes.split_at_mut(1).1.split_at_mut(32);
        x.copy_from_slice(&affine.x());
        y.copy_from_slice(&affine.y());
        bytes
    }

    fn private(scalar: &[u8; 32]) -> Option<SigningKey> {
        SigningKey::from_slice(scalar).ok()
    }

    fn scalar(private: &SigningKey) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(private.to_bytes().into())
    }

    fn public(private: &SigningKey) -> PublicKey {
        private.verifying_key().into()
    }

    fn agree(private: &SigningKey, other: &PublicKey) -> Zeroizing<[u8; 32]> {
        let shared = ecdh::diffie_hellman(private.as_nonzero_scalar(), other.as_affine());
        Zeroizing::new((*shared.raw_secret_bytes()).into())
    }

    fn agree_once(scalar: &[u8; 32], other: &PublicKey) -> Option<Zeroizing<[u8; 32]>> {
        let scalar = SecretKey::from_slice(scalar).ok()?;
        let shared = ecdh::diffie_hellman(scalar.to_nonzero_scalar(), other.as_affine());
        Some(Zeroizing::new((*shared.raw_secret_bytes()).into()))
    }

    fn sign(private: &SigningKey, digest: &[u8; 32]) -> [u8; 65] {
        let (signature, parity) = private.sign_prehash_recoverable(digest);
        let mut bytes = [parity.to_byte(); 65];
        bytes.split_at_mut(64).0.copy_from_slice(&signature.to_bytes());
        bytes
    }

    fn recover(signature: &[u8; 65], digest: &[u8; 32]) -> Option<PublicKey> {
        let [numbers @ .., v] = signature;
        let signature = Signature::from_slice(numbers).ok()?;
        let parity = RecoveryId::from_byte(*v)?;
        VerifyingKey::recover_from_prehash(digest, &signature, parity).ok().map(Into::into)
    }
}
