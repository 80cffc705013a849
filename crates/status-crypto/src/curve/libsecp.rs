//! The curve by libsecp256k1, the C library of Bitcoin. Building it needs a C compiler.

use secp256k1::ecdsa::{RecoverableSignature, RecoveryId};
use secp256k1::{Message, PublicKey, SecretKey, ecdh};
use zeroize::Zeroizing;

use super::Backend;
use crate::wipe;

/// The C library, in constant time where a secret is at work.
pub(crate) enum LibSecp {}

/// The library's secret key, which does not wipe itself, with its public side.
#[derive(Clone)]
pub(crate) struct Private {
    scalar: Scalar,
    public: PublicKey,
}

#[derive(Clone)]
struct Scalar(SecretKey);

impl Drop for Scalar {
    fn drop(&mut self) {
        self.0.non_secure_erase();
    }
}

impl Scalar {
    fn new(scalar: &[u8; 32]) -> Option<Self> {
        SecretKey::from_secret_bytes(*scalar).ok().map(Self)
    }

    fn agree(&self, other: &PublicKey) -> Zeroizing<[u8; 32]> {
        let mut point = ecdh::shared_secret_point(other, &self.0);
        let mut x = Zeroizing::new([0; 32]);
        x.copy_from_slice(point.split_at(32).0);
        wipe(&mut point);
        x
    }
}

impl Backend for LibSecp {
    type Point = PublicKey;
    type Private = Private;

    fn point(sec1: &[u8]) -> Option<PublicKey> {
        PublicKey::from_slice(sec1).ok()
    }

    fn compressed(point: &PublicKey) -> [u8; 33] {
        point.serialize()
    }

    fn uncompressed(point: &PublicKey) -> [u8; 65] {
        point.serialize_uncompressed()
    }

    fn private(scalar: &[u8; 32]) -> Option<Private> {
        let scalar = Scalar::new(scalar)?;
        let public = PublicKey::from_secret_key(&scalar.0);
        Some(Private { scalar, public })
    }

    fn scalar(private: &Private) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(private.scalar.0.to_secret_bytes())
    }

    fn public(private: &Private) -> PublicKey {
        private.public
    }

    fn agree(private: &Private, other: &PublicKey) -> Zeroizing<[u8; 32]> {
        private.scalar.agree(other)
    }

    fn agree_once(scalar: &[u8; 32], other: &PublicKey) -> Option<Zeroizing<[u8; 32]>> {
        Some(Scalar::new(scalar)?.agree(other))
    }

    fn sign(private: &Private, digest: &[u8; 32]) -> [u8; 65] {
        let message = Message::from_digest(*digest);
        let signed = RecoverableSignature::sign_ecdsa_recoverable(message, &private.scalar.0);
        let (parity, numbers) = signed.serialize_compact();
        let mut bytes = [parity.to_u8(); 65];
        bytes.split_at_mut(64).0.copy_from_slice(&numbers);
        bytes
    }

    fn recover(signature: &[u8; 65], digest: &[u8; 32]) -> Option<PublicKey> {
        let [numbers @ .., v] = signature;
        let signature = RecoverableSignature::from_compact(numbers, RecoveryId::from_u8_masked(*v)).ok()?;
        signature.recover_ecdsa(Message::from_digest(*digest)).ok()
    }
}
