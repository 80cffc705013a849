//! How bytes travel: the transports under a node, and the handshake on each.

#[cfg(feature = "tls")]
mod choice;
mod web;

use std::time::Duration;

use libp2p::core::muxing::StreamMuxerBox;
use libp2p::core::transport::Boxed;
use libp2p::core::transport::timeout::TransportTimeout;
use libp2p::core::upgrade::Version;
use libp2p::dns::tokio::Transport as Named;
use libp2p::dns::{ResolverConfig, ResolverOpts};
use libp2p::identity::Keypair;
use libp2p::{PeerId, Transport, relay, tcp, websocket, yamux};

use crate::StartError;
pub use web::{Certificate, CertificateError, Web};

/// A connection has to stand so long after it was begun, whoever began it: who says nothing is let go.
pub(crate) const HANDSHAKE: Duration = Duration::from_secs(10);
/// Largest frame of a WebSocket, in bytes; handshakes cut what they carry into less than 64 KiB.
const MAX_WEB_FRAME: usize = 1024 * 1024;

/// What carries the protocols of a node.
pub(crate) type Carrier = Boxed<(PeerId, StreamMuxerBox)>;

/// Every transport of a node: TCP and WebSocket at addresses and at names, circuits through nodes that relay, and
/// QUIC where it is built in. The second part asks for the circuits.
pub(crate) fn all(key: &Keypair, secured: &Web) -> Result<(Carrier, relay::client::Behaviour), StartError> {
    let (handshake, muxer) = (handshake(key)?, yamux::Config::default);
    let tcp = || tcp::tokio::Transport::new(tcp::Config::default().nodelay(true));
    let mut web = websocket::Config::new(named(tcp));
    web.set_max_data_size(MAX_WEB_FRAME);
    web.set_tls_config(secured.settings()?);
    let web = web.upgrade(Version::V1Lazy).authenticate(handshake.clone()).multiplex(muxer());
    let web = web.map(|(peer, muxer), _| (peer, StreamMuxerBox::new(muxer)));
    let plain = || {
        let tcp = tcp().upgrade(Version::V1Lazy).authenticate(handshake.clone()).multiplex(muxer());
        let tcp = tcp.map(|(peer, muxer), _| (peer, StreamMuxerBox::new(muxer)));
        #[cfg(feature = "quic")]
        let tcp = {
            use libp2p::quic;
            let quic = quic::tokio::Transport::new(quic::Config::new(key));
            let quic = quic.map(|(peer, muxer), _| (peer, StreamMuxerBox::new(muxer)));
            tcp.or_transport(quic).map(|either, _| either.into_inner())
        };
        tcp
    };
    // The web first, as it knows what is not meant for it: what finds names takes any address, and fails later. For the
    // same reason names are found once for TCP and QUIC together.
    let direct = web.or_transport(named(plain)).map(|either, _| either.into_inner());
    let direct = TransportTimeout::new(direct, HANDSHAKE);
    with_circuits(direct.boxed(), key)
}

/// A transport, and circuits through the nodes that it reaches.
pub(crate) fn with_circuits(
    direct: Carrier,
    key: &Keypair,
) -> Result<(Carrier, relay::client::Behaviour), StartError> {
    let (circuits, asking) = relay::client::new(key.public().to_peer_id());
    let circuits = TransportTimeout::new(
        circuits.upgrade(Version::V1Lazy).authenticate(handshake(key)?).multiplex(yamux::Config::default()),
        HANDSHAKE,
    );
    let circuits = circuits.map(|(peer, muxer), _| (peer, StreamMuxerBox::new(muxer)));
    let all = circuits.or_transport(direct).map(|either, _| either.into_inner());
    Ok((all.boxed(), asking))
}

/// A transport that finds names by the system's resolver. Where the system names none, no name is found, and all else
/// works.
fn named<T>(inner: impl Fn() -> T) -> Named<T> {
    Named::system(inner()).unwrap_or_else(|error| {
        tracing::warn!(%error, "the system names no resolver: names of nodes are not found");
        Named::custom(inner(), ResolverConfig::default(), ResolverOpts::default())
    })
}

#[cfg(not(feature = "tls"))]
fn handshake(key: &Keypair) -> Result<libp2p::noise::Config, StartError> {
    libp2p::noise::Config::new(key).map_err(|_| StartError::Settings)
}

#[cfg(feature = "tls")]
fn handshake(key: &Keypair) -> Result<choice::Handshake, StartError> {
    choice::Handshake::new(key)
}
