//! A network double that reaches into another process: the ports of a [`Hub`] over TCP on the loopback.
//!
//! Fast to connect and to break, so that a process can be killed and started again many times in a minute.

use std::collections::VecDeque;
use std::net::SocketAddr;

use async_trait::async_trait;
use status_layer::{Frame, FrameId, History, Network, NetworkEvent, Timestamp, Topic};
use status_sim::Hub;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::OwnedReadHalf;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// The largest packet, in bytes.
const MAX_PACKET: usize = 4 * 1024 * 1024;

const FRAME: u8 = 0;
const WATCH: u8 = 1;

/// Gives everybody who dials a port of the hub, until the program ends. Returns where to dial, and what tells whenever somebody
/// has begun to listen.
///
/// # Errors
/// If the loopback cannot be listened at.
pub async fn serve(hub: Hub) -> std::io::Result<(SocketAddr, mpsc::UnboundedReceiver<()>)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let (begun, listening) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(carry(hub.clone(), stream, begun.clone()));
        }
    });
    Ok((address, listening))
}

/// One process on the hub, until its connection breaks.
async fn carry(hub: Hub, stream: TcpStream, begun: mpsc::UnboundedSender<()>) {
    let (read, mut write) = stream.into_split();
    let mut packets = listen(read);
    // It is there for others when it listens.
    let Some((WATCH, first)) = packets.recv().await else { return };
    let mut port = hub.port();
    port.watch(&topics(&first));
    // Perhaps nobody wants to know.
    let _ = begun.send(());
    loop {
        tokio::select! {
            packet = packets.recv() => match packet {
                Some((WATCH, bytes)) => port.watch(&topics(&bytes)),
                Some((FRAME, bytes)) => {
                    if let Some(frame) = frame(&bytes) {
                        port.publish(FrameId(0), frame);
                    }
                }
                _ => return,
            },
            event = port.next() => {
                if let NetworkEvent::Frame(frame) = event
                    && write.write_all(&packet(FRAME, &framed(&frame))).await.is_err()
                {
                    return;
                }
            }
        }
    }
}

/// The other end of a [`serve`]: a network for a client.
#[derive(Debug)]
pub struct Bridge {
    out: mpsc::UnboundedSender<Vec<u8>>,
    packets: mpsc::Receiver<(u8, Vec<u8>)>,
    events: VecDeque<NetworkEvent>,
}

impl Bridge {
    /// Dials. To be called in a runtime that lives as long as the client.
    ///
    /// # Errors
    /// If nobody listens there.
    pub async fn dial(address: SocketAddr) -> std::io::Result<Self> {
        let (read, mut write) = TcpStream::connect(address).await?.into_split();
        let (out, mut packets) = mpsc::unbounded_channel::<Vec<u8>>();
        tokio::spawn(async move {
            while let Some(bytes) = packets.recv().await {
                if write.write_all(&bytes).await.is_err() {
                    return;
                }
            }
        });
        Ok(Self { out, packets: listen(read), events: [NetworkEvent::Online(true)].into() })
    }

    fn say(&self, kind: u8, bytes: &[u8]) {
        // A broken connection is heard of by reading.
        drop(self.out.send(packet(kind, bytes)));
    }
}

#[async_trait]
impl Network for Bridge {
    fn watch(&mut self, topics: &[Topic]) {
        let names: Vec<&str> = topics.iter().map(Topic::as_str).collect();
        self.say(WATCH, names.join("\n").as_bytes());
    }

    fn publish(&mut self, id: FrameId, frame: Frame) {
        self.say(FRAME, &framed(&frame));
        self.events.push_back(NetworkEvent::Published(id));
    }

    fn fetch(&mut self, wanted: History) {
        self.events.push_back(NetworkEvent::NoHistory(wanted));
    }

    async fn next(&mut self) -> NetworkEvent {
        if let Some(event) = self.events.pop_front() {
            return event;
        }
        loop {
            match self.packets.recv().await {
                Some((FRAME, bytes)) => {
                    if let Some(frame) = frame(&bytes) {
                        return NetworkEvent::Frame(frame);
                    }
                }
                Some(_) => {}
                None => return NetworkEvent::Closed,
            }
        }
    }
}

/// Reads packets on a task of its own: half a packet is not to be lost when a read is given up.
fn listen(mut read: OwnedReadHalf) -> mpsc::Receiver<(u8, Vec<u8>)> {
    let (sender, packets) = mpsc::channel(1_024);
    tokio::spawn(async move {
        while let (Ok(len), Ok(kind)) = (read.read_u32().await, read.read_u8().await) {
            let mut bytes = vec![0; (len as usize).min(MAX_PACKET)];
            if read.read_exact(&mut bytes).await.is_err() || sender.send((kind, bytes)).await.is_err() {
                return;
            }
        }
    });
    packets
}

fn packet(kind: u8, bytes: &[u8]) -> Vec<u8> {
    let len = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    [&len.to_be_bytes(), [kind].as_slice(), bytes].concat()
}

fn topics(bytes: &[u8]) -> Vec<Topic> {
    let text = String::from_utf8_lossy(bytes);
    text.split('\n').filter(|name| !name.is_empty()).map(Topic::new).collect()
}

fn framed(frame: &Frame) -> Vec<u8> {
    [frame.topic.as_str().as_bytes(), b"\n", &frame.at.millis().to_be_bytes(), &frame.bytes].concat()
}

fn frame(bytes: &[u8]) -> Option<Frame> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let (topic, rest) = (bytes.get(..end)?, bytes.get(end + 1..)?);
    let (at, bytes) = rest.split_first_chunk::<8>()?;
    let at = Timestamp::from_millis(u64::from_be_bytes(*at));
    Some(Frame { topic: Topic::new(String::from_utf8(topic.to_vec()).ok()?), at, bytes: bytes.to_vec() })
}
