//! What a node does for others and asks of them over streams. Each service is a task beside the node's own.

use std::sync::Arc;

use libp2p_stream::Control;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::Config;
use crate::node::inside::{Inside, Taps};
use crate::peers::Peers;

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
    ) -> Self {
        let _ = (config, control, peers, ask, taps);
        Self::default()
    }

    /// Ends all of them.
    pub(crate) fn end(&mut self) {
        self.tasks.abort_all();
    }
}
