//! How a node ends.

use std::time::Duration;

use libp2p::PeerId;
use tokio::time::timeout;

use futures::StreamExt;

use super::Run;

/// How long frames that were just published get to leave.
const FLUSH: Duration = Duration::from_millis(250);
/// How long those who filter for us get to hear that they need not any more, and then connections to close.
const FAREWELL: Duration = Duration::from_millis(500);

impl Run {
    pub(super) async fn end(mut self) {
        // What is still in the queue was promised to nobody, but it may as well go.
        while let Ok(command) = self.ends.commands.try_recv() {
            self.on_command(command);
        }
        self.services.end();
        self.finding.end();
        if self.gossip.has_published() {
            // Nothing tells when gossip's queues are empty; running out of time is the expected end.
            let _ = timeout(FLUSH, async { while self.swarm.next().await.is_some() {} }).await;
        }
        self.leave_filters().await;
        let peers: Vec<PeerId> = self.swarm.connected_peers().copied().collect();
        for peer in peers {
            // Fails only if it is gone already.
            let _ = self.swarm.disconnect_peer_id(peer);
        }
        let farewell = async {
            while self.swarm.network_info().num_peers() > 0 {
                self.swarm.select_next_some().await;
            }
        };
        // Whoever does not say goodbye in time finds out by themselves.
        let _ = timeout(FAREWELL, farewell).await;
        self.gossip.close_taps();
        self.services.kept().await;
    }

    /// A subscription that nobody ends takes a place for five minutes.
    async fn leave_filters(&mut self) {
        let Some(light) = self.light.take() else { return };
        let swarm = &mut self.swarm;
        let said = async {
            tokio::select! {
                () = light.leave_filters() => {}
                () = async { while swarm.next().await.is_some() {} } => {}
            }
        };
        // Who does not hear it finds out by pushing in vain.
        let _ = timeout(FAREWELL, said).await;
    }
}
