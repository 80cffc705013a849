//! `bundle.json`.

use status_crypto::keccak256;
use status_layer::Timestamp;
use status_security::hazmat::Bundle;

use super::{bytes, cases, list, number, public_key, secret_key, text};

#[test]
fn bundles_are_judged_alike() {
    for case in cases("bundle.json") {
        let bundle = Bundle::decode(&bytes(&case["bytes"]));

        assert_eq!(bundle.is_ok(), case["accept"], "{}: {bundle:?}", case["name"]);
        if let (Ok(bundle), Some(identity)) = (&bundle, case["recovered_identity"].as_str()) {
            assert_eq!(hex::encode(bundle.identity().as_bytes()), identity, "{}", case["name"]);
        }
    }
}

#[test]
fn good_bundles_have_the_fields_and_the_preimage_of_the_peer() {
    for case in cases("bundle.json").iter().filter(|case| case["signature_material"].is_string()) {
        let Ok(bundle) = Bundle::decode(&bytes(&case["bytes"])) else { continue };
        let decoded = &case["decoded"];

        let preimage = bundle.preimage();

        assert_eq!(hex::encode(&preimage), case["signature_material"], "{}", case["name"]);
        let digest = hex::encode(keccak256(&[&preimage]));
        assert_eq!(digest, case["signature_material_keccak256"], "{}", case["name"]);
        assert_eq!(bundle.timestamp().to_string(), text(&decoded["timestamp"]));
        assert_eq!(bundle.identity(), public_key(&decoded["identity"]).user());
        assert_eq!(bundle.prekeys().len(), list(&decoded["signed_pre_keys"]).len());
        for said in list(&decoded["signed_pre_keys"]) {
            let prekey = &bundle.prekeys()[text(&said["installation_id"])];
            assert_eq!(hex::encode(&prekey.key), said["signed_pre_key"]);
            assert_eq!(prekey.version, number(&said["version"]));
            assert_eq!(prekey.protocol, number(&said["protocol_version"]));
        }
    }
}

#[test]
fn our_own_bundle_is_the_same_bytes() {
    let mut made = 0;
    for case in cases("bundle.json").iter().filter(|case| case["identity_private"].is_string()) {
        let Ok(theirs) = Bundle::decode(&bytes(&case["bytes"])) else { continue };
        // Our clock has milliseconds, so only their times of whole milliseconds can be asked for.
        let Ok(nanos) = u64::try_from(theirs.timestamp()) else { continue };
        let now = Timestamp::from_millis(nanos / 1_000_000);
        let identity = secret_key(&case["identity_private"]);

        let ours = Bundle::sign(&identity, theirs.prekeys().clone(), now);

        assert!(Bundle::decode(&ours.clone().encode()).is_ok(), "{}", case["name"]);
        if ours.timestamp() == theirs.timestamp() {
            assert_eq!(ours, theirs, "{}", case["name"]);
            made += 1;
        }
    }
    assert!(made > 0, "no bundle could be made again");
}

#[test]
fn the_signature_of_the_peer_is_made_again_at_any_time() {
    for case in cases("bundle.json").iter().filter(|case| case["identity_private"].is_string()) {
        let Ok(bundle) = Bundle::decode(&bytes(&case["bytes"])) else { continue };

        let signature = secret_key(&case["identity_private"]).sign(&keccak256(&[&bundle.preimage()]));

        assert_eq!(hex::encode(signature.as_bytes()), case["decoded"]["signature"], "{}", case["name"]);
    }
}
