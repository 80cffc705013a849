//! How nodes are found across the internet.

mod fleet;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::{KnownNode, NodeRecord, Redial, Resolve, Scope, SystemResolver, TreeUrl};
pub use fleet::Fleet;

/// How nodes are found across the internet, and how many of them are dialled. The default asks nobody.
#[derive(Clone, Debug)]
pub struct Discovery {
    /// Trees of nodes in the domain name system. Default none.
    pub trees: Vec<TreeUrl>,
    /// Who is asked for the texts of trees. Default the resolver of the system.
    pub resolver: Arc<dyn Resolve>,
    /// How often it is looked whether a tree has changed. Default 30 minutes.
    pub refresh: Duration,
    /// Whether this node walks through the network of nodes, and is found there. Default not: it is a server on UDP,
    /// and everybody may learn the address of this node.
    pub discv5: Option<Discv5>,
    /// Nodes that were known when this node ran before ([`Overview::known`](crate::Overview::known)). Default none.
    pub known: Vec<KnownNode>,
    /// So many nodes are dialled for each shard; those that dial us do not count, for whoever comes in numbers must not
    /// surround this node. Default 8.
    pub outgoing: usize,
    /// How soon a found node is dialled again after a failure. Default 1 minute to 1 hour.
    pub redial: Redial,
    /// Which addresses are dialled and announced. Default those of the internet.
    pub scope: Scope,
}

/// How this node takes part in the network that finds nodes. Spec: 33/WAKU2-DISCV5.
#[derive(Clone, Debug)]
pub struct Discv5 {
    /// Where to listen on UDP. Port 0 lets the system choose; 9000 is usual.
    pub listen: SocketAddr,
    /// Nodes to begin with. Nodes of trees and known ones serve as well.
    pub boot: Vec<NodeRecord>,
    /// So many others have to agree on the address at which they see this node before it believes them; at least 2.
    /// Default 10.
    pub votes: usize,
}

impl Discv5 {
    /// Listens at `listen` and knows nobody.
    #[must_use]
    pub const fn new(listen: SocketAddr) -> Self {
        Self { listen, boot: Vec::new(), votes: 10 }
    }
}

impl Default for Discovery {
    fn default() -> Self {
        Self {
            trees: Vec::new(),
            resolver: Arc::new(SystemResolver::default()),
            refresh: Duration::from_secs(30 * 60),
            discv5: None,
            known: Vec::new(),
            outgoing: 8,
            redial: Redial { first: Duration::from_secs(60), most: Duration::from_secs(3600) },
            scope: Scope::default(),
        }
    }
}
