//! Places: nothing of the machine that a file was written on stays in it.

use super::Finding;
use crate::tree::Tree;

/// Folders of somebody's machine. Written in two halves, so that this file passes its own rule.
const FOLDERS: [(&str, &str); 6] =
    [("/wo", "rk/"), ("/ro", "ot/"), ("/ho", "me/"), ("/Us", "ers/"), ("/tmp/", "plan"), ("../sha", "red")];
/// Where every package comes from.
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Checks every text file, and the sources in the lock files.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let folders: Vec<String> = FOLDERS.iter().map(|(a, b)| format!("{a}{b}")).collect();
    let mut found = Vec::new();
    for (path, text) in tree.files() {
        for (number, line) in text.lines().enumerate() {
            if let Some(folder) = folders.iter().find(|folder| names(line, folder)) {
                found.push(Finding::on_line(
                    path,
                    number,
                    format!("names `{folder}`, a place that others lack"),
                ));
            }
            if path.ends_with("Cargo.lock") && is_foreign(line) {
                found.push(Finding::on_line(path, number, "comes from a registry other than crates.io"));
            }
        }
    }
    found
}

/// Whether `folder` stands in the line as the start of a path.
fn names(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(at, _)| {
        let before = line.get(..at).and_then(|head| head.chars().next_back());
        !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '}' | '/'))
    })
}

fn is_foreign(line: &str) -> bool {
    line.strip_prefix("source = ").is_some_and(|source| source.trim_matches('"') != REGISTRY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_of_a_machine_is_found_on_its_line() {
        for (a, b) in FOLDERS {
            let found = check(&Tree::of(&[("docs/a.md", &format!("fine\nsee `{a}{b}x`\n"))]));

            assert!(matches!(&found[..], [one] if one.at == "docs/a.md:2"), "{a}{b}: {found:?}");
        }
    }

    #[test]
    fn same_words_inside_other_paths_pass() {
        assert_eq!(check(&Tree::of(&[("a.md", "frame/work/x and net/home/y")])), []);
    }

    #[test]
    fn foreign_registry_is_found() {
        let lock = format!("source = \"{REGISTRY}\"\nsource = \"sparse+https://example.org/index\"\n");

        let found = check(&Tree::of(&[("Cargo.lock", &lock)]));

        assert!(matches!(&found[..], [one] if one.at == "Cargo.lock:2"), "{found:?}");
    }
}
