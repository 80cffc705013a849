//! What unit tests share.

use status_layer::testing::rng;

use crate::enr::{Announcement, signing_key};
use crate::{Capabilities, ClusterShards, HostKey, NodeRecord};

/// The record of a node that relays; equal seeds are equal nodes.
pub(crate) fn record(seed: u64, cluster: u16, shards: &[u16], addresses: &[&str]) -> NodeRecord {
    record_numbered(1, seed, cluster, shards, addresses)
}

/// The same with a number of its own.
pub(crate) fn record_numbered(
    seq: u64,
    seed: u64,
    cluster: u16,
    shards: &[u16],
    addresses: &[&str],
) -> NodeRecord {
    let key = HostKey::generate(&mut rng(seed));
    let said = Announcement {
        capabilities: Capabilities::RELAY,
        shards: ClusterShards { cluster, shards: shards.iter().copied().collect() },
        addresses: addresses.iter().map(|address| address.parse().unwrap()).collect(),
        udp: None,
    };
    said.sign(&signing_key(&key).unwrap(), seq, &key.keypair().public().to_peer_id()).unwrap()
}
