//! Promises: every test that the table of promises names exists.

use super::Finding;
use crate::tree::Tree;

/// Each promise of the protocol and the tests that prove it.
const TABLE: &str = "docs/status.md";

/// Checks that what stands in backticks in a row of the table is the name of a function in the tree.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let Some(table) = tree.text(TABLE) else {
        return vec![Finding::new(TABLE, "is missing; it says which test proves each promise")];
    };
    let rows = table.lines().enumerate().filter(|(_, line)| line.starts_with('|'));
    rows.flat_map(|(number, line)| names(line).map(move |name| (number, name)))
        .filter(|(_, name)| !exists(tree, name))
        .map(|(number, name)| {
            Finding::on_line(
                TABLE,
                number,
                format!("no test is called `{name}`; name the one that proves it"),
            )
        })
        .collect()
}

/// What stands between backticks.
fn names(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

fn exists(tree: &Tree, name: &str) -> bool {
    let wanted = format!("fn {name}(");
    tree.rust().any(|(_, text)| text.contains(&wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEST: (&str, &str) = ("crates/a/src/b.rs", "#[test]\nfn it_holds() {}\n");

    #[test]
    fn a_promise_with_a_test_that_exists_is_fine() {
        let table = "`words` outside of a row\n| a promise | paper | `it_holds` |\n";

        assert_eq!(check(&Tree::of(&[TEST, (TABLE, table)])), []);
    }

    #[test]
    fn a_promise_with_a_test_that_is_gone_is_found() {
        let table = "| a promise | paper | `it_held`, `it_holds` |\n";

        assert_eq!(check(&Tree::of(&[TEST, (TABLE, table)])).len(), 1);
    }

    #[test]
    fn a_table_that_is_missing_is_found() {
        assert_eq!(check(&Tree::of(&[TEST])).len(), 1);
    }
}
