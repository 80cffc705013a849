//! Closed groups (`membership-v1`).

use std::collections::BTreeSet;

use status_crypto::{Keyring, keccak256, text::key_string};
use status_layer::UserId;
use status_payload::hazmat::{encode_event, encode_payload, nobodys_roster, read_event, step};
use status_payload::{Clock, Content, EventKind, GroupChatId, Kind, MembershipEvent, Roster};

use super::Choice;
use super::application::{content, signed};
use crate::read::Node;
use crate::trial::{Check, Stop, Trial};

pub(super) fn check(kind: &str) -> Option<Choice> {
    let check: Check = match kind {
        "update_message" => update,
        "group" => group,
        "event_list" => list,
        "raw_event" => raw,
        _ => return None,
    };
    Some(Choice::Run(check))
}

fn update(case: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
    signed(case, trial, Kind::MembershipUpdateMessage)
}

/// Events one after another, each judged by the group as it stands; then the whole history in one message.
fn group(case: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
    let chat = chat(case)?;
    let mut roster = nobodys_roster(&chat);
    for taken in case.list("steps")? {
        let listed = taken.get("event")?;
        let event = event(case, &listed, trial)?;
        trial.same(&listed.place("chat_id"), listed.text("chat_id")?, chat.as_str());
        let done = step(&mut roster, event);
        trial.same(&taken.place("accepted"), done.is_ok(), taken.flag("accepted")?);
        stands(&roster, &taken.get("state_after")?, trial)?;
    }

    let bytes = case.bytes("message")?;
    let content = content(Kind::MembershipUpdateMessage, &bytes)?;
    trial.bytes("message", encode_payload(&content), &bytes);
    let Content::MembershipUpdateMessage(update) = &content else {
        return Err(Stop::Differs("`message` is read as something else".into()));
    };
    trial.same("chat_id in `message`", update.chat_id.as_str(), chat.as_str());
    trial.same("events in `message`", &update.events, &roster.entries());
    let rebuilt = Roster::read(&chat, &update.events);
    trial.same("rebuild_ok", rebuilt.is_ok(), case.flag("rebuild_ok")?);
    match rebuilt {
        Ok(roster) => stands(&roster, &case.get("rebuilt_state")?, trial),
        Err(_) => {
            trial.same("rebuild_refused", true, case.flag("rebuild_refused")?);
            Ok(())
        }
    }
}

/// A list given at once.
fn list(case: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
    let mut entries = Vec::new();
    for listed in case.list("events")? {
        entries.push(event(case, &listed, trial)?.entry().to_vec());
    }
    // An id that is none is refused before anything is read.
    let roster = case.text("chat_id")?.parse().ok().and_then(|chat| Roster::read(&chat, &entries).ok());
    trial.same("accepted", roster.is_some(), case.flag("accepted")?);
    roster.map_or(Ok(()), |roster| stands(&roster, &case.get("state")?, trial))
}

/// An entry by itself, under any chat id.
fn raw(case: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
    let read = read_event(case.text("chat_id")?, &case.bytes("raw")?);
    trial.same("ok", read.is_ok(), case.flag("ok")?);
    let real = case.user("real_signer")?;
    let Ok(event) = read else { return Ok(()) };
    trial.same("from", event.author(), case.user("from")?);
    trial.same("same_signer", event.author() == real, case.flag("same_signer")?);
    Ok(())
}

/// An event with all that is listed of it: read, and made again.
fn event(case: &Node<'_>, listed: &Node<'_>, trial: &mut Trial) -> Result<MembershipEvent, Stop> {
    let chat_id = listed.text("chat_id")?;
    let raw = listed.bytes("raw")?;
    let event = read_event(chat_id, &raw)
        .map_err(|error| Stop::Differs(format!("`{}` cannot be read: {error}", listed.place("raw"))))?;
    trial.same(&listed.place("from"), event.author(), listed.user("from")?);
    trial.member(listed, "signature", event.signature())?;

    let mut members = Vec::new();
    for member in listed.find_list("members")? {
        members.push(member.as_text()?.to_owned());
    }
    let name = listed.find("name").map_or(Ok(""), |name| name.as_text())?;
    let kind = i32::try_from(listed.signed("type")?)
        .map_err(|_| Stop::Malformed(format!("`{}` has more than 32 bits", listed.place("type"))))?;
    let bytes = encode_event(Clock::new(listed.number("clock")?), EventKind::from(kind), members, name);
    trial.member(listed, "protobuf", &bytes)?;
    trial.bytes(&listed.place("raw"), [event.signature(), &bytes].concat(), raw);

    let Some(keys) = case.find("keys") else { return Ok(event) };
    for owner in keys.object()?.keys() {
        let key = keys.key(owner)?;
        if key.user() == event.author() {
            let signature = key.sign(&keccak256(&[chat_id.as_bytes(), &bytes]));
            trial.member(listed, "signature", signature.as_bytes())?;
        }
    }
    Ok(event)
}

/// Compares a group with the state that is listed.
fn stands(roster: &Roster, state: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
    let groups: [(&str, Vec<UserId>); 3] = [
        ("members", roster.members().collect()),
        ("admins", roster.admins().collect()),
        ("joined", roster.joined().collect()),
    ];
    for (name, users) in groups {
        let ours: Result<BTreeSet<String>, _> = users.iter().map(key_string).collect();
        let ours = ours.map_err(|error| Stop::Differs(error.to_string()))?;
        let theirs = state.list(name)?;
        let theirs: BTreeSet<String> =
            theirs.iter().map(|key| key.as_text().map(str::to_owned)).collect::<Result<_, _>>()?;
        trial.same(&state.place(name), ours, theirs);
    }
    trial.same(&state.place("name"), roster.name(), state.text("name")?);
    trial.same(&state.place("last_clock"), roster.clock().value(), state.number("last_clock")?);
    Ok(())
}

fn chat(case: &Node<'_>) -> Result<GroupChatId, Stop> {
    case.text("chat_id")?.parse().map_err(|_| case.is_not("a case of a group: its `chat_id` is none"))
}
