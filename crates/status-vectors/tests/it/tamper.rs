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

/// The shapes of leaves whose change goes unnoticed, each tried in the shortest case that has one.
fn unnoticed_of(format: &str, cases: &[Value]) -> BTreeSet<String> {
    let mut tried = BTreeSet::new();
    let mut unnoticed = BTreeSet::new();
    for case in cases {
        let new: Vec<_> = leaves(case).into_iter().filter(|leaf| !tried.contains(&shape(leaf))).collect();
        if new.is_empty() || check(format, case).passed == 0 {
            continue;
        }
        for leaf in new {
            let shape = shape(&leaf);
            let name = shape.rsplit('.').next().unwrap();
            if FOR_READERS.contains(&name) || !tried.insert(shape.clone()) {
                continue;
            }
            let mut changed = case.clone();
            change(changed.pointer_mut(&leaf).unwrap());
            if check(format, &changed).failed.is_empty() {
                unnoticed.insert(shape);
            }
        }
    }
    unnoticed
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
            let last = text.pop();
            text.push(match last {
                Some('0') => '1',
                Some(_) => '0',
                None => '1',
            });
            if last.is_none() {
                text.push('1');
            }
            json!(text)
        }
        Value::Null | Value::Array(_) | Value::Object(_) => return,
    };
}

/// What is not compared: format, shapes, and why.
const NOT_COMPARED: &[(&str, &[&str], &str)] = &[];
