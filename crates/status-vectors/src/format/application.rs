//! Signed messages (`application-v1`), and their fields for the other formats that list them.

use serde_json::Value as Json;
use status_layer::{Body, MessageId, Timestamp, UserId};
use status_payload::hazmat::{
    Fields, Value, decode_payload, differences, encode_payload, fields, from_fields, kind_named, sign_payload,
};
use status_payload::{Clock, Content, DecodeError, Kind, decode, decode_signed, message_id};

use super::Choice;
use crate::read::Node;
use crate::trial::{Check, Stop, Trial};

pub(super) fn check(kind: &str) -> Option<Choice> {
    let check: Check = match kind {
        "message" => message,
        "recover" => recover,
        "message_id" => id,
        "clock" => clock,
        _ => return None,
    };
    Some(Choice::Run(check))
}

fn message(case: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
    let kind = kind_of(case)?;
    trial.same("type of `message_name`", kind_by_name(case)?, kind);
    signed(case, trial, kind)?;
    let signed = decode_signed(&Body::new(case.bytes("wrapped")?), None);
    let signature = case.key("signer")?.sign(&status_crypto::keccak256(&[&case.bytes("payload")?]));
    trial.member(case, "signature", signature.as_bytes())?;
    trial.same("kind in `wrapped`", signed.map(|signed| signed.kind), Ok(kind));
    Ok(())
}

/// A message with its `fields`, `payload`, `wrapped`, `message_id` and `signer`: read, and made again.
pub(super) fn signed(case: &Node<'_>, trial: &mut Trial, kind: Kind) -> Result<(), Stop> {
    let signer = case.key("signer")?;
    let body = Body::new(case.bytes("wrapped")?);
    match decode(&body, None) {
        Ok(message) => {
            trial.holds("`wrapped` is not signed", message.signed);
            trial.same("author", message.author, signer.public().user());
            trial.same("message_id", message.id.to_string().as_str(), case.text("message_id")?);
            listed(case, trial, &message.content)?;
        }
        Err(error) => trial.holds(&format!("`wrapped` cannot be read: {error}"), false),
    }
    let content = from_fields(kind, shown(&case.get("fields")?)?)
        .map_err(|error| Stop::Differs(format!("`fields` are no message here: {error}")))?;
    trial.member(case, "payload", encode_payload(&content))?;
    match status_payload::encode(&signer, &content) {
        Ok(ours) => {
            trial.bytes("wrapped", ours.as_bytes(), body.as_bytes());
            trial.same(
                "our message id",
                text_of(message_id(&signer.public(), &ours)),
                case.text("message_id")?.into(),
            );
        }
        Err(error) => trial.holds(&format!("`fields` cannot be sent: {error}"), false),
    }
    trial.bytes("wrapped", sign_payload(&signer, kind, case.bytes("payload")?).as_bytes(), body.as_bytes());
    Ok(())
}

/// Compares the fields of a message with those that are listed.
pub(super) fn listed(shown_in: &Node<'_>, trial: &mut Trial, content: &Content) -> Result<(), Stop> {
    let theirs = shown(&shown_in.get("fields")?)?;
    let Some(ours) = fields(content) else {
        return Err(Stop::Skipped(format!(
            "not implemented yet: messages of type {}",
            content.kind().number()
        )));
    };
    for field in differences(&ours, &theirs) {
        let (ours, theirs) = (ours.get(&field), theirs.get(&field));
        trial.same(&format!("{}.{field}", shown_in.place("fields")), ours, theirs);
    }
    Ok(())
}

fn recover(case: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
    // Stands for whoever sent the message; a message without signature is theirs.
    let sender = UserId::from_compressed(&[2; 33]).map_err(|error| Stop::Differs(error.to_string()))?;
    let body = Body::new(case.bytes("wrapped")?);
    let read = decode_signed(&body, Some(sender));
    let refused = case.find("recover_error").is_some();
    let recovered = case.flag("recovered")?;
    match read {
        Err(DecodeError::Signature) => trial.holds("the signature is refused here, not by the peer", refused),
        Err(error) => trial.holds(&format!("`wrapped` cannot be read: {error}"), false),
        Ok(read) => {
            trial.holds("the signature is refused by the peer, not here", !refused);
            trial.same("recovered", read.signed, recovered);
            if read.signed {
                trial.member(case, "recovered_key", read.author.as_bytes())?;
                let same = case.bytes("real_signer")? == read.author.as_bytes();
                trial.same("same_as_real_signer", same, case.flag("same_as_real_signer")?);
            } else {
                trial.same("author", read.author, sender);
                trial.same("read without sender", decode_signed(&body, None), Err(DecodeError::NoAuthor));
            }
        }
    }
    Ok(())
}

fn id(case: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
    let id = message_id(&case.public_key("author")?, &Body::new(case.bytes("data")?));
    trial.same("message_id", text_of(id), case.text("message_id")?.to_owned());
    Ok(())
}

fn clock(case: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
    let last = Clock::new(case.number("last")?);
    let next = last.next_of_2019(Timestamp::from_millis(case.number("now_ms")?));
    trial.same("clock", next.value(), case.number("clock")?);
    Ok(())
}

/// The type of a message by its number.
pub(super) fn kind_of(case: &Node<'_>) -> Result<Kind, Stop> {
    let number = case.signed("type")?;
    let number = i32::try_from(number).map_err(|_| Stop::Malformed("`type` has more than 32 bits".into()))?;
    Ok(Kind::from(number))
}

/// The type of a message by its name in the proto files.
pub(super) fn kind_by_name(case: &Node<'_>) -> Result<Kind, Stop> {
    let name = case.text("message_name")?;
    kind_named(name).ok_or_else(|| Stop::Skipped(format!("not implemented yet: messages named {name}")))
}

/// Reads a payload that came without a wrapper.
pub(super) fn content(kind: Kind, payload: &[u8]) -> Result<Content, Stop> {
    decode_payload(kind, payload).map_err(|error| Stop::Differs(format!("`payload` cannot be read: {error}")))
}

/// The fields that a case lists.
pub(super) fn shown(listed: &Node<'_>) -> Result<Fields, Stop> {
    match value(listed.json) {
        Some(Value::Message(fields)) => Ok(fields),
        _ => Err(listed.is_not("a list of fields")),
    }
}

/// A field that is null is one that is not set.
fn value(json: &Json) -> Option<Value> {
    Some(match json {
        Json::Null => return None,
        Json::Bool(flag) => Value::Flag(*flag),
        Json::Number(number) => Value::Number(number.as_i128()?),
        Json::String(text) => Value::Text(text.clone()),
        Json::Array(items) => Value::List(items.iter().map(value).collect::<Option<_>>()?),
        Json::Object(fields) => {
            let set = fields.iter().filter(|(_, json)| !json.is_null());
            Value::Message(set.map(|(name, json)| Some((name.clone(), value(json)?))).collect::<Option<_>>()?)
        }
    })
}

fn text_of(id: MessageId) -> String {
    id.to_string()
}
