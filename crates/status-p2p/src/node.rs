//! The node as its owner sees it.

mod run;

use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use status_layer::{Frame, FrameId, History, Network, NetworkEvent, Topic, Traffic, Unpublished};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use crate::history::WISHES;
use crate::stats::Counters;
use crate::usage::Usages;
use crate::{Config, NodeId, Overview, PeerAddr, ProtocolUsage, StartError, Stats};
pub(crate) use run::inside;
use run::{Command, Ends, Run};

/// What the owner wants done and the node has not begun.
const COMMANDS: usize = 256;
/// Events on their way to the owner; more wait in the node.
const EVENTS: usize = 16;

/// A running node of the network.
///
/// It runs in a task of its own, on the runtime on which it was started; dropping it ends the task.
pub struct Node {
    id: NodeId,
    commands: mpsc::Sender<Command>,
    events: mpsc::Receiver<NetworkEvent>,
    watched: watch::Sender<BTreeSet<Topic>>,
    listening: watch::Receiver<Vec<PeerAddr>>,
    reached: watch::Receiver<Vec<PeerAddr>>,
    counters: Arc<Counters>,
    usages: Arc<Usages>,
    overview: Overview,
    at_hand: VecDeque<NetworkEvent>,
    wishes: mpsc::Sender<History>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Node {
    /// Starts a node and returns once it listens everywhere it was asked to.
    ///
    /// Call it on a Tokio runtime with time and I/O. Nodes that are to be dialled are dialled in the background.
    ///
    /// # Errors
    /// [`StartError`] if the settings are out of range or an address cannot be listened at.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        Self::launch(config, run::Wires::System).await
    }

    /// Starts a node over a transport of the caller's, in place of the sockets of the operating system: a simulated
    /// network in virtual time, for one. The transport has to secure and multiplex its connections.
    ///
    /// # Errors
    /// As [`Node::start`].
    #[cfg(feature = "transport")]
    pub async fn start_over(
        config: Config,
        transport: libp2p::core::transport::Boxed<(libp2p::PeerId, libp2p::core::muxing::StreamMuxerBox)>,
    ) -> Result<Self, StartError> {
        Self::launch(config, run::Wires::Given(transport)).await
    }

    async fn launch(config: Config, wires: run::Wires) -> Result<Self, StartError> {
        config.check()?;
        let id = config.key.node();
        let (commands, publish) = mpsc::channel(COMMANDS);
        let (report, events) = mpsc::channel(EVENTS);
        let (watched, watch) = watch::channel(BTreeSet::new());
        let (heard, listening) = watch::channel(Vec::new());
        let (outside, reached) = watch::channel(Vec::new());
        let (wishes, heard_wishes) = mpsc::channel(WISHES);
        let (stop, stopped) = oneshot::channel();
        let counters = Arc::new(Counters::default());
        let usages = Arc::new(Usages::default());
        let ends = Ends {
            commands: publish,
            events: report,
            watched: watch,
            listening: heard,
            reached: outside,
            stop: stopped,
        };
        let run = Run::listen(config, wires, ends, heard_wishes, Arc::clone(&counters), &usages).await?;
        let overview = run.overview();
        let task = tokio::spawn(run.forever());
        Ok(Self {
            id,
            commands,
            events,
            watched,
            listening,
            reached,
            counters,
            usages,
            overview,
            at_hand: VecDeque::new(),
            wishes,
            stop,
            task,
        })
    }

    /// The name of this node.
    #[must_use]
    pub const fn id(&self) -> &NodeId {
        &self.id
    }

    /// Where this node can be reached now: real ports, with the node's name behind them.
    #[must_use]
    pub fn listen_addrs(&self) -> Vec<PeerAddr> {
        self.listening.borrow().clone()
    }

    /// A look at the nodes that this one knows: how each was found, how it is connected or why it is not.
    #[must_use]
    pub fn overview(&self) -> Overview {
        self.overview.clone()
    }

    /// Where this node is reached from outside, as far as it knows: addresses that were named, that others have tried,
    /// that the router maps, and circuits through relays.
    #[must_use]
    pub fn reached_at(&self) -> Vec<PeerAddr> {
        self.reached.borrow().clone()
    }

    /// Says that the machine slept or changed its network: all connections are given up and made anew at once. The node
    /// notices sleep by itself within seconds; where the system tells, that is sooner.
    pub fn wake(&self) {
        // A node that is that busy is awake.
        let _ = self.commands.try_send(Command::Wake);
    }

    /// What the node has counted so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.counters.read()
    }

    /// What went over connections so far, by protocol.
    #[must_use]
    pub fn usage(&self) -> Vec<ProtocolUsage> {
        self.usages.read()
    }

    /// Ends the node: frames that were just published get a moment to leave, then all connections are closed.
    ///
    /// It takes a second at most; with an archive up to six, if that is slow to take the last messages. Frames whose [`Published`](NetworkEvent::Published) was not seen are not sure to
    /// have left.
    pub async fn close(self) {
        // If nobody is there to be told, the task is over already.
        let _ = self.stop.send(());
        drop(self.events);
        // Whether it ended well or by a panic, it is over.
        let _ = self.task.await;
    }
}

impl fmt::Debug for Node {
    // Watched topics are not for logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Node({})", self.id)
    }
}

#[async_trait]
impl Network for Node {
    fn watch(&mut self, topics: &[Topic]) {
        self.watched.send_replace(topics.iter().cloned().collect());
    }

    fn publish(&mut self, id: FrameId, frame: Frame) {
        match self.commands.try_send(Command::Publish(id, frame)) {
            // A closed node says so with its next event.
            Ok(()) | Err(mpsc::error::TrySendError::Closed(_)) => {}
            Err(mpsc::error::TrySendError::Full(_)) => {
                self.at_hand.push_back(NetworkEvent::Unpublished(id, Unpublished::Busy));
            }
        }
    }

    fn fetch(&mut self, wanted: History) {
        // A closed node says so with its next event.
        if let Err(mpsc::error::TrySendError::Full(wanted)) = self.wishes.try_send(wanted) {
            self.at_hand.push_back(NetworkEvent::NoHistory(wanted));
        }
    }

    fn traffic(&self) -> Traffic {
        let Stats { messages_out, bytes_out, messages_in, bytes_in, .. } = self.stats();
        Traffic { messages_out, bytes_out, messages_in, bytes_in }
    }

    async fn close(self: Box<Self>) {
        Self::close(*self).await;
    }

    async fn next(&mut self) -> NetworkEvent {
        if let Some(event) = self.at_hand.pop_front() {
            return event;
        }
        self.events.recv().await.unwrap_or(NetworkEvent::Closed)
    }
}
