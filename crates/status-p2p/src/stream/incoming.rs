//! Streams that peers open, kept until a service takes them.
//!
//! The library for raw streams keeps a single one for each protocol and drops the others. Deployed nodes open one for
//! each message that they push, many at a time.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::future::{Ready, ready};
use libp2p::core::transport::PortUse;
use libp2p::core::upgrade::{DeniedUpgrade, UpgradeInfo};
use libp2p::core::{Endpoint, Multiaddr};
use libp2p::swarm::handler::{ConnectionEvent, FullyNegotiatedInbound};
use libp2p::swarm::{
    ConnectionDenied, ConnectionHandler, ConnectionHandlerEvent, ConnectionId, FromSwarm, NetworkBehaviour,
    SubstreamProtocol, THandler, THandlerInEvent, THandlerOutEvent, ToSwarm,
};
use libp2p::{InboundUpgrade, PeerId, Stream, StreamProtocol};
use tokio::sync::mpsc;

/// Streams of one protocol that wait for their service. What comes beyond is reset.
const WAITING: usize = 256;

/// Where the streams of one protocol arrive.
pub(crate) type Arrivals = mpsc::Receiver<(PeerId, Stream)>;

/// The protocols that are open to peers. What is opened here before the first connection is open on all of them.
#[derive(Default)]
pub(crate) struct Incoming {
    doors: Arc<Vec<Door>>,
}

#[derive(Clone)]
struct Door {
    protocol: StreamProtocol,
    inside: mpsc::Sender<(PeerId, Stream)>,
}

impl Incoming {
    /// Opens a protocol. Once its receiver is gone its streams are reset.
    pub(crate) fn accept(&mut self, protocol: StreamProtocol) -> Arrivals {
        let (inside, arrivals) = mpsc::channel(WAITING);
        Arc::make_mut(&mut self.doors).push(Door { protocol, inside });
        arrivals
    }

    fn porter(&self, peer: PeerId) -> Porter {
        Porter { peer, doors: Arc::clone(&self.doors) }
    }
}

/// Lets streams of one connection in.
pub(crate) struct Porter {
    peer: PeerId,
    doors: Arc<Vec<Door>>,
}

/// Agrees to any of the protocols.
pub(crate) struct AnyDoor(Arc<Vec<Door>>);

impl UpgradeInfo for AnyDoor {
    type Info = StreamProtocol;
    type InfoIter = Vec<StreamProtocol>;

    fn protocol_info(&self) -> Vec<StreamProtocol> {
        self.0.iter().map(|door| door.protocol.clone()).collect()
    }
}

impl InboundUpgrade<Stream> for AnyDoor {
    type Output = (Stream, StreamProtocol);
    type Error = Infallible;
    type Future = Ready<Result<Self::Output, Infallible>>;

    fn upgrade_inbound(self, stream: Stream, protocol: StreamProtocol) -> Self::Future {
        ready(Ok((stream, protocol)))
    }
}

impl ConnectionHandler for Porter {
    type FromBehaviour = Infallible;
    type ToBehaviour = Infallible;
    type InboundProtocol = AnyDoor;
    type OutboundProtocol = DeniedUpgrade;
    type InboundOpenInfo = ();
    type OutboundOpenInfo = ();

    fn listen_protocol(&self) -> SubstreamProtocol<AnyDoor> {
        SubstreamProtocol::new(AnyDoor(Arc::clone(&self.doors)), ())
    }

    fn on_behaviour_event(&mut self, event: Infallible) {
        match event {}
    }

    fn on_connection_event(&mut self, event: ConnectionEvent<'_, AnyDoor, DeniedUpgrade>) {
        if let ConnectionEvent::FullyNegotiatedInbound(FullyNegotiatedInbound {
            protocol: (stream, protocol),
            ..
        }) = event
            && let Some(door) = self.doors.iter().find(|door| door.protocol == protocol)
        {
            // Fails if too many wait or nobody is there any more; the stream is reset by being dropped.
            let _ = door.inside.try_send((self.peer, stream));
        }
    }

    fn poll(
        &mut self,
        _: &mut Context<'_>,
    ) -> Poll<ConnectionHandlerEvent<DeniedUpgrade, (), Self::ToBehaviour>> {
        Poll::Pending
    }
}

impl NetworkBehaviour for Incoming {
    type ConnectionHandler = Porter;
    type ToSwarm = Infallible;

    fn handle_established_inbound_connection(
        &mut self,
        _: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(self.porter(peer))
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(self.porter(peer))
    }

    fn on_swarm_event(&mut self, _: FromSwarm<'_>) {}

    fn on_connection_handler_event(&mut self, _: PeerId, _: ConnectionId, event: THandlerOutEvent<Self>) {
        match event {}
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Infallible, THandlerInEvent<Self>>> {
        Poll::Pending
    }
}
