//! A node that carries nothing: others filter and gossip for it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use libp2p::PeerId;
use libp2p_stream::Control;
use status_layer::{FrameId, NetworkEvent, Timestamp, Topic};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::filter::{self, Criterion, Filters};
use crate::light_push::{self, Pusher};
use crate::node::inside::{Inside, Ours};
use crate::peers::Peers;
use crate::services::Surroundings;
use crate::stats::Counters;
use crate::{Config, WakuMessage, peer_exchange};

/// Frames that wait to be given to others.
const OUTBOX: usize = 256;
/// Clocks of others may be ahead of ours by so much. Spec: WAKU2-NETWORK, "Message validation".
const SKEW: Duration = Duration::from_secs(20);

/// The node's side of it.
pub(crate) struct LightNode {
    outbox: mpsc::Sender<(FrameId, Ours)>,
    filters: Filters,
    control: Control,
}

impl LightNode {
    /// Starts filtering, publishing and watching over both.
    pub(crate) fn start(config: &Config, around: Surroundings<'_>, tasks: &mut JoinSet<()>) -> Self {
        let Surroundings { control, incoming, peers, ask, watched, sent, counters, .. } = around;
        let light = config.light;
        let filters = Filters::new(light);
        let client = filter::Client {
            light,
            pubsub_topics: config.topics().map(|topic| topic.to_string()).collect(),
            receive_limit: config.receive_limit,
            filters: filters.clone(),
            control: control.clone(),
            peers: Arc::clone(&peers),
            watched: watched.clone(),
            ask: ask.clone(),
            counters: Arc::clone(&counters),
        };
        tasks.spawn(filter::subscribe(client, incoming.accept(filter::PUSH)));
        tasks.spawn(peer_exchange::learn(light, Arc::clone(&peers), control.clone(), ask.clone()));
        let pusher = Pusher {
            light,
            control: control.clone(),
            peers: Arc::clone(&peers),
            filters: filters.clone(),
            ask: ask.clone(),
            counters: Arc::clone(&counters),
            sent,
            paces: light_push::Paces::default(),
        };
        let (outbox, waiting) = mpsc::channel(OUTBOX);
        tasks.spawn(light_push::publish(pusher, waiting));
        tasks.spawn(tell(peers, filters.clone(), watched, ask, counters));
        Self { outbox, filters, control }
    }

    /// Gives a frame to those who publish it; `false` if too many wait already. The outcome is reported.
    pub(crate) fn publish(&self, id: FrameId, ours: Ours) -> bool {
        self.outbox.try_send((id, ours)).is_ok()
    }

    /// Tells those who filter for this node that it ends. Waits for their answers.
    pub(crate) async fn leave_filters(&self) {
        filter::leave(&self.filters, &self.control).await;
    }

    /// A message came, pushed or from history. If it is from history, filters should have brought it already.
    pub(crate) fn heard(&self, pubsub_topic: &str, message: &WakuMessage, now: Timestamp) {
        let said =
            Duration::from_nanos(u64::try_from(message.timestamp.unwrap_or_default()).unwrap_or_default());
        let age = Duration::from_millis(now.millis()).saturating_sub(said).saturating_add(SKEW);
        if let Some(said) = Instant::now().checked_sub(age) {
            let criterion = Criterion {
                pubsub_topic: pubsub_topic.to_owned(),
                content_topic: message.content_topic.clone(),
            };
            self.filters.said(message.hash(pubsub_topic), criterion, said);
        }
    }
}

/// Tells the owner when it can speak and hear, until the node ends.
///
/// It can speak if somebody gossips for others, and hear if somebody pushes everything that is watched, or nothing is.
async fn tell(
    peers: Arc<Peers>,
    filters: Filters,
    mut watched: watch::Receiver<BTreeSet<Topic>>,
    ask: mpsc::Sender<Inside>,
    counters: Arc<Counters>,
) {
    let (mut changes, mut ready) = (peers.changes(), filters.changes());
    let mut serving = BTreeSet::new();
    loop {
        let now = serving_now(&peers, &filters, &watched);
        counters.carriers.set(now.len());
        // Whenever somebody joins: what is published right after it goes out, and what was missed can be fetched.
        let event = if now.difference(&serving).next().is_some() {
            Some(true)
        } else {
            (now.is_empty() && !serving.is_empty()).then_some(false)
        };
        serving = now;
        if let Some(online) = event
            && ask.send(Inside::Report(NetworkEvent::Online(online))).await.is_err()
        {
            return;
        }
        let changed = tokio::select! {
            changed = changes.changed() => changed.is_ok(),
            changed = ready.changed() => changed.is_ok(),
            changed = watched.changed() => changed.is_ok(),
        };
        if !changed {
            return;
        }
    }
}

/// Those who serve this node, if together they do all that it needs.
fn serving_now(
    peers: &Peers,
    filters: &Filters,
    watched: &watch::Receiver<BTreeSet<Topic>>,
) -> BTreeSet<PeerId> {
    let mut speak: BTreeSet<_> = peers.speaking(&light_push::V3).into_iter().collect();
    speak.extend(peers.speaking(&light_push::V2));
    let hear = filters.ready();
    if speak.is_empty() || (hear.is_empty() && !watched.borrow().is_empty()) {
        return BTreeSet::new();
    }
    speak.extend(hear);
    speak
}
