//! The curves, bare.

use k256::ecdh::diffie_hellman;
use k256::elliptic_curve::sec1::ToSec1Point;
use x25519_dalek::StaticSecret;

use super::Bytes;

/// Private and public key of one curve.
pub(crate) trait Curve {
    type Private;
    type Public;
    fn private(bytes: &Bytes) -> Self::Private;
    fn public(private: &Self::Private) -> Vec<u8>;
    fn read(public: &[u8]) -> Self::Public;
    fn agree(private: &Self::Private, public: &Self::Public) -> Bytes;
}

/// A curve on which identities live: it signs, too.
pub(crate) trait Identity: Curve {
    type Signing;
    type Recovered;
    fn signing(bytes: &Bytes) -> Self::Signing;
    fn sign(key: &Self::Signing, digest: &Bytes) -> [u8; 64];
    fn recover(signature: &[u8; 65], digest: &Bytes) -> Self::Recovered;
}

/// The implementation that our side uses, and another one to stand beside if it was built.
#[cfg(not(feature = "libsecp256k1"))]
pub(crate) type Secp256k1 = K256;
#[cfg(feature = "libsecp256k1")]
pub(crate) use super::libsecp::LibSecp as Secp256k1;

/// secp256k1 in pure Rust.
pub(crate) enum K256 {}
pub(crate) enum X25519 {}

impl Curve for K256 {
    type Private = k256::SecretKey;
    type Public = k256::PublicKey;

    fn private(bytes: &Bytes) -> k256::SecretKey {
        k256::SecretKey::from_slice(bytes).unwrap()
    }

    fn public(private: &k256::SecretKey) -> Vec<u8> {
        private.public_key().to_sec1_point(true).as_bytes().to_vec()
    }

    fn read(public: &[u8]) -> k256::PublicKey {
        k256::PublicKey::from_sec1_bytes(public).unwrap()
    }

    fn agree(private: &k256::SecretKey, public: &k256::PublicKey) -> Bytes {
        (*diffie_hellman(private.to_nonzero_scalar(), public.as_affine()).raw_secret_bytes()).into()
    }
}

impl Identity for K256 {
    type Signing = k256::ecdsa::SigningKey;
    type Recovered = k256::ecdsa::VerifyingKey;

    fn signing(bytes: &Bytes) -> k256::ecdsa::SigningKey {
        k256::ecdsa::SigningKey::from_slice(bytes).unwrap()
    }

    fn sign(key: &k256::ecdsa::SigningKey, digest: &Bytes) -> [u8; 64] {
        key.sign_prehash_recoverable(digest).0.to_bytes().into()
    }

    fn recover(signature: &[u8; 65], digest: &Bytes) -> k256::ecdsa::VerifyingKey {
        let id = k256::ecdsa::RecoveryId::from_byte(signature[64]).unwrap();
        let signature = k256::ecdsa::Signature::from_slice(&signature[..64]).unwrap();
        k256::ecdsa::VerifyingKey::recover_from_prehash(digest, &signature, id).unwrap()
    }
}

impl Curve for X25519 {
    type Private = StaticSecret;
    type Public = x25519_dalek::PublicKey;

    fn private(bytes: &Bytes) -> StaticSecret {
        StaticSecret::from(*bytes)
    }

    fn public(private: &StaticSecret) -> Vec<u8> {
        x25519_dalek::PublicKey::from(private).to_bytes().to_vec()
    }

    fn read(public: &[u8]) -> x25519_dalek::PublicKey {
        <Bytes>::try_from(public).unwrap().into()
    }

    fn agree(private: &StaticSecret, public: &x25519_dalek::PublicKey) -> Bytes {
        private.diffie_hellman(public).to_bytes()
    }
}
