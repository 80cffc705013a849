//! Walking a tree.

use std::collections::HashSet;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use rand::seq::SliceRandom;
use tokio::time::timeout;

use super::entry::{Entry, Label, MAX_TEXT, Root};
use super::resolve::Resolve;
use super::url::TreeUrl;
use crate::NodeRecord;

/// Texts of one tree that are asked for.
pub(super) const MAX_TEXTS: usize = 1024;
/// Links of one tree that are heeded.
const MAX_LINKS: usize = 16;
/// Questions under way at the same time.
const AT_ONCE: usize = 4;
/// An answer has to be here after this.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a walk brought besides the nodes.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Walked {
    pub(super) root: Root,
    /// Other trees that this one names.
    pub(super) links: Vec<TreeUrl>,
    /// Whether every text was there and was what its name says.
    pub(super) whole: bool,
}

/// Why a tree was not walked.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum WalkError {
    #[error("nothing is known of the tree")]
    Unanswered,
    #[error("the root of the tree is not signed by its owner")]
    Forged,
    #[error("the tree is an older one than that seen before")]
    Older,
    #[error("the tree is the one seen before")]
    Unchanged,
}

/// Reads the root; `last` is the newest that was seen before.
pub(super) async fn root(
    resolver: &dyn Resolve,
    url: &TreeUrl,
    last: Option<&Root>,
) -> Result<Root, WalkError> {
    let texts = ask(resolver, url.domain()).await.ok_or(WalkError::Unanswered)?;
    let root = texts.iter().find_map(|text| Root::open(text, url)).ok_or(WalkError::Forged)?;
    match last {
        Some(last) if root == *last => Err(WalkError::Unchanged),
        // Of one number there is one tree.
        Some(last) if root.seq <= last.seq => Err(WalkError::Older),
        _ => Ok(root),
    }
}

/// Walks the tree below `root` and gives every node in it to `found`, in an order of chance: a walk that is broken off
/// has not seen the same few nodes each time.
pub(super) async fn walk(
    resolver: &dyn Resolve,
    url: &TreeUrl,
    root: Root,
    found: &mut (dyn FnMut(NodeRecord) + Send),
) -> Walked {
    let mut waiting = vec![(Half::Links, root.links.clone()), (Half::Nodes, root.nodes.clone())];
    let mut seen: HashSet<Label> = waiting.iter().map(|(_, label)| label.clone()).collect();
    let mut walked = Walked { root, links: Vec::new(), whole: true };
    let mut asked = FuturesUnordered::new();
    loop {
        while asked.len() < AT_ONCE {
            let Some((half, label)) = waiting.pop() else { break };
            asked.push(async move { (half, entry(resolver, url, &label).await) });
        }
        match asked.next().await {
            None => return walked,
            Some((Half::Nodes, Some(Entry::Node(node)))) => found(node),
            Some((Half::Links, Some(Entry::Link(link)))) if walked.links.len() < MAX_LINKS => {
                walked.links.push(link);
            }
            Some((half, Some(Entry::Branch(children)))) => {
                for child in children {
                    // Invariant: not more questions than this in one walk, and none twice.
                    if seen.len() < MAX_TEXTS && seen.insert(child.clone()) {
                        waiting.push((half, child));
                    }
                }
                waiting.shuffle(&mut rand::rng());
            }
            // No answer, a text of another name, or one that does not belong there.
            Some(_) => walked.whole = false,
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Half {
    Nodes,
    Links,
}

async fn entry(resolver: &dyn Resolve, url: &TreeUrl, label: &Label) -> Option<Entry> {
    let texts = ask(resolver, &format!("{}.{}", label.as_str(), url.domain())).await?;
    texts.iter().filter(|text| label.names(text)).find_map(|text| Entry::parse(text))
}

async fn ask(resolver: &dyn Resolve, name: &str) -> Option<Vec<String>> {
    let mut texts = timeout(PATIENCE, resolver.txt(name)).await.ok()?.ok()?;
    texts.retain(|text| text.len() <= MAX_TEXT);
    Some(texts)
}

#[cfg(test)]
mod tests;
