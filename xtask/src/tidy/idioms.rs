//! Idioms: ways of writing that the house does not have.

use super::Finding;
use crate::source::{self, Item};
use crate::tree::Tree;

/// What may not stand in any Rust file, and what to do.
const NEVER: [(&str, &str); 4] = [
    ("#[ignore", "a test runs or does not exist; remove the attribute or the test"),
    ("#[should_panic", "assert on the error value"),
    ("todo!(", "write it, or return an error that says so"),
    ("unimplemented!(", "write it, or return an error that says so"),
];

/// Checks every Rust file that people wrote.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    tree.rust().flat_map(|(path, text)| check_one(path, text)).collect()
}

fn check_one(path: &str, text: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    if path.ends_with("/mod.rs") {
        found.push(Finding::new(path, "name the file after its module, beside the folder of its parts"));
    }
    let masked = source::mask(text);
    for (number, line) in masked.lines().enumerate() {
        for (words, instead) in NEVER.iter().filter(|(words, _)| line.contains(words)) {
            found.push(Finding::on_line(path, number, format!("`{words}`: {instead}")));
        }
    }
    let items = source::items(&masked);
    let silent =
        items.iter().filter(|item| silences(item) && !item.text.trim_start().starts_with("mod generated"));
    found.extend(silent.map(|item| {
        Finding::on_line(
            path,
            item.start,
            "an `allow` without a reason; mend the cause, or say `reason = \"…\"`",
        )
    }));
    found
}

/// Whether one of the item's attributes silences a lint without a reason.
fn silences(item: &Item) -> bool {
    let attributes = item.attributes.replace('\n', " ");
    let mut list = attributes.split("#[").chain(attributes.split("#![")).map(str::trim_start);
    list.any(|one| {
        ["allow(", "expect("].iter().any(|start| one.starts_with(start)) && !one.contains("reason =")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(text: &str) -> Vec<Finding> {
        check(&Tree::of(&[("crates/a/src/b.rs", text)]))
    }

    #[test]
    fn each_forbidden_way_is_found_on_its_line() {
        for (words, _) in NEVER {
            let found = findings(&format!("fn f() {{\n    {words}\n}}\n"));

            assert!(matches!(&found[..], [one] if one.at == "crates/a/src/b.rs:2"), "{words}: {found:?}");
        }
    }

    #[test]
    fn words_in_comments_and_literals_pass() {
        assert_eq!(findings("// todo!()\nconst A: &str = \"#[ignore]\";\n"), []);
    }

    #[test]
    fn mod_file_is_found() {
        assert_eq!(check(&Tree::of(&[("crates/a/src/b/mod.rs", "")])).len(), 1);
    }

    #[test]
    fn allow_needs_a_reason() {
        assert_eq!(findings("#[derive(Debug)]\n#[allow(dead_code)]\nstruct A;\n").len(), 1);
        assert_eq!(findings("#![allow(dead_code)]\n\nstruct A;\n").len(), 1);
        assert_eq!(findings("#[expect(\n    dead_code,\n)]\nstruct A;\n").len(), 1);
        assert_eq!(findings("#[allow(dead_code, reason = \"it is\")]\nstruct A;\n"), []);
    }

    #[test]
    fn generated_module_may_allow() {
        assert_eq!(findings("#[allow(\n    missing_docs,\n    clippy::all\n)]\nmod generated {\n}\n"), []);
    }
}
