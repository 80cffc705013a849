//! Keeping up with trees.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::entry::Root;
use super::resolve::Resolve;
use super::url::TreeUrl;
use super::walk::{WalkError, root, walk};
use crate::NodeRecord;

/// Trees that are walked, with those that they name.
const MAX_TREES: usize = 16;
/// A walk through one tree is broken off after this.
const WALK: Duration = Duration::from_secs(120);

/// Knows the newest version seen of every tree.
#[derive(Debug)]
pub(crate) struct Keeper {
    resolver: Arc<dyn Resolve>,
    named: Vec<TreeUrl>,
    /// The newest root seen, and whether all below it was.
    roots: Vec<(TreeUrl, Root, Seen)>,
}

/// What is asked of a refresh.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Thirst {
    /// New versions are enough.
    News,
    /// Also trees that are as they were: nodes that were given up are to be heard of again.
    All,
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Seen {
    /// With the trees that it names.
    Whole(Vec<TreeUrl>),
    InPart,
}

impl Keeper {
    pub(crate) const fn new(resolver: Arc<dyn Resolve>, named: Vec<TreeUrl>) -> Self {
        Self { resolver, named, roots: Vec::new() }
    }

    /// Looks at every tree and at those that they name, and gives what is new to `found`. Returns how many trees were
    /// there.
    pub(crate) async fn refresh(
        &mut self,
        thirst: Thirst,
        found: &mut (dyn FnMut(NodeRecord) + Send),
    ) -> usize {
        let mut waiting: VecDeque<TreeUrl> = self.named.iter().cloned().collect();
        let mut met: Vec<TreeUrl> = Vec::new();
        let mut answered = 0;
        while let Some(url) = waiting.pop_front() {
            // Invariant: trees that name each other are walked once each, and not more of them than this.
            if met.contains(&url) || met.len() >= MAX_TREES {
                continue;
            }
            match self.visit(&url, thirst, found).await {
                Ok(links) => {
                    answered += 1;
                    waiting.extend(links);
                }
                Err(error) => tracing::info!(domain = url.domain(), %error, "a tree of nodes was not read"),
            }
            met.push(url);
        }
        // A tree that nobody names any more is forgotten.
        self.roots.retain(|(url, ..)| met.contains(url));
        answered
    }

    async fn visit(
        &mut self,
        url: &TreeUrl,
        thirst: Thirst,
        found: &mut (dyn FnMut(NodeRecord) + Send),
    ) -> Result<Vec<TreeUrl>, WalkError> {
        let last = self.roots.iter().find(|(known, ..)| known == url);
        let root = match root(self.resolver.as_ref(), url, last.map(|(_, root, _)| root)).await {
            Ok(root) => root,
            Err(WalkError::Unchanged) => match last {
                Some((_, _, Seen::Whole(links))) if thirst == Thirst::News => return Ok(links.clone()),
                Some((_, root, _)) => root.clone(),
                None => return Err(WalkError::Unanswered),
            },
            Err(error) => return Err(error),
        };
        // Noted first: whatever becomes of the walk, from now on nothing older is believed.
        self.note(url, root.clone(), Seen::InPart);
        let walked = timeout(WALK, walk(self.resolver.as_ref(), url, root, found)).await;
        let Ok(walked) = walked else { return Ok(Vec::new()) };
        if walked.whole {
            self.note(url, walked.root, Seen::Whole(walked.links.clone()));
        }
        Ok(walked.links)
    }

    fn note(&mut self, url: &TreeUrl, root: Root, seen: Seen) {
        self.roots.retain(|(known, ..)| known != url);
        self.roots.push((url.clone(), root, seen));
    }
}
