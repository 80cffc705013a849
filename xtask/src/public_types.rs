//! `public-types`: what an application sees of `status-chat` names no library that could be exchanged below it.

use crate::source::{self, Item};
use crate::tidy::Finding;
use crate::tree::Tree;

const CRATE: &str = "crates/status-chat/src/";
/// Libraries that are our own business.
const HIDDEN: [&str; 6] = ["libp2p", "libp2p_stream", "prost", "tokio", "redb", "rand"];
/// What an item is called after `pub`; anything else is a field.
const KINDS: [&str; 11] =
    ["fn", "async", "const", "unsafe", "extern", "struct", "enum", "trait", "type", "static", "mod"];

/// Checks the signature of every public item of the crate.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let sources = tree.rust().filter(|(path, _)| path.starts_with(CRATE));
    sources.flat_map(|(path, text)| check_one(path, text)).collect()
}

fn check_one(path: &str, text: &str) -> Vec<Finding> {
    let masked = source::without_tests(&source::mask(text));
    let items = source::items(&masked);
    let mut hidden: Vec<&str> = HIDDEN.to_vec();
    hidden.extend(items.iter().flat_map(imported));
    let types: Vec<&str> = items.iter().filter_map(public_type).collect();

    let shown = items.iter().filter_map(|item| Some((item.line, shown(item, &types)?)));
    let named = shown.filter_map(|(line, text)| {
        let name = source::words(&text).find(|word| hidden.contains(word))?.to_owned();
        let words = format!("`{name}` shows in the public interface; give it a type of our own");
        Some(Finding::on_line(path, line, words))
    });
    named.collect()
}

/// The names that a `use` of a hidden library brings into the file.
fn imported(item: &Item) -> Vec<&str> {
    let text = item.text.trim();
    let Some(path) = text.strip_prefix("use ").map(|path| path.trim_start_matches("::")) else {
        return Vec::new();
    };
    if !source::words(path).next().is_some_and(|root| HIDDEN.contains(&root)) {
        return Vec::new();
    }
    // The last word before a comma, a brace or the end is what the name is here: `a::{self, b as c}` gives a, c.
    let mut names = Vec::new();
    let mut parent = "";
    for piece in path.split_inclusive([',', '{', '}', ';']) {
        let last = source::words(piece).last();
        match last {
            _ if piece.ends_with('{') => parent = last.unwrap_or(parent),
            Some("self") => names.push(parent),
            Some(name) => names.push(name),
            None => {}
        }
    }
    names
}

fn public_type(item: &Item) -> Option<&str> {
    let mut words = source::words(item.text.trim().strip_prefix("pub ")?);
    words.next().filter(|kind| matches!(*kind, "struct" | "enum" | "trait" | "type"))?;
    words.next()
}

/// The part of an item that users of the crate see; `None` if they see nothing of it.
fn shown(item: &Item, types: &[&str]) -> Option<String> {
    let text = item.text.trim();
    if text.starts_with("impl") {
        let head = text.split('{').next()?;
        return source::words(head).any(|word| types.contains(&word)).then(|| head.to_owned());
    }
    let rest = text.strip_prefix("pub ")?;
    match source::words(rest).next()? {
        "use" | "enum" | "trait" => Some(rest.to_owned()),
        "struct" => Some(structure(rest)),
        "const" | "static" => rest.split('=').next().map(str::to_owned),
        kind if KINDS.contains(&kind) => rest.split('{').next().map(str::to_owned),
        // A field: up to its comma or the end of its struct.
        _ => Some(rest.to_owned()),
    }
}

/// A struct without its body; of a tuple struct the public fields stay. Named fields are items of their own.
fn structure(rest: &str) -> String {
    let head = rest.split('{').next().unwrap_or(rest);
    let Some((name, fields)) = head.split_once('(') else { return head.to_owned() };
    let public = fields.split(',').filter(|field| field.trim_start().starts_with("pub "));
    [name].into_iter().chain(public).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(text: &str) -> Vec<Finding> {
        check(&Tree::of(&[("crates/status-chat/src/a.rs", text)]))
    }

    #[test]
    fn hidden_type_in_the_interface_is_found() {
        for text in [
            "pub fn a(b: tokio::sync::mpsc::Sender<u8>) {}\n",
            "use tokio::sync::mpsc;\n\npub fn a() -> mpsc::Sender<u8> {\n}\n",
            "use tokio::sync::mpsc::{self, Sender as S};\n\npub async fn a(\n    b: S<u8>,\n) {\n}\n",
            "pub struct A {\n    pub b: libp2p::PeerId,\n}\n",
            "pub struct A(pub redb::Database);\n",
            "pub enum A {\n    B(prost::DecodeError),\n}\n",
            "pub use redb::Database;\n",
            "pub trait A {\n    fn b(&self, c: tokio::io::Stdin);\n}\n",
            "pub struct A;\n\nimpl From<redb::Error> for A {\n}\n",
            "pub type A = libp2p::Multiaddr;\n",
        ] {
            assert_eq!(findings(text).len(), 1, "{text}");
        }
    }

    #[test]
    fn hidden_type_behind_the_interface_passes() {
        for text in [
            "pub struct A {\n    b: libp2p::PeerId,\n}\n",
            "pub struct A(redb::Database);\n",
            "pub(crate) fn a(b: redb::Database) {}\n",
            "pub fn a() {\n    tokio::spawn(b());\n}\n",
            "struct A;\n\nimpl From<redb::Error> for A {\n}\n",
            "use tokio::sync::mpsc::Sender;\n\npub fn sync(a: u8) {}\n",
            "/// Not like `tokio::spawn`.\npub fn a() {}\n",
        ] {
            assert_eq!(findings(text), [], "{text}");
        }
    }

    #[test]
    fn other_crates_may_show_them() {
        assert_eq!(check(&Tree::of(&[("crates/status-p2p/src/a.rs", "pub use libp2p::PeerId;\n")])), []);
    }
}
