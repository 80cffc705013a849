//! The primitive calls of an envelope, and nothing else: no state, no checks, no types of ours.

use aes::Aes128;
use aes_gcm::{AeadInOut, Aes256Gcm};
use ctr::cipher::{KeyIvInit, StreamCipher};
use hmac::{Hmac, KeyInit, Mac};
use k256::ecdh::diffie_hellman;
use k256::ecdsa::{RecoveryId, Signature, SigningKey, VerifyingKey};
use k256::elliptic_curve::sec1::ToSec1Point;
use k256::{PublicKey, SecretKey};
use sha2::Sha256;
use sha3::{Digest, Keccak256};
use status_layer::CryptoRng;
use status_layer::testing::rng;

/// Sealing and opening of one payload for one place.
pub(crate) struct Kernel {
    ecies: bool,
    payload: Vec<u8>,
    signing: SigningKey,
    signer: Vec<u8>,
    bob: SecretKey,
    key: [u8; 32],
}

impl Kernel {
    pub(crate) fn new(ecies: bool, size: usize) -> Self {
        let signing = SigningKey::from_slice(&crate::ALICE).unwrap();
        let signer = signing.verifying_key().to_sec1_point(true).as_bytes().to_vec();
        let bob = SecretKey::from_slice(&crate::BOB).unwrap();
        Self { ecies, payload: vec![7; size], signing, signer, bob, key: [9; 32] }
    }

    /// Draws padding, hashes, signs, encrypts.
    pub(crate) fn seal(&self) -> Vec<u8> {
        let mut random = rng(1);
        let random: &mut dyn CryptoRng = &mut random;
        let mut plain = Vec::with_capacity(self.payload.len() + 512);
        plain.extend_from_slice(&[5 + u8::from(self.payload.len() > 255), 0, 1]);
        plain.extend_from_slice(&self.payload);
        let start = plain.len();
        plain.resize((start + 65) / 256 * 256 + 256 - 65, 0);
        random.fill_bytes(&mut plain[start..]);
        let (signature, id) = self.signing.sign_prehash_recoverable(&Keccak256::digest(&plain));
        plain.extend_from_slice(&signature.to_bytes());
        plain.push(id.to_byte());
        if self.ecies { self.to_bob(random, &plain) } else { self.with_key(random, plain) }
    }

    /// Decrypts, hashes, recovers the signer.
    pub(crate) fn open(&self, sealed: &[u8]) -> Option<Vec<u8>> {
        let plain = if self.ecies { self.by_bob(sealed)? } else { self.by_key(sealed)? };
        let (signed, signature) = plain.split_at(plain.len() - 65);
        let id = RecoveryId::from_byte(signature[64])?;
        let found = Signature::from_slice(&signature[..64]).ok()?;
        let signer = VerifyingKey::recover_from_prehash(&Keccak256::digest(signed), &found, id).ok()?;
        assert_eq!(signer.to_sec1_point(true).as_bytes(), self.signer);
        Some(self.payload.clone())
    }

    /// Something that does not open, as long as what does.
    pub(crate) fn wrong(&self) -> Vec<u8> {
        let mut sealed = self.seal();
        let end = sealed.len() - 8;
        sealed[end] ^= 1;
        sealed
    }

    fn with_key(&self, random: &mut dyn CryptoRng, mut plain: Vec<u8>) -> Vec<u8> {
        let mut nonce = [0; 12];
        random.fill_bytes(&mut nonce);
        Aes256Gcm::new(&self.key.into()).encrypt_in_place(&nonce.into(), b"", &mut plain).unwrap();
        plain.extend_from_slice(&nonce);
        plain
    }

    fn by_key(&self, sealed: &[u8]) -> Option<Vec<u8>> {
        let (body, nonce) = sealed.split_at(sealed.len() - 12);
        let nonce: [u8; 12] = nonce.try_into().unwrap();
        let mut plain = body.to_vec();
        Aes256Gcm::new(&self.key.into()).decrypt_in_place(&nonce.into(), b"", &mut plain).ok()?;
        Some(plain)
    }

    fn to_bob(&self, random: &mut dyn CryptoRng, plain: &[u8]) -> Vec<u8> {
        let (mut scalar, mut block) = ([0; 32], [0; 16]);
        random.fill_bytes(&mut scalar);
        random.fill_bytes(&mut block);
        let once = SecretKey::from_slice(&scalar).unwrap();
        let mut sealed = Vec::with_capacity(plain.len() + 113);
        sealed.extend_from_slice(once.public_key().to_sec1_point(false).as_bytes());
        sealed.extend_from_slice(&block);
        sealed.extend_from_slice(plain);
        let (cipher, mac) = keys(&once, &self.bob.public_key());
        ctr::Ctr128BE::<Aes128>::new(&cipher.into(), &block.into()).apply_keystream(&mut sealed[81..]);
        let tag = tag(&mac, &sealed[65..]).finalize().into_bytes();
        sealed.extend_from_slice(&tag);
        sealed
    }

    fn by_bob(&self, sealed: &[u8]) -> Option<Vec<u8>> {
        let once = PublicKey::from_sec1_bytes(&sealed[..65]).ok()?;
        let (body, found) = sealed[65..].split_at(sealed.len() - 65 - 32);
        let (cipher, mac) = keys(&self.bob, &once);
        tag(&mac, body).verify_slice(found).ok()?;
        let block: [u8; 16] = body[..16].try_into().unwrap();
        let mut plain = body[16..].to_vec();
        ctr::Ctr128BE::<Aes128>::new(&cipher.into(), &block.into()).apply_keystream(&mut plain);
        Some(plain)
    }
}

fn keys(own: &SecretKey, other: &PublicKey) -> ([u8; 16], [u8; 32]) {
    let agreed = diffie_hellman(own.to_nonzero_scalar(), other.as_affine());
    let mut hash = Sha256::new_with_prefix(1_u32.to_be_bytes());
    hash.update(agreed.raw_secret_bytes());
    let derived: [u8; 32] = hash.finalize().into();
    (derived[..16].try_into().unwrap(), Sha256::digest(&derived[16..]).into())
}

fn tag(key: &[u8; 32], body: &[u8]) -> Hmac<Sha256> {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key).unwrap();
    mac.update(body);
    mac
}
