//! Key derivation, sealing with message keys, headers, signatures (`kdf-v1`).

use status_crypto::stream::aes256_ctr;
use status_crypto::{Signature, aead, hmac_sha256, keccak256};
use status_layer::Secret;
use status_layer::testing::ScriptedRng;
use status_security::hazmat::Key;
use status_security::hazmat::RatchetKey;
use status_security::hazmat::ratchet::{Form, Header, cipher, kdf};

use super::Choice;
use crate::Rule;
use crate::read::Node;
use crate::trial::{Check, Stop, Trial};

/// Most steps of a chain that are made for one case.
const MAX_STEPS: u64 = 1_000_000;

pub(super) fn check(kind: &str) -> Option<Choice> {
    let check: Check = match kind {
        "kdf_rk" => root,
        "kdf_ck" => chain,
        "kdf_ck_chain" => long_chain,
        "encrypt" => encrypt,
        "decrypt_reject" => reject,
        "aes_gcm" => aes_gcm,
        "dh" => agreement,
        "dr_header" => header,
        "sign" => sign,
        _ => return None,
    };
    Some(Choice::Run(check))
}

fn root(case: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
    let dh = Secret::new(case.array::<32>("dh_output")?);
    let (root, chain) = kdf::root(&Key::new(case.array("root_key")?), &dh);
    trial.member(case, "new_root_key", root.expose())?;
    trial.member(case, "chain_key", chain.expose())?;
    if case.find("header_key_unused").is_some() {
        trial.note(Rule::UnusedHeaderKey);
    }
    Ok(())
}

fn chain(case: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
    let (next, message) = kdf::chain(&Key::new(case.array("chain_key")?));
    trial.member(case, "new_chain_key", next.expose())?;
    trial.member(case, "message_key", message.expose())
}

/// The values after so many steps are the chain key then, and the key of the message of that step.
fn long_chain(case: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
    let mut key = Key::new(case.array("chain_key")?);
    let mut message = None;
    let mut made = 0;
    for after in case.list("after")? {
        let step = after.number("step")?;
        if step < made || step > MAX_STEPS {
            return Err(after.is_not(&format!("a step from {made} to {MAX_STEPS}")));
        }
        for _ in made..step {
            let (next, of_step) = kdf::chain(&key);
            (key, message) = (next, Some(of_step));
        }
        made = step;
        trial.member(&after, "chain_key", key.expose())?;
        if let Some(message) = &message {
            trial.member(&after, "message_key", message.expose())?;
        }
    }
    Ok(())
}

fn encrypt(case: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
    let key = Key::new(case.array("message_key")?);
    let associated = case.bytes("associated_data")?;
    let (plaintext, ciphertext) = (case.bytes("plaintext")?, case.bytes("ciphertext")?);

    let ours = cipher::seal_with(&key, &associated, &plaintext);
    trial.bytes("ciphertext", &ours, &ciphertext);
    match cipher::open_with(&key, &associated, &ciphertext) {
        Ok(opened) => trial.bytes("plaintext", opened.as_slice(), &plaintext),
        Err(error) => trial.holds(&format!("`ciphertext` does not open: {error}"), false),
    }

    // The derived keys do not leave the layer; they are right if they give what it made.
    let iv = case.array::<16>("iv")?;
    let mut text = plaintext;
    aes256_ctr(&case.array("encryption_key")?, &iv, &mut text);
    let body = [iv.as_slice(), &text].concat();
    let tag = hmac_sha256(&case.array::<32>("authentication_key")?, &[&associated, &body]);
    let same = ours.strip_prefix(body.as_slice());
    trial.holds("`iv` and `encryption_key` do not give our ciphertext", same.is_some());
    trial.holds("`authentication_key` does not give our tag", same.is_none_or(|ours| ours == tag));
    Ok(())
}

fn reject(case: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
    let key = Key::new(case.array("message_key")?);
    let opened = cipher::open_with(&key, &case.bytes("associated_data")?, &case.bytes("ciphertext")?);
    trial.holds("`ciphertext` opens", opened.is_err());
    Ok(())
}

fn aes_gcm(case: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
    let (key, plaintext) = (case.bytes("key")?, case.bytes("plaintext")?);
    let ciphertext = case.bytes("ciphertext")?;
    match aead::seal_nonce_last(&key, &mut ScriptedRng::new(case.bytes("nonce")?), &plaintext) {
        Ok(ours) => trial.bytes("ciphertext", ours, &ciphertext),
        Err(error) => trial.holds(&format!("`plaintext` cannot be sealed: {error}"), false),
    }
    match aead::open_nonce_last(&key, &ciphertext) {
        Ok(opened) => trial.bytes("plaintext", opened.as_slice(), &plaintext),
        Err(error) => trial.holds(&format!("`ciphertext` does not open: {error}"), false),
    }
    Ok(())
}

fn agreement(case: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
    let (a, b) = (case.key("a")?, case.key("b")?);
    trial.member(case, "shared", a.agree(&b.public()).expose())?;
    trial.member(case, "shared", b.agree(&a.public()).expose())
}

fn header(case: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
    let header = Header {
        key: RatchetKey::Secp256k1(case.array("dh")?),
        n: case.number32("n")?,
        pn: case.number32("pn")?,
        form: Form::Bare,
    };
    trial.member(case, "encoded", header.associated())
}

fn sign(case: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
    let key = case.key("key")?;
    let digest = keccak256(&[&case.bytes("message")?]);
    trial.member(case, "keccak256", digest)?;
    trial.member(case, "signature", key.sign(&digest).as_bytes())?;
    trial.member(case, "address", key.public().address())?;
    let recovered = Signature::from_bytes(&case.bytes("signature")?).and_then(|read| read.recover(&digest));
    trial.same("key recovered from `signature`", recovered, Ok(key.public()));
    Ok(())
}
