//! Names of meeting places, their topics and keys (`topics-v1`).

use std::sync::Arc;

use status_crypto::SecretKey;
use status_layer::testing::Party;
use status_layer::{DeviceId, Interest, Recipient, Rendezvous, Security as _, UserId};
use status_privacy::hazmat;
use status_privacy::whisper::Bloom;
use status_security::{Config, Sessions};

use super::{Choice, nodes};
use crate::Rule;
use crate::read::Node;
use crate::trial::{Check, Stop, Trial};

pub(super) fn check(kind: &str) -> Option<Choice> {
    let check: Check = match kind {
        "public_chat" => public_chat,
        "key_topics" => key_topics,
        "discovery" => discovery,
        "own_personal_discovery" => own_personal,
        "negotiated" => negotiated,
        "password" => password,
        _ => return nodes::check_filters(kind),
    };
    Some(Choice::Run(check))
}

fn public_chat(case: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
    let bytes = case.bytes("chat_id_bytes")?;
    trial.member(case, "sym_key", hazmat::symmetric_key(&bytes).expose())?;
    let Ok(name) = String::from_utf8(bytes) else {
        return Err(Stop::Skipped("the chat id is not UTF-8; no place here has such a name".into()));
    };
    trial.same("chat_id", name.as_str(), case.text("chat_id")?);
    topic(case, trial, &name)
}

fn key_topics(case: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
    let key = case.public_key("public")?;
    trial.member(case, "public_uncompressed", key.uncompressed())?;
    let user = key.user();
    trial.same("partition", u64::from(hazmat::partition(&user)), case.number("partition")?);
    let personal =
        hazmat::personal_name(&user).map_err(|error| Stop::Differs(format!("`public`: {error}")))?;
    place(&case.get("partitioned")?, trial, &hazmat::partitioned_name(&user))?;
    place(&case.get("personal_discovery")?, trial, &personal)?;
    place(&case.get("contact_code")?, trial, &contact_code(&user)?)?;
    if case.find("negotiated_chat_id_local_name_only").is_some() {
        trial.note(Rule::LocalName);
    }
    Ok(())
}

fn discovery(case: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
    topic(case, trial, case.text("chat_id")?)
}

fn own_personal(case: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
    let user = case.key("key")?.public().user();
    let name = hazmat::personal_name(&user).map_err(|error| Stop::Differs(format!("`key`: {error}")))?;
    place(case, trial, &name)
}

fn negotiated(case: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
    let (a, b) = (case.key("a")?, case.key("b")?);
    let secret = a.agree(&b.public());
    trial.holds("the two sides agree on different secrets", secret == b.agree(&a.public()));
    trial.member(case, "shared_secret", secret.expose())?;
    let name = hazmat::negotiated_name(&secret);
    trial.same("password", name.as_str(), case.text("password")?);
    trial.member(case, "sym_key", hazmat::symmetric_key(name.as_bytes()).expose())?;
    topic(case, trial, &name)
}

fn password(case: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
    trial.member(case, "sym_key", hazmat::symmetric_key(&case.bytes("password_bytes")?).expose())
}

/// A place whose name we work out too.
fn place(shown: &Node<'_>, trial: &mut Trial, name: &str) -> Result<(), Stop> {
    trial.same(&shown.place("chat_id"), name, shown.text("chat_id")?);
    if shown.find("sym_key").is_some() {
        trial.member(shown, "sym_key", hazmat::symmetric_key(name.as_bytes()).expose())?;
    }
    topic(shown, trial, name)
}

fn topic(shown: &Node<'_>, trial: &mut Trial, name: &str) -> Result<(), Stop> {
    let topic = hazmat::topic(name);
    trial.member_if_any(shown, "bloom", Bloom::of(topic).as_bytes())?;
    trial.member(shown, "topic", topic)
}

/// Where the security layer looks for a user's keys.
pub(super) fn contact_code(user: &UserId) -> Result<String, Stop> {
    let fault = |error: String| Stop::Differs(format!("no contact code here: {error}"));
    let own = SecretKey::from_bytes(&[1; 32]).map_err(|error| fault(error.to_string()))?;
    let device = DeviceId::new("vectors").map_err(|error| fault(error.to_string()))?;
    let layer = Sessions::new(Config::default(), Arc::new(own), device);
    let whom = Recipient::User(*user);
    let asked = Party::new(1).run(|cx| layer.expect(cx, &whom, Interest::Listen));
    let meet = asked.map_err(|error| fault(error.to_string()))?.meet;
    let name = meet.into_iter().find_map(|(place, _)| match place {
        Rendezvous::Named(name) => Some(name.as_str().to_owned()),
        Rendezvous::Inbox(_) | Rendezvous::Shared(_) => None,
    });
    name.ok_or_else(|| fault("the layer names no place".into()))
}
