//! The key by which a node is known.

use std::fmt;

use libp2p::identity::{Keypair, secp256k1};
use status_layer::{CryptoRng, Secret};

use crate::NodeId;

/// The secret key of a node: secp256k1, as all Waku nodes have it. It names the node and says nothing of its user.
///
/// Wiped when dropped, never printed.
#[derive(Clone)]
pub struct HostKey {
    secret: Secret,
    pair: secp256k1::Keypair,
}

/// Why bytes are not a host key.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum HostKeyError {
    /// It is not 32 bytes, or the number is zero or not below the order of the curve.
    #[error("a host key is 32 bytes: a secp256k1 secret key, big-endian")]
    NotAKey,
}

impl HostKey {
    /// Draws a new key from `rng`, 32 bytes at a time until they are a key.
    pub fn generate(rng: &mut dyn CryptoRng) -> Self {
        loop {
            let mut bytes = [0; 32];
            rng.fill_bytes(&mut bytes);
            if let Ok(key) = Self::from_bytes(&bytes) {
                return key;
            }
        }
    }

    /// Takes a key that was kept.
    ///
    /// # Errors
    /// [`HostKeyError::NotAKey`] if the bytes are not a secp256k1 secret key.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, HostKeyError> {
        // The library takes shorter ones too, as if there were zeros before them.
        if bytes.len() != 32 {
            return Err(HostKeyError::NotAKey);
        }
        let secret = Secret::new(bytes);
        // The library wipes the copy that it is given.
        let key = secp256k1::SecretKey::try_from_bytes(secret.expose().to_vec());
        let pair = key.map_err(|_| HostKeyError::NotAKey)?.into();
        Ok(Self { secret, pair })
    }

    /// The 32 bytes to keep.
    #[must_use]
    pub const fn secret(&self) -> &Secret {
        &self.secret
    }

    /// The name of the node that has this key.
    #[must_use]
    pub fn node(&self) -> NodeId {
        NodeId::of(&self.keypair().public().to_peer_id())
    }

    /// The public key, compressed.
    #[must_use]
    pub fn public(&self) -> [u8; 33] {
        self.pair.public().to_bytes()
    }

    pub(crate) fn keypair(&self) -> Keypair {
        self.pair.clone().into()
    }
}

impl fmt::Debug for HostKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HostKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use status_layer::testing::{ScriptedRng, rng};

    use super::*;

    #[test]
    fn a_key_is_a_number_below_the_order_of_the_curve() {
        assert!(HostKey::from_bytes(&[1; 32]).is_ok());
        for bad in [&[0; 32][..], &[0xff; 32], &[1; 31], &[1; 33], &[]] {
            assert_eq!(HostKey::from_bytes(bad).map(|_| ()), Err(HostKeyError::NotAKey));
        }
    }

    #[test]
    fn drawing_goes_on_until_there_is_a_key() {
        let mut rng = ScriptedRng::new([[0; 32], [0xff; 32], [7; 32]].concat());

        let key = HostKey::generate(&mut rng);

        assert_eq!(key.secret().expose(), [7; 32]);
        assert_eq!(rng.left(), 0);
    }

    #[test]
    fn the_same_key_gives_the_same_name_as_other_waku_nodes_write_it() {
        let key = HostKey::generate(&mut rng(1));
        let name = key.node().to_string();

        assert_eq!(HostKey::from_bytes(key.secret().expose()).unwrap().node().to_string(), name);
        assert!(name.starts_with("16Uiu2HA"), "{name}");
    }

    #[test]
    fn a_key_is_never_printed() {
        assert_eq!(format!("{:?}", HostKey::generate(&mut rng(1))), "HostKey(..)");
    }
}
