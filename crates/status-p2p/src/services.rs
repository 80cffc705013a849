//! What a node does for others and asks of them over streams. Each service is a task beside the node's own.

use std::sync::Arc;

use libp2p_stream::Control;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::node::inside::{Inside, Taps};
use crate::peers::Peers;
use crate::stats::Counters;
use crate::{Config, history, store};

/// The running services. Dropping it ends them.
#[derive(Debug, Default)]
pub(crate) struct Services {
    tasks: JoinSet<()>,
}

impl Services {
    /// Starts what the settings ask for.
    pub(crate) fn start(
        config: &Config,
        control: Control,
        peers: &Arc<Peers>,
        ask: &mpsc::Sender<Inside>,
        taps: &mut Taps,
        counters: &Arc<Counters>,
        ends: history::Ends,
    ) -> Self {
        let mut tasks = JoinSet::new();
        if let Some(archive) = &config.archive {
            let server = store::Server::new(Arc::clone(archive));
            tasks.spawn(Arc::clone(&server).serve(control.clone()));
            tasks.spawn(server.serve_legacy(control.clone()));
            tasks.spawn(store::keep(
                Arc::clone(archive),
                config.clock.clone(),
                taps.open(),
                Arc::clone(counters),
            ));
        }
        history::start(&mut tasks, config, control, peers, ask, ends);
        Self { tasks }
    }

    /// Ends all of them.
    pub(crate) fn end(&mut self) {
        self.tasks.abort_all();
    }
}
