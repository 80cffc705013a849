//! Giving our frames to others to gossip.

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use libp2p::PeerId;
use libp2p_stream::Control;
use status_layer::{FrameId, NetworkEvent, Unpublished};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::outcome::Outcome;
use super::{MAX_ANSWER, V2, V3};
use crate::Light;
use crate::filter::{Criterion, Filters};
use crate::generated::{LightPushRequest, LightPushResponse, PushRequest, PushRpc};
use crate::history::Sent;
use crate::node::inside::{Inside, Ours};
use crate::peers::Peers;
use crate::stats::Counters;
use crate::stream::{StreamError, ask};

/// Frames that are being published at the same time.
const AT_ONCE: usize = 16;
/// Nodes whose pace is remembered.
const MAX_PACED: usize = 256;
/// Deployed nodes take one request in this.
const PACE: Duration = Duration::from_secs(1);
/// Answers that were late or made no sense count as this.
const UNKNOWN: Outcome = Outcome::Other(0);

/// What publishing works with.
#[derive(Clone)]
pub(crate) struct Pusher {
    pub(crate) light: Light,
    pub(crate) control: Control,
    pub(crate) peers: Arc<Peers>,
    pub(crate) filters: Filters,
    pub(crate) ask: mpsc::Sender<Inside>,
    pub(crate) counters: Arc<Counters>,
    /// What is looked for in histories.
    pub(crate) sent: mpsc::Sender<Sent>,
    pub(crate) paces: Paces,
}

/// Those who want to be asked slowly, and when each may be asked again.
#[derive(Clone, Debug, Default)]
pub(crate) struct Paces(Arc<Mutex<HashMap<PeerId, Instant>>>);

impl Paces {
    /// A node said that it was asked too often.
    fn slow(&self, peer: PeerId, now: Instant) {
        let mut paces = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if paces.len() >= MAX_PACED {
            paces.clear();
        }
        let next = paces.entry(peer).or_insert(now);
        *next = (*next).max(now + PACE);
    }

    /// Takes the next moment at which the node may be asked, if it is before `end`.
    fn take(&self, peer: &PeerId, now: Instant, end: Instant) -> Option<Instant> {
        let mut paces = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(next) = paces.get_mut(peer) else { return Some(now) };
        let at = (*next).max(now);
        if at >= end {
            return None;
        }
        *next = at + PACE;
        Some(at)
    }

    /// When the node may be asked next; the past if it never complained.
    fn next(&self, peer: &PeerId) -> Option<Instant> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(peer).copied()
    }
}

/// Publishes what comes in, until the node ends.
pub(crate) async fn run(pusher: Pusher, mut outbox: mpsc::Receiver<(FrameId, Ours)>) {
    let mut publishing = JoinSet::new();
    loop {
        tokio::select! {
            next = outbox.recv(), if publishing.len() < AT_ONCE => {
                let Some((id, ours)) = next else { return };
                let pusher = pusher.clone();
                publishing.spawn(async move { pusher.publish(id, ours).await });
            }
            Some(_) = publishing.join_next(), if !publishing.is_empty() => {}
        }
    }
}

impl Pusher {
    /// Those who gossip for others, whom to ask first coming first: who does not mind, then by chance.
    fn candidates(&self) -> VecDeque<PeerId> {
        let mut peers = self.peers.speaking(&V3);
        let older = self.peers.speaking(&V2).into_iter().filter(|peer| !peers.contains(peer));
        let older: Vec<_> = older.collect();
        peers.extend(older);
        peers.sort_by_cached_key(|peer| (self.paces.next(peer), rand::random::<u32>()));
        peers.into()
    }

    /// Gives a frame to some, and to others if those fail, and tells the owner as soon as it is sure what became of it.
    async fn publish(&self, id: FrameId, ours: Ours) {
        let end = Instant::now() + self.light.publish;
        let mut left = self.candidates();
        let mut asked = FuturesUnordered::new();
        let mut worst = Unpublished::Alone;
        let mut done = 0;
        loop {
            while asked.len() + done < self.light.pushers {
                let Some(peer) = left.pop_front() else { break };
                asked.push(self.give(peer, &ours, end));
            }
            match asked.next().await {
                Some((_, Outcome::Done(_))) => {
                    done += 1;
                    if done == 1 {
                        self.succeeded(id, &ours).await;
                    }
                }
                Some((peer, outcome)) => {
                    tracing::debug!(code = outcome.code(), "a frame was not taken");
                    if outcome == Outcome::TooOften {
                        left.push_back(peer);
                    }
                    worst = worse(worst, outcome.unpublished());
                }
                None => break,
            }
        }
        if done == 0 {
            // Fails only at the end of the node.
            let _ = self.ask.send(Inside::Report(NetworkEvent::Unpublished(id, worst))).await;
        }
    }

    async fn succeeded(&self, id: FrameId, ours: &Ours) {
        self.counters.messages_out.add(1);
        self.counters.bytes_out.add(ours.data.len());
        let criterion = Criterion {
            pubsub_topic: ours.pubsub_topic.clone(),
            content_topic: ours.message.content_topic.clone(),
        };
        self.filters.said(ours.hash, criterion, Instant::now());
        // If so many are looked for already, this one is not.
        let _ = self.sent.try_send(Sent { id, hash: ours.hash });
        // Fails only at the end of the node.
        let _ = self.ask.send(Inside::Report(NetworkEvent::Published(id))).await;
    }

    /// Gives a frame to one node. Who minds being asked often is asked when its time has come.
    fn give<'a>(
        &'a self,
        peer: PeerId,
        ours: &'a Ours,
        end: Instant,
    ) -> impl Future<Output = (PeerId, Outcome)> + 'a {
        let at = self.paces.take(&peer, Instant::now(), end);
        async move {
            let Some(at) = at else { return (peer, Outcome::Busy) };
            sleep_until(at).await;
            let outcome = self.exchange(peer, ours, end).await.unwrap_or(UNKNOWN);
            if outcome == Outcome::TooOften {
                self.paces.slow(peer, Instant::now());
            }
            (peer, outcome)
        }
    }

    async fn exchange(&self, peer: PeerId, ours: &Ours, end: Instant) -> Result<Outcome, StreamError> {
        let mut control = self.control.clone();
        let left = || end.saturating_duration_since(Instant::now());
        let request_id = crate::filter::request_id();
        let pubsub_topic = ours.pubsub_topic.clone();
        let message = Some(ours.data.clone());
        let question = LightPushRequest {
            request_id: request_id.clone(),
            pubsub_topic: Some(pubsub_topic.clone()),
            message: message.clone(),
        };
        match ask::<LightPushResponse>(&mut control, peer, V3, &question, MAX_ANSWER, left()).await {
            Err(StreamError::NotSpoken) => {}
            answer => return answer.map(|answer| Outcome::read(&answer)),
        }
        let request = Some(PushRequest { pubsub_topic, message });
        let question = PushRpc { request_id, request, response: None };
        let answer = ask::<PushRpc>(&mut control, peer, V2, &question, MAX_ANSWER, left()).await?;
        Ok(Outcome::read_v2(answer))
    }
}

/// Of two reasons that one which says most: that it will never go, or that it may go soon.
fn worse(a: Unpublished, b: Unpublished) -> Unpublished {
    let weight = |why| match why {
        Unpublished::TooLarge => 2,
        Unpublished::Busy => 1,
        _ => 0,
    };
    if weight(b) > weight(a) { b } else { a }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_minds_is_asked_once_in_a_second() {
        let (paces, peer, now) = (Paces::default(), PeerId::random(), Instant::now());
        let end = now + Duration::from_secs(10);

        assert_eq!([(); 3].map(|()| paces.take(&peer, now, end)), [Some(now); 3]);
        paces.slow(peer, now);

        let taken: Vec<_> = (0..20).filter_map(|_| paces.take(&peer, now, end)).collect();
        assert_eq!(taken, (1..10).map(|second| now + PACE * second).collect::<Vec<_>>());
    }

    #[test]
    fn nodes_whose_pace_is_remembered_are_bounded() {
        let (paces, now) = (Paces::default(), Instant::now());

        for _ in 0..1000 {
            paces.slow(PeerId::random(), now);
        }

        assert!(paces.0.lock().unwrap().len() <= MAX_PACED);
    }

    #[test]
    fn that_a_frame_is_too_large_outweighs_that_others_are_busy() {
        assert_eq!(worse(Unpublished::Busy, Unpublished::TooLarge), Unpublished::TooLarge);
        assert_eq!(worse(Unpublished::TooLarge, Unpublished::Alone), Unpublished::TooLarge);
        assert_eq!(worse(Unpublished::Alone, Unpublished::Busy), Unpublished::Busy);
    }
}
