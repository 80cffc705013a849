use serde_json::Value;
use status_crypto::account::{Account, CHAT_PATH, Mnemonic, WALLET_PATH, deployed_path};
use status_crypto::{PublicKey, SecretKey, Signature, aead, keccak256, sha256};
use status_layer::testing::ScriptedRng;

/// The cases of one kind in a vector file.
fn cases(file: &str, kind: &str) -> Vec<Value> {
    let path = format!("{}/../../tests/vectors/{file}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let file: Value = serde_json::from_str(&text).unwrap();
    let cases: Vec<Value> =
        file["cases"].as_array().unwrap().iter().filter(|case| case["kind"] == kind).cloned().collect();
    assert!(!cases.is_empty(), "no case of kind {kind}");
    cases
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(text(value).trim_start_matches("0x")).unwrap()
}

fn secret(key: &Value) -> SecretKey {
    SecretKey::from_bytes(&bytes(&key["private"])).unwrap()
}

#[test]
fn phrases_give_the_accounts_of_deployed_peers() {
    for case in cases("crypto/accounts.json", "mnemonic") {
        let name = text(&case["name"]);
        let phrase = Mnemonic::unchecked(text(&case["mnemonic"]));
        let account = Account::new(&phrase, text(&case["passphrase"])).unwrap();

        assert_eq!(phrase.seed(text(&case["passphrase"])).expose(), bytes(&case["seed"]), "{name}");
        assert_eq!(Mnemonic::parse(phrase.expose()).is_ok(), case["valid"].as_bool().unwrap(), "{name}");
        if case["entropy"].is_string() {
            let made = Mnemonic::from_entropy(&bytes(&case["entropy"])).unwrap();
            assert_eq!(made.expose(), phrase.expose(), "{name}");
        }
        assert_eq!(account.key_uid().as_slice(), bytes(&case["key_uid"]), "{name}");
        assert_eq!(account.address().as_slice(), bytes(&case["master_address"]), "{name}");
        assert_eq!(account.public().uncompressed().as_slice(), bytes(&case["master_public_uncompressed"]));
        check_keys(&account, &case);
        for derived in case["derived"].as_array().unwrap() {
            let key = account.key(deployed_path(text(&derived["path"]))).unwrap().public();
            assert_eq!(key.uncompressed().as_slice(), bytes(&derived["public_uncompressed"]), "{name}");
            assert_eq!(key.address().as_slice(), bytes(&derived["address"]), "{name}");
        }
    }
}

#[test]
fn seeds_give_the_accounts_of_deployed_peers() {
    for case in cases("crypto/accounts.json", "seed") {
        check_keys(&Account::from_seed(&bytes(&case["seed"])).unwrap(), &case);
    }
}

/// Checks the keys that cases of both kinds show.
fn check_keys(account: &Account, case: &Value) {
    let name = text(&case["name"]);
    assert_eq!(account.key("m").unwrap().to_bytes().as_slice(), bytes(&case["master_key"]), "{name}");
    assert_eq!(account.extended_key("m").unwrap().as_str(), text(&case["master_extended"]), "{name}");
    for (field, path, key) in [
        ("chat", CHAT_PATH, account.chat_key().unwrap()),
        ("wallet", WALLET_PATH, account.wallet_key().unwrap()),
    ] {
        let known = &case[field];
        assert_eq!(path, text(&known["path"]), "{name}");
        assert!(key == secret(&known["key"]), "{name}");
        assert_eq!(key.public().compressed().as_slice(), bytes(&known["key"]["public"]), "{name}");
        assert_eq!(key.public().address().as_slice(), bytes(&known["address"]), "{name}");
        assert_eq!(account.extended_key(path).unwrap().as_str(), text(&known["extended"]), "{name}");
    }
}

#[test]
fn phrases_are_judged_as_deployed_peers_do() {
    for case in cases("crypto/accounts.json", "validate") {
        let judged = Mnemonic::parse(text(&case["mnemonic"]));

        assert_eq!(judged.is_ok(), case["valid"].as_bool().unwrap(), "{}: {judged:?}", case["name"]);
    }
}

#[test]
fn points_are_judged_as_deployed_peers_do() {
    for case in cases("security/x3dh.json", "point") {
        let bytes = bytes(&case["bytes"]);
        let judged = match text(&case["encoding"]) {
            "compressed" => PublicKey::from_compressed(&bytes),
            _ => PublicKey::from_uncompressed(&bytes),
        };

        assert_eq!(judged.is_ok(), case["accept"].as_bool().unwrap(), "{}: {judged:?}", case["name"]);
    }
}

#[test]
fn agreements_equal_those_of_deployed_peers() {
    for case in cases("security/kdf.json", "dh") {
        let shared = secret(&case["a"]).agree(&secret(&case["b"]).public());

        assert_eq!(shared.expose(), bytes(&case["shared"]), "{}", case["name"]);
    }
}

#[test]
fn signatures_equal_those_of_deployed_peers() {
    for case in cases("security/kdf.json", "sign") {
        let key = secret(&case["key"]);
        let digest = keccak256(&[&bytes(&case["message"])]);

        let signature = key.sign(&digest);

        assert_eq!(digest.as_slice(), bytes(&case["keccak256"]), "{}", case["name"]);
        assert_eq!(signature.as_bytes().as_slice(), bytes(&case["signature"]), "{}", case["name"]);
        assert_eq!(signature.recover(&digest), Ok(key.public()), "{}", case["name"]);
        assert_eq!(key.public().address().as_slice(), bytes(&case["address"]), "{}", case["name"]);
    }
}

#[test]
fn sealed_bytes_equal_those_of_deployed_peers() {
    for case in cases("security/kdf.json", "aes_gcm") {
        let (key, plaintext) = (bytes(&case["key"]), bytes(&case["plaintext"]));
        let mut rng = ScriptedRng::new(bytes(&case["nonce"]));

        let sealed = aead::seal_nonce_last(&key, &mut rng, &plaintext).unwrap();
        let opened = aead::open_nonce_last(&key, &sealed).unwrap();

        assert_eq!(sealed, bytes(&case["ciphertext"]), "{}", case["name"]);
        assert_eq!(*opened, plaintext, "{}", case["name"]);
    }
}

#[test]
fn changed_sealed_bytes_are_refused_as_by_deployed_peers() {
    for case in cases("security/x3dh.json", "dh") {
        let key = bytes(&case["shared_key"]);
        let agreed = secret(&case["ephemeral"]).agree(&secret(&case["receiver_identity"]).public());

        assert_eq!(agreed.expose(), key, "{}", case["name"]);
        assert!(aead::open_nonce_last(&key, &bytes(&case["payload"])).is_ok(), "{}", case["name"]);
        for refused in case["must_reject_payloads"].as_array().unwrap() {
            let opened = aead::open_nonce_last(&key, &bytes(&refused["payload"]));
            assert!(opened.is_err(), "{}: {refused}", case["name"]);
        }
    }
}

#[test]
fn a_signed_payload_recovers_its_author() {
    for case in cases("payload/application.json", "message") {
        let digest = keccak256(&[&bytes(&case["payload"])]);
        let author = secret(&case["signer"]);

        let recovered = Signature::from_bytes(&bytes(&case["signature"])).unwrap().recover(&digest);

        assert_eq!(recovered, Ok(author.public()), "{}", case["name"]);
        assert_eq!(author.sign(&digest).as_bytes().as_slice(), bytes(&case["signature"]));
    }
}

// The whole payload vector: only its hash is known.
#[test]
fn a_long_sealed_payload_has_the_known_hash() {
    let key = status_crypto::pbkdf2_sha256(b"status", &[], 65_356);
    let signer = SecretKey::from_bytes(&[0x11; 32]).unwrap();
    let mut plain = [b"\x05\x05hello".to_vec(), vec![0; 184]].concat();
    let digest = keccak256(&[&plain]);
    plain.extend(signer.sign(&digest).as_bytes());

    let sealed =
        aead::seal_nonce_last(key.expose(), &mut ScriptedRng::new((0..12).collect::<Vec<u8>>()), &plain)
            .unwrap();

    assert_eq!(hex::encode(digest), "8fcaf4c433317c1167692df8d56c494121c8e090eb9f5a040e63987eddbd159c");
    assert_eq!(
        hex::encode(sha256(&[&sealed])),
        "1238cd98f2495ccfb56a38d8fe3fc190d67322c3b4bb8789fabf6a7f58a2587d"
    );
}
