//! What deployed peers said in a group, read here: `stack/fullstack.json`.

use std::collections::BTreeMap;

use serde_json::Value;
use status_crypto::{Keyring, SecretKey};
use status_layer::{Body, Grade, UserId};

use super::reader::{Reader, know};
use crate::event::{Event, GroupChange, Membership};
use crate::groups;
use status_payload::ContactState;

fn bytes(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap();
    let digits = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(digits).collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn cases() -> Vec<Value> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors/stack/fullstack.json");
    let file: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let groups = |case: &&Value| text(&case["name"]).starts_with("private_group");
    file["cases"].as_array().unwrap().iter().filter(groups).cloned().collect()
}

/// The bodies that a device read, each with the device that sent it.
fn read_by(case: &Value, name: &str) -> Vec<(String, Body)> {
    let steps = case["steps"].as_array().unwrap();
    let of = |op: &'static str| steps.iter().filter(move |step| step["op"] == op);
    let senders: BTreeMap<_, _> =
        of("envelope").map(|step| (step["id"].as_u64(), text(&step["from"]).to_owned())).collect();
    let mut bodies = Vec::new();
    for step in of("deliver").filter(|step| step["to"] == name && step["after_encryption_layer"] != "") {
        let Some(layer) = step.get("after_encryption_layer") else { continue };
        let from = senders[&step["id"].as_u64()].clone();
        match step["datasync"]["messages"].as_array() {
            Some(messages) => {
                bodies.extend(
                    messages.iter().map(|message| (from.clone(), Body::new(bytes(&message["body"])))),
                );
            }
            None => bodies.push((from, Body::new(bytes(layer)))),
        }
    }
    bodies
}

#[test]
fn a_group_of_deployed_peers_is_entered_and_what_they_say_in_it_is_read() {
    let cases = cases();
    assert_eq!(cases.len(), 2, "with and without data sync");

    for case in &cases {
        let devices = case["devices"].as_array().unwrap();
        let key = |device: &Value| SecretKey::from_bytes(&bytes(&device["identity"]["private"])).unwrap();
        let users: BTreeMap<String, UserId> =
            devices.iter().map(|device| (text(&device["name"]).to_owned(), key(device).user())).collect();
        let said =
            case["steps"].as_array().unwrap().iter().find(|step| step["op"] == "send_chat_message").unwrap();
        let now = said["clock"].as_u64().unwrap() + 1_000;
        let carol = devices.iter().find(|device| device["name"] == "carol").unwrap();
        let mut reader = Reader::of(key(carol), now);
        reader.step(|_, step| know(step, &users["alice"], ContactState::Sent));

        let mut events = Vec::new();
        for (from, body) in read_by(case, "carol") {
            events.extend(reader.take(users[&from], body, Grade::Ratcheted));
        }

        let id = text(&said["chat_id"]).parse().unwrap();
        let (group, _) = reader.step(|_, step| groups::one(&step.shelf(), &id));
        let group = group.unwrap().unwrap();
        assert_eq!((group.name.as_str(), group.membership), ("the group", Membership::Active));
        assert_eq!(group.members.len(), 3);
        assert!(users.values().all(|user| group.member(user).is_some_and(|member| member.joined)));
        let entered = Event::Group { group: id, by: users["alice"], change: GroupChange::Entered };
        assert!(events.contains(&entered), "{events:?}");
        let heard = events.iter().find_map(|event| match event {
            Event::Message(message) => Some(message),
            _ => None,
        });
        let heard = heard.unwrap();
        assert_eq!((heard.text.as_str(), heard.from), (text(&said["text"]), users["bob"]));
        assert_eq!(heard.id.as_bytes().as_slice(), bytes(&said["message_id"].as_str().unwrap()[2..].into()));
        assert!(!events.iter().any(|event| matches!(event, Event::Refused(_))), "{events:?}");
    }
}
