//! What a node does for others and asks of them over streams. Each service is a task beside the node's own.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use libp2p_stream::Control;
use status_layer::Topic;
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;

use crate::book::Book;
use crate::history::Sent;
use crate::light::LightNode;
use crate::node::inside::{Inside, Taps};
use crate::peers::Peers;
use crate::stats::Counters;
use crate::stream::Incoming;
use crate::{Config, Mode, filter, history, light_push, peer_exchange, store};

/// How long an archive has to take the last messages when the node ends.
const KEEPING: Duration = Duration::from_secs(5);

/// The running services. Dropping it ends them.
#[derive(Debug, Default)]
pub(crate) struct Services {
    tasks: JoinSet<()>,
    // What keeps messages ends when none come any more, so that the last ones are kept.
    keeper: Option<JoinHandle<()>>,
}

impl Services {
    /// Starts asking others for history.
    pub(crate) fn start(
        config: &Config,
        control: Control,
        peers: &Arc<Peers>,
        ask: &mpsc::Sender<Inside>,
        ends: history::Ends,
    ) -> Self {
        let mut tasks = JoinSet::new();
        history::start(&mut tasks, config, control, peers, ask, ends);
        Self { tasks, keeper: None }
    }

    /// Starts keeping history for others and giving it to them, if there is an archive.
    pub(crate) fn keep(
        &mut self,
        config: &Config,
        incoming: &mut Incoming,
        taps: &mut Taps,
        counters: &Arc<Counters>,
    ) {
        let Some(archive) = &config.archive else { return };
        let server = store::Server::new(Arc::clone(archive));
        self.tasks.spawn(Arc::clone(&server).serve(incoming.accept(store::STORE)));
        self.tasks.spawn(server.serve_legacy(incoming.accept(store::LEGACY)));
        let (archive, clock) = (Arc::clone(archive), config.clock.clone());
        self.keeper = Some(tokio::spawn(store::keep(archive, clock, taps.open(), Arc::clone(counters))));
    }

    /// Starts what a light node needs, or what a relaying node does for light nodes.
    pub(crate) fn start_light(
        &mut self,
        config: &Config,
        around: Surroundings<'_>,
        taps: &mut Taps,
    ) -> Option<LightNode> {
        if config.mode == Mode::Light {
            return Some(LightNode::start(config, around, &mut self.tasks));
        }
        let Surroundings { control, incoming, book, ask, counters, .. } = around;
        let carried: BTreeSet<String> = config.topics().map(|topic| topic.to_string()).collect();
        if let Some(limits) = config.serve.filter {
            let (requests, relayed) = (incoming.accept(filter::SUBSCRIBE), taps.open());
            let (carried, counters) = (carried.clone(), Arc::clone(&counters));
            self.tasks.spawn(filter::serve(limits, carried, requests, relayed, control, counters));
        }
        if let Some(rate) = config.serve.light_push {
            let server = light_push::Server::new(rate, carried, config.receive_limit, ask, counters);
            let (v3, v2) = (incoming.accept(light_push::V3), incoming.accept(light_push::V2));
            self.tasks.spawn(light_push::serve(server, v3, v2));
        }
        if let Some(rate) = config.serve.peer_exchange {
            let (clock, asked) = (config.clock.clone(), incoming.accept(peer_exchange::PROTOCOL));
            self.tasks.spawn(peer_exchange::serve(rate, book, clock, asked));
        }
        None
    }

    /// Ends all of them but what keeps messages: that one ends when the taps are closed and all it was shown is kept.
    pub(crate) fn end(&mut self) {
        self.tasks.abort_all();
    }

    /// Waits until what was shown is kept, if the archive takes it in time.
    pub(crate) async fn kept(&mut self) {
        if let Some(keeper) = self.keeper.take() {
            // Whoever is that slow does not take it any more.
            let _ = timeout(KEEPING, keeper).await;
        }
    }
}

/// What the services of light nodes, and for light nodes, work with.
pub(crate) struct Surroundings<'a> {
    pub(crate) control: Control,
    pub(crate) incoming: &'a mut Incoming,
    pub(crate) peers: Arc<Peers>,
    pub(crate) book: Arc<Book>,
    pub(crate) ask: mpsc::Sender<Inside>,
    pub(crate) sent: mpsc::Sender<Sent>,
    pub(crate) watched: watch::Receiver<BTreeSet<Topic>>,
    pub(crate) counters: Arc<Counters>,
}
