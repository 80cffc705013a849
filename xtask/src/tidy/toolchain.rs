//! `rust-version`: the highest that a dependency declares, no more and no less.

use serde_json::Value;

use super::Finding;

type Version = [u64; 3];

/// Compares the workspace's `rust-version` with those in the full `cargo metadata`.
pub(super) fn check(metadata: &Value) -> Vec<Finding> {
    let members: Vec<&Value> = metadata["workspace_members"].as_array().into_iter().flatten().collect();
    let packages = || metadata["packages"].as_array().into_iter().flatten();
    let ours = packages().find(|package| members.contains(&&package["id"]));
    let theirs = packages()
        .filter(|package| !members.contains(&&package["id"]))
        .filter_map(|package| Some((version(package)?, package["name"].as_str()?)))
        .max();

    let (Some(ours), Some((highest, name))) = (ours, theirs) else { return Vec::new() };
    if version(ours) == Some(highest) {
        return Vec::new();
    }
    let [major, minor, _] = highest;
    let words =
        format!("{name} is the dependency that asks for most; set rust-version = \"{major}.{minor}\"");
    vec![Finding::new("Cargo.toml", words)]
}

fn version(package: &Value) -> Option<Version> {
    let mut numbers = package["rust_version"].as_str()?.split('.').map(|part| part.parse().unwrap_or(0));
    Some([numbers.next()?, numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn findings(ours: &str, theirs: &[Option<&str>]) -> Vec<Finding> {
        let mut packages = vec![json!({ "id": "own", "name": "own", "rust_version": ours })];
        packages.extend(theirs.iter().map(|v| json!({ "id": "dep", "name": "dep", "rust_version": v })));
        check(&json!({ "workspace_members": ["own"], "packages": packages }))
    }

    #[test]
    fn highest_of_the_dependencies_passes() {
        assert_eq!(findings("1.90", &[Some("1.90.0"), Some("1.9"), None]), []);
    }

    #[test]
    fn lower_and_higher_are_found_with_the_value_to_set() {
        for ours in ["1.89", "1.91"] {
            let found = findings(ours, &[Some("1.90.0"), Some("1.9")]);

            assert!(
                matches!(&found[..], [one] if one.words.contains("rust-version = \"1.90\"")),
                "{found:?}"
            );
        }
    }
}
