//! Filtering for others: taking subscriptions, and pushing what they ask for.

use std::collections::{BTreeSet, HashMap};
use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::AsyncWriteExt;
use libp2p::PeerId;
use libp2p_stream::Control;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use super::request::{NO_ID, Request, Status};
use super::table::Table;
use super::{Criterion, MAX_REQUEST, PUSH};
use crate::FilterLimits;
use crate::generated::{FilterSubscribeRequest, FilterSubscribeResponse, MessagePush};
use crate::node::inside::Relayed;
use crate::rate::Rates;
use crate::stats::Counters;
use crate::stream::{Arrivals, Begun, Served, StreamError, open, read, serve_arrivals, write};

/// Messages that wait for one light node.
const QUEUE: usize = 128;
/// Bytes of messages that wait for one light node.
const QUEUE_BYTES: usize = 8 * 1024 * 1024;
/// Pushes that begin and have not got a task yet.
const BEGINNING: usize = 64;
/// A request has to be over within this.
const PATIENCE: Duration = Duration::from_secs(10);

/// What both halves of the server look at.
struct State {
    limits: FilterLimits,
    table: Table,
    rates: Rates,
    queues: HashMap<PeerId, Queue>,
}

/// Messages on their way to one light node.
#[derive(Clone)]
struct Queue {
    messages: mpsc::Sender<Arc<Relayed>>,
    bytes: Arc<AtomicUsize>,
}

/// The other end of a [`Queue`].
struct Waiting {
    peer: PeerId,
    messages: mpsc::Receiver<Arc<Relayed>>,
    bytes: Arc<AtomicUsize>,
}

type Shared = Arc<Mutex<State>>;

/// Filters for others until the node ends. `carried` are the gossip topics of this node, `relayed` all that it hears.
pub(crate) async fn run(
    limits: FilterLimits,
    carried: BTreeSet<String>,
    requests: Arrivals,
    relayed: mpsc::Receiver<Arc<Relayed>>,
    control: Control,
    counters: Arc<Counters>,
) {
    let shared = Arc::new(Mutex::new(State {
        limits,
        table: Table::new(limits, carried),
        rates: Rates::new(limits.rate.each, limits.rate.burst),
        queues: HashMap::new(),
    }));
    let (begin, begun) = mpsc::channel(BEGINNING);
    let bounds = Served { per_peer: 4, in_all: 256, patience: PATIENCE };
    let answering = serve_arrivals(requests, bounds, |peer, stream| {
        let (shared, begin) = (Arc::clone(&shared), begin.clone());
        async move {
            // Who breaks off gets no answer.
            let _ = answer(&shared, peer, stream, &begin).await;
        }
    });
    let pushing = push_all(Arc::clone(&shared), relayed, begun, control, counters);
    tokio::join!(answering, pushing);
}

fn lock(shared: &Shared) -> MutexGuard<'_, State> {
    // Nothing panics while it is held.
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn answer(
    shared: &Shared,
    peer: PeerId,
    mut stream: Begun,
    begin: &mpsc::Sender<Waiting>,
) -> Result<(), StreamError> {
    let allowed = lock(shared).rates.allow(peer, Instant::now());
    let (answer, begun) = if allowed {
        match read::<FilterSubscribeRequest>(&mut stream, MAX_REQUEST).await {
            Ok(request) => lock(shared).answer(peer, request),
            Err(StreamError::TooLarge { .. } | StreamError::Malformed) => {
                (Status::Bad("this is no request").answer(NO_ID.to_owned()), None)
            }
            Err(broken) => return Err(broken),
        }
    } else {
        (Status::TooOften.answer(NO_ID.to_owned()), None)
    };
    if let Some(waiting) = begun {
        // Fails only at the end of the node.
        let _ = begin.send(waiting).await;
    }
    write(&mut stream, &answer).await?;
    stream.close().await.map_err(|_| StreamError::Broken)
}

impl State {
    /// Answers a request; if it is the first of its light node, pushing to it has to begin.
    fn answer(
        &mut self,
        peer: PeerId,
        wire: FilterSubscribeRequest,
    ) -> (FilterSubscribeResponse, Option<Waiting>) {
        let request = match Request::check(wire, self.limits.topics) {
            Ok(request) => request,
            Err((id, status)) => return (status.answer(id), None),
        };
        let status = self.table.answer(peer, request.ask, Instant::now());
        self.tidy();
        let mut begun = None;
        if self.table.contains(&peer) && !self.queues.contains_key(&peer) {
            let (sender, messages) = mpsc::channel(QUEUE);
            let bytes = Arc::<AtomicUsize>::default();
            self.queues.insert(peer, Queue { messages: sender, bytes: Arc::clone(&bytes) });
            begun = Some(Waiting { peer, messages, bytes });
        }
        (status.answer(request.id), begun)
    }

    /// Puts a message into the queues of all who want it; says for how many there was no room.
    fn spread(&mut self, message: &Arc<Relayed>) -> usize {
        let criterion = Criterion {
            pubsub_topic: message.pubsub_topic.clone(),
            content_topic: message.message.content_topic.clone(),
        };
        let wanting = self.table.wanting(&criterion, Instant::now());
        self.tidy();
        let mut missed = 0;
        for peer in wanting {
            let fits = self.queues.get(&peer).is_some_and(|queue| queue.put(message));
            if !fits {
                missed += 1;
                self.table.failed(&peer);
            }
        }
        self.tidy();
        missed
    }

    /// Invariant: a queue is there for those with a subscription only; without it its task ends.
    fn tidy(&mut self) {
        let table = &self.table;
        self.queues.retain(|peer, _| table.contains(peer));
    }
}

impl Queue {
    fn put(&self, message: &Arc<Relayed>) -> bool {
        let len = message.data.len();
        let before = self.bytes.fetch_add(len, Ordering::Relaxed);
        let fits = before.saturating_add(len) <= QUEUE_BYTES;
        if !fits || self.messages.try_send(Arc::clone(message)).is_err() {
            self.bytes.fetch_sub(len, Ordering::Relaxed);
            return false;
        }
        true
    }
}

async fn push_all(
    shared: Shared,
    mut relayed: mpsc::Receiver<Arc<Relayed>>,
    mut begun: mpsc::Receiver<Waiting>,
    control: Control,
    counters: Arc<Counters>,
) {
    let mut pushing = JoinSet::new();
    loop {
        tokio::select! {
            message = relayed.recv() => {
                let Some(message) = message else { return };
                let missed = lock(&shared).spread(&message);
                counters.unpushed.add(missed);
            }
            Some(waiting) = begun.recv() => {
                pushing.spawn(push(Arc::clone(&shared), waiting, control.clone(), Arc::clone(&counters)));
            }
            Some(_) = pushing.join_next() => {}
        }
    }
}

/// Pushes to one light node, one message after the other, until its subscription ends.
async fn push(shared: Shared, mut waiting: Waiting, mut control: Control, counters: Arc<Counters>) {
    let patience = lock(&shared).limits.patience;
    while let Some(message) = waiting.messages.recv().await {
        let pushed = timeout(patience, push_one(&mut control, waiting.peer, &message)).await;
        waiting.bytes.fetch_sub(message.data.len(), Ordering::Relaxed);
        let mut state = lock(&shared);
        if matches!(pushed, Ok(Ok(()))) {
            counters.pushed.add(1);
            state.table.pushed(&waiting.peer);
        } else {
            counters.unpushed.add(1);
            if state.table.failed(&waiting.peer) {
                state.tidy();
            }
        }
    }
}

fn push_one(
    control: &mut Control,
    peer: PeerId,
    message: &Relayed,
) -> impl Future<Output = Result<(), StreamError>> {
    let push = MessagePush {
        waku_message: Some(message.data.clone()),
        pubsub_topic: Some(message.pubsub_topic.clone()),
    };
    async move {
        let mut stream = open(control, peer, PUSH).await?;
        write(&mut stream, &push).await?;
        stream.close().await.map_err(|_| StreamError::Broken)
    }
}
