//! One feature set: what the demonstration builds, the tests build too, and nothing twice.

use std::collections::{BTreeMap, BTreeSet};

use super::Finding;
use crate::report::{Failure, Outcome};
use crate::workspace::Workspace;

/// The package that people run first.
const FIRST: &str = "status-cli";

/// Compares the external crates below [`FIRST`] with those of the whole workspace and its tests.
pub(super) fn check(workspace: &Workspace) -> Outcome<Vec<Finding>> {
    let first = tree(workspace, &["--package", FIRST, "--edges", "normal,build"])?;
    let whole = tree(workspace, &["--workspace", "--edges", "normal,build,dev"])?;
    Ok(compare(&first, &whole))
}

fn tree(workspace: &Workspace, selection: &[&str]) -> Outcome<String> {
    let fixed = ["tree", "--quiet", "--prefix", "none", "--format", "{p}|{f}"];
    let words: Vec<&str> = fixed.iter().chain(selection).copied().collect();
    let fail = |e: &dyn std::fmt::Display| Failure::while_doing("running cargo tree", e);
    let done = workspace.cargo(&words).output().map_err(|e| fail(&e))?;
    if !done.status.success() {
        return Err(fail(&String::from_utf8_lossy(&done.stderr)));
    }
    String::from_utf8(done.stdout).map_err(|e| fail(&e))
}

fn compare(first: &str, whole: &str) -> Vec<Finding> {
    let whole = feature_sets(whole);
    let mut found = Vec::new();
    for (package, features) in feature_sets(first) {
        let Some(built) = whole.get(package) else { continue };
        if !features.is_subset(built) {
            let words = format!(
                "{package} is built with other features for the tests ({}) than for {FIRST} ({}); \
                 ask for the same ones in [workspace.dependencies]",
                list(built),
                list(&features),
            );
            found.push(Finding::new("Cargo.toml", words));
        }
    }
    found
}

fn list(features: &BTreeSet<&str>) -> String {
    features.iter().copied().collect::<Vec<_>>().join(" or ")
}

/// The feature lists under which each external crate is built.
fn feature_sets(tree: &str) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut sets: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for line in tree.lines() {
        let Some((package, features)) = line.split_once('|') else { continue };
        // Our own crates carry their path; that tests build them with doubles is what we want.
        if !package.contains("(/") {
            sets.entry(package).or_default().insert(features.trim_end_matches("(*)").trim_end());
        }
    }
    sets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_features_pass() {
        let first = "hex v1|alloc\nown v1 (/w/own)|\n";
        let whole = "hex v1|alloc (*)\nhex v1|alloc,std\nown v1 (/w/own)|testing\nmore v1|\n";

        assert_eq!(compare(first, whole), []);
    }

    #[test]
    fn feature_that_only_tests_bring_is_found() {
        let found = compare("hex v1|alloc\n", "hex v1|alloc,std\n");

        assert!(matches!(&found[..], [one] if one.words.contains("hex v1")), "{found:?}");
    }
}
