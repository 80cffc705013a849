//! Being subscribed: with enough nodes, to what is watched now, and for sure.

mod held;
mod session;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use libp2p::PeerId;
use libp2p_stream::Control;
use status_layer::Topic;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, sleep_until};

use super::request::{Ask, Request};
use super::{MAX_ANSWER, MAX_AROUND, Pushed, SUBSCRIBE};
use crate::Light;
use crate::address::short;
use crate::generated::{FilterSubscribeResponse, MessagePush};
use crate::node::inside::Inside;
use crate::peers::Peers;
use crate::stats::Counters;
use crate::stream::{Arrivals, Begun, Served, ask, read, serve_arrivals};
use held::Bench;
pub(crate) use held::Filters;
use session::{Ended, Session};

/// Pushes of one node that are taken at the same time. Deployed nodes push everything at once.
const PUSHES: Served = Served { per_peer: 64, in_all: 256, patience: Duration::from_secs(60) };

/// Nobody waits longer for the answer to a goodbye.
const GOODBYE: Duration = Duration::from_secs(1);

/// What the client works with.
pub(crate) struct Client {
    pub(crate) light: Light,
    /// The gossip topics on which everything watched is subscribed to.
    pub(crate) pubsub_topics: Vec<String>,
    /// Largest message that is taken, in bytes.
    pub(crate) receive_limit: usize,
    pub(crate) filters: Filters,
    pub(crate) control: Control,
    pub(crate) peers: Arc<Peers>,
    pub(crate) watched: watch::Receiver<BTreeSet<Topic>>,
    pub(crate) ask: mpsc::Sender<Inside>,
    pub(crate) counters: Arc<Counters>,
}

/// Keeps what is watched subscribed to, and takes what is pushed, until the node ends.
pub(crate) async fn run(client: Client, pushes: Arrivals) {
    let taking = serve_arrivals(pushes, PUSHES, |peer, stream| take(&client, peer, stream));
    tokio::join!(taking, keep(&client));
}

/// Takes one push.
async fn take(client: &Client, peer: PeerId, mut stream: Begun) {
    if !client.filters.knows(&peer) {
        client.counters.uninvited.add(1);
        return;
    }
    let max = client.receive_limit.saturating_add(MAX_AROUND);
    let Ok(push) = read::<MessagePush>(&mut stream, max).await else {
        client.counters.refused.add(1);
        return;
    };
    let len = push.waku_message.as_ref().map_or(0, Vec::len);
    let Some(Pushed { criterion, message }) = Pushed::check(push).filter(|_| len <= client.receive_limit)
    else {
        client.counters.refused.add(1);
        return;
    };
    let hash = message.hash(&criterion.pubsub_topic);
    let pubsub_topic = criterion.pubsub_topic.clone();
    if !client.filters.brought(peer, hash, criterion, Instant::now()) {
        client.counters.uninvited.add(1);
        return;
    }
    client.counters.messages_in.add(1);
    client.counters.bytes_in.add(len);
    // Fails only at the end of the node.
    let _ = client.ask.send(Inside::Heard { pubsub_topic, message }).await;
}

/// Ends all subscriptions, each with one request.
pub(crate) async fn leave(filters: &Filters, control: &Control) {
    let goodbyes = filters.holders().into_iter().map(|peer| {
        let mut control = control.clone();
        async move {
            let goodbye = Request::wire(&Ask::UnsubscribeAll);
            // Whatever is answered, nothing follows from it.
            let _: Result<FilterSubscribeResponse, _> =
                ask(&mut control, peer, SUBSCRIBE, &goodbye, MAX_ANSWER, GOODBYE).await;
        }
    });
    join_all(goodbyes).await;
}

/// The running subscriptions.
#[derive(Default)]
struct Running {
    tasks: JoinSet<(PeerId, Ended)>,
    peers: HashMap<PeerId, (AbortHandle, Arc<Notify>)>,
}

async fn keep(client: &Client) {
    let mut changes = client.peers.changes();
    let mut running = Running::default();
    let mut bench = Bench::new(client.light);
    loop {
        let now = Instant::now();
        let usable = usable(client);
        running.drop_all_but(&usable, &client.filters);
        while running.peers.len() < client.light.filters {
            let Some(peer) = bench.choose(&running.idle(&usable), now) else { break };
            running.begin(client, peer, bench.knows(&peer));
        }
        let lacking = running.peers.len() < client.light.filters;
        let next = lacking.then(|| bench.next_choice(&running.idle(&usable))).flatten();
        let due = client.filters.next_due();
        tokio::select! {
            changed = changes.changed() => if changed.is_err() { return },
            Some(ended) = running.tasks.join_next() => {
                // A task that was aborted has been seen to already.
                if let Ok((peer, ended)) = ended {
                    tracing::info!(node = %short(&peer), why = ?ended, "a filter is given up");
                    running.peers.remove(&peer);
                    client.filters.end(&peer);
                    bench.put(peer, Instant::now());
                }
            }
            () = sleep_until(due.unwrap_or(now)), if due.is_some() => {
                for peer in client.filters.silent(Instant::now()) {
                    client.counters.silent.add(1);
                    if let Some((_, leave)) = running.peers.get(&peer) {
                        leave.notify_one();
                    }
                }
            }
            () = sleep_until(next.unwrap_or(now)), if next.is_some() => {}
            () = client.filters.made_ready() => {
                for peer in client.filters.ready() {
                    bench.well(&peer);
                }
            }
            () = client.filters.follows_more() => {}
        }
    }
}

/// Those who filter for others and do not say that they carry other shards than ours, longest connected first.
fn usable(client: &Client) -> Vec<PeerId> {
    let all = client.peers.all();
    let carries = |peer: &PeerId| {
        let told = all.get(peer).and_then(|peer| peer.shards.as_ref());
        told.is_none_or(|shards| {
            let ends = |topic: &String| {
                topic
                    .rsplit('/')
                    .next()
                    .and_then(|shard| shard.parse().ok())
                    .is_none_or(|shard| shards.contains(&shard))
            };
            shards.is_empty() || client.pubsub_topics.iter().any(ends)
        })
    };
    let mut speaking = client.peers.speaking(&SUBSCRIBE);
    speaking.retain(carries);
    speaking
}

impl Running {
    fn begin(&mut self, client: &Client, peer: PeerId, again: bool) {
        client.filters.begin(peer);
        let leave = Arc::new(Notify::new());
        let session = Session {
            peer,
            again,
            light: client.light,
            pubsub_topics: client.pubsub_topics.clone(),
            filters: client.filters.clone(),
            control: client.control.clone(),
            watched: client.watched.clone(),
            leave: Arc::clone(&leave),
        };
        let task = self.tasks.spawn(async move { (peer, session.run().await) });
        self.peers.insert(peer, (task, leave));
    }

    /// Those with whom nothing runs.
    fn idle(&self, usable: &[PeerId]) -> Vec<PeerId> {
        usable.iter().filter(|peer| !self.peers.contains_key(*peer)).copied().collect()
    }

    /// Ends those whose nodes are gone.
    fn drop_all_but(&mut self, usable: &[PeerId], filters: &Filters) {
        self.peers.retain(|peer, (task, _)| {
            let stays = usable.contains(peer);
            if !stays {
                task.abort();
                filters.end(peer);
            }
            stays
        });
    }
}
