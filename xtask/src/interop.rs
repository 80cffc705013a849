//! `interop`: our node with programs that others wrote, as far as what they need is here.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::ci::{Done, dev_profile, finish, share_lock};
use crate::report::{Outcome, say};
use crate::workspace::Workspace;

const FOLDER: &str = "tests/interop";
const MANIFEST: &str = "tests/interop/Cargo.toml";
/// The oldest Node on which js-waku runs.
const NODE: u32 = 20;

/// One of those who take part: its name, what its tests begin with, and why it cannot.
struct Part {
    name: &'static str,
    tests: &'static str,
    missing: Option<&'static str>,
}

/// Builds the programs of others and runs our node with each of them; says for each that it was skipped, and why.
pub(crate) fn run(workspace: &Workspace) -> Outcome<Done> {
    let parts = [
        Part { name: "js-waku", tests: "js::", missing: node(workspace) },
        Part { name: "go-libp2p", tests: "go::", missing: go(workspace) },
    ];
    share_lock(workspace, FOLDER)?;
    for part in &parts {
        match part.missing {
            Some(why) => say!("  {}: skipped: {why}", part.name),
            None => {
                finish(cargo(workspace, &["test"], &["--", part.tests])?)?;
                say!("  {}: ok", part.name);
            }
        }
    }
    Ok(match parts.map(|part| part.missing) {
        [None, None] => Done::Passed,
        [None, Some(why)] | [Some(why), None] => Done::InPart(why),
        [Some(why), Some(_)] => Done::Skipped(why),
    })
}

/// Measures our nodes beside those of js-waku, in a release build; `options` are those of the program.
pub(crate) fn load(workspace: &Workspace, options: &[&str]) -> Outcome<()> {
    let mut words = vec!["--"];
    words.extend(options);
    if let Some(why) = node(workspace) {
        say!("  js-waku: skipped: {why}");
        words.push("--without-js");
    }
    share_lock(workspace, FOLDER)?;
    finish(cargo(workspace, &["run", "--release", "--bin", "load"], &words)?)
}

/// Cargo in the workspace of these tests, building what both have in common once.
fn cargo(workspace: &Workspace, task: &[&str], words: &[&str]) -> Outcome<Command> {
    let target = workspace.target()?;
    let profile = dev_profile(workspace)?;
    let here = ["--manifest-path", MANIFEST, "--target-dir", &target, "--config", &profile];
    let all: Vec<&str> = task.iter().chain(&here).chain(words).copied().collect();
    Ok(workspace.cargo(&all))
}

/// Why there is no js-waku here.
fn node(workspace: &Workspace) -> Option<&'static str> {
    let folder = workspace.path(FOLDER).join("js");
    let Some(version) = said("node", &["--version"]) else { return Some("Node is not installed") };
    let version = version.trim_start_matches('v').split('.').next().and_then(|major| major.parse().ok());
    if version.is_none_or(|major: u32| major < NODE) {
        return Some("Node is older than 20");
    }
    if folder.join("node_modules").is_dir() {
        return None;
    }
    match works("npm", &["ci", "--ignore-scripts", "--no-audit", "--no-fund"], &folder) {
        Some(true) => None,
        Some(false) => Some("npm cannot get the packages"),
        None => Some("npm is not installed"),
    }
}

/// Why there is no go-libp2p here.
fn go(workspace: &Workspace) -> Option<&'static str> {
    match works("go", &["mod", "download"], &workspace.path(FOLDER).join("go")) {
        Some(true) => None,
        Some(false) => Some("Go cannot get the modules"),
        None => Some("Go is not installed"),
    }
}

/// What a program says; `None` if it is not there.
fn said(program: &str, words: &[&str]) -> Option<String> {
    let done = Command::new(program).args(words).output().ok()?;
    done.status.success().then(|| String::from_utf8_lossy(&done.stdout).trim().to_owned())
}

/// Whether a program does it; `None` if it is not there.
fn works(program: &str, words: &[&str], folder: &Path) -> Option<bool> {
    let done = Command::new(program).args(words).current_dir(folder).stdout(Stdio::null()).status().ok()?;
    Some(done.success())
}
