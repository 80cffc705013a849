//! What is let in (`validation-v1`).

use status_layer::Timestamp;
use status_payload::hazmat::{encode_payload, from_fields, twin};
use status_payload::{Content, Rules, hash_of_key, validate};

use super::Choice;
use super::application::{content, kind_by_name, listed, shown};
use crate::Rule;
use crate::read::Node;
use crate::trial::{Stop, Trial};

pub(super) fn check(kind: &str) -> Option<Choice> {
    match kind {
        "validate" => Some(Choice::Run(judged)),
        "shake256_public_key" => Some(Choice::Run(hashed)),
        _ => None,
    }
}

fn hashed(case: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
    trial.member(case, "hash", hash_of_key(&case.user("public")?))
}

fn judged(case: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
    let kind = kind_by_name(case)?;
    let content = content(kind, &case.bytes("payload")?)?;
    listed(case, trial, &content)?;
    let ours = from_fields(kind, shown(&case.get("fields")?)?)
        .map_err(|error| Stop::Differs(format!("`fields` are no message here: {error}")))?;
    trial.member(case, "payload", encode_payload(&ours))?;

    let at = Timestamp::from_millis(case.number("transport_time_ms")?);
    let valid = |content: &Content, rules| validate(content, at, rules).is_ok();
    let theirs = case.flag("valid")?;
    let as_in_2020 = valid(&content, Rules::Of2020);
    if as_in_2020 != theirs && twin(&content).is_some_and(|twin| valid(&twin, Rules::Of2020) == theirs) {
        trial.note(Rule::EmptyOrAbsentSignature);
    } else {
        trial.same("valid", as_in_2020, theirs);
    }
    if valid(&content, Rules::Current) != as_in_2020 {
        trial.note(Rule::JudgedAnewIn2024);
    }
    Ok(())
}
