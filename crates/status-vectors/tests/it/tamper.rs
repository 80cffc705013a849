//! Every verdict can fail: whatever is changed in a good case is noticed, but for what is listed here.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::sample::{cases, check, files, folder, leaves, shape};

/// Members for readers alone: names, reasons, texts of errors.
const FOR_READERS: &[&str] =
    &["about", "change", "error", "handle_error", "kind", "name", "type_name", "what", "why"];

#[test]
fn whatever_is_changed_in_a_good_case_is_noticed() {
    let mut unnoticed = BTreeMap::<String, BTreeSet<String>>::new();
    for file in files(&folder()) {
        let (format, kinds) = cases(&file);
        for cases in kinds.into_values() {
            let seen = unnoticed.entry(format.clone()).or_default();
            seen.extend(unnoticed_of(&format, &cases));
        }
    }
    unnoticed.retain(|_, shapes| !shapes.is_empty());

    let mut listed = BTreeMap::<String, BTreeSet<String>>::new();
    for (format, shapes, _) in NOT_COMPARED {
        listed.entry((*format).to_owned()).or_default().extend(shapes.iter().map(|it| (*it).to_owned()));
    }
    assert_eq!(unnoticed, listed);
}

/// The shapes of leaves whose change goes unnoticed, in the shortest cases that have one.
fn unnoticed_of(format: &str, cases: &[Value]) -> BTreeSet<String> {
    let mut tries = BTreeMap::<String, usize>::new();
    let mut noticed = BTreeSet::new();
    for case in cases {
        let mut tried = BTreeSet::new();
        let mut good = None;
        for leaf in leaves(case) {
            let shape = shape(&leaf);
            let for_readers = FOR_READERS.contains(&shape.rsplit('.').next().unwrap());
            let most = if is_listed(format, &shape) { TRIES_OF_LISTED } else { TRIES };
            let enough = tries.get(&shape).is_some_and(|tries| *tries >= most);
            if for_readers || enough || noticed.contains(&shape) || !tried.insert(shape.clone()) {
                continue;
            }
            if !*good.get_or_insert_with(|| check(format, case).passed == 1) {
                break;
            }
            *tries.entry(shape.clone()).or_default() += 1;
            let mut changed = case.clone();
            change(changed.pointer_mut(&leaf).unwrap());
            if check(format, &changed).passed == 0 {
                noticed.insert(shape);
            }
        }
    }
    tries.into_keys().filter(|shape| !noticed.contains(shape)).collect()
}

/// In how many cases a change is tried until it is noticed: a change of what is to be refused anyway may not be.
const TRIES: usize = 40;

/// The same for what is known to go unnoticed.
const TRIES_OF_LISTED: usize = 2;

fn is_listed(format: &str, shape: &str) -> bool {
    NOT_COMPARED.iter().any(|(of, shapes, _)| *of == format && shapes.contains(&shape))
}

/// Changes a value as little as can be.
fn change(value: &mut Value) {
    *value = match value {
        Value::Bool(flag) => json!(!*flag),
        Value::Number(number) => match number.as_u64() {
            Some(u64::MAX) => json!(u64::MAX - 1),
            Some(number) => json!(number + 1),
            None => json!(number.as_i64().unwrap() + 1),
        },
        Value::String(text) => {
            let mut letters: Vec<char> = text.chars().collect();
            let middle = letters.len() / 2;
            match letters.get_mut(middle) {
                Some(letter) => *letter = if *letter == '0' { '1' } else { '0' },
                None => letters.extend(['1', '1']),
            }
            json!(letters.into_iter().collect::<String>())
        }
        Value::Null | Value::Array(_) | Value::Object(_) => return,
    };
}

/// What is not compared: format, shapes, and why.
const NOT_COMPARED: &[(&str, &[&str], &str)] = &[
    ("accounts-v1", &["alias"], "rule three-word-names"),
    ("application-v1", &["recover_error"], "text of an error; whether there is one is compared"),
    ("bundle-v1", &["tampered"], "says how the case was made"),
    ("dr-v1", &["steps.[].from_id"], "says how the case was made"),
    (
        "fullstack-v1",
        &[
            "steps.[].changed_chats.[].id",
            "steps.[].changed_chats.[].type",
            "steps.[].shown_messages.[].id",
            "steps.[].shown_messages.[].local_chat_id",
        ],
        "rule above-the-layers",
    ),
    ("fullstack-v1", &["steps.[].encryption_error"], "text of an error; whether there is one is compared"),
    ("fullstack-v1", &["steps.[].op"], "any other word is one more thing that a user may do"),
    ("identity-v1", &["alias"], "rule three-word-names"),
    ("identity-v1", &["input"], "of what is to be refused, changed or not; pictures of texts are compared"),
    ("kdf-v1", &["header_key_unused"], "rule unused-header-key"),
    ("kdf-v1", &["associated_data", "ciphertext", "message_key"], "of what is to be refused, changed or not"),
    ("mvds-v1", &["bytes"], "of what is no payload, changed or not"),
    (
        "protocol-message-v1",
        &["devices.[].signed_pre_keys.[].expired_at_end"],
        "book-keeping of the peer; which prekey is in use shows in the bundles",
    ),
    (
        "topics-v1",
        &["filter", "topics.[]"],
        "a filter says the same with a bit more, or one that another topic sets",
    ),
    ("topics-v1", &["negotiated_chat_id_local_name_only"], "rule local-name"),
    ("whisper-v1", &["data_length", "node_bloom"], "a bound, on which the verdict depends only at its edge"),
    (
        "whisper-v1",
        &["must_not_open.[].private", "must_not_open.[].rlp", "must_not_open.[].sym_key"],
        "of what is to be refused, changed or not",
    ),
    ("x3dh-v1", &["must_reject_payloads.[].payload"], "of what is to be refused, changed or not"),
];
