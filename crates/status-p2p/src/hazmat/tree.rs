//! What strangers write into trees of nodes in the domain name system.

use crate::dns::entry::{Entry, Root, sign};
use crate::{HostKey, NodeRecord, TreeUrl};

/// A text below the root of a tree.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum TreeText {
    /// The names of other texts.
    Branch(Vec<String>),
    /// A node.
    Node(NodeRecord),
    /// Another tree.
    Link(TreeUrl),
}

/// Reads the root of a tree: the names of the texts where its nodes and its links begin, and the number of this version of it.
/// `None` if its owner did not sign it.
#[must_use]
pub fn read_tree_root(text: &str, url: &TreeUrl) -> Option<(String, String, u64)> {
    let Root { nodes, links, seq } = Root::open(text, url)?;
    Some((nodes.as_str().to_owned(), links.as_str().to_owned(), seq))
}

/// Signs any text as the root of a tree; `None` if the key is none for that.
#[must_use]
pub fn sign_tree_root(text: &str, key: &HostKey) -> Option<String> {
    let key = k256::ecdsa::SigningKey::from_slice(key.secret().expose()).ok()?;
    Some(sign(text, &key))
}

/// Reads a text below the root.
#[must_use]
pub fn read_tree_text(text: &str) -> Option<TreeText> {
    Some(match Entry::parse(text)? {
        Entry::Branch(children) => {
            TreeText::Branch(children.iter().map(|child| child.as_str().to_owned()).collect())
        }
        Entry::Node(node) => TreeText::Node(node),
        Entry::Link(link) => TreeText::Link(link),
    })
}
