//! What may go wrong when a node starts.

use std::io;
use std::net::SocketAddr;

use crate::PeerAddr;

/// Why a node does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// No shard, too many, or one that does not exist.
    #[error("a node carries 1 to {max} shards, each below {end}; check the list of shards")]
    Shards {
        /// Most shards that one node carries.
        max: usize,
        /// Shards are numbered below this.
        end: u16,
    },
    /// A limit is out of range.
    #[error("the limit for publishing has to be between 1 byte and the limit for receiving")]
    SizeLimit,
    /// The address cannot be listened at.
    #[error("cannot listen at {address}: {kind}; choose another address or port")]
    Listen {
        /// The address.
        address: PeerAddr,
        /// What the system says.
        kind: io::ErrorKind,
    },
    /// The address cannot be used for discv5.
    #[error("cannot listen on UDP at {address}: {kind}; choose another address or port")]
    Discovery {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        kind: io::ErrorKind,
    },
    /// A certificate cannot be read, or its key does not fit it.
    #[error("a certificate for wss cannot be used; check that it is in DER and that its key fits")]
    Certificate,
    /// The gossip or handshake settings are refused by the library.
    #[error("the settings of the node contradict each other")]
    Settings,
}
