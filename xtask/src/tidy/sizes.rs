//! Sizes: a file has one subject, and the conductor stays a conductor.

use super::Finding;
use crate::source;
use crate::tree::Tree;

/// Lines of a file before its tests.
const MAX_FILE: usize = 500;
/// Lines of code of the whole stack crate, tests, comments and blank lines left out.
const MAX_STACK: usize = 1_050;
const STACK: &str = "crates/status-stack/src/";

/// Counts the lines of every Rust file that is not a test.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let code = || tree.rust().filter(|(path, _)| !is_test(path));
    let mut found: Vec<Finding> = code()
        .map(|(path, text)| (path, lines(text)))
        .filter(|(_, lines)| *lines > MAX_FILE)
        .map(|(path, lines)| {
            Finding::new(
                path,
                format!("has {lines} lines before its tests, more than {MAX_FILE}; split it by subject"),
            )
        })
        .collect();

    let stack: usize =
        code().filter(|(path, _)| path.starts_with(STACK)).map(|(_, text)| lines_of_code(text)).sum();
    if stack > MAX_STACK {
        let words =
            format!("has {stack} lines of code, more than {MAX_STACK}; protocol logic belongs into a layer");
        found.push(Finding::new(STACK, words));
    }
    found
}

fn is_test(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.split('/').any(|part| part == "tests")
}

/// Lines up to the end of what is not a test.
fn lines(text: &str) -> usize {
    let masked = source::mask(text);
    let tests: usize = source::items(&masked)
        .iter()
        .filter(|item| item.attributes.contains("cfg(test)"))
        .map(|item| item.end + 1 - item.start)
        .sum();
    masked.lines().count().saturating_sub(tests)
}

/// Lines that hold code: documentation is never a reason to split, nor to leave it out.
fn lines_of_code(text: &str) -> usize {
    source::without_tests(&source::mask(text)).lines().filter(|line| !line.trim().is_empty()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn long(lines: usize) -> String {
        "fn f() {}\n".repeat(lines)
    }

    #[test]
    fn file_over_the_limit_is_found() {
        assert_eq!(check(&Tree::of(&[("crates/a/src/b.rs", &long(500))])), []);
        assert_eq!(check(&Tree::of(&[("crates/a/src/b.rs", &long(501))])).len(), 1);
    }

    #[test]
    fn tests_and_generated_code_do_not_count() {
        let tests = format!("{}#[cfg(test)]\nmod tests {{\n{}}}\n", long(400), long(400));
        let tree = Tree::of(&[
            ("crates/a/src/b.rs", &tests),
            ("crates/a/src/b/tests.rs", &long(501)),
            ("crates/a/tests/it/main.rs", &long(501)),
            ("crates/a/src/generated/c.rs", &long(501)),
        ]);

        assert_eq!(check(&tree), []);
    }

    #[test]
    fn stack_is_counted_as_a_whole() {
        let each = MAX_STACK / 3 + 1;
        let third = format!("/// Documented.\n\n{}", long(each));
        let tree = Tree::of(&[
            ("crates/status-stack/src/a.rs", &third),
            ("crates/status-stack/src/b.rs", &third),
            ("crates/status-stack/src/c.rs", &third),
            ("crates/status-stack/tests/it/main.rs", &third),
        ]);

        let found = check(&tree);

        assert!(matches!(&found[..], [one] if one.words.contains(&(3 * each).to_string())), "{found:?}");
    }
}
