//! Learning of nodes from nodes. Spec: 34/WAKU2-PEER-EXCHANGE.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::AsyncWriteExt;
use libp2p::{PeerId, StreamProtocol};
use libp2p_stream::Control;
use rand::seq::IndexedRandom;
use status_layer::Timestamp;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

use crate::book::{Book, Source};
use crate::generated::{PeerExchangeQuery, PeerExchangeResponse, PeerExchangeRpc, PeerInfo};
use crate::node::inside::Inside;
use crate::peers::Peers;
use crate::rate::Rates;
use crate::stream::{Arrivals, Begun, Served, StreamError, ask, read, serve_arrivals, write};
use crate::{Clock, Light, MAX_RECORD, NodeRecord, Rate};

/// The protocol, named exactly as deployed nodes name it.
pub(crate) const PROTOCOL: StreamProtocol = StreamProtocol::new("/vac/waku/peer-exchange/2.0.0-alpha1");

/// Records that are asked for at once, as deployed light nodes do.
const WANTED: u64 = 20;
/// Most records in one answer.
const MAX_ANSWERED: usize = 100;
/// Largest question that is read, in bytes.
const MAX_QUESTION: usize = 1024;
/// Largest answer that is read, in bytes: a hundred records of the largest size.
const MAX_ANSWER: usize = MAX_ANSWERED * (MAX_RECORD + 16);
/// The longest wait between two questions, while as many nodes stay connected.
const LONGEST: Duration = Duration::from_secs(10 * 60);
/// A question has to be over within this.
const PATIENCE: Duration = Duration::from_secs(10);

/// Tells others which nodes are known, until the node ends.
pub(crate) async fn serve(rate: Rate, book: Arc<Book>, clock: Clock, arrivals: Arrivals) {
    let rates = Mutex::new(Rates::new(rate.each, rate.burst));
    let (rates, book, clock) = (&rates, &*book, &clock);
    let bounds = Served { per_peer: 2, in_all: 64, patience: PATIENCE };
    serve_arrivals(arrivals, bounds, |peer, stream| async move {
        // Who asks too often finds the stream reset, as with deployed nodes.
        if rates.lock().unwrap_or_else(PoisonError::into_inner).allow(peer, Instant::now()) {
            let _ = answer(book, clock.now(), stream).await;
        }
    })
    .await;
}

async fn answer(book: &Book, now: Timestamp, mut stream: Begun) -> Result<(), StreamError> {
    let question: PeerExchangeRpc = read(&mut stream, MAX_QUESTION).await?;
    let wanted = wanted(&question).ok_or(StreamError::Malformed)?;
    let some = book.sample(now, wanted);
    let peer_infos = some.iter().map(|record| PeerInfo { enr: record.encode() }).collect();
    let response = Some(PeerExchangeResponse { peer_infos });
    write(&mut stream, &PeerExchangeRpc { query: None, response }).await?;
    stream.close().await.map_err(|_| StreamError::Broken)
}

/// How many records somebody gets who asks; `None` if it is no question.
pub(crate) fn wanted(question: &PeerExchangeRpc) -> Option<usize> {
    let wanted = question.query.as_ref()?.num_peers;
    Some(usize::try_from(wanted).unwrap_or(usize::MAX).min(MAX_ANSWERED))
}

/// The sound records in an answer; at most so many as were asked for.
pub(crate) fn records(answer: PeerExchangeRpc) -> Vec<NodeRecord> {
    let all = answer.response.map(|response| response.peer_infos).unwrap_or_default();
    let asked_for = all.into_iter().take(WANTED as usize);
    asked_for.filter_map(|info| NodeRecord::decode(&info.enr).ok()).collect()
}

/// Asks others for nodes as long as too few are connected, until the node ends.
pub(crate) async fn learn(light: Light, peers: Arc<Peers>, mut control: Control, ask: mpsc::Sender<Inside>) {
    let (mut wait, mut before) = (light.exchange, 0);
    loop {
        sleep(wait).await;
        let connected = peers.all().len();
        // Who has told all that is known is not asked as often: in a small network there are no more.
        let same = connected == before;
        wait = if same { wait.saturating_mul(2).min(LONGEST.max(light.exchange)) } else { light.exchange };
        before = connected;
        if connected >= light.nodes {
            continue;
        }
        let known = peers.speaking(&PROTOCOL);
        let Some(peer) = known.choose(&mut rand::rng()).copied() else { continue };
        // Who does not answer is maybe not asked the next time.
        let records = asked(&mut control, peer).await.unwrap_or_default();
        if ask.send(Inside::Found { source: Source::PeerExchange, records }).await.is_err() {
            return;
        }
    }
}

async fn asked(control: &mut Control, peer: PeerId) -> Result<Vec<NodeRecord>, StreamError> {
    let query = Some(PeerExchangeQuery { num_peers: WANTED });
    let question = PeerExchangeRpc { query, response: None };
    ask(control, peer, PROTOCOL, &question, MAX_ANSWER, PATIENCE).await.map(records)
}
