//! `fuzz`: runs every target of `tests/fuzz` for a while, starting from the vectors.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::ci::{Done, finish, installed, share_lock};
use crate::instrument::ours_alone;
use crate::report::{Failure, Outcome, say};
use crate::workspace::Workspace;

const FOLDER: &str = "tests/fuzz";
/// The targets, each with the vectors that it starts from.
const TARGETS: [(&str, &str); 15] = [
    ("peel", "privacy"),
    ("peel_whisper", "privacy"),
    ("segments", "privacy"),
    ("open", "security"),
    ("bundle", "security"),
    ("parse", "security"),
    ("receive", "data-sync"),
    ("decode", "payload"),
    // Nothing of its own was recorded as yet; what is genuine it makes by itself.
    ("store", "privacy"),
    ("light", "privacy"),
    ("message", "privacy"),
    ("metadata", "privacy"),
    ("record", "privacy"),
    ("tree", "privacy"),
    ("peers", "privacy"),
];
/// The first bytes of an input that a target takes as it is, and that it puts inside of genuine wrapping.
const MODES: [u8; 2] = [0, 1];
/// Most messages that a target starts from, so that reading them does not use up its time.
const MOST: usize = 200;
/// Shorter strings are numbers and names rather than messages; in bytes.
const SHORTEST: usize = 16;

/// Runs each target for `each`, or only the one that is named.
pub(crate) fn run(workspace: &Workspace, each: Duration, only: Option<&str>) -> Outcome<Done> {
    if !installed(workspace, "fuzz") {
        return Ok(Done::Skipped("cargo-fuzz is not installed"));
    }
    let targets: Vec<_> = TARGETS.iter().filter(|(name, _)| only.is_none_or(|only| only == *name)).collect();
    if targets.is_empty() {
        return Err(Failure::new(format!(
            "there is no such target; there are {}",
            TARGETS.map(|it| it.0).join(", ")
        )));
    }
    share_lock(workspace, FOLDER)?;
    for (target, layer) in targets {
        let seeds = seed(workspace, target, layer)?;
        say!("fuzz {target}: {seeds} seeds, {} s", each.as_secs());
        let time = format!("-max_total_time={}", each.as_secs());
        // Without a sanitizer the targets build with the stable compiler; there is no unsafe code to watch. What checks
        // itself is in the profile of the targets.
        let how = ["fuzz", "run", "--fuzz-dir", FOLDER, "-s", "none", "-O", target, "--"];
        let limits = [time.as_str(), "-rss_limit_mb=4096", "-print_final_stats=1"];
        let words: Vec<&str> = how.iter().chain(&limits).copied().collect();
        finish(ours_alone(workspace.cargo(&words))?)?;
    }
    Ok(Done::Passed)
}

/// Writes every message of the vectors of `layer` as a first input of `target`; returns how many.
fn seed(workspace: &Workspace, target: &str, layer: &str) -> Outcome<usize> {
    let folder = workspace.path(FOLDER).join("corpus").join(target);
    let mut seeds = Vec::new();
    for name in workspace.names(format!("tests/vectors/{layer}"))? {
        let path = format!("tests/vectors/{layer}/{name}");
        let text = workspace.text(&path)?.unwrap_or_default();
        let vectors: Value = serde_json::from_str(&text).map_err(|e| Failure::while_doing(path, e))?;
        collect(&vectors, &mut seeds);
    }
    seeds.sort();
    seeds.dedup();
    let step = seeds.len().div_ceil(MOST).max(1);
    let seeds: Vec<Vec<u8>> = seeds.into_iter().step_by(step).collect();
    write(&folder, &seeds).map_err(|e| Failure::while_doing(format!("writing {}", folder.display()), e))?;
    Ok(seeds.len())
}

fn write(folder: &Path, seeds: &[Vec<u8>]) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    for (number, bytes) in seeds.iter().enumerate() {
        for mode in MODES {
            fs::write(folder.join(format!("seed-{number:04}-{mode}")), [&[mode], bytes.as_slice()].concat())?;
        }
    }
    Ok(())
}

/// Every string in `value` that is the hexadecimal form of some bytes.
fn collect(value: &Value, seeds: &mut Vec<Vec<u8>>) {
    match value {
        Value::String(text) => seeds.extend(bytes(text).filter(|bytes| bytes.len() >= SHORTEST)),
        Value::Array(list) => list.iter().for_each(|value| collect(value, seeds)),
        Value::Object(fields) => fields.values().for_each(|value| collect(value, seeds)),
        _ => {}
    }
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("0x").unwrap_or(text).as_bytes();
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    let digit = |c: &u8| char::from(*c).to_digit(16).and_then(|d| u8::try_from(d).ok());
    digits.chunks(2).map(|pair| Some(digit(pair.first()?)? << 4 | digit(pair.last()?)?)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn messages_are_found_at_any_depth() {
        let long = "0123456789abcdef".repeat(2);
        let mut seeds = Vec::new();

        collect(
            &json!({ "a": [{ "b": long, "c": format!("0x{long}") }], "d": "abcd", "e": "no hex" }),
            &mut seeds,
        );

        let bytes = [0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef].repeat(2);
        assert_eq!(seeds, [bytes.clone(), bytes]);
    }
}
