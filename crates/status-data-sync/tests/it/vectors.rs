//! Payloads and ids that a deployed peer wrote: read alike, and written alike byte for byte.

use serde_json::Value;
use status_data_sync::hazmat::{self, Message, Payload, Wire};
use status_layer::UserId;

/// A vector file of this layer.
pub(crate) fn file(name: &str) -> Value {
    let path = format!("{}/../../tests/vectors/data-sync/{name}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

pub(crate) fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_else(|| panic!("{field} of {value} is a text"))
}

pub(crate) fn bytes(value: &Value, field: &str) -> Vec<u8> {
    hex::decode(text(value, field)).unwrap()
}

pub(crate) fn number(value: &Value, field: &str) -> u64 {
    value[field].as_u64().unwrap_or_else(|| panic!("{field} of {value} is a number"))
}

pub(crate) fn list<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    value[field].as_array().map_or(&[], Vec::as_slice)
}

fn ids(value: &Value, field: &str) -> Vec<Vec<u8>> {
    list(value, field).iter().map(|id| hex::decode(id.as_str().unwrap()).unwrap()).collect()
}

fn message(value: &Value) -> Message {
    Message {
        group_id: bytes(value, "group_id"),
        timestamp: text(value, "timestamp").parse().unwrap(),
        body: bytes(value, "body"),
        parents: ids(value, "parents"),
        ephemeral: value["ephemeral"].as_bool().unwrap_or(false),
    }
}

/// The payload that a case or a step describes.
pub(crate) fn payload(value: &Value) -> Payload {
    Payload {
        acks: ids(value, "acks"),
        offers: ids(value, "offers"),
        requests: ids(value, "requests"),
        messages: list(value, "messages").iter().map(message).collect(),
        group_offers: Vec::new(),
    }
}

fn wire(case: &Value) -> Wire {
    match text(case, "wire") {
        "deployed" => Wire::Deployed,
        "vac-spec" => Wire::VacSpec,
        other => panic!("unknown wire {other}"),
    }
}

fn check(case: &Value) {
    let name = text(case, "name");
    match text(case, "kind") {
        "group_id" => {
            let user = |field| UserId::from_compressed(&bytes(case, field)).unwrap();
            let group = hazmat::group_id(&user("a"), &user("b"));
            assert_eq!(group.as_bytes().to_vec(), bytes(case, "group_id"), "{name}");
        }
        "message" => {
            let message = message(case);
            assert_eq!(message.id().to_vec(), bytes(case, "message_id"), "{name}");
            assert_eq!(message.encode(wire(case)), bytes(case, "bytes"), "{name}");
            assert_eq!(Message::decode(wire(case), &bytes(case, "bytes")), Ok(message), "{name}");
        }
        "payload" => {
            let payload = payload(case);
            assert_eq!(payload.encode(wire(case)), bytes(case, "bytes"), "{name}");
            assert_eq!(payload.is_valid(), case["is_valid"].as_bool().unwrap(), "{name}");
            for (message, case) in payload.messages.iter().zip(list(case, "messages")) {
                assert_eq!(message.id().to_vec(), bytes(case, "message_id"), "{name}");
            }
            assert_eq!(Payload::decode(wire(case), &bytes(case, "bytes")), Ok(payload), "{name}");
        }
        "detect" => {
            let taken = hazmat::is_datasync(&bytes(case, "bytes"));
            assert_eq!(taken, case["is_datasync_payload"].as_bool().unwrap(), "{name}");
        }
        "next_epoch" => {
            let sends = u32::try_from(number(case, "send_count")).unwrap();
            let next = hazmat::next_epoch_in_2020(sends, number(case, "epoch"));
            assert_eq!(next, number(case, "result"), "{name}");
        }
        other => panic!("{name}: no check for kind {other}"),
    }
}

#[test]
fn ids_and_payloads_are_those_of_a_deployed_peer() {
    let file = file("mvds.json");

    list(&file, "cases").iter().for_each(check);

    assert!(list(&file, "cases").len() > 40);
}
