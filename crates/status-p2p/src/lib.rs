//! A Waku relay node over libp2p, behind the [`Network`](status_layer::Network) seam.
//!
//! A [`Node`] carries frames between those who made them and those who want them: it gossips on the shards of a
//! cluster, forwards what others send byte for byte, and hands up the frames of the topics that are watched.
//! It knows nothing of users, sessions or messages, and nobody above it knows of libp2p.
//!
//! ```no_run
//! # async fn run(mut rng: impl status_layer::CryptoRng) -> Result<(), Box<dyn std::error::Error>> {
//! use status_layer::{Network, Topic};
//! use status_p2p::{Config, HostKey, Node};
//!
//! let mut config = Config::new(HostKey::generate(&mut rng));
//! config.peers.push("/ip4/192.0.2.7/tcp/30303".parse()?);
//! let mut node = Node::start(config).await?;
//! node.watch(&[Topic::new("/waku/1/0x9c22ff5f/rfc26")]);
//! println!("{:?}", node.next().await);
//! # Ok(()) }
//! ```

mod address;
mod archive;
mod balance;
mod behaviour;
mod book;
mod clock;
mod config;
mod dialler;
mod discovery;
mod dns;
mod enr;
mod error;
mod fault;
mod filter;
mod finder;
mod gate;
#[allow(missing_docs, unreachable_pub, clippy::all)]
mod generated {
    include!("generated/status.p2p.v1.rs");
}
#[cfg(feature = "hazmat")]
pub mod hazmat;
mod history;
mod key;
mod light;
mod light_push;
mod metadata;
mod mode;
mod node;
mod nudge;
mod overview;
mod peer_exchange;
mod peers;
mod protect;
mod pubsub;
mod pulse;
mod rate;
mod reach;
mod recent;
mod relay;
#[cfg(test)]
mod sample;
mod scope;
mod services;
mod stats;
mod store;
mod stream;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod transport;
mod usage;
mod verdict;
mod wire;

pub use address::{NodeId, PeerAddr, PeerAddrError};
pub use archive::{
    Archive, ArchiveError, ArchiveSize, Archived, MAX_PAGE, MAX_PAGE_BYTES, MemoryArchive, Page, Query,
};
pub use book::{KnownNode, KnownNodeError, MAX_KNOWN, Source};
pub use clock::Clock;
pub use config::{Asking, Config, Confirming, Keepalive, Limits, Mdns, Redial};
pub use discovery::{Discovery, Discv5, Fleet};
pub use dns::{Resolve, ResolveError, SignedTree, SystemResolver, TreeUrl, TreeUrlError};
pub use enr::{Capabilities, ClusterShards, MAX_RECORD, NodeRecord, RecordError};
pub use error::StartError;
pub use fault::Fault;
pub use key::{HostKey, HostKeyError};
pub use metadata::Metadata;
pub use mode::{FilterLimits, Light, Mode, Rate, Serve};
pub use node::Node;
pub use overview::{Direction, Link, Overview, PeerStatus, Transport};
pub use protect::Protected;
pub use pubsub::{AutoshardError, PubsubTopic, PubsubTopicError, autoshard, pubsub_topic};
pub use reach::{Circuits, Reach, Switch};
pub use scope::Scope;
pub use stats::Stats;
pub use transport::{Certificate, CertificateError, Web};
pub use usage::ProtocolUsage;
pub use wire::{MessageHash, WakuMessage, WakuMessageError, gossip_id};
