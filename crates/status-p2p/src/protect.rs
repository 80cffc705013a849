//! Topics on which only the holder of a key may speak.

use k256::ecdsa::signature::hazmat::{PrehashSigner, PrehashVerifier};
use k256::ecdsa::{Signature, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};
use status_layer::Secret;

use crate::{HostKeyError, PubsubTopic, WakuMessage};

/// A message may be so much older or newer than our clock says, in nanoseconds: five minutes.
const MAX_AGE: u64 = 5 * 60 * 1_000_000_000;

/// A topic that carries only what was signed with one key. Spec: the signed topics of deployed Waku nodes.
///
/// The signature is in the `meta` field: `r ‖ s`, 64 bytes, over SHA-256 of topic, payload, content topic, time and
/// `ephemeral`. Whoever forwards checks it, so it has to be configured alike in all nodes that carry the topic.
#[derive(Clone, Debug)]
pub struct Protected {
    topic: PubsubTopic,
    key: VerifyingKey,
    signer: Option<Signer>,
}

/// The secret key of a topic. Never printed.
#[derive(Clone)]
struct Signer(SigningKey);

/// What a signed message is worth.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Seal {
    /// Signed by the right key, just now.
    Genuine,
    /// Signed by the right key, but it is too old, or of the future.
    Stale,
    /// Not signed by the right key.
    Forged,
}

impl Protected {
    /// A topic whose messages have to be signed for a public key: 33 bytes, compressed, or 65, secp256k1.
    ///
    /// # Errors
    /// [`HostKeyError::NotAKey`] if the bytes are no point of the curve.
    pub fn by(topic: PubsubTopic, public: &[u8]) -> Result<Self, HostKeyError> {
        let key = VerifyingKey::from_sec1_bytes(public).map_err(|_| HostKeyError::NotAKey)?;
        Ok(Self { topic, key, signer: None })
    }

    /// A topic on which this node may speak too: what it publishes there is signed with the secret key, 32 bytes.
    ///
    /// # Errors
    /// [`HostKeyError::NotAKey`] if the bytes are no key.
    pub fn with_key(topic: PubsubTopic, secret: &Secret) -> Result<Self, HostKeyError> {
        let key = SigningKey::from_slice(secret.expose()).map_err(|_| HostKeyError::NotAKey)?;
        Ok(Self { topic, key: *key.verifying_key(), signer: Some(Signer(key)) })
    }

    /// The topic.
    #[must_use]
    pub const fn topic(&self) -> &PubsubTopic {
        &self.topic
    }

    /// Judges a message of the topic at `now`, in nanoseconds since the Unix epoch.
    pub(crate) fn judge(&self, message: &WakuMessage, now: i64) -> Seal {
        let signature = message.meta.as_deref().map(Signature::from_slice);
        let Some(Ok(signature)) = signature else { return Seal::Forged };
        // As in deployed nodes, only the lower of the two values that fit is taken.
        if self.key.verify_prehash(&self.digest(message), &signature).is_err() {
            return Seal::Forged;
        }
        if message.timestamp.unwrap_or_default().abs_diff(now) > MAX_AGE {
            Seal::Stale
        } else {
            Seal::Genuine
        }
    }

    /// Signs a message of the topic, if this node has the key.
    pub(crate) fn sign(&self, message: &mut WakuMessage) {
        let Some(Signer(key)) = &self.signer else { return };
        let signature: Result<Signature, _> = key.sign_prehash(&self.digest(message));
        // It cannot fail for a digest of 32 bytes; unsigned, the message would be refused by the next node.
        if let Ok(signature) = signature {
            message.meta = Some(signature.to_bytes().to_vec());
        }
    }

    fn digest(&self, message: &WakuMessage) -> [u8; 32] {
        Sha256::new()
            .chain_update(self.topic.to_string())
            .chain_update(&message.payload)
            .chain_update(&message.content_topic)
            // Little-endian here, unlike in the hash of a message.
            .chain_update(message.timestamp.unwrap_or_default().to_le_bytes())
            .chain_update([u8::from(message.ephemeral.unwrap_or_default())])
            .finalize()
            .into()
    }
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signer(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_700_000_000_000_000_000;

    fn topic() -> PubsubTopic {
        "/waku/2/rs/16/1".parse().unwrap()
    }

    fn signer() -> Protected {
        Protected::with_key(topic(), &Secret::new([7; 32])).unwrap()
    }

    fn signed() -> WakuMessage {
        let mut message = WakuMessage {
            payload: b"hello".to_vec(),
            content_topic: "/app/1/x/proto".to_owned(),
            timestamp: Some(NOW),
            ..WakuMessage::default()
        };
        signer().sign(&mut message);
        message
    }

    fn verifier() -> Protected {
        Protected::by(topic(), &signer().key.to_sec1_bytes()).unwrap()
    }

    #[test]
    fn what_the_key_signed_is_genuine_for_five_minutes() {
        let message = signed();

        assert_eq!(verifier().judge(&message, NOW), Seal::Genuine);
        let age = i64::try_from(MAX_AGE).unwrap();
        assert_eq!(verifier().judge(&message, NOW + age), Seal::Genuine);
        assert_eq!(verifier().judge(&message, NOW + age + 1), Seal::Stale);
        assert_eq!(verifier().judge(&message, NOW - age - 1), Seal::Stale);
        assert_eq!(verifier().judge(&message, i64::MIN), Seal::Stale);
    }

    #[test]
    fn every_signed_field_is_covered() {
        let good = signed();
        let elsewhere = Protected { topic: "/waku/2/rs/16/2".parse().unwrap(), ..verifier() };
        for changed in [
            WakuMessage { payload: b"hallo".to_vec(), ..good.clone() },
            WakuMessage { content_topic: "/app/2/x/proto".to_owned(), ..good.clone() },
            WakuMessage { timestamp: Some(NOW + 1), ..good.clone() },
            WakuMessage { ephemeral: Some(true), ..good.clone() },
            WakuMessage { meta: None, ..good.clone() },
            WakuMessage { meta: Some(vec![0; 64]), ..good.clone() },
            WakuMessage { meta: good.meta.clone().map(|meta| meta[..63].to_vec()), ..good.clone() },
        ] {
            assert_eq!(verifier().judge(&changed, NOW), Seal::Forged);
        }
        assert_eq!(elsewhere.judge(&good, NOW), Seal::Forged);
        assert_eq!(verifier().judge(&WakuMessage { version: Some(9), ..good }, NOW), Seal::Genuine);
    }

    #[test]
    fn the_higher_of_both_values_of_a_signature_is_refused() {
        let mut message = signed();
        let low = Signature::from_slice(message.meta.as_deref().unwrap()).unwrap();
        let high = Signature::from_scalars(low.r().to_bytes(), (-*low.s()).to_bytes()).unwrap();
        message.meta = Some(high.to_bytes().to_vec());

        assert_eq!(verifier().judge(&message, NOW), Seal::Forged);
    }

    /// Computed by hand from the fields in the order that deployed nodes hash them.
    #[test]
    fn the_digest_is_over_the_fields_in_order() {
        let mut bytes = b"/waku/2/rs/16/1hello/app/1/x/proto".to_vec();
        bytes.extend_from_slice(&NOW.to_le_bytes());
        bytes.push(0);

        assert_eq!(signer().digest(&signed()), <[u8; 32]>::from(Sha256::digest(&bytes)));
    }

    #[test]
    fn a_key_is_a_point_and_never_printed() {
        assert_eq!(Protected::by(topic(), &[2; 32]).map(|_| ()), Err(HostKeyError::NotAKey));
        assert_eq!(
            Protected::with_key(topic(), &Secret::new([0; 32])).map(|_| ()),
            Err(HostKeyError::NotAKey)
        );
        assert!(format!("{:?}", signer()).contains("Signer(..)"));
    }
}
