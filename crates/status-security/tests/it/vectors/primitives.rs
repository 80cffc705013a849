//! `x3dh.json` and `kdf.json`.

use status_crypto::{PublicKey, SecretKey, aead, keccak256};
use status_layer::Secret;
use status_layer::testing::ScriptedRng;
use status_security::hazmat::ratchet::{Form, Header, cipher, kdf};
use status_security::hazmat::{Direct, Key, Lock, fixed, x3dh};

use super::{bytes, cases, cases_of, key, list, number, point, public_key, secret_key};

#[test]
fn every_kind_is_read() {
    let known = [
        "x3dh",
        "dh",
        "point",
        "kdf_rk",
        "kdf_ck",
        "kdf_ck_chain",
        "encrypt",
        "decrypt_reject",
        "aes_gcm",
        "dr_header",
        "sign",
    ];
    for case in cases("x3dh.json").into_iter().chain(cases("kdf.json")) {
        assert!(known.contains(&case["kind"].as_str().unwrap()), "{}", case["kind"]);
    }
}

#[test]
fn x3dh_gives_the_same_secret_on_both_sides() {
    for case in cases_of("x3dh.json", "x3dh") {
        let alice = secret_key(&case["initiator_identity"]["private"]);
        let ephemeral = secret_key(&case["initiator_ephemeral"]["private"]);
        let bob = secret_key(&case["responder_identity"]["private"]);
        let prekey = secret_key(&case["responder_signed_pre_key"]["private"]);

        let initiated = x3dh::initiate(&alice, &ephemeral, &bob.public(), &prekey.public());
        let responded = x3dh::respond(&bob, &prekey, &alice.public(), &ephemeral.public());

        assert_eq!(initiated, key(&case["shared_secret"]), "{}", case["name"]);
        assert_eq!(responded, initiated, "{}", case["name"]);
    }
}

#[test]
fn static_messages_are_the_same_bytes() {
    for case in cases_of("x3dh.json", "dh") {
        let bob = secret_key(&case["receiver_identity"]["private"]);
        let script = [bytes(&case["ephemeral"]["private"]), bytes(&case["nonce"])].concat();
        let plaintext = bytes(&case["plaintext"]);

        let (ephemeral, payload) =
            fixed::seal(&mut ScriptedRng::new(script), &bob.public(), &plaintext).unwrap();

        assert_eq!(hex::encode(&payload), case["payload"], "{}", case["name"]);
        assert_eq!(fixed::open(&bob, &ephemeral, &payload).unwrap().as_slice(), plaintext);
        assert_eq!(case["installation_id"], fixed::SLOT);
        let lock = Lock::Fixed { ephemeral: ephemeral.compressed() };
        let direct = Direct { handshake: None, lock, payload };
        assert_eq!(Direct::decode(&bytes(&case["direct_message"])).as_ref(), Ok(&direct));
        assert_eq!(hex::encode(direct.encode()).len(), case["direct_message"].as_str().unwrap().len());
        for refused in list(&case["must_reject_payloads"]) {
            let opened = fixed::open(&bob, &ephemeral, &bytes(&refused["payload"]));
            assert!(opened.is_err(), "{}: {}", case["name"], refused["payload"]);
        }
    }
}

#[test]
fn points_are_judged_alike() {
    for case in cases_of("x3dh.json", "point") {
        let encoded = bytes(&case["bytes"]);

        let taken = match case["encoding"].as_str().unwrap() {
            "compressed" => PublicKey::from_compressed(&encoded).is_ok(),
            _ => PublicKey::from_uncompressed(&encoded).is_ok(),
        };

        assert_eq!(taken, case["accept"], "{}", case["name"]);
    }
}

#[test]
fn root_and_chain_keys_are_the_same() {
    for case in cases_of("kdf.json", "kdf_rk") {
        let agreement = Secret::new(bytes(&case["dh_output"]));

        let (root, chain) = kdf::root(&key(&case["root_key"]), &agreement);

        assert_eq!(root, key(&case["new_root_key"]), "{}", case["name"]);
        assert_eq!(chain, key(&case["chain_key"]), "{}", case["name"]);
    }
    for case in cases_of("kdf.json", "kdf_ck") {
        let (chain, message) = kdf::chain(&key(&case["chain_key"]));

        assert_eq!(chain, key(&case["new_chain_key"]), "{}", case["name"]);
        assert_eq!(message, key(&case["message_key"]), "{}", case["name"]);
    }
}

#[test]
fn a_long_chain_gives_the_same_keys() {
    for case in cases_of("kdf.json", "kdf_ck_chain") {
        let mut chain = key(&case["chain_key"]);
        let mut message = Key::new([0; 32]);
        let mut at = 0;
        for after in list(&case["after"]) {
            while at < number(&after["step"]) {
                (chain, message) = kdf::chain(&chain);
                at += 1;
            }
            assert_eq!(chain, key(&after["chain_key"]), "step {at}");
            assert_eq!(message, key(&after["message_key"]), "step {at}");
        }
    }
}

#[test]
fn ratchet_payloads_are_the_same_bytes() {
    for case in cases_of("kdf.json", "encrypt") {
        let (key, associated) = (key(&case["message_key"]), bytes(&case["associated_data"]));
        let plaintext = bytes(&case["plaintext"]);

        let payload = cipher::seal_with(&key, &associated, &plaintext);

        assert_eq!(hex::encode(&payload), case["ciphertext"], "{}", case["name"]);
        assert!(hex::encode(&payload).starts_with(case["iv"].as_str().unwrap()));
        assert_eq!(cipher::open_with(&key, &associated, &payload).unwrap().as_slice(), plaintext);
    }
}

#[test]
fn changed_ratchet_payloads_are_refused() {
    for case in cases_of("kdf.json", "decrypt_reject") {
        let opened = cipher::open_with(
            &key(&case["message_key"]),
            &bytes(&case["associated_data"]),
            &bytes(&case["ciphertext"]),
        );

        assert!(opened.is_err(), "{}", case["name"]);
    }
}

#[test]
fn headers_are_authenticated_in_the_same_form() {
    for case in cases_of("kdf.json", "dr_header") {
        let header = Header {
            key: point(&case["dh"]).into(),
            n: number(&case["n"]),
            pn: number(&case["pn"]),
            form: Form::Bare,
        };

        assert_eq!(hex::encode(header.associated()), case["encoded"], "{}", case["name"]);
    }
}

#[test]
fn what_the_layer_takes_from_the_crypto_crate_agrees_too() {
    for case in cases_of("kdf.json", "aes_gcm") {
        let mut nonce = ScriptedRng::new(bytes(&case["nonce"]));
        let sealed = aead::seal_nonce_last(&bytes(&case["key"]), &mut nonce, &bytes(&case["plaintext"]));
        assert_eq!(hex::encode(sealed.unwrap()), case["ciphertext"], "{}", case["name"]);
    }
    for case in cases_of("kdf.json", "dh") {
        let shared = secret_key(&case["a"]["private"]).agree(&public_key(&case["b"]["public"]));
        assert_eq!(hex::encode(shared.expose()), case["shared"], "{}", case["name"]);
    }
    for case in cases_of("kdf.json", "sign") {
        let signer: SecretKey = secret_key(&case["key"]["private"]);
        let signature = signer.sign(&keccak256(&[&bytes(&case["message"])]));
        assert_eq!(hex::encode(signature.as_bytes()), case["signature"], "{}", case["name"]);
    }
}
