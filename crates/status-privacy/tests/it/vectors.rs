//! What deployed peers made: every envelope, plaintext, topic and key of the vector files.

use serde_json::Value;
use status_crypto::{Keyring, PublicKey, SecretKey};
use status_layer::testing::ScriptedRng;
use status_layer::{Secret, UserId};
use status_privacy::hazmat;
use status_privacy::whisper::Envelope;

pub(crate) fn cases(file: &str) -> Vec<Value> {
    let path = format!("{}/../../tests/vectors/privacy/{file}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let file: Value = serde_json::from_str(&text).unwrap();
    file["cases"].as_array().unwrap().clone()
}

pub(crate) fn of_kind(file: &str, kind: &str) -> Vec<Value> {
    let cases: Vec<_> = cases(file).into_iter().filter(|case| case["kind"] == kind).collect();
    assert!(!cases.is_empty(), "{file} has no case of kind {kind}");
    cases
}

pub(crate) fn text<'a>(case: &'a Value, field: &str) -> &'a str {
    case[field].as_str().unwrap_or_else(|| panic!("{field} of {}", case["name"]))
}

pub(crate) fn bytes(case: &Value, field: &str) -> Vec<u8> {
    hex::decode(text(case, field)).unwrap()
}

fn secret_key(case: &Value) -> SecretKey {
    SecretKey::from_bytes(&bytes(case, "private")).unwrap()
}

fn user(case: &Value) -> UserId {
    PublicKey::from_compressed(&bytes(case, "public")).unwrap().user()
}

/// The sealed bytes of an envelope.
fn sealed(case: &Value) -> Vec<u8> {
    Envelope::decode(&bytes(case, "rlp")).unwrap().data.to_vec()
}

/// Opens the envelope of `sealed` with the keys of `case`.
fn open(case: &Value, sealed: &[u8]) -> Option<Vec<u8>> {
    let plain = match case.get("sym_key") {
        Some(_) => hazmat::open_symmetric(&Secret::new(bytes(case, "sym_key")), sealed),
        None => hazmat::open_asymmetric(&secret_key(&case["receiver"]), sealed),
    };
    plain.map(|plain| plain.to_vec())
}

#[test]
fn every_envelope_opens_to_what_was_sent() {
    for case in of_kind("whisper.json", "envelope") {
        let name = text(&case, "name");
        let sealed = sealed(&case);

        let plain = open(&case, &sealed).unwrap_or_else(|| panic!("{name} does not open"));
        let read = hazmat::decode(&plain).unwrap();

        if case.get("data").is_some() {
            assert_eq!(sealed, bytes(&case, "data"), "{name}");
            assert_eq!(plain, bytes(&case, "plain"), "{name}");
        }
        assert_eq!(u64::from(plain[0]), case["flags"].as_u64().unwrap(), "{name}");
        assert_eq!(read.payload, bytes(&case, "payload"), "{name}");
        assert_eq!(read.padding, bytes(&case, "padding"), "{name}");
        assert_eq!(read.signer.map(|key| key.user()), case.get("sender").map(user), "{name}");
    }
}

#[test]
fn every_envelope_is_made_again_byte_for_byte() {
    for case in of_kind("whisper.json", "envelope") {
        let name = text(&case, "name");
        let sealed = sealed(&case);
        let sender = case.get("sender").map(secret_key);
        let signer = sender.as_ref().map(|key| key as &dyn Keyring);

        let plain = hazmat::encode(&bytes(&case, "payload"), &bytes(&case, "padding"), signer).unwrap();

        assert_eq!(open(&case, &sealed).unwrap(), plain.as_slice(), "{name}");
        if case.get("padding_given").is_none() {
            let mut script = ScriptedRng::new(bytes(&case, "padding"));
            let padding = hazmat::draw_padding(&bytes(&case, "payload"), signer, &mut script);
            assert_eq!((hex::encode(padding).as_str(), script.left()), (text(&case, "padding"), 0), "{name}");
        }
        // The ephemeral key of the asymmetric ones is not known; their form is proved by opening them.
        if case.get("sym_key").is_some() {
            let mut script = ScriptedRng::new(bytes(&case, "gcm_nonce"));
            let key = Secret::new(bytes(&case, "sym_key"));
            assert_eq!(hazmat::seal_symmetric(&key, &mut script, &plain).unwrap(), sealed, "{name}");
        }
    }
}

#[test]
fn what_peers_do_not_open_stays_closed() {
    let mut tried = 0;
    for case in of_kind("whisper.json", "envelope") {
        for wrong in case["must_not_open"].as_array().into_iter().flatten() {
            let mut keys = case.clone();
            for field in ["rlp", "sym_key"] {
                if let Some(value) = wrong.get(field) {
                    keys[field] = value.clone();
                }
            }
            if wrong.get("private").is_some() {
                keys["receiver"] = wrong.clone();
            }

            let opened = open(&keys, &sealed(&keys));

            assert!(opened.is_none(), "{}: {}", case["name"], wrong["what"]);
            tried += 1;
        }
    }
    assert!(tried > 0);
}

#[test]
fn plaintexts_are_judged_as_peers_do() {
    for case in of_kind("whisper.json", "parse") {
        let name = text(&case, "name");
        let plain = open(&case, &sealed(&case)).unwrap();
        assert_eq!(plain, bytes(&case, "plain"), "{name}");

        let read = hazmat::decode(&plain);

        assert_eq!(read.is_ok(), case["accept"].as_bool().unwrap(), "{name}: {read:?}");
        if let Ok(read) = read {
            let signer = case.get("recovered_sender").map(|_| bytes(&case, "recovered_sender"));
            assert_eq!(read.payload, bytes(&case, "payload"), "{name}");
            assert_eq!(read.padding, bytes(&case, "padding"), "{name}");
            assert_eq!(read.signer.map(|key| key.compressed().to_vec()), signer, "{name}");
        }
    }
}

#[test]
fn public_channels_have_the_topics_and_keys_of_peers() {
    for case in of_kind("topics.json", "public_chat") {
        let name = String::from_utf8(bytes(&case, "chat_id_bytes")).unwrap();

        assert_eq!(hex::encode(hazmat::topic(&name)), text(&case, "topic"), "{}", case["name"]);
        assert_eq!(
            hazmat::symmetric_key(name.as_bytes()).expose(),
            bytes(&case, "sym_key"),
            "{}",
            case["name"]
        );
    }
}

#[test]
fn keys_have_the_partitions_and_topics_of_peers() {
    for case in of_kind("topics.json", "key_topics") {
        let (name, user) = (text(&case, "name"), user(&case));

        assert_eq!(u64::from(hazmat::partition(&user)), case["partition"].as_u64().unwrap(), "{name}");
        let places = [
            ("partitioned", hazmat::partitioned_name(&user)),
            ("personal_discovery", hazmat::personal_name(&user).unwrap()),
            ("contact_code", text(&case["contact_code"], "chat_id").to_owned()),
        ];
        for (field, place) in places {
            assert_eq!(place, text(&case[field], "chat_id"), "{name}: {field}");
            assert_eq!(hex::encode(hazmat::topic(&place)), text(&case[field], "topic"), "{name}: {field}");
            if case[field].get("sym_key").is_some() {
                let key = hazmat::symmetric_key(place.as_bytes());
                assert_eq!(key.expose(), bytes(&case[field], "sym_key"), "{name}: {field}");
            }
        }
    }
}

#[test]
fn discovery_topics_are_those_of_peers() {
    for case in of_kind("topics.json", "discovery") {
        assert_eq!(hex::encode(hazmat::topic(text(&case, "chat_id"))), text(&case, "topic"));
    }
    for case in of_kind("topics.json", "own_personal_discovery") {
        let name = hazmat::personal_name(&secret_key(&case["key"]).public().user()).unwrap();

        assert_eq!(name, text(&case, "chat_id"));
        assert_eq!(hex::encode(hazmat::topic(&name)), text(&case, "topic"));
    }
}

#[test]
fn two_users_negotiate_the_place_that_peers_do() {
    for case in of_kind("topics.json", "negotiated") {
        let (a, b) = (secret_key(&case["a"]), secret_key(&case["b"]));

        let secret = a.agree(&b.public());
        let name = hazmat::negotiated_name(&secret);

        assert_eq!(secret.expose(), bytes(&case, "shared_secret"));
        assert_eq!(secret, b.agree(&a.public()));
        assert_eq!(name.as_str(), text(&case, "password"));
        assert_eq!(hex::encode(hazmat::topic(&name)), text(&case, "topic"));
        assert_eq!(hazmat::symmetric_key(name.as_bytes()).expose(), bytes(&case, "sym_key"));
    }
}

#[test]
fn passwords_have_the_keys_of_peers() {
    for case in of_kind("topics.json", "password") {
        assert_eq!(hazmat::symmetric_key(&bytes(&case, "password_bytes")).expose(), bytes(&case, "sym_key"));
    }
}

#[test]
fn every_kind_is_checked() {
    let checked = [
        ("whisper.json", &["envelope", "parse", "rlp", "pow", "needed_bits", "seal", "accept"][..]),
        (
            "topics.json",
            &[
                "public_chat",
                "key_topics",
                "discovery",
                "own_personal_discovery",
                "negotiated",
                "password",
                "topic_bloom",
                "bloom_union",
                "bloom_match",
            ],
        ),
    ];
    for (file, checked) in checked {
        for case in cases(file) {
            let kind = text(&case, "kind");
            assert!(checked.contains(&kind), "{kind} is read by no test");
        }
    }
}
