//! TLS or Noise, as both sides agree; TLS is offered first, as deployed nodes do.

use futures::future::{BoxFuture, Either};
use futures::{AsyncRead, AsyncWrite, FutureExt};
use libp2p::core::UpgradeInfo;
use libp2p::core::upgrade::{InboundConnectionUpgrade, OutboundConnectionUpgrade};
use libp2p::identity::Keypair;
use libp2p::{PeerId, noise, tls};

use crate::StartError;

/// Both handshakes of a node.
#[derive(Clone)]
pub(super) struct Handshake {
    tls: tls::Config,
    noise: noise::Config,
}

/// Why a handshake failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum HandshakeError {
    #[error(transparent)]
    Tls(#[from] tls::UpgradeError),
    #[error(transparent)]
    Noise(#[from] noise::Error),
}

type Secured<C> = (PeerId, Either<Tls<C>, Noise<C>>);
type Tls<C> = tls::TlsStream<C>;
type Noise<C> = noise::Output<C>;

const TLS: &str = "/tls/1.0.0";
const NOISE: &str = "/noise";

impl Handshake {
    pub(super) fn new(key: &Keypair) -> Result<Self, StartError> {
        let tls = tls::Config::new(key).map_err(|_| StartError::Settings)?;
        let noise = noise::Config::new(key).map_err(|_| StartError::Settings)?;
        Ok(Self { tls, noise })
    }
}

impl UpgradeInfo for Handshake {
    type Info = &'static str;
    type InfoIter = [&'static str; 2];

    fn protocol_info(&self) -> Self::InfoIter {
        [TLS, NOISE]
    }
}

impl<C> InboundConnectionUpgrade<C> for Handshake
where
    C: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Output = Secured<C>;
    type Error = HandshakeError;
    type Future = BoxFuture<'static, Result<Self::Output, Self::Error>>;

    fn upgrade_inbound(self, socket: C, chosen: Self::Info) -> Self::Future {
        async move {
            if chosen == TLS {
                let (peer, stream) = self.tls.upgrade_inbound(socket, TLS).await?;
                return Ok((peer, Either::Left(stream)));
            }
            let (peer, stream) = self.noise.upgrade_inbound(socket, NOISE).await?;
            Ok((peer, Either::Right(stream)))
        }
        .boxed()
    }
}

impl<C> OutboundConnectionUpgrade<C> for Handshake
where
    C: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Output = Secured<C>;
    type Error = HandshakeError;
    type Future = BoxFuture<'static, Result<Self::Output, Self::Error>>;

    fn upgrade_outbound(self, socket: C, chosen: Self::Info) -> Self::Future {
        async move {
            if chosen == TLS {
                let (peer, stream) = self.tls.upgrade_outbound(socket, TLS).await?;
                return Ok((peer, Either::Left(stream)));
            }
            let (peer, stream) = self.noise.upgrade_outbound(socket, NOISE).await?;
            Ok((peer, Either::Right(stream)))
        }
        .boxed()
    }
}
