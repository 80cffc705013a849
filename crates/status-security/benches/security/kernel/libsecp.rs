//! secp256k1 by the C library, bare.

use secp256k1::ecdsa::{RecoverableSignature, RecoveryId};
use secp256k1::{Message, PublicKey, SecretKey, ecdh};

use super::Bytes;
use super::curve::{Curve, Identity};

pub(crate) enum LibSecp {}

impl Curve for LibSecp {
    type Private = SecretKey;
    type Public = PublicKey;

    fn private(bytes: &Bytes) -> SecretKey {
        SecretKey::from_secret_bytes(*bytes).unwrap()
    }

    fn public(private: &SecretKey) -> Vec<u8> {
        PublicKey::from_secret_key(private).serialize().to_vec()
    }

    fn read(public: &[u8]) -> PublicKey {
        PublicKey::from_slice(public).unwrap()
    }

    fn agree(private: &SecretKey, public: &PublicKey) -> Bytes {
        ecdh::shared_secret_point(public, private)[..32].try_into().unwrap()
    }
}

impl Identity for LibSecp {
    type Signing = SecretKey;
    type Recovered = PublicKey;

    fn signing(bytes: &Bytes) -> SecretKey {
        Self::private(bytes)
    }

    fn sign(key: &SecretKey, digest: &Bytes) -> [u8; 64] {
        let message = Message::from_digest(*digest);
        RecoverableSignature::sign_ecdsa_recoverable(message, key).serialize_compact().1
    }

    fn recover(signature: &[u8; 65], digest: &Bytes) -> PublicKey {
        let id = RecoveryId::from_u8_masked(signature[64]);
        let signature = RecoverableSignature::from_compact(&signature[..64], id).unwrap();
        signature.recover_ecdsa(Message::from_digest(*digest)).unwrap()
    }
}
