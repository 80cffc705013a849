//! Groups, messages and payloads of data sync (`mvds-v1`).

use status_data_sync::hazmat::{self, GroupOffer, Message, Payload, Wire};

use super::Choice;
use crate::read::Node;
use crate::trial::{Check, Stop, Trial};

pub(super) fn check(kind: &str) -> Option<Choice> {
    let check: Check = match kind {
        "group_id" => group_id,
        "message" => message,
        "payload" => payload,
        "detect" => detect,
        "next_epoch" => next_epoch,
        _ => return None,
    };
    Some(Choice::Run(check))
}

fn group_id(case: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
    let (a, b) = (case.public_key("a")?, case.public_key("b")?);
    trial.member(case, "group_id", hazmat::group_id(&a.user(), &b.user()).as_bytes())?;
    trial.member(case, "group_id", hazmat::group_id(&b.user(), &a.user()).as_bytes())?;
    trial.member_if_any(case, "peer_id_a", a.uncompressed())?;
    if case.find("a_smaller_x").is_some() {
        trial.same("a_smaller_x", a.x() < b.x(), case.flag("a_smaller_x")?);
    }
    Ok(())
}

fn message(case: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
    let (wire, shown) = (wire(case)?, shown_message(case, trial)?);
    trial.member(case, "bytes", shown.encode(wire))?;
    let read = Message::decode(wire, &case.bytes("bytes")?);
    trial.holds("`bytes` hold another message", read.as_ref() == Ok(&shown));
    Ok(())
}

fn payload(case: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
    let (wire, shown) = (wire(case)?, shown_payload(case, trial)?);
    trial.member(case, "bytes", shown.encode(wire))?;
    let read = Payload::decode(wire, &case.bytes("bytes")?);
    trial.holds("`bytes` hold another payload", read.as_ref() == Ok(&shown));
    trial.same("is_valid", shown.is_valid(), case.flag("is_valid")?);
    Ok(())
}

fn detect(case: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
    let taken = hazmat::is_datasync(&case.bytes("bytes")?);
    trial.same("is_datasync_payload", taken, case.flag("is_datasync_payload")?);
    Ok(())
}

fn next_epoch(case: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
    let next = hazmat::next_epoch_in_2020(case.number32("send_count")?, case.number("epoch")?);
    trial.same("result", next, case.number("result")?);
    Ok(())
}

fn wire(case: &Node<'_>) -> Result<Wire, Stop> {
    match case.text("wire")? {
        "deployed" => Ok(Wire::Deployed),
        "vac-spec" => Ok(Wire::VacSpec),
        other => Err(Stop::Skipped(format!("unknown wire {other}"))),
    }
}

/// The payload that a case or a step lists, the ids of its messages compared.
pub(super) fn shown_payload(shown: &Node<'_>, trial: &mut Trial) -> Result<Payload, Stop> {
    let messages = shown.list("messages")?;
    let offers = shown.find_list("group_offers")?;
    Ok(Payload {
        acks: ids(&shown.list("acks")?)?,
        offers: ids(&shown.list("offers")?)?,
        requests: ids(&shown.list("requests")?)?,
        messages: messages.iter().map(|shown| shown_message(shown, trial)).collect::<Result<_, _>>()?,
        group_offers: offers.iter().map(group_offer).collect::<Result<_, _>>()?,
    })
}

fn shown_message(shown: &Node<'_>, trial: &mut Trial) -> Result<Message, Stop> {
    let message = Message {
        group_id: shown.bytes("group_id")?,
        timestamp: shown.signed("timestamp")?,
        body: shown.bytes("body")?,
        parents: ids(&shown.find_list("parents")?)?,
        ephemeral: shown.find("ephemeral").is_some() && shown.flag("ephemeral")?,
    };
    trial.member(shown, "message_id", message.id())?;
    Ok(message)
}

fn group_offer(shown: &Node<'_>) -> Result<GroupOffer, Stop> {
    Ok(GroupOffer { group_id: shown.bytes("group_id")?, message_ids: ids(&shown.list("message_ids")?)? })
}

fn ids(list: &[Node<'_>]) -> Result<Vec<Vec<u8>>, Stop> {
    list.iter().map(Node::as_bytes).collect()
}
