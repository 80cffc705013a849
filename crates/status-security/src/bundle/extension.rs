//! What a bundle says beyond the deployed fields: which suites a device reads, its first ratchet key on Curve25519, what
//! else it understands, when it joined its user's group, and which devices were removed from that. Deployed peers skip it;
//! the deployed fields and their signature are what they would be without it.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use status_crypto::{PublicKey, Signature, keccak256};
use status_layer::{Timestamp, UserId};

use super::{BundleError, Listing, MAX_REMOVED};
use crate::generated as raw;
use crate::suite::{Suite, Suites};

/// Begins what is signed; no installation id of ours begins so.
const TAG: &[u8] = b"status security bundle extension 1";

/// What a device says of itself beyond the deployed fields.
///
/// Invariant: there is a ratchet key if and only if the suites hold [`Suite::Curve25519`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Extension {
    suites: Suites,
    ratchet: Option<[u8; 32]>,
    features: u32,
}

/// Takes private prekeys, and answers sessions that are set up with those it gave.
pub(crate) const PRIVATE_PREKEYS: u32 = 1;

impl Extension {
    /// Joins suites and ratchet key; `None` if one demands the other, or if nothing is said.
    #[must_use]
    pub fn new(suites: Suites, ratchet: Option<[u8; 32]>) -> Option<Self> {
        let fits = suites.has(Suite::Curve25519) == ratchet.is_some() && suites.bits() != 0;
        fits.then_some(Self { suites, ratchet, features: 0 })
    }

    /// The same, with what else the device understands, one bit each. Bits that are not known here are kept.
    #[must_use]
    pub const fn with_features(self, features: u32) -> Self {
        Self { features, ..self }
    }

    /// What else it understands, one bit each.
    #[must_use]
    pub const fn features(&self) -> u32 {
        self.features
    }

    /// Whether it takes private prekeys.
    #[must_use]
    pub const fn takes_private_prekeys(&self) -> bool {
        self.features & PRIVATE_PREKEYS != 0
    }

    /// The suites that the device reads.
    #[must_use]
    pub const fn suites(&self) -> Suites {
        self.suites
    }

    /// Its first ratchet key on Curve25519.
    #[must_use]
    pub const fn ratchet(&self) -> Option<&[u8; 32]> {
        self.ratchet.as_ref()
    }

    /// Reads the fields of an entry; the outer error says that they contradict each other.
    pub(super) fn read(entry: &raw::SignedPreKey) -> Result<Option<Self>, BundleError> {
        if entry.suites == 0 && entry.ratchet_key.is_empty() {
            return if entry.features == 0 { Ok(None) } else { Err(BundleError::Extension) };
        }
        let ratchet = match entry.ratchet_key.as_slice() {
            [] => None,
            key => Some(key.try_into().map_err(|_| BundleError::Extension)?),
        };
        let extension = Self::new(Suites::from_bits(entry.suites), ratchet);
        extension.map(|it| Some(it.with_features(entry.features))).ok_or(BundleError::Extension)
    }
}

/// The digest that the identity signs: all of the bundle, each part behind its length, so that no part of one
/// bundle fits into another.
pub(super) fn digest(identity: &UserId, listing: &Listing, timestamp: i64) -> [u8; 32] {
    let mut bytes = Vec::from(TAG);
    bytes.extend_from_slice(identity.as_bytes());
    bytes.extend_from_slice(&timestamp.to_be_bytes());
    counted(&mut bytes, listing.prekeys.len());
    for (device, prekey) in &listing.prekeys {
        sized(&mut bytes, device.as_bytes());
        sized(&mut bytes, &prekey.key);
        bytes.extend_from_slice(&prekey.version.to_be_bytes());
        bytes.extend_from_slice(&prekey.protocol.to_be_bytes());
        bytes.extend_from_slice(&prekey.joined.millis().to_be_bytes());
        let extension = prekey.extension.as_ref();
        bytes.extend_from_slice(&extension.map_or(0, |it| it.suites.bits()).to_be_bytes());
        sized(&mut bytes, extension.and_then(Extension::ratchet).map_or(&[], <[u8; 32]>::as_slice));
        bytes.extend_from_slice(&extension.map_or(0, |it| it.features).to_be_bytes());
    }
    counted(&mut bytes, listing.removed.len());
    for (device, at) in &listing.removed {
        sized(&mut bytes, device.as_bytes());
        bytes.extend_from_slice(&at.millis().to_be_bytes());
    }
    keccak256(&[&bytes])
}

fn sized(bytes: &mut Vec<u8>, part: &[u8]) {
    counted(bytes, part.len());
    bytes.extend_from_slice(part);
}

fn counted(bytes: &mut Vec<u8>, count: usize) {
    bytes.extend_from_slice(&u32::try_from(count).unwrap_or(u32::MAX).to_be_bytes());
}

/// Reads which devices were removed: at most [`MAX_REMOVED`], in ascending order, each once and with a time.
pub(super) fn removed(list: Vec<raw::RemovedDevice>) -> Result<BTreeMap<String, Timestamp>, BundleError> {
    let count = list.len();
    let ascending = list.is_sorted_by(|a, b| a.installation_id < b.installation_id);
    if count > MAX_REMOVED || !ascending || list.iter().any(|removed| removed.at == 0) {
        return Err(BundleError::Extension);
    }
    let entries = list.into_iter().map(|it| (it.installation_id, Timestamp::from_millis(it.at)));
    Ok(entries.collect())
}

/// Checks the signature that a bundle with extended entries must have; without one nothing may be extended.
pub(super) fn verify(
    signature: &[u8],
    identity: &PublicKey,
    listing: &Listing,
    timestamp: i64,
) -> Result<Option<Signature>, BundleError> {
    if signature.is_empty() {
        return if listing.is_extended() { Err(BundleError::Extension) } else { Ok(None) };
    }
    let signature = Signature::from_bytes(signature).map_err(|_| BundleError::Extension)?;
    let digest = digest(&identity.user(), listing, timestamp);
    match signature.recover(&digest) {
        Ok(signer) if signer == *identity => Ok(Some(signature)),
        _ => Err(BundleError::Extension),
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use prost::Message as _;
    use status_crypto::SecretKey;

    use super::super::{Bundle, Prekey};
    use super::*;

    fn prekey(seed: u8, version: u32, extended: bool) -> Prekey {
        let key = SecretKey::from_bytes(&[seed; 32]).unwrap().public().compressed().to_vec();
        let both = Suites::of(&[Suite::Secp256k1, Suite::Curve25519]);
        let extension = extended.then(|| Extension::new(both, Some([seed; 32]))).flatten();
        Prekey { key, version, protocol: 1, joined: Timestamp::default(), extension }
    }

    fn bundle(seconds: u64, prekeys: &[(&str, Prekey)]) -> raw::Bundle {
        let identity = SecretKey::from_bytes(&[1; 32]).unwrap();
        let prekeys: BTreeMap<_, _> =
            prekeys.iter().map(|(id, prekey)| (id.to_string(), prekey.clone())).collect();
        Bundle::sign(&identity, prekeys, Timestamp::from_secs(seconds)).into()
    }

    /// A bundle of one device that names `removed` as taken out.
    fn without(removed: &[&str]) -> raw::Bundle {
        let identity = SecretKey::from_bytes(&[1; 32]).unwrap();
        let prekeys = BTreeMap::from([("a".to_string(), prekey(3, 1, false))]);
        let removed = removed.iter().map(|id| (id.to_string(), Timestamp::from_secs(5))).collect();
        Bundle::sign(&identity, Listing { prekeys, removed }, Timestamp::from_secs(9)).into()
    }

    fn entry<'a>(bundle: &'a mut raw::Bundle, id: &str) -> &'a mut raw::SignedPreKey {
        bundle.signed_pre_keys.get_mut(id).unwrap()
    }

    #[test]
    fn the_deployed_fields_are_those_of_a_bundle_without_extension() {
        let plain = bundle(1, &[("a", prekey(3, 1, false))]);
        let mut extended = bundle(1, &[("a", prekey(3, 1, true))]);
        let longer = extended.encode_to_vec().len() - plain.encode_to_vec().len();

        extended.extension_signature.clear();
        let of_a = entry(&mut extended, "a");
        (of_a.suites, of_a.ratchet_key) = (0, Vec::new());

        assert_eq!(extended, plain);
        assert_eq!(extended.encode_to_vec(), plain.encode_to_vec());
        assert_eq!(longer, 3 + 35 + 68, "bytes that the extension adds to a bundle of one device");
    }

    #[test]
    fn a_bundle_is_read_with_its_extension() {
        let both = [("a", prekey(3, 1, true)), ("b", prekey(4, 7, false))];

        let read = Bundle::try_from(bundle(1, &both)).unwrap();

        assert_eq!(read.prekeys()["a"], both[0].1);
        assert_eq!(read.prekeys()["b"].extension, None);
    }

    #[test]
    fn an_extension_that_was_changed_in_any_part_is_refused() {
        let changes: [fn(&mut raw::Bundle); 10] = [
            |bundle| entry(bundle, "a").suites = 1,
            |bundle| entry(bundle, "a").features ^= PRIVATE_PREKEYS,
            |bundle| {
                *entry(bundle, "b") = raw::SignedPreKey { features: 1, ..entry(bundle, "b").clone() };
                (entry(bundle, "b").suites, entry(bundle, "b").ratchet_key) = (0, Vec::new());
            },
            |bundle| entry(bundle, "a").suites |= 4,
            |bundle| entry(bundle, "a").ratchet_key[0] ^= 1,
            |bundle| {
                entry(bundle, "a").ratchet_key.pop();
            },
            |bundle| (entry(bundle, "a").suites, entry(bundle, "a").ratchet_key) = (0, Vec::new()),
            |bundle| entry(bundle, "a").protocol_version = 2,
            |bundle| bundle.extension_signature[40] ^= 1,
            |bundle| bundle.extension_signature.clear(),
        ];
        for (n, change) in changes.into_iter().enumerate() {
            let mut bundle = bundle(1, &[("a", prekey(3, 1, true)), ("b", prekey(4, 1, true))]);

            change(&mut bundle);

            assert_eq!(Bundle::try_from(bundle), Err(BundleError::Extension), "change {n}");
        }
    }

    #[test]
    fn who_joined_and_who_was_removed_is_signed_and_cannot_be_changed() {
        let changes: [fn(&mut raw::Bundle); 7] = [
            |bundle| entry(bundle, "a").joined = 7,
            |bundle| bundle.removed.clear(),
            |bundle| bundle.removed.truncate(1),
            |bundle| bundle.removed[0].at += 1,
            |bundle| bundle.removed[0].at = 0,
            |bundle| bundle.removed.swap(0, 1),
            |bundle| bundle.extension_signature.clear(),
        ];
        let read = Bundle::try_from(without(&["b", "c"])).unwrap();
        assert_eq!(read.removed().keys().collect::<Vec<_>>(), ["b", "c"]);
        for (n, change) in changes.into_iter().enumerate() {
            let mut bundle = without(&["b", "c"]);

            change(&mut bundle);

            assert_eq!(Bundle::try_from(bundle), Err(BundleError::Extension), "change {n}");
        }
    }

    #[test]
    fn more_removed_devices_than_a_user_can_name_are_refused() {
        let ids: Vec<String> = (0..=MAX_REMOVED).map(|n| format!("device {n:02}")).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();

        assert!(Bundle::try_from(without(&ids[1..])).is_ok());
        assert_eq!(Bundle::try_from(without(&ids)), Err(BundleError::Extension));
    }

    #[test]
    fn the_extension_of_another_bundle_does_not_fit() {
        let old = bundle(1, &[("a", prekey(3, 1, true))]);
        let others = [
            bundle(2, &[("a", prekey(3, 1, true))]),
            bundle(1, &[("a", prekey(3, 2, true))]),
            bundle(1, &[("b", prekey(3, 1, true))]),
            bundle(1, &[("a", prekey(4, 1, true))]),
        ];
        for (n, mut mixed) in others.into_iter().enumerate() {
            mixed.extension_signature.clone_from(&old.extension_signature);

            assert_eq!(Bundle::try_from(mixed), Err(BundleError::Extension), "bundle {n}");
        }
    }

    #[test]
    fn suites_and_ratchet_key_demand_each_other() {
        let (old, new) = (Suites::DEPLOYED, Suites::of(&[Suite::Curve25519]));

        assert!(Extension::new(new, None).is_none());
        assert!(Extension::new(old, Some([1; 32])).is_none());
        assert!(Extension::new(Suites::from_bits(0), None).is_none());
        assert!(Extension::new(old, None).is_some() && Extension::new(new, Some([1; 32])).is_some());
    }
}
