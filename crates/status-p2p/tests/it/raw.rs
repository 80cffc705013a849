//! A libp2p peer without our node around it: it says what a test wants it to say.

use futures::StreamExt;
use libp2p::gossipsub::{self, IdentTopic, MessageAuthenticity, MessageId, ValidationMode, Version};
use libp2p::identity::Keypair;
use libp2p::swarm::{NetworkBehaviour, SwarmEvent};
use libp2p::{Multiaddr, PeerId, StreamProtocol, Swarm, SwarmBuilder, identify, noise, tcp, yamux};
use status_p2p::{Node, gossip_id, pubsub_topic};
use tokio::time::timeout;

use crate::support::{PATIENCE, address};

pub(crate) const METADATA: StreamProtocol = StreamProtocol::new("/vac/waku/metadata/1.0.0");

#[derive(NetworkBehaviour)]
pub(crate) struct Protocols {
    relay: gossipsub::Behaviour,
    identify: identify::Behaviour,
    streams: libp2p_stream::Behaviour,
}

/// The peer; it moves only while one of its calls is waited for, or after [`Raw::run`].
pub(crate) struct Raw {
    swarm: Swarm<Protocols>,
}

pub(crate) fn shard() -> IdentTopic {
    IdentTopic::new(pubsub_topic(16, 32))
}

impl Raw {
    /// A peer that gossips as Waku nodes do, without author.
    pub(crate) fn anonymous() -> Self {
        Self::new(MessageAuthenticity::Anonymous, ValidationMode::Anonymous)
    }

    /// A peer that names an author in everything that it says.
    pub(crate) fn with_author() -> Self {
        let author = Keypair::generate_secp256k1().public().to_peer_id();
        Self::new(MessageAuthenticity::Author(author), ValidationMode::None)
    }

    fn new(author: MessageAuthenticity, validation: ValidationMode) -> Self {
        let settings = gossipsub::ConfigBuilder::default()
            .protocol_id("/vac/waku/relay/2.0.0", Version::V1_1)
            .validation_mode(validation)
            .message_id_fn(|message| MessageId::new(&gossip_id(&message.data)))
            .max_transmit_size(4 * 1024 * 1024)
            .build()
            .unwrap();
        let mut relay = gossipsub::Behaviour::new(author, settings).unwrap();
        relay.subscribe(&shard()).unwrap();
        let swarm = SwarmBuilder::with_existing_identity(Keypair::generate_secp256k1())
            .with_tokio()
            .with_tcp(tcp::Config::default(), noise::Config::new, yamux::Config::default)
            .unwrap()
            .with_behaviour(|key| Protocols {
                relay,
                identify: identify::Behaviour::new(identify::Config::new("raw".to_owned(), key.public())),
                streams: libp2p_stream::Behaviour::new(),
            })
            .unwrap()
            .build();
        Self { swarm }
    }

    pub(crate) fn id(&self) -> PeerId {
        *self.swarm.local_peer_id()
    }

    pub(crate) fn control(&self) -> libp2p_stream::Control {
        self.swarm.behaviour().streams.new_control()
    }

    /// Dials a node.
    pub(crate) fn dial(&mut self, node: &Node) {
        let address: Multiaddr = address(node).to_string().parse().unwrap();
        self.swarm.dial(address).unwrap();
    }

    /// Connects to a node and waits until it says that it carries our shard.
    pub(crate) async fn join(&mut self, node: &Node) -> PeerId {
        self.dial(node);
        self.until("joined", |event| match event {
            SwarmEvent::Behaviour(ProtocolsEvent::Relay(gossipsub::Event::Subscribed { peer_id, topic }))
                if *topic == shard().hash() =>
            {
                Some(*peer_id)
            }
            _ => None,
        })
        .await
    }

    /// Connects to a node that need not carry anything.
    pub(crate) async fn call(&mut self, node: &Node) -> PeerId {
        let address: Multiaddr = address(node).to_string().parse().unwrap();
        self.swarm.dial(address).unwrap();
        self.until("connected", |event| match event {
            SwarmEvent::ConnectionEstablished { peer_id, .. } => Some(*peer_id),
            _ => None,
        })
        .await
    }

    /// Listens on loopback; the address has the name behind it.
    pub(crate) async fn listen(&mut self) -> String {
        self.swarm.listen_on("/ip4/127.0.0.1/tcp/0".parse().unwrap()).unwrap();
        let id = self.id();
        self.until("listening", |event| match event {
            SwarmEvent::NewListenAddr { address, .. } => Some(format!("{address}/p2p/{id}")),
            _ => None,
        })
        .await
    }

    /// Says exactly these bytes to everybody.
    pub(crate) fn publish(&mut self, data: Vec<u8>) {
        self.swarm.behaviour_mut().relay.publish(shard(), data).unwrap();
    }

    /// The bytes of the next message.
    pub(crate) async fn hear(&mut self) -> Vec<u8> {
        self.until("a message", |event| match event {
            SwarmEvent::Behaviour(ProtocolsEvent::Relay(gossipsub::Event::Message { message, .. })) => {
                Some(message.data.clone())
            }
            _ => None,
        })
        .await
    }

    /// Waits until the last connection is closed.
    pub(crate) async fn disconnected(&mut self) {
        self.until("disconnected", |event| match event {
            SwarmEvent::ConnectionClosed { num_established: 0, .. } => Some(()),
            _ => None,
        })
        .await;
    }

    /// Lives until `done`, and then stands still.
    pub(crate) async fn live_until<T>(&mut self, done: impl Future<Output = T>) -> T {
        let mut done = std::pin::pin!(done);
        loop {
            tokio::select! {
                result = &mut done => return result,
                _ = self.swarm.select_next_some() => {}
            }
        }
    }

    /// Lets the peer live on its own.
    pub(crate) fn run(mut self) -> tokio::task::AbortHandle {
        tokio::spawn(async move { while self.swarm.next().await.is_some() {} }).abort_handle()
    }

    async fn until<T>(&mut self, what: &str, wanted: impl Fn(&SwarmEvent<ProtocolsEvent>) -> Option<T>) -> T {
        let wait = async {
            loop {
                if let Some(found) = wanted(&self.swarm.select_next_some().await) {
                    return found;
                }
            }
        };
        timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("never: {what}"))
    }
}
