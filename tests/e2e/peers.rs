//! Clients that find nodes and find their way back to them.

use std::path::Path;
use std::time::Duration;

use status_chat::{Client, Discovery, Discv5, Event, PeerStatus, Source};
use status_layer::testing::rng;
use status_p2p::{Config, HostKey, Node, NodeRecord, Redial, Scope};
use tokio::time::timeout;

/// Within this time everything happens that is to happen.
const SOON: Duration = Duration::from_secs(30);

fn discovery(discv5: Option<Discv5>) -> Discovery {
    let redial = Redial { first: Duration::from_millis(200), most: Duration::from_secs(1) };
    Discovery { discv5, redial, scope: Scope::Anywhere, ..Discovery::default() }
}

fn walking(boot: Vec<NodeRecord>) -> Discv5 {
    Discv5 { boot, ..Discv5::new("127.0.0.1:0".parse().unwrap()) }
}

/// A node of somebody else, and what it says of itself.
async fn node() -> (Node, NodeRecord) {
    let mut config = Config::new(HostKey::generate(&mut rng(1)));
    config.listen = vec!["/ip4/127.0.0.1/tcp/0".parse().unwrap()];
    config.discovery = discovery(Some(walking(Vec::new())));
    let node = Node::start(config).await.unwrap();
    let said = async {
        loop {
            match node.overview().record() {
                Some(record) if !record.addresses().is_empty() => return record,
                _ => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
    };
    let record = timeout(SOON, said).await.unwrap();
    (node, record)
}

async fn client(home: &Path, discovery: Discovery) -> Client {
    let client = Client::builder().home(home).discovery(discovery).open().await.unwrap();
    let mut events = client.events();
    let online = async {
        while let Some(event) = events.next().await {
            if matches!(event, Event::Online(true)) {
                return;
            }
        }
    };
    timeout(SOON, online).await.unwrap();
    client
}

#[tokio::test]
async fn a_client_finds_its_way_back_to_nodes_that_it_found_before() {
    let (node, record) = node().await;
    let home = tempfile::tempdir().unwrap();
    let first = client(home.path(), discovery(Some(walking(vec![record])))).await;
    first.close().await;

    let again = client(home.path(), discovery(None)).await;

    let of_it = |peer: &PeerStatus| peer.node.as_ref() == Some(node.id());
    let seen = again.peers().into_iter().find(of_it).unwrap();
    assert!(seen.link.is_some());
    assert_eq!(seen.found, Source::Discv5);
    again.close().await;
}
