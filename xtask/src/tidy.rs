//! `tidy`: the rules of the house that a program can check, each with a message that says what to do.

mod arrows;
mod features;
mod idioms;
mod links;
mod manifests;
mod places;
mod promises;
mod secrets;
mod sizes;
mod toolchain;

use std::fmt;

use crate::codegen;
use crate::report::{Failure, Outcome, say};
use crate::tree::Tree;
use crate::workspace::Workspace;

/// One place where a rule is broken.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Finding {
    at: String,
    words: String,
}

impl Finding {
    /// In a file as a whole, or in no file.
    pub(crate) fn new(at: impl Into<String>, words: impl Into<String>) -> Self {
        Self { at: at.into(), words: words.into() }
    }

    /// On a line, counted from 0.
    pub(crate) fn on_line(path: &str, line: usize, words: impl Into<String>) -> Self {
        Self::new(format!("{path}:{}", line + 1), words)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.at, self.words)
    }
}

/// Runs every rule, and prints every finding before it fails.
pub(crate) fn run(workspace: &Workspace) -> Outcome<()> {
    let tree = Tree::read(workspace)?;
    let members = workspace.metadata(&["--no-deps"])?;
    let all = workspace.metadata(&[])?;
    let rules: [(&str, Outcome<Vec<Finding>>); 12] = [
        ("arrows between crates", Ok(arrows::check(&members))),
        ("manifests", Ok(manifests::check(&tree))),
        ("one feature set", features::check(workspace)),
        ("rust-version", Ok(toolchain::check(&all))),
        ("file sizes", Ok(sizes::check(&tree))),
        ("idioms", Ok(idioms::check(&tree))),
        ("secrets", Ok(secrets::check(&tree))),
        ("places", Ok(places::check(&tree))),
        ("links", Ok(links::check(&tree))),
        ("promises", Ok(promises::check(&tree))),
        ("formatting", formatting(workspace)),
        ("generated code", Ok(generated(workspace))),
    ];
    let mut broken = 0;
    for (name, found) in rules {
        let found = found?;
        say!("tidy: {name}: {}", if found.is_empty() { "ok" } else { "broken" });
        for finding in &found {
            say!("  {finding}");
        }
        broken += usize::from(!found.is_empty());
    }
    match broken {
        0 => Ok(()),
        _ => Err(Failure::new(format!("tidy: {broken} rules are broken; see above"))),
    }
}

fn generated(workspace: &Workspace) -> Vec<Finding> {
    let failure = codegen::check(workspace).err();
    failure.map(|failure| Finding::new("proto", failure.to_string())).into_iter().collect()
}

fn formatting(workspace: &Workspace) -> Outcome<Vec<Finding>> {
    let mut fmt = workspace.cargo(&["fmt", "--all", "--check", "--", "-l"]);
    let done = fmt.output().map_err(|e| Failure::while_doing("running cargo fmt", e))?;
    if done.status.success() {
        return Ok(Vec::new());
    }
    let words = "is not formatted; run `cargo fmt --all`";
    let listed = String::from_utf8_lossy(&done.stdout);
    let mut found: Vec<_> =
        listed.lines().map(|path| Finding::new(workspace.relative(path), words)).collect();
    if found.is_empty() {
        found.push(Finding::new("cargo fmt", String::from_utf8_lossy(&done.stderr)));
    }
    Ok(found)
}
