//! What strangers say to those who serve light nodes, and to light nodes.

use std::time::Duration;

use libp2p::PeerId;
use prost::Message as _;
use tokio::time::Instant;

use crate::filter::{Pushed, Request, Status, Table};
use crate::generated::{
    FilterSubscribeRequest, LightPushRequest, LightPushResponse, PeerExchangeResponse, PeerExchangeRpc,
    PeerInfo, PushRpc,
};
use crate::light_push::Outcome;
use crate::{FilterLimits, NodeRecord, WakuMessage, peer_exchange};

/// The subscriptions of sixteen light nodes with one that filters.
#[derive(Debug)]
pub struct Subscriptions {
    limits: FilterLimits,
    table: Table,
    nodes: [PeerId; 16],
    now: Instant,
}

impl Subscriptions {
    /// None, with these limits, on one gossip topic.
    #[must_use]
    pub fn new(limits: FilterLimits, carried: &str) -> Self {
        let table = Table::new(limits, [carried.to_owned()].into());
        Self { limits, table, nodes: std::array::from_fn(|_| PeerId::random()), now: Instant::now() }
    }

    /// The id and the code that a node is answered with, so many seconds after the request before; `None` if it is none.
    pub fn ask(&mut self, who: u8, seconds: u8, bytes: &[u8]) -> Option<(String, u32)> {
        let wire = FilterSubscribeRequest::decode(bytes).ok()?;
        self.now += Duration::from_secs(seconds.into());
        let node = self.nodes.get(usize::from(who) % self.nodes.len())?;
        Some(match Request::check(wire, self.limits.topics) {
            Ok(Request { id, ask }) => (id, self.table.answer(*node, ask, self.now).code()),
            Err((id, status)) => (id, Status::code(status)),
        })
    }

    /// With how many nodes there is a subscription, and the most criteria of one.
    #[must_use]
    pub fn size(&self) -> (usize, usize) {
        self.table.size()
    }
}

/// Reads a push: the gossip topic and the message.
#[must_use]
pub fn read_push(bytes: &[u8]) -> Option<(String, WakuMessage)> {
    Pushed::decode(bytes).map(|pushed| (pushed.criterion.pubsub_topic, pushed.message))
}

/// The codes with which a node that carries one gossip topic would refuse a request of either version of light push; 200 if
/// it would gossip it, `None` if it is none of that version.
#[must_use]
pub fn judge_light_push(bytes: &[u8], carried: &str, limit: usize) -> [Option<u32>; 2] {
    let carried = [carried.to_owned()].into();
    let judge = |topic: &str, message: Option<Vec<u8>>| {
        let verdict = Outcome::judge(topic, &message.unwrap_or_default(), &carried, limit);
        verdict.map_or_else(Outcome::code, |()| 200)
    };
    let newer = LightPushRequest::decode(bytes).ok();
    let older = PushRpc::decode(bytes).ok().and_then(|rpc| rpc.request);
    [
        newer.map(|asked| judge(&asked.pubsub_topic.unwrap_or_default(), asked.message)),
        older.map(|asked| judge(&asked.pubsub_topic, asked.message)),
    ]
}

/// Whether a light node believes that its frame went to somebody, in either version of light push.
#[must_use]
pub fn read_light_push_answer(bytes: &[u8]) -> [Option<bool>; 2] {
    let newer = LightPushResponse::decode(bytes).ok().map(|answer| Outcome::read(&answer));
    let older = PushRpc::decode(bytes).ok().map(Outcome::read_v2);
    [newer, older].map(|outcome| outcome.map(|outcome| matches!(outcome, Outcome::Done(_))))
}

/// The records that a light node takes from an answer.
#[must_use]
pub fn read_peer_exchange_answer(bytes: &[u8]) -> Option<Vec<NodeRecord>> {
    PeerExchangeRpc::decode(bytes).ok().map(peer_exchange::records)
}

/// How many records a node that is asked for some would give at most; `None` if it is not asked.
#[must_use]
pub fn read_peer_exchange_question(bytes: &[u8]) -> Option<usize> {
    peer_exchange::wanted(&PeerExchangeRpc::decode(bytes).ok()?)
}

/// The answer with some records, whatever they are.
#[must_use]
pub fn write_peer_exchange_answer(records: &[&[u8]]) -> Vec<u8> {
    let peer_infos = records.iter().map(|record| PeerInfo { enr: record.to_vec() }).collect();
    PeerExchangeRpc { query: None, response: Some(PeerExchangeResponse { peer_infos }) }.encode_to_vec()
}
