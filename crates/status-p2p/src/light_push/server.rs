//! Gossiping for others.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::{AsyncReadExt, AsyncWriteExt};
use libp2p::PeerId;
use prost::Message;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::MAX_AROUND;
use super::outcome::{NO_ID, Outcome};
use crate::Rate;
use crate::generated::{LightPushRequest, PushRpc};
use crate::node::inside::Inside;
use crate::rate::Rates;
use crate::stats::Counters;
use crate::stream::{Arrivals, Begun, Served, StreamError, read, serve_arrivals, write};

/// A request has to be over within this.
const PATIENCE: Duration = Duration::from_secs(20);
/// Requests at the same time; each may hold the largest message.
const BOUNDS: Served = Served { per_peer: 4, in_all: 64, patience: PATIENCE };

/// What the server works with.
pub(crate) struct Server {
    rates: Mutex<Rates>,
    carried: BTreeSet<String>,
    limit: usize,
    ask: mpsc::Sender<Inside>,
    counters: Arc<Counters>,
}

impl Server {
    /// Takes messages of at most `limit` bytes on the gossip topics that are carried.
    pub(crate) fn new(
        rate: Rate,
        carried: BTreeSet<String>,
        limit: usize,
        ask: mpsc::Sender<Inside>,
        counters: Arc<Counters>,
    ) -> Self {
        Self { rates: Mutex::new(Rates::new(rate.each, rate.burst)), carried, limit, ask, counters }
    }

    fn allows(&self, peer: PeerId) -> bool {
        // Nothing panics while it is held.
        self.rates.lock().unwrap_or_else(PoisonError::into_inner).allow(peer, Instant::now())
    }

    /// Gossips, and says what became of it.
    async fn gossip(&self, pubsub_topic: String, data: Vec<u8>) -> Outcome {
        if let Err(why) = Outcome::judge(&pubsub_topic, &data, &self.carried, self.limit) {
            return why;
        }
        let (told, outcome) = oneshot::channel();
        let asked = self.ask.send(Inside::Gossip { pubsub_topic, data, told }).await;
        let outcome = match asked {
            Ok(()) => outcome.await.map_or(Outcome::Busy, Outcome::of_gossip),
            Err(_) => Outcome::Busy,
        };
        if matches!(outcome, Outcome::Done(_)) {
            self.counters.gossiped_for.add(1);
        }
        outcome
    }

    const fn largest(&self) -> usize {
        self.limit.saturating_add(MAX_AROUND)
    }

    /// Answers a request that was not read to its end. Deployed nodes do not look for an answer before they have said
    /// everything, so some of it is let pass.
    async fn refuse(&self, mut stream: Begun, answer: &impl Message) -> Result<(), StreamError> {
        end(&mut stream, answer).await?;
        let most = self.largest().saturating_mul(2).try_into().unwrap_or(u64::MAX);
        let rest = futures::io::copy(stream.take(most), &mut futures::io::sink()).await;
        rest.map(|_| ()).map_err(|_| StreamError::Broken)
    }

    /// Reads a request, if its sender may ask; else what to answer.
    async fn read<M: Message + Default>(&self, peer: PeerId, stream: &mut Begun) -> Result<M, Refusal> {
        if !self.allows(peer) {
            return Err(Refusal::Answer(Outcome::TooOften));
        }
        read(stream, self.largest()).await.map_err(|error| match error {
            StreamError::TooLarge { .. } => Refusal::Answer(Outcome::TooLarge),
            StreamError::Malformed => Refusal::Answer(Outcome::Bad),
            _ => Refusal::Gone,
        })
    }
}

enum Refusal {
    Answer(Outcome),
    Gone,
}

/// Gossips for others until the node ends.
pub(crate) async fn run(server: Server, v3: Arrivals, v2: Arrivals) {
    let server = &server;
    tokio::join!(
        serve_arrivals(v3, BOUNDS, |peer, stream| async move {
            // Who breaks off gets no answer.
            let _ = answer(server, peer, stream).await;
        }),
        serve_arrivals(v2, BOUNDS, |peer, stream| async move {
            let _ = answer_v2(server, peer, stream).await;
        }),
    );
}

async fn answer(server: &Server, peer: PeerId, mut stream: Begun) -> Result<(), StreamError> {
    let answer = match server.read::<LightPushRequest>(peer, &mut stream).await {
        Ok(request) => {
            let topic = request.pubsub_topic.unwrap_or_default();
            let outcome = server.gossip(topic, request.message.unwrap_or_default()).await;
            outcome.answer(request.request_id)
        }
        Err(Refusal::Answer(outcome)) => {
            return server.refuse(stream, &outcome.answer(NO_ID.to_owned())).await;
        }
        Err(Refusal::Gone) => return Err(StreamError::Broken),
    };
    end(&mut stream, &answer).await
}

async fn answer_v2(server: &Server, peer: PeerId, mut stream: Begun) -> Result<(), StreamError> {
    let answer = match server.read::<PushRpc>(peer, &mut stream).await {
        Ok(PushRpc { request_id, request: Some(request), .. }) => {
            let outcome = server.gossip(request.pubsub_topic, request.message.unwrap_or_default()).await;
            outcome.answer_v2(request_id)
        }
        Ok(PushRpc { request_id, .. }) => Outcome::Bad.answer_v2(request_id),
        Err(Refusal::Answer(outcome)) => {
            return server.refuse(stream, &outcome.answer_v2(NO_ID.to_owned())).await;
        }
        Err(Refusal::Gone) => return Err(StreamError::Broken),
    };
    end(&mut stream, &answer).await
}

async fn end(stream: &mut Begun, answer: &impl Message) -> Result<(), StreamError> {
    write(stream, answer).await?;
    stream.close().await.map_err(|_| StreamError::Broken)
}
