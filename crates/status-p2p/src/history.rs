//! What was missed is fetched, and what was sent is looked for in the archives of others.
//!
//! The owner wishes for all of some topics since some time. A wish is fulfilled in windows from the oldest to the newest, each
//! by at least two nodes if so many are known: the first gives what it has, the others say what they have, and only what
//! is missing is asked of them by name. After each window the owner hears up to when all is here, so that a wish goes on
//! there after a restart. Between wishes the last minutes are looked at again and again, by name only.

mod confirm;
mod cover;
mod nodes;
mod visit;
mod wish;
mod work;

use std::collections::BTreeSet;
use std::sync::Arc;

use libp2p_stream::Control;
use status_layer::{FrameId, History, Topic};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::node::inside::Inside;
use crate::peers::Peers;
use crate::store::Client;
use crate::verdict::Route;
use crate::{Config, MessageHash};
use confirm::Confirm;
use nodes::Nodes;
use visit::Desk;
use work::Work;

/// Wishes that the owner has said and nobody has heard.
pub(crate) const WISHES: usize = 64;
/// Frames of ours that went out and are not looked for yet.
pub(crate) const SENT: usize = 1024;

/// A frame of ours that went out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sent {
    /// How the owner names it.
    pub(crate) id: FrameId,
    /// How archives name it.
    pub(crate) hash: MessageHash,
}

/// What comes from the owner and from gossip.
#[derive(Debug)]
pub(crate) struct Ends {
    pub(crate) wishes: mpsc::Receiver<History>,
    pub(crate) watched: watch::Receiver<BTreeSet<Topic>>,
    pub(crate) sent: mpsc::Receiver<Sent>,
}

/// Starts asking others.
pub(crate) fn start(
    tasks: &mut JoinSet<()>,
    config: &Config,
    control: Control,
    peers: &Arc<Peers>,
    ask: &mpsc::Sender<Inside>,
    ends: Ends,
) {
    let client = Client::new(control, Arc::clone(peers), config.asking.patience);
    let nodes = Arc::new(Nodes::new(client, config.asking.rest));
    // What is published on a topic is kept under it.
    let route = Route::new(config);
    if let Some(confirming) = config.asking.confirming {
        tasks.spawn(Confirm::new(Arc::clone(&nodes), ask.clone(), route.of(""), confirming).run(ends.sent));
    }
    let desk = Desk::new(nodes, ask.clone(), route, config);
    tasks.spawn(
        Work::new(desk, config.clock.clone(), config.asking, ends.watched).run(ends.wishes, peers.changes()),
    );
}
