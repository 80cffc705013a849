//! The metadata protocol on every connection: both sides ask once, and answer whenever they are asked.
//!
//! It is a protocol handler of its own, not a pair of tasks behind a queue: a node that is asked by many at once has
//! to answer all of them, for deployed nodes disconnect whoever does not.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use libp2p::core::transport::PortUse;
use libp2p::core::upgrade::ReadyUpgrade;
use libp2p::core::{Endpoint, Multiaddr};
use libp2p::swarm::handler::{
    ConnectionEvent, DialUpgradeError, FullyNegotiatedInbound, FullyNegotiatedOutbound,
};
use libp2p::swarm::{
    ConnectionDenied, ConnectionHandler, ConnectionHandlerEvent, ConnectionId, FromSwarm, NetworkBehaviour,
    StreamUpgradeError, SubstreamProtocol, THandler, THandlerInEvent, THandlerOutEvent, ToSwarm,
};
use libp2p::{PeerId, StreamProtocol};
use tokio::time::timeout;

use super::{Metadata, PROTOCOL, answer, ask};
use crate::stream::{StreamError, read_byte};

/// An exchange has to be over so long after it began.
const PATIENCE: Duration = Duration::from_secs(10);
/// Streams on one connection over which questions may come. js-waku opens some ten of them as soon as it is connected,
/// and asks over the newest, maybe, at some time.
const MAX_QUESTIONS: usize = 16;

/// Asks every node that connects, and answers.
pub(crate) struct Exchange {
    ours: Arc<Metadata>,
    told: VecDeque<Told>,
}

/// What a node said when it was asked, once per connection.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) peer: PeerId,
    pub(crate) answer: Result<Metadata, StreamError>,
}

/// One connection's side of it.
pub(crate) struct Conversation {
    ours: Arc<Metadata>,
    question: Question,
    /// Oldest first.
    answers: VecDeque<BoxFuture<'static, ()>>,
}

enum Question {
    Open,
    Opening,
    Asked(BoxFuture<'static, Result<Metadata, StreamError>>),
    Failed(StreamError),
    Done,
}

impl Exchange {
    pub(crate) const fn new(ours: Arc<Metadata>) -> Self {
        Self { ours, told: VecDeque::new() }
    }

    fn conversation(&self) -> Conversation {
        let ours = Arc::clone(&self.ours);
        Conversation { ours, question: Question::Open, answers: VecDeque::new() }
    }
}

impl ConnectionHandler for Conversation {
    type FromBehaviour = std::convert::Infallible;
    type ToBehaviour = Result<Metadata, StreamError>;
    type InboundProtocol = ReadyUpgrade<StreamProtocol>;
    type OutboundProtocol = ReadyUpgrade<StreamProtocol>;
    type InboundOpenInfo = ();
    type OutboundOpenInfo = ();

    fn listen_protocol(&self) -> SubstreamProtocol<ReadyUpgrade<StreamProtocol>> {
        SubstreamProtocol::new(ReadyUpgrade::new(PROTOCOL), ())
    }

    fn on_behaviour_event(&mut self, event: Self::FromBehaviour) {
        match event {}
    }

    fn on_connection_event(
        &mut self,
        event: ConnectionEvent<'_, Self::InboundProtocol, Self::OutboundProtocol>,
    ) {
        match event {
            ConnectionEvent::FullyNegotiatedInbound(FullyNegotiatedInbound {
                protocol: mut stream, ..
            }) => {
                // Invariant: what a stranger opens does not pile up; the oldest makes room.
                if self.answers.len() >= MAX_QUESTIONS {
                    self.answers.pop_front();
                }
                // A stream that is open and silent does not make a connection worth keeping.
                stream.ignore_for_keep_alive();
                let ours = Arc::clone(&self.ours);
                let answer = async move {
                    // It may take any time until a question begins: js-waku opens streams long before it asks.
                    let first = read_byte(&mut stream).await.ok()?;
                    timeout(PATIENCE, answer(first, stream, &ours)).await.ok()?.ok()
                };
                // Who breaks off or sends rubbish gets no answer, and that is all.
                self.answers.push_back(answer.map(|_| ()).boxed());
            }
            ConnectionEvent::FullyNegotiatedOutbound(FullyNegotiatedOutbound {
                protocol: stream, ..
            }) => {
                let ours = Arc::clone(&self.ours);
                let late = Err(StreamError::Late);
                let ask = async move { timeout(PATIENCE, ask(stream, &ours)).await.unwrap_or(late) };
                self.question = Question::Asked(ask.boxed());
            }
            ConnectionEvent::DialUpgradeError(DialUpgradeError { error, .. }) => {
                self.question = Question::Failed(match error {
                    StreamUpgradeError::NegotiationFailed => StreamError::NotSpoken,
                    StreamUpgradeError::Timeout => StreamError::Late,
                    _ => StreamError::Broken,
                });
            }
            _ => {}
        }
    }

    fn poll(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<ConnectionHandlerEvent<Self::OutboundProtocol, (), Self::ToBehaviour>> {
        self.answers.retain_mut(|answer| answer.poll_unpin(cx).is_pending());
        match &mut self.question {
            Question::Open => {
                self.question = Question::Opening;
                let protocol = self.listen_protocol().with_timeout(PATIENCE);
                Poll::Ready(ConnectionHandlerEvent::OutboundSubstreamRequest { protocol })
            }
            Question::Asked(asked) => {
                let Poll::Ready(answer) = asked.poll_unpin(cx) else { return Poll::Pending };
                self.question = Question::Done;
                Poll::Ready(ConnectionHandlerEvent::NotifyBehaviour(answer))
            }
            Question::Failed(why) => {
                let why = *why;
                self.question = Question::Done;
                Poll::Ready(ConnectionHandlerEvent::NotifyBehaviour(Err(why)))
            }
            Question::Opening | Question::Done => Poll::Pending,
        }
    }
}

impl NetworkBehaviour for Exchange {
    type ConnectionHandler = Conversation;
    type ToSwarm = Told;

    fn handle_established_inbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(self.conversation())
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(self.conversation())
    }

    fn on_swarm_event(&mut self, _: FromSwarm<'_>) {}

    fn on_connection_handler_event(&mut self, peer: PeerId, _: ConnectionId, answer: THandlerOutEvent<Self>) {
        self.told.push_back(Told { peer, answer });
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Told, THandlerInEvent<Self>>> {
        self.told.pop_front().map_or(Poll::Pending, |told| Poll::Ready(ToSwarm::GenerateEvent(told)))
    }
}
