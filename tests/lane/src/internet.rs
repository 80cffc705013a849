//! The wires between all nodes, as a transport of libp2p: addresses, latency, and parts that do not reach each other.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};
use std::time::Duration;

use futures::channel::mpsc;
use futures::future::{BoxFuture, Ready, ready};
use futures::{FutureExt, StreamExt};
use libp2p::core::transport::{Boxed, DialOpts, ListenerId, Transport, TransportError, TransportEvent};
use libp2p::core::{muxing::StreamMuxerBox, upgrade::Version};
use libp2p::identity::Keypair;
use libp2p::multiaddr::{Multiaddr, Protocol};
use libp2p::{PeerId, noise, yamux};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::time::sleep;

use crate::pipe::Pipe;

/// Connections that wait until a node takes them.
const BACKLOG: usize = 128;
/// Who dials somebody that does not answer finds out after this.
const NO_ANSWER: Duration = Duration::from_secs(10);

/// All wires. Clones are the same wires.
#[derive(Clone)]
pub struct Internet(Arc<Mutex<State>>);

struct State {
    random: StdRng,
    latency: std::ops::RangeInclusive<u64>,
    per_byte: u32,
    doors: BTreeMap<SocketAddr, mpsc::Sender<(Pipe, SocketAddr)>>,
    parts: BTreeMap<IpAddr, u8>,
    bytes: u64,
    ports: u16,
}

/// The wires as one node has them.
pub struct Wire {
    internet: Internet,
    home: IpAddr,
    told: VecDeque<TransportEvent<Ready<io::Result<Pipe>>, io::Error>>,
    doors: Vec<(ListenerId, SocketAddr, mpsc::Receiver<(Pipe, SocketAddr)>)>,
}

impl Internet {
    /// Wires whose latency is drawn from `latency` (milliseconds) for each connection, and on which a byte takes
    /// `per_byte` nanoseconds.
    pub fn new(seed: u64, latency: std::ops::RangeInclusive<u64>, per_byte: u32) -> Self {
        Self(Arc::new(Mutex::new(State {
            random: StdRng::seed_from_u64(seed),
            latency,
            per_byte,
            doors: BTreeMap::new(),
            parts: BTreeMap::new(),
            bytes: 0,
            ports: 40_000,
        })))
    }

    /// A transport for the node at `home`.
    pub fn transport(&self, home: IpAddr, key: &Keypair) -> Boxed<(PeerId, StreamMuxerBox)> {
        let noise = noise::Config::new(key).expect("a key of a known kind");
        Wire { internet: self.clone(), home, told: VecDeque::new(), doors: Vec::new() }
            .upgrade(Version::V1Lazy)
            .authenticate(noise)
            .multiplex(yamux::Config::default())
            .map(|(peer, muxer), _| (peer, StreamMuxerBox::new(muxer)))
            .boxed()
    }

    /// Only nodes of the same part reach each other. Those that are not named are of part 0.
    pub fn split(&self, parts: BTreeMap<IpAddr, u8>) {
        self.lock().parts = parts;
    }

    /// Everybody reaches everybody again.
    pub fn heal(&self) {
        self.lock().parts.clear();
    }

    /// Bytes that were written to wires so far.
    pub fn bytes(&self) -> u64 {
        self.lock().bytes
    }

    pub(crate) fn joins(&self, (a, b): (IpAddr, IpAddr)) -> bool {
        let state = self.lock();
        let part = |of: &IpAddr| state.parts.get(of).copied().unwrap_or_default();
        part(&a) == part(&b)
    }

    pub(crate) fn carried(&self, bytes: usize) {
        self.lock().bytes += bytes as u64;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("nobody panics with it")
    }

    async fn connect(self, from: IpAddr, to: SocketAddr) -> io::Result<Pipe> {
        let (latency, per_byte, port) = {
            let mut state = self.lock();
            state.ports = state.ports.checked_add(1).unwrap_or(40_000);
            let range = state.latency.clone();
            (Duration::from_millis(state.random.random_range(range)), state.per_byte, state.ports)
        };
        // One round trip until a connection stands.
        sleep(latency * 2).await;
        if !self.joins((from, to.ip())) {
            sleep(NO_ANSWER).await;
            return Err(io::ErrorKind::TimedOut.into());
        }
        let (ours, theirs) = Pipe::pair(&self, (from, to.ip()), latency, per_byte);
        let mut state = self.lock();
        let door = state.doors.get_mut(&to).ok_or(io::ErrorKind::ConnectionRefused)?;
        door.try_send((theirs, SocketAddr::new(from, port))).map_err(|_| io::ErrorKind::ConnectionRefused)?;
        Ok(ours)
    }
}

impl Wire {
    fn close(&mut self, address: SocketAddr) {
        self.internet.lock().doors.remove(&address);
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        for address in self.doors.iter().map(|(_, address, _)| *address).collect::<Vec<_>>() {
            self.close(address);
        }
    }
}

fn multiaddr(address: SocketAddr) -> Multiaddr {
    Multiaddr::from(address.ip()).with(Protocol::Tcp(address.port()))
}

fn socket(address: &Multiaddr) -> Option<SocketAddr> {
    let mut parts = address.iter();
    match (parts.next()?, parts.next()?) {
        (Protocol::Ip4(ip), Protocol::Tcp(port)) => Some(SocketAddr::new(ip.into(), port)),
        _ => None,
    }
}

impl Transport for Wire {
    type Output = Pipe;
    type Error = io::Error;
    type ListenerUpgrade = Ready<io::Result<Pipe>>;
    type Dial = BoxFuture<'static, io::Result<Pipe>>;

    fn listen_on(&mut self, id: ListenerId, address: Multiaddr) -> Result<(), TransportError<io::Error>> {
        let at = socket(&address).ok_or(TransportError::MultiaddrNotSupported(address))?;
        let (door, incoming) = mpsc::channel(BACKLOG);
        {
            let mut state = self.internet.lock();
            if state.doors.get(&at).is_some_and(|other| !other.is_closed()) {
                return Err(TransportError::Other(io::ErrorKind::AddrInUse.into()));
            }
            state.doors.insert(at, door);
        }
        self.doors.push((id, at, incoming));
        self.told.push_back(TransportEvent::NewAddress { listener_id: id, listen_addr: multiaddr(at) });
        Ok(())
    }

    fn remove_listener(&mut self, id: ListenerId) -> bool {
        let Some(place) = self.doors.iter().position(|(other, ..)| *other == id) else { return false };
        let (_, address, _) = self.doors.remove(place);
        self.close(address);
        true
    }

    fn dial(&mut self, address: Multiaddr, _: DialOpts) -> Result<Self::Dial, TransportError<io::Error>> {
        let to = socket(&address).ok_or(TransportError::MultiaddrNotSupported(address))?;
        Ok(self.internet.clone().connect(self.home, to).boxed())
    }

    fn poll(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<TransportEvent<Self::ListenerUpgrade, io::Error>> {
        if let Some(event) = self.told.pop_front() {
            return Poll::Ready(event);
        }
        for (listener_id, address, incoming) in &mut self.doors {
            if let Poll::Ready(Some((pipe, from))) = incoming.poll_next_unpin(cx) {
                return Poll::Ready(TransportEvent::Incoming {
                    listener_id: *listener_id,
                    local_addr: multiaddr(*address),
                    send_back_addr: multiaddr(from),
                    upgrade: ready(Ok(pipe)),
                });
            }
        }
        // A waker that is lost would be one that a door has; doors open in `listen_on`, and then `told` is not empty.
        Poll::Pending
    }
}
