//! Every security vector of deployed peers.

mod bundle;
mod conversation;
mod primitives;
mod public;
mod ratchet;

use serde_json::Value;
use status_crypto::{PublicKey, SecretKey};
use status_security::hazmat::{Key, Point};

/// The cases of a vector file of this layer.
fn cases(file: &str) -> Vec<Value> {
    cases_at(&format!("security/{file}"))
}

/// The cases of any vector file.
fn cases_at(file: &str) -> Vec<Value> {
    let path = format!("{}/../../tests/vectors/{file}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let file: Value = serde_json::from_str(&text).unwrap();
    file["cases"].as_array().unwrap().clone()
}

/// The cases of one kind. Checks that there are some.
fn cases_of(file: &str, kind: &str) -> Vec<Value> {
    let cases: Vec<Value> = cases(file).into_iter().filter(|case| case["kind"] == kind).collect();
    assert!(!cases.is_empty(), "{file} has no case of kind {kind}");
    cases
}

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap_or_else(|| panic!("hex expected: {value}"))).unwrap()
}

fn key(value: &Value) -> Key {
    Key::new(bytes(value).try_into().unwrap())
}

fn point(value: &Value) -> Point {
    bytes(value).try_into().unwrap()
}

fn secret_key(value: &Value) -> SecretKey {
    SecretKey::from_bytes(&bytes(value)).unwrap()
}

fn public_key(value: &Value) -> PublicKey {
    PublicKey::from_compressed(&bytes(value)).unwrap()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("text expected: {value}"))
}

fn number(value: &Value) -> u32 {
    value
        .as_u64()
        .and_then(|number| number.try_into().ok())
        .unwrap_or_else(|| panic!("u32 expected: {value}"))
}
