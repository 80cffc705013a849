//! Arrows: which of our crates may depend on which, as `[workspace.metadata.arrows]` declares it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use super::Finding;

/// The manifest that holds the arrows.
const ROOT: &str = "Cargo.toml";
/// The crate whose test doubles everyone may use in tests.
const KERNEL: &str = "status-layer";

/// Compares what `cargo metadata --no-deps` says with the declared arrows, in both directions.
pub(super) fn check(metadata: &Value) -> Vec<Finding> {
    let declared = declared(metadata);
    let packages: BTreeMap<&str, &Value> = list(&metadata["packages"])
        .filter_map(|package| Some((package["name"].as_str()?, package)))
        .collect();

    let mut found = Vec::new();
    for name in packages.keys().filter(|name| !declared.contains_key(*name)) {
        found.push(Finding::new(ROOT, format!("{name} is missing in [workspace.metadata.arrows]; add it")));
    }
    for (name, arrows) in &declared {
        match packages.get(name) {
            Some(package) => found.extend(compare(name, arrows, &packages, package)),
            None => {
                let words = format!("[workspace.metadata.arrows] lists {name}, but there is no such crate");
                found.push(Finding::new(ROOT, words));
            }
        }
    }
    found.extend(packages.iter().filter_map(|(name, package)| misplaced(name, package)));
    found
}

type Arrows<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

fn declared(metadata: &Value) -> Arrows<'_> {
    let arrows = metadata.pointer("/metadata/arrows").and_then(Value::as_object).into_iter().flatten();
    arrows.map(|(from, to)| (from.as_str(), list(to).filter_map(Value::as_str).collect())).collect()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn compare(
    name: &str,
    arrows: &BTreeSet<&str>,
    packages: &BTreeMap<&str, &Value>,
    package: &Value,
) -> Vec<Finding> {
    if arrows.contains("*") {
        return Vec::new();
    }
    let manifest = folder(package).map_or_else(|| name.to_owned(), |folder| format!("{folder}/Cargo.toml"));
    let used: BTreeSet<&str> = list(&package["dependencies"])
        .filter(|dependency| !(dependency["name"] == KERNEL && dependency["kind"] == "dev"))
        .filter_map(|dependency| dependency["name"].as_str())
        .filter(|to| packages.contains_key(to) && *to != name)
        .collect();
    let undeclared = used.difference(arrows).map(|to| {
        let words = format!(
            "{name} depends on {to}, an arrow that {ROOT} does not declare; \
             remove the dependency (a new arrow needs a note in docs/decisions)"
        );
        Finding::new(&manifest, words)
    });
    let unused = arrows.difference(&used).map(|to| {
        Finding::new(ROOT, format!("the arrow from {name} to {to} is declared but not used; remove it"))
    });
    undeclared.chain(unused).collect()
}

/// The folder of a package in its parent: `crates/status-layer`.
fn folder(package: &Value) -> Option<String> {
    let path = Path::new(package["manifest_path"].as_str()?).parent()?;
    let last: Vec<_> =
        path.components().rev().take(2).map(|part| part.as_os_str().to_string_lossy()).collect();
    Some(format!("{}/{}", last.get(1)?, last.first()?))
}

/// A crate under `crates/` is in the folder of its name.
fn misplaced(name: &str, package: &Value) -> Option<Finding> {
    let folder = folder(package)?;
    let wrong = folder.starts_with("crates/") && folder != format!("crates/{name}");
    wrong.then(|| Finding::new(&folder, format!("holds the crate {name}; folder and crate have one name")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn package(name: &str, dependencies: &[(&str, Option<&str>)]) -> Value {
        let dependencies: Vec<_> =
            dependencies.iter().map(|(name, kind)| json!({ "name": name, "kind": kind })).collect();
        json!({
            "name": name,
            "manifest_path": format!("/w/crates/{name}/Cargo.toml"),
            "dependencies": dependencies,
        })
    }

    fn findings(packages: &[Value], arrows: &Value) -> Vec<String> {
        let metadata = json!({ "packages": packages, "metadata": { "arrows": arrows } });
        check(&metadata).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn declared_and_used_arrows_pass() {
        let packages = [
            package("status-layer", &[("hex", None)]),
            package("a", &[("status-layer", None), ("a", Some("dev"))]),
            package("b", &[("status-layer", Some("dev")), ("a", Some("build"))]),
            package("all", &[("a", None), ("b", None)]),
        ];

        let found = findings(
            &packages,
            &json!({ "status-layer": [], "a": ["status-layer"], "b": ["a"], "all": ["*"] }),
        );

        assert_eq!(found, [""; 0]);
    }

    #[test]
    fn arrow_to_another_layer_is_found_in_tests_too() {
        for kind in [None, Some("dev"), Some("build")] {
            let packages = [package("a", &[("b", kind)]), package("b", &[])];

            let found = findings(&packages, &json!({ "a": [], "b": [] }));

            assert!(matches!(&found[..], [one] if one.contains("a depends on b")), "{kind:?}: {found:?}");
        }
    }

    #[test]
    fn unused_arrow_is_found() {
        let packages = [package("a", &[]), package("b", &[])];

        let found = findings(&packages, &json!({ "a": ["b"], "b": [] }));

        assert!(
            matches!(&found[..], [one] if one.contains("from a to b is declared but not used")),
            "{found:?}"
        );
    }

    #[test]
    fn crates_and_list_are_the_same() {
        let found = findings(&[package("a", &[])], &json!({ "b": [] }));

        assert!(
            matches!(&found[..], [a, b] if a.contains("a is missing") && b.contains("lists b")),
            "{found:?}"
        );
    }

    #[test]
    fn folder_of_another_name_is_found() {
        let mut moved = package("a", &[]);
        moved["manifest_path"] = json!("/w/crates/b/Cargo.toml");

        let found = findings(&[moved], &json!({ "a": [] }));

        assert!(matches!(&found[..], [one] if one.starts_with("crates/b: holds the crate a")), "{found:?}");
    }
}
