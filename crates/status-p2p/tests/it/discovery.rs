//! Nodes find each other without being named.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use status_layer::testing::rng;
use status_p2p::{
    Capabilities, Config, Direction, Discovery, Discv5, Fault, HostKey, Node, NodeRecord, PeerAddr,
    PeerStatus, Redial, Resolve, ResolveError, Scope, SignedTree, Source, Transport,
};

use crate::support::{PATIENCE, address, config, counted, online};

fn loopback() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

/// Finds nobody by itself, but may dial found nodes of this machine.
fn patient() -> Discovery {
    let redial = Redial { first: Duration::from_millis(200), most: Duration::from_secs(1) };
    Discovery { redial, scope: Scope::Anywhere, ..Discovery::default() }
}

fn walking(seed: u64, boot: &[NodeRecord]) -> Config {
    let discv5 = Discv5 { boot: boot.to_vec(), votes: 2, ..Discv5::new(loopback()) };
    Config { discovery: Discovery { discv5: Some(discv5), ..patient() }, ..config(seed) }
}

/// The record of a running node, once it says where it can be dialled.
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

fn status(node: &Node, other: &Node) -> Option<PeerStatus> {
    node.overview().peers().into_iter().find(|peer| peer.node.as_ref() == Some(other.id()))
}

/// Answers from a tree.
#[derive(Debug)]
struct Names(BTreeMap<String, String>);

#[async_trait]
impl Resolve for Names {
    async fn txt(&self, name: &str) -> Result<Vec<String>, ResolveError> {
        self.0.get(name).map(|text| vec![text.clone()]).ok_or(ResolveError::NoText)
    }
}

#[tokio::test]
async fn a_node_says_in_its_record_where_it_is_and_what_it_carries() {
    let node = Node::start(walking(1, &[])).await.unwrap();

    let record = record(&node).await;

    assert_eq!(record.node(), *node.id());
    assert_eq!(record.addresses(), node.listen_addrs());
    assert_eq!(record.capabilities(), Some(Capabilities::RELAY));
    let shards = record.shards().unwrap();
    assert_eq!((shards.cluster, shards.shards), (16, [32, 64].into()));
    assert_eq!(record.udp().unwrap().ip(), loopback().ip());
}

#[tokio::test]
async fn nodes_that_know_one_other_find_all_others_of_their_shards_by_discv5() {
    let a = Node::start(walking(1, &[])).await.unwrap();
    let boot = [record(&a).await];
    let mut b = Node::start(walking(2, &boot)).await.unwrap();
    let elsewhere = Config { cluster: 17, ..walking(3, &boot) };
    let foreign = Node::start(elsewhere).await.unwrap();
    let besides = Config { shards: vec![5], ..walking(4, &boot) };
    let besides = Node::start(besides).await.unwrap();
    record(&b).await;
    let mut c = Node::start(walking(5, &boot)).await.unwrap();

    online(&mut b).await;
    online(&mut c).await;

    counted("all three are connected", || [&a, &b, &c].iter().all(|node| node.stats().connected == 2)).await;
    assert_eq!((foreign.stats().connected, besides.stats().connected), (0, 0));
    for node in [&a, &b, &c] {
        assert!(
            node.overview()
                .known()
                .iter()
                .all(|known| known.node() != *foreign.id() && known.node() != *besides.id())
        );
    }
    let link = |from: &Node, to: &Node| status(from, to).and_then(|peer| peer.link).is_some();
    assert!(link(&b, &c) && link(&c, &a) && link(&a, &b));
}

#[tokio::test]
async fn a_node_learns_from_others_at_which_address_they_see_it() {
    let first = Node::start(walking(1, &[])).await.unwrap();
    let boot = [record(&first).await];
    let others =
        [Node::start(walking(2, &boot)).await.unwrap(), Node::start(walking(3, &boot)).await.unwrap()];
    counted("they know each other", || others.iter().all(|node| node.stats().connected == 2)).await;
    let mut settings = walking(4, &boot);
    settings.discovery.discv5.as_mut().unwrap().listen = "0.0.0.0:0".parse().unwrap();
    let node = Node::start(settings).await.unwrap();
    let before = record(&node).await;

    let seen = || node.overview().record().and_then(|record| record.udp());
    counted("two agree", || seen().is_some_and(|udp| udp.ip() == loopback().ip())).await;

    let after = node.overview().record().unwrap();
    assert_eq!(before.udp(), None);
    assert!(after.seq() > before.seq());
    assert_eq!((after.addresses(), after.shards()), (before.addresses(), before.shards()));
}

#[tokio::test]
async fn a_node_of_a_signed_tree_is_dialled_and_the_overview_says_so() {
    let a = Node::start(walking(1, &[])).await.unwrap();
    let foreign = Node::start(Config { cluster: 17, ..walking(3, &[]) }).await.unwrap();
    let nodes = [record(&a).await, record(&foreign).await];
    let owner = HostKey::generate(&mut rng(9));
    let tree = SignedTree::sign(&owner, "nodes.example.org", 1, &nodes, &[]).unwrap();
    let names = tree.texts().map(|(name, text)| (name.to_owned(), text.to_owned())).collect();
    let discovery =
        Discovery { trees: vec![tree.url().clone()], resolver: Arc::new(Names(names)), ..patient() };

    let mut b = Node::start(Config { discovery, ..config(2) }).await.unwrap();
    online(&mut b).await;

    counted("it has said what it speaks", || {
        status(&b, &a).and_then(|peer| peer.link).is_some_and(|link| !link.protocols.is_empty())
    })
    .await;
    let seen = status(&b, &a).unwrap();
    let link = seen.link.unwrap();
    assert_eq!((seen.found, seen.failures, seen.fault), (Source::Tree, 0, None));
    assert_eq!((link.direction, link.transport, link.relayed), (Direction::Outgoing, Transport::Tcp, false));
    assert!(link.agent.starts_with("status-chat/"), "{}", link.agent);
    assert!(link.protocols.iter().any(|protocol| protocol == "/vac/waku/relay/2.0.0"));
    assert_eq!(seen.shards, Some([32, 64].into()));
    assert_eq!(b.overview().known().len(), 1, "the node of another cluster is of no use");
    let back = status(&a, &b).unwrap();
    assert_eq!((back.found, back.link.unwrap().direction), (Source::Incoming, Direction::Incoming));
}

#[tokio::test]
async fn nodes_that_were_known_are_found_again_after_a_restart() {
    let a = Node::start(walking(1, &[])).await.unwrap();
    let boot = [record(&a).await];
    let mut b = Node::start(walking(2, &boot)).await.unwrap();
    online(&mut b).await;
    let overview = b.overview();
    b.close().await;
    let known = overview.known();

    let discovery = Discovery { known, ..patient() };
    let mut b = Node::start(Config { discovery, ..config(2) }).await.unwrap();

    online(&mut b).await;
    let seen = status(&b, &a).unwrap();
    assert!(seen.link.is_some());
    assert_eq!(seen.found, Source::Discv5);
}

#[tokio::test]
async fn so_many_nodes_are_dialled_and_no_more() {
    let mut all = Vec::new();
    let mut boot = Vec::new();
    for seed in 1..=5 {
        let discovery = Discovery { outgoing: 0, ..walking(seed, &[]).discovery };
        let node = Node::start(Config { discovery, ..config(seed) }).await.unwrap();
        boot.push(record(&node).await);
        all.push(node);
    }
    let owner = HostKey::generate(&mut rng(9));
    let tree = SignedTree::sign(&owner, "nodes.example.org", 1, &boot, &[]).unwrap();
    let names = tree.texts().map(|(name, text)| (name.to_owned(), text.to_owned())).collect();
    let resolver = Arc::new(Names(names));
    let discovery = Discovery { trees: vec![tree.url().clone()], resolver, outgoing: 2, ..patient() };

    let node = Node::start(Config { discovery, ..config(7) }).await.unwrap();

    counted("two are connected", || node.stats().carriers == 2).await;
    counted("all are known", || node.overview().known().len() == 5).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(node.stats().connected, 2);
}

#[tokio::test]
async fn why_a_node_is_not_connected_is_known() {
    let gone = Node::start(config(1)).await.unwrap();
    let home = address(&gone);
    gone.close().await;
    let other = Node::start(Config { cluster: 17, ..config(2) }).await.unwrap();
    let settings = Config { peers: vec![home.clone(), address(&other)], ..config(3) };

    let node = Node::start(settings).await.unwrap();

    let seen =
        |at: &PeerAddr| node.overview().peers().into_iter().find(|peer| peer.addresses.contains(at)).unwrap();
    counted("the dial failed", || seen(&home).fault == Some(Fault::Refused)).await;
    assert_eq!((seen(&home).found, seen(&home).link), (Source::Named, None));
    counted("it belongs elsewhere", || seen(&address(&other)).fault == Some(Fault::OtherCluster)).await;
}
