//! Key bundles: the signed prekeys of a user's devices under one signature of the identity key, and under a second
//! one what deployed peers do not know.

mod extension;
mod plain;

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use status_crypto::{Keyring, PublicKey, Signature, keccak256};
use status_layer::{Timestamp, UserId};

pub use extension::Extension;
pub(crate) use extension::PRIVATE_PREKEYS;

use crate::generated as raw;

/// Most devices that a bundle may list. Deployed peers list at most three.
pub const MAX_DEVICES: usize = 16;

/// Most removed devices that a bundle may name; the newest removals count.
pub const MAX_REMOVED: usize = 16;

/// What a deployed peer of today announces to understand.
pub const PROTOCOL_VERSION: u32 = 1;

/// A bundle whose signature is genuine; there is no other way to have one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Bundle {
    identity: UserId,
    listing: Listing,
    timestamp: i64,
    signature: Signature,
    extension_signature: Option<Signature>,
}

/// What a user says of their devices.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Listing {
    /// The devices of the group, by installation id.
    pub prekeys: BTreeMap<String, Prekey>,
    /// The devices that were taken out of it, and when. Unknown to deployed peers.
    pub removed: BTreeMap<String, Timestamp>,
}

/// What a bundle says of one device.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Prekey {
    /// The signed prekey as it stands in the bundle; not yet known to be a point of the curve.
    pub key: Vec<u8>,
    /// Rises with every rotation.
    pub version: u32,
    /// What the device understands. Not signed, unless some entry is extended.
    pub protocol: u32,
    /// When the device was last taken into its user's group; 0 if it does not say. Unknown to deployed peers.
    pub joined: Timestamp,
    /// What it says beyond the deployed fields.
    pub extension: Option<Extension>,
}

/// Why a bundle is not taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// The bytes are not a bundle.
    #[error("the bytes are not a bundle")]
    Malformed,
    /// The identity is not a point of secp256k1.
    #[error("the bundle's identity is not a point of secp256k1")]
    Identity,
    /// The bundle lists too many devices.
    #[error("a bundle of {count} devices is too large, at most {max} are taken")]
    TooManyDevices {
        /// Number found.
        count: usize,
        /// Largest number.
        max: usize,
    },
    /// The signature is not that of the identity.
    #[error("the bundle is not signed by its identity")]
    Signature,
    /// What the bundle says beyond the deployed fields (suites, ratchet keys, who joined and was removed) contradicts
    /// itself, or was not signed with the rest of it by its identity.
    #[error("the bundle's extension fields were changed, or are of another bundle")]
    Extension,
    /// What the signature covers could be divided into other ids, versions and times.
    #[error("the bundle's signature would fit another bundle as well; deployed peers make none like it")]
    Ambiguous,
}

impl Bundle {
    /// Makes a bundle of our own, signed now.
    #[must_use]
    pub fn sign(keyring: &dyn Keyring, listing: impl Into<Listing>, now: Timestamp) -> Self {
        let (listing, timestamp) = (listing.into(), now.nanos());
        let signature = keyring.sign(&keccak256(&[&preimage(&listing.prekeys, timestamp)]));
        let identity = keyring.user();
        let extension_signature =
            listing.is_extended().then(|| keyring.sign(&extension::digest(&identity, &listing, timestamp)));
        Self { identity, listing, timestamp, signature, extension_signature }
    }

    /// Reads a bundle and verifies it.
    ///
    /// # Errors
    /// Any [`BundleError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, BundleError> {
        let bundle: raw::Bundle = prost::Message::decode(bytes).map_err(|_| BundleError::Malformed)?;
        bundle.try_into()
    }

    /// The bytes of the bundle on the wire.
    #[must_use]
    pub fn encode(self) -> Vec<u8> {
        prost::Message::encode_to_vec(&raw::Bundle::from(self))
    }

    /// The user who signed.
    #[must_use]
    pub const fn identity(&self) -> UserId {
        self.identity
    }

    /// What it says of each device, by installation id.
    #[must_use]
    pub const fn prekeys(&self) -> &BTreeMap<String, Prekey> {
        &self.listing.prekeys
    }

    /// Which devices its user has taken out of their group, and when.
    #[must_use]
    pub const fn removed(&self) -> &BTreeMap<String, Timestamp> {
        &self.listing.removed
    }

    /// When it was signed, in nanoseconds since the Unix epoch; 0 if it does not say.
    #[must_use]
    pub const fn timestamp(&self) -> i64 {
        self.timestamp
    }

    /// Whether what its user signed could not be divided into another bundle; see [`plain`].
    pub(crate) fn has_one_reading(&self) -> bool {
        self.extension_signature.is_some() || plain::has_one_reading(&self.listing.prekeys, self.timestamp)
    }

    /// What is hashed and signed.
    #[cfg(feature = "hazmat")]
    #[must_use]
    pub fn preimage(&self) -> Vec<u8> {
        preimage(&self.listing.prekeys, self.timestamp)
    }
}

/// Spec: for each device in byte order of its id: the id, the prekey, the version in decimal; then the timestamp
/// in decimal unless it is 0. No separators; neither identity nor protocol version is covered.
fn preimage(prekeys: &BTreeMap<String, Prekey>, timestamp: i64) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (device, prekey) in prekeys {
        bytes.extend_from_slice(device.as_bytes());
        bytes.extend_from_slice(&prekey.key);
        bytes.extend_from_slice(prekey.version.to_string().as_bytes());
    }
    if timestamp != 0 {
        bytes.extend_from_slice(timestamp.to_string().as_bytes());
    }
    bytes
}

impl TryFrom<raw::Bundle> for Bundle {
    type Error = BundleError;

    fn try_from(bundle: raw::Bundle) -> Result<Self, BundleError> {
        let count = bundle.signed_pre_keys.len();
        if count > MAX_DEVICES {
            return Err(BundleError::TooManyDevices { count, max: MAX_DEVICES });
        }
        let identity = PublicKey::from_compressed(&bundle.identity).map_err(|_| BundleError::Identity)?;
        let prekeys =
            bundle.signed_pre_keys.into_iter().map(|(device, prekey)| Ok((device, prekey.try_into()?)));
        let prekeys = prekeys.collect::<Result<_, BundleError>>()?;

        let signature = Signature::from_bytes(&bundle.signature).map_err(|_| BundleError::Signature)?;
        let digest = keccak256(&[&preimage(&prekeys, bundle.timestamp)]);
        let signer = signature.recover(&digest).map_err(|_| BundleError::Signature)?;
        if signer != identity {
            return Err(BundleError::Signature);
        }
        let listing = Listing { prekeys, removed: extension::removed(bundle.removed)? };
        let extension_signature =
            extension::verify(&bundle.extension_signature, &identity, &listing, bundle.timestamp)?;
        let (identity, timestamp) = (identity.user(), bundle.timestamp);
        Ok(Self { identity, listing, timestamp, signature, extension_signature })
    }
}

impl From<Bundle> for raw::Bundle {
    fn from(bundle: Bundle) -> Self {
        let Listing { prekeys, removed } = bundle.listing;
        let prekeys = prekeys.into_iter().map(|(device, prekey)| (device, prekey.into()));
        let removed = removed
            .into_iter()
            .map(|(installation_id, at)| raw::RemovedDevice { installation_id, at: at.millis() });
        Self {
            identity: bundle.identity.as_bytes().to_vec(),
            signed_pre_keys: prekeys.collect(),
            signature: bundle.signature.as_bytes().to_vec(),
            timestamp: bundle.timestamp,
            extension_signature: bundle
                .extension_signature
                .map(|it| it.as_bytes().to_vec())
                .unwrap_or_default(),
            removed: removed.collect(),
        }
    }
}

impl From<BTreeMap<String, Prekey>> for Listing {
    fn from(prekeys: BTreeMap<String, Prekey>) -> Self {
        Self { prekeys, removed: BTreeMap::new() }
    }
}

impl Listing {
    /// Whether it says anything that deployed peers do not know.
    fn is_extended(&self) -> bool {
        let says = |prekey: &Prekey| prekey.extension.is_some() || prekey.joined != Timestamp::default();
        !self.removed.is_empty() || self.prekeys.values().any(says)
    }
}

impl TryFrom<raw::SignedPreKey> for Prekey {
    type Error = BundleError;

    fn try_from(prekey: raw::SignedPreKey) -> Result<Self, BundleError> {
        let extension = Extension::read(&prekey)?;
        let (version, protocol) = (prekey.version, prekey.protocol_version);
        let joined = Timestamp::from_millis(prekey.joined);
        Ok(Self { key: prekey.signed_pre_key, version, protocol, joined, extension })
    }
}

impl From<Prekey> for raw::SignedPreKey {
    fn from(prekey: Prekey) -> Self {
        let extension = prekey.extension;
        Self {
            signed_pre_key: prekey.key,
            version: prekey.version,
            protocol_version: prekey.protocol,
            joined: prekey.joined.millis(),
            suites: extension.map_or(0, |it| it.suites().bits()),
            ratchet_key: extension
                .as_ref()
                .and_then(Extension::ratchet)
                .map(|it| it.to_vec())
                .unwrap_or_default(),
            features: extension.map_or(0, |it| it.features()),
        }
    }
}

#[cfg(test)]
mod tests {
    use status_crypto::SecretKey;

    use super::*;

    fn of_one_device(now: Timestamp) -> Bundle {
        let identity = SecretKey::from_bytes(&[b'2'; 32]).unwrap();
        let prekey = SecretKey::from_bytes(&[b'3'; 32]).unwrap().public().compressed().to_vec();
        let prekey =
            Prekey { key: prekey, version: 1, protocol: 1, joined: Timestamp::default(), extension: None };
        Bundle::sign(&identity, BTreeMap::from([("1".to_string(), prekey)]), now)
    }

    #[test]
    fn version_and_timestamp_are_signed_as_decimal_text() {
        let bundle = of_one_device(Timestamp::from_secs(1_570_000_000));

        let expected = "28719e2b36a3d3c15a998ed6c93edce9a10e2e38aeac7e095b12f240f3eda9ed\
                        25e08f40894f0ec7110078166ff4d0cb0cb082c62152ec9113c8d89eaa2072b500";
        assert_eq!(hex::encode(bundle.signature.as_bytes()), expected);
    }

    #[test]
    fn a_bundle_of_too_many_devices_is_refused() {
        let mut bundle = raw::Bundle::from(of_one_device(Timestamp::from_secs(1)));
        for id in 0..MAX_DEVICES {
            bundle.signed_pre_keys.insert(format!("device {id}"), raw::SignedPreKey::default());
        }

        let refused = Bundle::try_from(bundle);

        assert_eq!(refused, Err(BundleError::TooManyDevices { count: 17, max: 16 }));
    }
}
