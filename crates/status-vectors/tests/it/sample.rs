//! The committed vector files, and cases taken out of them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use status_vectors::{Report, check_text};

/// The folder of the committed files.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors")
}

/// Every `.json` file below a folder.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(self::files(&path));
        } else if path.extension().is_some_and(|end| end == "json") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// The format of a file and its cases by kind, the shortest first.
pub(crate) fn cases(file: &Path) -> (String, BTreeMap<String, Vec<Value>>) {
    let json: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let format = json["format"].as_str().unwrap().split(';').next().unwrap().to_owned();
    let mut kinds = BTreeMap::<String, Vec<Value>>::new();
    for case in json["cases"].as_array().unwrap() {
        kinds.entry(case["kind"].as_str().unwrap_or_default().to_owned()).or_default().push(case.clone());
    }
    for cases in kinds.values_mut() {
        cases.sort_by_key(|case| case.to_string().len());
    }
    (format, kinds)
}

/// Checks one case as a file of its own.
pub(crate) fn check(format: &str, case: &Value) -> Report {
    check_text("one case", &json!({ "format": format, "cases": [case] }).to_string())
}

/// The places of all texts, numbers and flags in a case.
pub(crate) fn leaves(case: &Value) -> Vec<String> {
    let mut leaves = Vec::new();
    collect(case, String::new(), &mut leaves);
    leaves
}

fn collect(value: &Value, at: String, leaves: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                collect(member, format!("{at}/{name}"), leaves);
            }
        }
        Value::Array(items) => {
            for (place, item) in items.iter().enumerate() {
                collect(item, format!("{at}/{place}"), leaves);
            }
        }
        Value::Null => {}
        _ => leaves.push(at),
    }
}

/// A place without the numbers of list items: the same for all items.
pub(crate) fn shape(leaf: &str) -> String {
    let parts = leaf.split('/').skip(1);
    parts.map(|part| if part.parse::<usize>().is_ok() { "[]" } else { part }).collect::<Vec<_>>().join(".")
}
