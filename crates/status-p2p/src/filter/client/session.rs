//! Being subscribed with one node.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use libp2p::PeerId;
use libp2p_stream::Control;
use status_layer::Topic;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep};

use super::super::request::{Ask, Request};
use super::super::{Criterion, MAX_ANSWER, SUBSCRIBE};
use super::held::Filters;
use crate::Light;
use crate::generated::FilterSubscribeResponse;
use crate::stream::{StreamError, ask};

/// Content topics in one request, as deployed nodes take them.
const MAX_TOPICS: usize = 100;
/// Content topics with one node, counted once for each gossip topic, as deployed nodes take them.
const MAX_CRITERIA: usize = 1000;
/// Deployed nodes take one request in this.
const PACE: Duration = Duration::from_secs(1);
/// So often a request is sent that comes too early.
const TRIES: usize = 5;

/// A subscription with one node.
pub(super) struct Session {
    pub(super) peer: PeerId,
    /// Whether there may be something left of an earlier one.
    pub(super) again: bool,
    pub(super) light: Light,
    pub(super) pubsub_topics: Vec<String>,
    pub(super) filters: Filters,
    pub(super) control: Control,
    pub(super) watched: watch::Receiver<BTreeSet<Topic>>,
    pub(super) leave: Arc<Notify>,
}

/// Why a subscription ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Ended {
    /// The node did not answer, or not sensibly.
    Broken(StreamError),
    /// The node answered with this code.
    Refused(u32),
    /// The node did not bring what others brought.
    Silent,
    /// This node ends.
    Over,
}

impl From<StreamError> for Ended {
    fn from(error: StreamError) -> Self {
        Self::Broken(error)
    }
}

impl Session {
    /// Follows what is watched until something goes wrong.
    pub(super) async fn run(mut self) -> Ended {
        if self.again {
            // Whatever is left is of no use; if nothing is left, the answer says so.
            let _ = self.request(&Ask::UnsubscribeAll).await;
        }
        loop {
            if let Err(ended) = self.follow().await {
                return ended;
            }
            self.filters.settle(self.peer);
            tokio::select! {
                changed = self.watched.changed() => if changed.is_err() { return Ended::Over },
                () = self.leave.notified() => {
                    // It is left because it does not work; whether this does is the same.
                    let _ = self.request(&Ask::UnsubscribeAll).await;
                    return Ended::Silent;
                }
                () = sleep(self.light.ping), if self.filters.holds_any(&self.peer) => {
                    if let Err(ended) = self.ping().await {
                        return ended;
                    }
                }
            }
        }
    }

    /// Asks for what is watched and not yet subscribed to, after giving up what is watched no more.
    async fn follow(&mut self) -> Result<(), Ended> {
        loop {
            let wanted = self.wanted();
            let (less, more) = self.filters.difference(&self.peer, &wanted);
            if less.is_empty() && more.is_empty() {
                return Ok(());
            }
            for part in parts(&less) {
                self.filters.give_up(&self.peer, part);
                match self.request(&Ask::Unsubscribe(part.to_vec())).await {
                    // It has forgotten us: then everything has to be asked for again.
                    Err(Ended::Refused(404)) => drop(self.filters.forget_all(&self.peer)),
                    done => done?,
                }
            }
            for part in parts(&more) {
                self.filters.ask(&self.peer, part);
                self.request(&Ask::Subscribe(part.to_vec())).await?;
                self.filters.agreed(&self.peer, part, Instant::now());
            }
        }
    }

    fn wanted(&mut self) -> BTreeSet<Criterion> {
        let watched = self.watched.borrow_and_update();
        let all = self.pubsub_topics.iter().flat_map(|pubsub_topic| {
            watched.iter().map(|topic| Criterion {
                pubsub_topic: pubsub_topic.clone(),
                content_topic: topic.as_str().to_owned(),
            })
        });
        let wanted: BTreeSet<_> = all.take(MAX_CRITERIA).collect();
        if watched.len().saturating_mul(self.pubsub_topics.len()) > MAX_CRITERIA {
            tracing::warn!(
                most = MAX_CRITERIA,
                "more is watched than one node filters; the rest is not heard"
            );
        }
        wanted
    }

    /// Asks whether the subscription is still there, and makes it anew if it is not.
    async fn ping(&mut self) -> Result<(), Ended> {
        let mut answer = self.request(&Ask::Ping).await;
        if matches!(answer, Err(Ended::Broken(_))) {
            answer = self.request(&Ask::Ping).await;
        }
        match answer {
            Err(Ended::Refused(404)) => {
                self.filters.forget_all(&self.peer);
                Ok(())
            }
            done => done,
        }
    }

    async fn request(&mut self, what: &Ask) -> Result<(), Ended> {
        let mut code = 0;
        for _ in 0..TRIES {
            let request = Request::wire(what);
            let answer: FilterSubscribeResponse =
                ask(&mut self.control, self.peer, SUBSCRIBE, &request, MAX_ANSWER, self.light.patience)
                    .await?;
            code = answer.status_code;
            match code {
                200..300 => return Ok(()),
                429 => sleep(PACE).await,
                _ => break,
            }
        }
        Err(Ended::Refused(code))
    }
}

/// Criteria in such parts as go into one request: of one gossip topic, and not too many. They come in order.
fn parts(criteria: &[Criterion]) -> impl Iterator<Item = &[Criterion]> {
    criteria.chunk_by(|a, b| a.pubsub_topic == b.pubsub_topic).flat_map(|same| same.chunks(MAX_TOPICS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_holds_a_hundred_topics_of_one_gossip_topic() {
        let of = |pubsub: &str, count: usize| -> Vec<Criterion> {
            let criterion =
                |n| Criterion { pubsub_topic: pubsub.to_owned(), content_topic: format!("/t/{n}") };
            (0..count).map(criterion).collect()
        };
        let criteria = [of("/a", 250), of("/b", 1)].concat();

        let lens: Vec<_> = parts(&criteria).map(<[_]>::len).collect();

        assert_eq!(lens, [100, 100, 50, 1]);
    }
}
