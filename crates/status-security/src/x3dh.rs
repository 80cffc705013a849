//! X3DH as deployed peers compute it: three agreements on secp256k1, hashed together.
//!
//! It differs from Signal's: Keccak-256 instead of HKDF, no associated data. The signed prekey is also the responder's
//! first ratchet key. Deployed peers have no one-time prekeys; here they are the private ones, a fourth agreement.

use status_crypto::{Keyring, PublicKey, SecretKey, keccak256};
use status_layer::Secret;

use crate::key::Key;

/// The initiator's side: agrees on the secret of a session with the owner of `identity` and `prekey`.
///
/// `ephemeral` is made for this session alone; its public half goes into the X3DH header.
#[must_use]
pub fn initiate(ours: &dyn Keyring, ephemeral: &SecretKey, identity: &PublicKey, prekey: &PublicKey) -> Key {
    secret(&ours.agree(prekey), &ephemeral.agree(identity), &ephemeral.agree(prekey), None)
}

/// As [`initiate`], with a private prekey of the owner of `identity` besides the signed one.
#[must_use]
pub fn initiate_private(
    ours: &dyn Keyring,
    ephemeral: &SecretKey,
    identity: &PublicKey,
    (prekey, private): (&PublicKey, &PublicKey),
) -> Key {
    let dh4 = ephemeral.agree(private);
    secret(&ours.agree(prekey), &ephemeral.agree(identity), &ephemeral.agree(prekey), Some(&dh4))
}

/// The responder's side: agrees on the secret of a session with the owner of `identity`, who has made
/// `ephemeral` for it.
#[must_use]
pub fn respond(ours: &dyn Keyring, prekey: &SecretKey, identity: &PublicKey, ephemeral: &PublicKey) -> Key {
    secret(&prekey.agree(identity), &ours.agree(ephemeral), &prekey.agree(ephemeral), None)
}

/// As [`respond`], with the private prekey that was given to the owner of `identity` besides the signed one.
#[must_use]
pub fn respond_private(
    ours: &dyn Keyring,
    (prekey, private): (&SecretKey, &SecretKey),
    identity: &PublicKey,
    ephemeral: &PublicKey,
) -> Key {
    let dh4 = private.agree(ephemeral);
    secret(&prekey.agree(identity), &ours.agree(ephemeral), &prekey.agree(ephemeral), Some(&dh4))
}

/// Invariant: dh1 binds the initiator's identity, dh2 the responder's, dh3 neither; the order is that of the wire. With
/// `dh4`, of a prekey that is wiped when it was used, the secret cannot be computed again by anybody.
///
/// Spec: X3DH, 3.3, "If the bundle does contain a one-time prekey".
fn secret(dh1: &Secret, dh2: &Secret, dh3: &Secret, dh4: Option<&Secret>) -> Key {
    let dh4 = dh4.map_or(&[][..], |dh4| dh4.expose());
    Key::new(keccak256(&[dh1.expose(), dh2.expose(), dh3.expose(), dh4]))
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

    #[test]
    fn a_private_prekey_is_a_fourth_agreement_hashed_after_the_three() {
        let [alice, ephemeral, bob, prekey, private] = [b'0', b'1', b'2', b'3', b'4'].map(digit);
        let (of_bob, of_alice) = (bob.public(), alice.public());
        let public = (&prekey.public(), &private.public());

        let initiated = initiate_private(&alice, &ephemeral, &of_bob, public);
        let responded = respond_private(&bob, (&prekey, &private), &of_alice, &ephemeral.public());

        let agreements = [
            alice.agree(&prekey.public()),
            ephemeral.agree(&of_bob),
            ephemeral.agree(&prekey.public()),
            ephemeral.agree(&private.public()),
        ];
        let parts: Vec<&[u8]> = agreements.iter().map(Secret::expose).collect();
        assert_eq!(initiated, Key::new(keccak256(&parts)));
        assert_eq!(initiated, responded);
        assert_ne!(initiated, initiate(&alice, &ephemeral, &of_bob, &prekey.public()));
    }
}
