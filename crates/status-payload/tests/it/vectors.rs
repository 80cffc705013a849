//! The vector files of this layer, and what in them is not read yet.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use serde_json::Value as Json;
use status_crypto::SecretKey;
use status_payload::hazmat::{Fields, Value};

/// Files of the folder, and for each kind of case in them whether it is read or why not.
const KINDS: &[(&str, &str, &str)] = &[
    ("application.json", "message", "read"),
    ("application.json", "recover", "read"),
    ("application.json", "message_id", "read"),
    ("application.json", "clock", "read"),
    ("validation.json", "validate", "read"),
    ("validation.json", "shake256_public_key", "read"),
    ("membership.json", "update_message", "read"),
    ("membership.json", "group", "read"),
    ("membership.json", "event_list", "read"),
    ("membership.json", "raw_event", "read"),
    ("identity.json", "alias", "status-identity"),
    ("identity.json", "alias_error", "status-identity"),
    ("identity.json", "identicon", "status-identity"),
];

/// The cases of one kind in one file; there is at least one.
pub(crate) fn cases(file: &str, kind: &str) -> Vec<Json> {
    let all = read(file);
    let cases: Vec<Json> = all.into_iter().filter(|case| case["kind"] == kind).collect();
    assert!(!cases.is_empty(), "{file} has no case of kind {kind}");
    cases
}

fn folder() -> PathBuf {
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors/payload").into()
}

fn read(file: &str) -> Vec<Json> {
    let text = fs::read_to_string(folder().join(file)).unwrap();
    let json: Json = serde_json::from_str(&text).unwrap();
    json["cases"].as_array().unwrap().clone()
}

/// The text of a member.
pub(crate) fn text<'a>(case: &'a Json, name: &str) -> &'a str {
    case[name].as_str().unwrap()
}

/// The bytes of a member in hex.
pub(crate) fn bytes(case: &Json, name: &str) -> Vec<u8> {
    hex::decode(text(case, name)).unwrap()
}

/// The key that signed the case.
pub(crate) fn signer(case: &Json) -> SecretKey {
    SecretKey::from_bytes(&bytes(&case["signer"], "private")).unwrap()
}

/// The listed fields of the case.
pub(crate) fn listed(case: &Json) -> Fields {
    match value(&case["fields"]) {
        Value::Message(fields) => fields,
        other => panic!("fields are {other:?}"),
    }
}

fn value(json: &Json) -> Value {
    match json {
        Json::Null => panic!("a field is null"),
        Json::Bool(flag) => Value::Flag(*flag),
        Json::Number(number) => Value::Number(number.as_i128().unwrap()),
        Json::String(text) => Value::Text(text.clone()),
        Json::Array(items) => Value::List(items.iter().map(value).collect()),
        Json::Object(fields) => {
            Value::Message(fields.iter().map(|(name, json)| (name.clone(), value(json))).collect())
        }
    }
}

#[test]
fn every_vector_file_is_read_or_known_to_be_for_later() {
    let mut found = BTreeSet::new();

    for entry in fs::read_dir(folder()).unwrap() {
        let file = entry.unwrap().file_name().into_string().unwrap();
        for case in read(&file) {
            found.insert((file.clone(), text(&case, "kind").to_owned()));
        }
    }

    let known: BTreeSet<_> =
        KINDS.iter().map(|(file, kind, _)| (String::from(*file), String::from(*kind))).collect();
    assert_eq!(found, known);
}
