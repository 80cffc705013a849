//! Learning of nodes from nodes.

use std::net::SocketAddr;
use std::time::Duration;

use prost::Message;
use status_p2p::{Config, Discovery, Discv5, Light, Node, NodeRecord, Rate, Redial, Scope, Serve, Source};

use crate::services::{Phone, lit, serving};
use crate::support::{PATIENCE, address, counted, online};

const EXCHANGE: libp2p::StreamProtocol = libp2p::StreamProtocol::new("/vac/waku/peer-exchange/2.0.0-alpha1");

#[derive(Clone, PartialEq, Message)]
struct Rpc {
    #[prost(message, optional, tag = "1")]
    query: Option<Query>,
    #[prost(message, optional, tag = "2")]
    response: Option<Response>,
}

#[derive(Clone, PartialEq, Message)]
struct Query {
    #[prost(uint64, tag = "1")]
    num_peers: u64,
}

#[derive(Clone, PartialEq, Message)]
struct Response {
    #[prost(message, repeated, tag = "1")]
    peer_infos: Vec<Info>,
}

#[derive(Clone, PartialEq, Message)]
struct Info {
    #[prost(bytes = "vec", tag = "1")]
    enr: Vec<u8>,
}

fn discovery(boot: &[NodeRecord]) -> Discovery {
    let listen: SocketAddr = "127.0.0.1:0".parse().unwrap();
    let redial = Redial { first: Duration::from_millis(200), most: Duration::from_secs(1) };
    let discv5 = Some(Discv5 { boot: boot.to_vec(), votes: 2, ..Discv5::new(listen) });
    Discovery { discv5, redial, scope: Scope::Anywhere, ..Discovery::default() }
}

/// A node that serves, and is found by discv5.
async fn found(seed: u64, boot: &[NodeRecord]) -> Node {
    let settings = Config { discovery: discovery(boot), ..serving(seed, &[]) };
    Node::start(settings).await.unwrap()
}

async fn record(node: &Node) -> NodeRecord {
    let wait = async {
        loop {
            match node.overview().record() {
                Some(record) if !record.addresses().is_empty() => return record,
                _ => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect("a record in time")
}

fn asking(num_peers: u64) -> Rpc {
    Rpc { query: Some(Query { num_peers }), response: None }
}

#[tokio::test]
async fn a_light_node_that_knows_one_node_learns_of_another_and_is_served_by_it() {
    let a = found(1, &[]).await;
    let b = found(2, &[record(&a).await]).await;
    counted("they know each other", || a.stats().connected == 1 && !a.overview().known().is_empty()).await;
    let mut settings = lit(3, &[address(&a)]);
    settings.light = Light { exchange: Duration::from_millis(100), ..settings.light };
    settings.discovery = Discovery { discv5: None, ..discovery(&[]) };
    let mut phone = Node::start(settings).await.unwrap();

    online(&mut phone).await;
    counted("both serve it", || phone.stats().carriers == 2).await;

    let told = phone.overview().peers().into_iter().find(|peer| peer.node.as_ref() == Some(b.id())).unwrap();
    assert_eq!(told.found, Source::PeerExchange);
}

#[tokio::test]
async fn who_asks_is_told_signed_records_and_no_more_than_asked_for() {
    let a = found(1, &[]).await;
    let b = found(2, &[record(&a).await]).await;
    counted("they know each other", || a.stats().connected == 1 && !a.overview().known().is_empty()).await;
    let mut phone = Phone::deaf(&a).await;

    let answer: Rpc = phone.exchange(EXCHANGE, &asking(20)).await.unwrap();
    let infos = answer.response.unwrap().peer_infos;
    assert_eq!(infos.len(), 1);
    assert_eq!(NodeRecord::decode(&infos[0].enr).unwrap().node(), *b.id());

    let none: Rpc = phone.exchange(EXCHANGE, &asking(0)).await.unwrap();
    assert_eq!(none.response.unwrap().peer_infos, []);
    let all: Rpc = phone.exchange(EXCHANGE, &asking(u64::MAX)).await.unwrap();
    assert_eq!(all.response.unwrap().peer_infos.len(), 1);
}

#[tokio::test]
async fn who_asks_too_often_or_says_nothing_sensible_is_not_answered() {
    let serve = Serve { peer_exchange: Some(Rate { burst: 2, ..Rate::default() }), ..Serve::default() };
    let a = Node::start(Config { serve, ..serving(1, &[]) }).await.unwrap();
    let mut phone = Phone::deaf(&a).await;

    assert_eq!(phone.say::<Rpc>(EXCHANGE, b"\x03\xff\xff\xff").await, None);
    assert!(phone.exchange::<Rpc>(EXCHANGE, &asking(1)).await.is_some());
    assert_eq!(phone.exchange::<Rpc>(EXCHANGE, &asking(1)).await, None);
}
