//! Closed groups (`membership-v1`).

use status_payload::hazmat::encode_payload;
use status_payload::{Content, Kind};

use super::application::{content, signed};
use super::{Choice, later};
use crate::read::Node;
use crate::trial::{Stop, Trial};

pub(super) fn check(kind: &str) -> Option<Choice> {
    match kind {
        "update_message" => Some(Choice::Run(update)),
        "group" => Some(Choice::Run(group)),
        "event_list" | "raw_event" => Some(later("the rules of closed groups")),
        _ => None,
    }
}

fn update(case: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
    signed(case, trial, Kind::MembershipUpdateMessage)
}

/// The encoding of the whole history is checked; that can fail the case, but not pass it.
fn group(case: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
    if case.find("message").is_some() {
        let bytes = case.bytes("message")?;
        let content = content(Kind::MembershipUpdateMessage, &bytes)?;
        trial.bytes("message", encode_payload(&content), &bytes);
        let Content::MembershipUpdateMessage(update) = &content else {
            return Err(Stop::Differs("`message` is read as something else".into()));
        };
        trial.same("chat_id in `message`", update.chat_id.as_str(), case.text("chat_id")?);
    }
    Err(Stop::Skipped("not implemented yet: the rules of closed groups; the encoding was checked".into()))
}
