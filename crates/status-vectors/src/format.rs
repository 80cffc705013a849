//! The formats, and which check judges a case.

mod accounts;
mod application;
mod bundle;
mod devices;
mod dr;
mod fullstack;
mod identity;
mod kdf;
mod membership;
mod mvds;
mod nodes;
mod protocol;
mod segments;
mod topics;
mod traces;
mod validation;
mod whisper;
mod x3dh;

use serde_json::Value;

use crate::trial::{Check, Stop};

/// What becomes of a case.
pub(crate) enum Choice {
    /// It is judged.
    Run(Check),
    /// It is not.
    Stop(Stop),
}

/// Chooses the check by the format of the file and, where the format has kinds, the kind of the case.
pub(crate) fn choose(format: &str, case: &Value) -> Choice {
    if !case.is_object() {
        return Choice::Stop(Stop::Malformed("is not an object".into()));
    }
    let by_kind = match format {
        "bundle-v1" => return Choice::Run(bundle::check),
        "dr-v1" => return Choice::Run(dr::check),
        "fullstack-v1" => return Choice::Run(fullstack::check),
        "protocol-message-v1" => return Choice::Run(protocol::check),
        "accounts-v1" => accounts::check,
        "application-v1" => application::check,
        "identity-v1" => identity::check,
        "kdf-v1" => kdf::check,
        "membership-v1" => membership::check,
        "mvds-traces-v1" => traces::check,
        "mvds-v1" => mvds::check,
        "segments-v1" => segments::check,
        "topics-v1" => topics::check,
        "validation-v1" => validation::check,
        "whisper-packets-v1" => nodes::check_packets,
        "whisper-v1" => whisper::check,
        "x3dh-v1" => x3dh::check,
        _ => return skip(format!("unknown format {format}")),
    };
    match case.get("kind").map(Value::as_str) {
        None => Choice::Stop(Stop::Malformed("lacks `kind`".into())),
        Some(None) => Choice::Stop(Stop::Malformed("`kind` is not a text".into())),
        Some(Some(kind)) => by_kind(kind).unwrap_or_else(|| skip(format!("unknown kind {kind}"))),
    }
}

/// A case that is not judged.
fn skip(reason: impl Into<String>) -> Choice {
    Choice::Stop(Stop::Skipped(reason.into()))
}

/// A case that cannot be judged before something is implemented.
fn later(what: &str) -> Choice {
    skip(format!("not implemented yet: {what}"))
}
