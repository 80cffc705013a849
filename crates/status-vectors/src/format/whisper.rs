//! Envelopes and the plaintexts in them (`whisper-v1`).

use status_crypto::{Keyring, SecretKey, keccak256};
use status_layer::Secret;
use status_layer::testing::ScriptedRng;
use status_privacy::hazmat;
use status_privacy::whisper::{Bloom, Envelope, hash, pow};

use super::{Choice, nodes};
use crate::read::Node;
use crate::trial::{Stop, Trial};

pub(super) fn check(kind: &str) -> Option<Choice> {
    match kind {
        "envelope" => Some(Choice::Run(envelope)),
        "parse" => Some(Choice::Run(parse)),
        _ => nodes::check(kind),
    }
}

/// What opens an envelope.
pub(super) enum Opener {
    Symmetric(Secret),
    Asymmetric(Box<SecretKey>),
}

impl Opener {
    fn of(case: &Node<'_>) -> Result<Self, Stop> {
        if case.find("sym_key").is_some() {
            return Ok(Self::Symmetric(Secret::new(case.bytes("sym_key")?)));
        }
        if case.find("receiver").is_some() {
            return case.key("receiver").map(|key| Self::Asymmetric(Box::new(key)));
        }
        Err(Stop::Malformed("lacks `sym_key` or `receiver`".into()))
    }

    pub(super) fn open(&self, sealed: &[u8]) -> Option<Vec<u8>> {
        let plain = match self {
            Self::Symmetric(key) => hazmat::open_symmetric(key, sealed),
            Self::Asymmetric(key) => hazmat::open_asymmetric(&**key, sealed),
        };
        plain.map(|plain| plain.to_vec())
    }
}

/// Takes an envelope apart.
pub(super) fn opened<'a>(what: &str, rlp: &'a [u8]) -> Result<Envelope<'a>, Stop> {
    Envelope::decode(rlp).map_err(|error| Stop::Differs(format!("`{what}`: {error}")))
}

fn envelope(case: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
    let rlp = case.bytes("rlp")?;
    let envelope = opened("rlp", &rlp)?;
    trial.member(case, "hash", hash(&rlp))?;
    trial.member(case, "topic", envelope.topic)?;
    trial.member(case, "bloom", Bloom::of(envelope.topic).as_bytes())?;
    trial.same("expiry", envelope.expiry, case.number32("expiry")?);
    trial.same("ttl", envelope.ttl, case.number32("ttl")?);
    trial.same("nonce", envelope.nonce, case.number("nonce")?);
    trial.same("size", envelope.size() as u64, case.number("size")?);
    trial.same("pow", pow::value(&envelope, 0).to_bits(), nodes::float(case, "pow")?.to_bits());
    trial.holds("`pow` is below `pow_target`", pow::value(&envelope, 0) >= nodes::float(case, "pow_target")?);
    let prefix = envelope.prefix().len() as u64;
    trial.same("rlp_without_nonce_length", prefix, case.number("rlp_without_nonce_length")?);
    trial.bytes("our envelope", envelope.encode(), &rlp);
    trial.member_if_any(case, "data", envelope.data)?;

    let opener = Opener::of(case)?;
    let plain = opener.open(envelope.data).ok_or_else(|| Stop::Differs("`rlp` does not open".into()))?;
    contents(case, trial, &plain)?;
    made_again(case, trial, &plain, envelope.data)?;
    for wrong in case.find_list("must_not_open")? {
        let rlp = if wrong.find("rlp").is_some() { wrong.bytes("rlp")? } else { rlp.clone() };
        let opener = if wrong.find("sym_key").is_some() {
            Opener::Symmetric(Secret::new(wrong.bytes("sym_key")?))
        } else if wrong.find("private").is_some() {
            Opener::Asymmetric(Box::new(wrong.private_key("private")?))
        } else {
            Opener::of(case)?
        };
        let opens = Envelope::decode(&rlp).is_ok_and(|envelope| opener.open(envelope.data).is_some());
        trial.holds(&format!("{} opens", wrong.at()), !opens);
    }
    Ok(())
}

/// What is read from an opened envelope.
fn contents(case: &Node<'_>, trial: &mut Trial, plain: &[u8]) -> Result<(), Stop> {
    let read =
        hazmat::decode(plain).map_err(|error| Stop::Differs(format!("the plaintext is refused: {error}")))?;
    trial.member_if_any(case, "plain", plain)?;
    trial.same("flags", plain.first().copied().map(u64::from), Some(case.number("flags")?));
    // Of a large payload there is only the length and the hash.
    if case.find("payload").is_some() || case.find("payload_length").is_none() {
        trial.member(case, "payload", &read.payload)?;
    } else {
        trial.same("payload_length", read.payload.len() as u64, case.number("payload_length")?);
        trial.member_if_any(case, "payload_keccak256", keccak256(&[&read.payload]))?;
    }
    trial.member(case, "padding", &read.padding)?;
    let sender = if case.find("sender").is_some() { Some(case.key("sender")?.public()) } else { None };
    trial.same("sender", read.signer, sender);
    if sender.is_some() {
        trial.member(case, "signature", plain.last_chunk::<65>().map_or(plain, |end| end.as_slice()))?;
    }
    Ok(())
}

/// The same payload, padding, key and nonce give the same bytes.
fn made_again(case: &Node<'_>, trial: &mut Trial, plain: &[u8], data: &[u8]) -> Result<(), Stop> {
    let sender = if case.find("sender").is_some() { Some(case.key("sender")?) } else { None };
    let signer = sender.as_ref().map(|key| key as &dyn Keyring);
    let Ok(read) = hazmat::decode(plain) else { return Ok(()) };
    let padding = case.bytes("padding")?;
    let Some(ours) = hazmat::encode(&read.payload, &padding, signer) else {
        return Err(Stop::Differs("the payload is too long to be laid out here".into()));
    };
    trial.bytes("our plaintext", ours.as_slice(), plain);
    if case.find("padding_given").is_some() {
        trial.member(case, "padding_given", padding)?;
    } else {
        let mut script = ScriptedRng::new(padding.clone());
        let drawn = hazmat::draw_padding(&read.payload, signer, &mut script);
        trial.bytes("our padding", drawn, &padding);
    }
    // The ephemeral key of an asymmetric envelope is not known; its form is proved by opening it.
    if let Opener::Symmetric(key) = Opener::of(case)? {
        match hazmat::seal_symmetric(&key, &mut ScriptedRng::new(case.bytes("gcm_nonce")?), &ours) {
            Ok(sealed) => trial.bytes("our data", sealed, data),
            Err(error) => trial.holds(&format!("`sym_key` seals nothing: {error}"), false),
        }
    }
    Ok(())
}

fn parse(case: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
    let rlp = case.bytes("rlp")?;
    let plain = Opener::of(case)?.open(opened("rlp", &rlp)?.data);
    let plain = plain.ok_or_else(|| Stop::Differs("`rlp` does not open".into()))?;
    trial.member(case, "plain", &plain)?;

    let read = hazmat::decode(&plain);
    trial.same("accept", read.is_ok(), case.flag("accept")?);
    if let Ok(read) = read {
        trial.member_if_any(case, "payload", &read.payload)?;
        trial.member_if_any(case, "padding", &read.padding)?;
        let sender = if case.find("recovered_sender").is_some() {
            Some(case.public_key("recovered_sender")?)
        } else {
            None
        };
        trial.same("recovered_sender", read.signer, sender);
    }
    Ok(())
}
