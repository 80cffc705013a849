//! Manifests: versions of dependencies live once, and tests need no other features than the code.

use toml::{Table, Value};

use super::Finding;
use crate::tree::Tree;

const KINDS: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];

/// Checks the manifest of every member. A folder with a workspace of its own is none, nor is what lies in it.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let apart: Vec<&str> = tree
        .ending("Cargo.toml")
        .filter(|(_, text)| text.parse::<Table>().is_ok_and(|manifest| manifest.contains_key("workspace")))
        .filter_map(|(path, _)| path.strip_suffix("/Cargo.toml"))
        .collect();
    let within = |path: &str| {
        apart.iter().any(|folder| path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/')))
    };
    tree.ending("Cargo.toml")
        .filter(|(path, _)| !within(path))
        .flat_map(|(path, text)| check_one(path, text))
        .collect()
}

fn check_one(path: &str, text: &str) -> Vec<Finding> {
    let manifest = match text.parse::<Table>() {
        Ok(manifest) => manifest,
        Err(error) => return vec![Finding::new(path, error.to_string())],
    };
    // The root is where versions live.
    if manifest.contains_key("workspace") {
        return Vec::new();
    }
    // For its tests a crate may ask itself for a feature.
    let itself = manifest.get("package").and_then(|package| package.get("name")).and_then(Value::as_str);
    let targets = manifest.get("target").and_then(Value::as_table).into_iter().flat_map(Table::values);
    let places = [&manifest].into_iter().chain(targets.filter_map(Value::as_table));
    let mut found = Vec::new();
    for (place, kind) in places.flat_map(|place| KINDS.map(|kind| (place, kind))) {
        let list = place.get(kind).and_then(Value::as_table).into_iter().flatten();
        let others = list.filter(|(name, _)| Some(name.as_str()) != itself);
        found.extend(
            others.filter_map(|(name, entry)| wrong(kind, name, entry)).map(|w| Finding::new(path, w)),
        );
    }
    found
}

fn wrong(kind: &str, name: &str, entry: &Value) -> Option<String> {
    let has = |key: &str| entry.as_table().is_some_and(|entry| entry.contains_key(key));
    if !has("workspace") {
        return Some(format!(
            "{name} in [{kind}] has its own source; \
             put it into [workspace.dependencies] and write `{name}.workspace = true`"
        ));
    }
    let ours = name.starts_with("status-");
    if kind == "dev-dependencies" && !ours && has("features") {
        return Some(format!(
            "{name} in [{kind}] asks for features, so that tests would build it again; \
             ask for them in [workspace.dependencies]"
        ));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(manifest: &str) -> Vec<String> {
        check(&Tree::of(&[("crates/a/Cargo.toml", manifest)])).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn versions_of_the_workspace_pass() {
        let found = findings(
            "[package]\nname = \"status-a\"\n\
             [dependencies]\nhex.workspace = true\n\
             [dev-dependencies]\nstatus-layer = { workspace = true, features = [\"testing\"] }\n\
             status-a = { path = \".\", features = [\"testing\"] }\n",
        );

        assert_eq!(found, [""; 0]);
    }

    #[test]
    fn version_in_a_member_is_found_wherever_it_stands() {
        for place in
            ["dependencies", "dev-dependencies", "build-dependencies", "target.'cfg(unix)'.dependencies"]
        {
            for entry in ["hex = \"1\"", "hex = { version = \"1\" }", "hex = { path = \"../hex\" }"] {
                let found = findings(&format!("[{place}]\n{entry}\n"));

                assert!(matches!(&found[..], [one] if one.contains("hex")), "{place}, {entry}: {found:?}");
            }
        }
    }

    #[test]
    fn feature_that_only_tests_ask_for_is_found() {
        let found = findings("[dev-dependencies]\nhex = { workspace = true, features = [\"std\"] }\n");

        assert!(matches!(&found[..], [one] if one.contains("asks for features")), "{found:?}");
    }

    #[test]
    fn workspace_of_its_own_is_not_a_member_nor_is_what_lies_in_it() {
        let version = "[dependencies]\nhex = \"1\"\n";
        let apart = format!("[workspace]\n{version}");
        let tree = |manifest: &str| {
            Tree::of(&[
                ("Cargo.toml", "[workspace]"),
                ("crates/a/Cargo.toml", manifest),
                ("crates/a/b/Cargo.toml", version),
            ])
        };

        assert_eq!(check(&tree(&apart)).len(), 0);
        assert_eq!(check(&tree("")).len(), 1, "beside a manifest that is no workspace it counts");
    }
}
