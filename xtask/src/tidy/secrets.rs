//! Secrets: no derived `Debug` prints one.

use super::Finding;
use crate::source::{self, Item};
use crate::tree::Tree;

/// Types that hold secret bytes and print them if asked.
const OPEN: [&str; 1] = ["Zeroizing"];
/// Words in the name of a field that holds a secret.
const NAMES: [&str; 6] = ["secret", "private", "password", "passphrase", "mnemonic", "seed"];
/// Types of plain bytes or text; what a secret must not be in.
const PLAIN: [&str; 3] = ["u8", "String", "str"];

/// Checks every type in the sources of the crates that derives `Debug`.
///
/// `Secret`, `SecretKey` and `Value` guard themselves: they print no content, and tests pin that.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let sources = tree.rust().filter(|(path, _)| path.starts_with("crates/") && path.contains("/src/"));
    sources.flat_map(|(path, text)| check_one(path, text)).collect()
}

fn check_one(path: &str, text: &str) -> Vec<Finding> {
    let masked = source::without_tests(&source::mask(text));
    let types = source::items(&masked).into_iter().filter(|item| is_type(item) && derives_debug(item));
    types.filter_map(|item| Some(Finding::on_line(path, item.line, words(secret(&item)?)))).collect()
}

fn words(what: &str) -> String {
    format!(
        "derives Debug, which would print `{what}`; \
         hold it in a Secret or SecretKey, or write the impl so that it prints `Name(..)`"
    )
}

fn is_type(item: &Item) -> bool {
    source::words(&item.text).take(5).any(|word| matches!(word, "struct" | "enum" | "union"))
}

fn derives_debug(item: &Item) -> bool {
    let derives = item.attributes.split("#[").filter(|one| one.starts_with("derive("));
    derives.flat_map(source::words).any(|word| word == "Debug")
}

/// What in the type would be printed.
fn secret(item: &Item) -> Option<&str> {
    let open = source::words(&item.text).find(|word| OPEN.contains(word));
    open.or_else(|| item.text.split([',', '{', '(', '\n']).find_map(plain_secret))
}

/// The name of a field that speaks of a secret, if its type is plain bytes.
fn plain_secret(field: &str) -> Option<&str> {
    let (name, kind) = field.split_once(':')?;
    let name = source::words(name).last()?;
    let speaks = NAMES.iter().any(|word| name.contains(word));
    let plain = source::words(kind).any(|word| PLAIN.contains(&word));
    (speaks && plain).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(text: &str) -> Vec<Finding> {
        check(&Tree::of(&[("crates/a/src/b.rs", text)]))
    }

    #[test]
    fn derived_debug_over_a_secret_is_found() {
        for body in [
            "pub struct A(Zeroizing<[u8; 32]>);",
            "struct A {\n    key: Option<Zeroizing<Vec<u8>>>,\n}",
            "enum A {\n    One(Zeroizing<[u8; 32]>),\n}",
            "struct A {\n    pub(crate) chain_secret: [u8; 32],\n}",
            "struct A {\n    mnemonic: String,\n}",
        ] {
            let found = findings(&format!("#[derive(Clone)]\n#[derive(Debug, Eq)]\n{body}\n"));

            assert!(matches!(&found[..], [one] if one.at == "crates/a/src/b.rs:3"), "{body}: {found:?}");
        }
    }

    #[test]
    fn guarded_types_and_own_impls_pass() {
        for text in [
            "#[derive(Clone)]\nstruct A(Zeroizing<[u8; 32]>);\n",
            "#[derive(Debug)]\nstruct A {\n    secret: SecretKey,\n    b: Secret,\n}\n",
            "#[derive(Debug)]\nstruct A;\n\nstruct B(Zeroizing<[u8; 32]>);\n",
            "#[derive(Debug)]\nstruct A {\n    seed: u64,\n}\n",
            "#[cfg(test)]\nmod tests {\n    #[derive(Debug)]\n    struct A(Zeroizing<u8>);\n}\n",
        ] {
            assert_eq!(findings(text), [], "{text}");
        }
    }
}
