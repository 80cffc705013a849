//! What deployed peers sign is one text without separators. Only bundles that no other bundle shares its text with are
//! taken, or whoever carries one could move digits from its time to a version, and so make an old prekey the newest.

use alloc::collections::BTreeMap;
use alloc::string::String;

use super::Prekey;

/// The first time whose nanoseconds since the Unix epoch have as many digits as those of all later ones: 2001-09-09.
const SINCE: i64 = 1_000_000_000_000_000_000;

/// Whether the text that is signed can be divided in one way only, if every bundle keeps these rules. Bundles of
/// deployed peers do.
///
/// - Ids hold no control characters, and prekeys are 33 bytes of which the first is 2 or 3: that byte ends the id.
/// - All ids are of one length: so a version ends where the next id begins.
/// - The time has 19 digits, or there is none: so the last version ends, since none has more than 10.
pub(super) fn has_one_reading(prekeys: &BTreeMap<String, Prekey>, timestamp: i64) -> bool {
    let dated = timestamp == 0 || timestamp >= SINCE;
    let len = prekeys.keys().next().map(String::len);
    dated
        && prekeys.iter().all(|(id, prekey)| {
            let named = Some(id.len()) == len && !id.bytes().any(|byte| byte.is_ascii_control());
            named && matches!(prekey.key.as_slice(), [2 | 3, rest @ ..] if rest.len() == 32)
        })
}

#[cfg(test)]
mod tests {
    use status_crypto::SecretKey;
    use status_layer::Timestamp;

    use super::super::Bundle;
    use crate::generated as raw;

    /// A bundle as deployed peers make it, of these devices.
    fn deployed(devices: &[(&str, u32)]) -> raw::Bundle {
        let identity = SecretKey::from_bytes(&[1; 32]).unwrap();
        let key = SecretKey::from_bytes(&[3; 32]).unwrap().public().compressed().to_vec();
        let entry = raw::SignedPreKey { signed_pre_key: key, protocol_version: 1, ..Default::default() };
        let entry = |version| raw::SignedPreKey { version, ..entry.clone() };
        let entries = devices.iter().map(|(id, version)| ((*id).into(), entry(*version).try_into().unwrap()));
        let prekeys: alloc::collections::BTreeMap<_, _> = entries.collect();
        Bundle::sign(&identity, prekeys, Timestamp::from_secs(1_700_000_000)).into()
    }

    #[test]
    fn digits_cannot_be_moved_from_one_signed_field_to_the_next() {
        let bundle = deployed(&[("4a", 7), ("5b", 8)]);
        let changes: [fn(&mut raw::Bundle); 5] = [
            // The first digit of the time goes to the version before it, or all of the time.
            |it| {
                it.signed_pre_keys.get_mut("5b").unwrap().version = 81;
                it.timestamp -= 1_000_000_000_000_000_000;
            },
            // The first digit of an id goes to the version before it, or the other way round.
            |it| {
                it.signed_pre_keys.get_mut("4a").unwrap().version = 75;
                let last = it.signed_pre_keys.remove("5b").unwrap();
                it.signed_pre_keys.insert("b".into(), last);
            },
            // The first byte of a key goes to its id, and the version to the key.
            |it| {
                let mut last = it.signed_pre_keys.remove("5b").unwrap();
                let first = char::from(last.signed_pre_key.remove(0));
                last.signed_pre_key.push(b'8');
                last.version = 1;
                it.timestamp -= 1_000_000_000_000_000_000;
                it.signed_pre_keys.insert(alloc::format!("5b{first}"), last);
            },
            // An id goes to its key.
            |it| {
                let mut first = it.signed_pre_keys.remove("4a").unwrap();
                first.signed_pre_key.splice(..0, *b"4a");
                it.signed_pre_keys.insert(String::new(), first);
            },
            // And in part.
            |it| {
                let mut first = it.signed_pre_keys.remove("4a").unwrap();
                first.signed_pre_key.insert(0, b'a');
                it.signed_pre_keys.insert("4".into(), first);
            },
        ];
        let read = Bundle::try_from(bundle.clone()).unwrap();
        for (n, change) in changes.into_iter().enumerate() {
            let mut moved = bundle.clone();

            change(&mut moved);

            let read = Bundle::try_from(moved).unwrap();
            assert!(!read.has_one_reading(), "change {n}");
        }
        assert!(read.has_one_reading() && read.prekeys().len() == 2);
    }
}
