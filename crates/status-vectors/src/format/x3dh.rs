//! Key agreement for sessions, sealing to an identity, points (`x3dh-v1`).

use status_crypto::PublicKey;
use status_layer::testing::ScriptedRng;
use status_security::hazmat::{Direct, Lock, fixed, x3dh};

use super::Choice;
use crate::read::Node;
use crate::trial::{Stop, Trial};

pub(super) fn check(kind: &str) -> Option<Choice> {
    match kind {
        "x3dh" => Some(Choice::Run(agreement)),
        "dh" => Some(Choice::Run(sealed)),
        "point" => Some(Choice::Run(point)),
        _ => None,
    }
}

fn agreement(case: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
    let initiator = case.key("initiator_identity")?;
    let ephemeral = case.key("initiator_ephemeral")?;
    let responder = case.key("responder_identity")?;
    let prekey = case.key("responder_signed_pre_key")?;

    let initiated = x3dh::initiate(&initiator, &ephemeral, &responder.public(), &prekey.public());
    let responded = x3dh::respond(&responder, &prekey, &initiator.public(), &ephemeral.public());

    trial.member(case, "shared_secret", initiated.expose())?;
    trial.holds("initiator and responder agree on different secrets", initiated == responded);
    let pairs = [("dh1", &initiator, &prekey), ("dh2", &ephemeral, &responder), ("dh3", &ephemeral, &prekey)];
    for (name, ours, theirs) in pairs {
        trial.member(case, name, ours.agree(&theirs.public()).expose())?;
    }
    Ok(())
}

fn sealed(case: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
    let receiver = case.key("receiver_identity")?;
    let ephemeral = case.key("ephemeral")?;
    let (plaintext, payload) = (case.bytes("plaintext")?, case.bytes("payload")?);

    trial.member(case, "shared_key", ephemeral.agree(&receiver.public()).expose())?;
    let script = [ephemeral.to_bytes().as_slice(), &case.bytes("nonce")?].concat();
    match fixed::seal(&mut ScriptedRng::new(script), &receiver.public(), &plaintext) {
        Ok((_, ours)) => trial.bytes("payload", ours, &payload),
        Err(error) => trial.holds(&format!("`plaintext` cannot be sealed: {error}"), false),
    }
    match fixed::open(&receiver, &ephemeral.public(), &payload) {
        Ok(opened) => trial.bytes("plaintext", opened.as_slice(), &plaintext),
        Err(error) => trial.holds(&format!("`payload` does not open: {error}"), false),
    }
    for refused in case.list("must_reject_payloads")? {
        let opened = fixed::open(&receiver, &ephemeral.public(), &refused.bytes("payload")?);
        trial.holds(&format!("{} opens", refused.place("payload")), opened.is_err());
    }

    trial.same("installation_id", fixed::SLOT, case.text("installation_id")?);
    let lock = Lock::Fixed { ephemeral: ephemeral.public().compressed() };
    let direct = Direct { handshake: None, lock, payload };
    match Direct::decode(&case.bytes("direct_message")?) {
        Ok(read) => trial.holds("`direct_message` holds something else", read == direct),
        Err(error) => trial.holds(&format!("`direct_message` cannot be read: {error}"), false),
    }
    trial.member(case, "direct_message", direct.encode())
}

fn point(case: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
    let bytes = case.bytes("bytes")?;
    let accepted = match case.text("encoding")? {
        "compressed" => PublicKey::from_compressed(&bytes).is_ok(),
        "uncompressed" => PublicKey::from_uncompressed(&bytes).is_ok(),
        other => return Err(Stop::Skipped(format!("unknown encoding {other}"))),
    };
    trial.same("accept", accepted, case.flag("accept")?);
    Ok(())
}
