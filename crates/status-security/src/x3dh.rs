//! X3DH as deployed peers compute it: three agreements on secp256k1, hashed together.
//!
//! It differs from Signal's: Keccak-256 instead of HKDF, no associated data, no one-time prekeys. The signed
//! prekey is also the responder's first ratchet key.

use status_crypto::{Keyring, PublicKey, SecretKey, keccak256};
use status_layer::Secret;

use crate::key::Key;

/// The initiator's side: agrees on the secret of a session with the owner of `identity` and `prekey`.
///
/// `ephemeral` is made for this session alone; its public half goes into the X3DH header.
#[must_use]
pub fn initiate(ours: &dyn Keyring, ephemeral: &SecretKey, identity: &PublicKey, prekey: &PublicKey) -> Key {
    secret(&ours.agree(prekey), &ephemeral.agree(identity), &ephemeral.agree(prekey))
}

/// The responder's side: agrees on the secret of a session with the owner of `identity`, who has made
/// `ephemeral` for it.
#[must_use]
pub fn respond(ours: &dyn Keyring, prekey: &SecretKey, identity: &PublicKey, ephemeral: &PublicKey) -> Key {
    secret(&prekey.agree(identity), &ours.agree(ephemeral), &prekey.agree(ephemeral))
}

/// Invariant: dh1 binds the initiator's identity, dh2 the responder's, dh3 neither; the order is that of the wire.
fn secret(dh1: &Secret, dh2: &Secret, dh3: &Secret) -> Key {
    Key::new(keccak256(&[dh1.expose(), dh2.expose(), dh3.expose()]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digit(digit: u8) -> SecretKey {
        SecretKey::from_bytes(&[digit; 32]).unwrap()
    }

    #[test]
    fn both_sides_agree_on_the_secret_of_the_deployed_test() {
        let (alice, ephemeral, bob, prekey) = (digit(b'0'), digit(b'1'), digit(b'2'), digit(b'3'));

        let initiated = initiate(&alice, &ephemeral, &bob.public(), &prekey.public());
        let responded = respond(&bob, &prekey, &alice.public(), &ephemeral.public());

        let expected = "a4e923d0af8fe78a056363be20e71c0a58e569ea8fc1f79289eca10d9f68133a";
        assert_eq!(hex::encode(initiated.expose()), expected);
        assert_eq!(initiated, responded);
    }
}
