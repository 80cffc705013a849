//! Making a tree, for those who run nodes.

use std::collections::BTreeMap;

use k256::ecdsa::SigningKey;

use super::entry::{Entry, Label, Root};
use super::url::{TreeUrl, TreeUrlError};
use crate::{HostKey, NodeRecord};

/// Children of one branch: so many fit an answer without TCP.
const CHILDREN: usize = 13;

/// A tree of nodes, ready to be put below its domain.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SignedTree {
    url: TreeUrl,
    texts: BTreeMap<String, String>,
}

impl SignedTree {
    /// Makes a tree of `nodes`, with links to other trees, and signs it with `key`.
    ///
    /// Give every version a higher `seq` than the one before: whoever knows a newer one does not take an older one.
    ///
    /// # Errors
    /// [`TreeUrlError`] if the domain cannot be one.
    pub fn sign(
        key: &HostKey,
        domain: &str,
        seq: u64,
        nodes: &[NodeRecord],
        links: &[TreeUrl],
    ) -> Result<Self, TreeUrlError> {
        let key = SigningKey::from_slice(key.secret().expose()).map_err(|_| TreeUrlError::NotAKey)?;
        let url = TreeUrl::new(*key.verifying_key(), domain)?;
        let mut texts = BTreeMap::new();
        let mut plant = |entries: Vec<String>| {
            let mut labels: Vec<Label> =
                entries.into_iter().map(|text| put(&mut texts, &url, text)).collect();
            labels.sort();
            labels.dedup();
            // An empty half is an empty branch, and one entry is its own half.
            while labels.len() != 1 {
                let branches = labels.chunks(CHILDREN).map(Entry::branch).collect::<Vec<_>>();
                let branches = if branches.is_empty() { vec![Entry::branch(&[])] } else { branches };
                labels = branches.into_iter().map(|text| put(&mut texts, &url, text)).collect();
            }
            labels.pop()
        };
        let (Some(nodes), Some(links)) = (plant(texts_of(nodes)), plant(texts_of(links))) else {
            return Err(TreeUrlError::Malformed);
        };
        let root = Root { nodes, links, seq }.seal(&key);
        texts.insert(url.domain().to_owned(), root);
        Ok(Self { url, texts })
    }

    /// What others name the tree by.
    #[must_use]
    pub const fn url(&self) -> &TreeUrl {
        &self.url
    }

    /// The TXT records to publish: name and text, the root's name being the domain itself.
    pub fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.texts.iter().map(|(name, text)| (name.as_str(), text.as_str()))
    }
}

fn texts_of(entries: &[impl ToString]) -> Vec<String> {
    entries.iter().map(ToString::to_string).collect()
}

fn put(texts: &mut BTreeMap<String, String>, url: &TreeUrl, text: String) -> Label {
    let label = Label::of(&text);
    texts.insert(format!("{}.{}", label.as_str(), url.domain()), text);
    label
}
