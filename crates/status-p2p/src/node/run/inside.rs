//! Between the task of the node and the services that run beside it.

use std::sync::Arc;

use status_layer::{NetworkEvent, Unpublished};
use tokio::sync::{mpsc, oneshot};

use crate::{MessageHash, NodeRecord, Source, WakuMessage};

/// What services ask of the node and have not got yet.
pub(crate) const ASKED: usize = 64;
/// Messages that wait for one service.
const TAPPED: usize = 256;

/// What a service asks of the node's task.
#[derive(Debug)]
pub(crate) enum Inside {
    /// A message that came another way than by gossip: it is handed up if its topic is watched and it is new.
    Heard {
        /// The gossip topic to which it belongs.
        pubsub_topic: String,
        /// The message.
        message: WakuMessage,
    },
    /// A message that another node wants to be gossiped, in its own encoding.
    Gossip {
        /// On which topic.
        pubsub_topic: String,
        /// The encoded message.
        data: Vec<u8>,
        /// To how many peers it went.
        told: oneshot::Sender<Result<usize, Unpublished>>,
    },
    /// Nodes that somebody told of. Those that are of no use are left out.
    Found {
        /// Who did.
        source: Source,
        /// What they say of themselves.
        records: Vec<NodeRecord>,
    },
    /// Which of these messages were not handed up lately.
    Missing {
        /// Their names.
        names: Vec<MessageHash>,
        /// Those of them that are not here.
        told: oneshot::Sender<Vec<MessageHash>>,
    },
    /// Something to be told to the owner.
    Report(NetworkEvent),
}

/// A message of ours that others are to gossip.
#[derive(Debug)]
pub(crate) struct Ours {
    /// Its name.
    pub(crate) hash: MessageHash,
    /// On which topic.
    pub(crate) pubsub_topic: String,
    /// What it says.
    pub(crate) message: WakuMessage,
    /// The same, encoded.
    pub(crate) data: Vec<u8>,
}

/// A message that gossip accepted, ours included.
#[derive(Debug)]
pub(crate) struct Relayed {
    /// Its name.
    pub(crate) hash: MessageHash,
    /// The topic that it came on.
    pub(crate) pubsub_topic: String,
    /// What it says.
    pub(crate) message: WakuMessage,
    /// The bytes that it came in.
    pub(crate) data: Vec<u8>,
}

/// The services that want to see every message that gossip accepts.
#[derive(Debug, Default)]
pub(crate) struct Taps(Vec<mpsc::Sender<Arc<Relayed>>>);

impl Taps {
    /// One more of them.
    pub(crate) fn open(&mut self) -> mpsc::Receiver<Arc<Relayed>> {
        let (tap, flow) = mpsc::channel(TAPPED);
        self.0.push(tap);
        flow
    }

    /// Whether anybody looks.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Shows a message to all of them, and says how many were too slow to take it.
    pub(crate) fn show(&self, message: Relayed) -> usize {
        let message = Arc::new(message);
        self.0.iter().filter(|tap| tap.try_send(Arc::clone(&message)).is_err()).count()
    }
}
