//! Peers that mean harm: each costs bounded memory and is let go, and others go on.

use std::time::Duration;

use futures::{AsyncReadExt, AsyncWriteExt, StreamExt};
use libp2p::identity::Keypair;
use libp2p::swarm::SwarmEvent;
use libp2p::{Multiaddr, StreamProtocol, SwarmBuilder, noise, tcp, yamux};
use rand::rngs::StdRng;
use rand::{Rng, RngExt, SeedableRng};
use status_layer::{FrameId, Network};
use status_p2p::{Limits, Metadata, Node, WakuMessage};
use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use crate::raw::{METADATA, Raw};
use crate::support::{PATIENCE, address, config, counted, frame, next_frame, node, online, topic};

const RELAY: StreamProtocol = StreamProtocol::new("/vac/waku/relay/2.0.0");

fn socket_of(node: &Node) -> std::net::SocketAddr {
    let text = address(node).to_string();
    let port: u16 = text.split('/').nth(4).unwrap().parse().unwrap();
    ([127, 0, 0, 1], port).into()
}

/// A plain connection from another address of this machine.
async fn knock(node: &Node) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
    socket.connect(socket_of(node)).await.unwrap()
}

/// Whether the node still does what it is there for.
async fn all_is_well(node: &mut Node) {
    node.watch(&[topic()]);
    let mut honest = crate::support::node(77, &[address(node)]).await;
    online(&mut honest).await;
    honest.publish(FrameId(1), frame("all is well"));
    while next_frame(node).await != frame("all is well") {}
}

/// Bytes of memory of this process, where that is known.
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: usize = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok()).unwrap_or_default();
    pages * 4096
}

#[tokio::test]
async fn who_knocks_and_says_nothing_is_let_go_and_takes_only_his_own_seats() {
    let mut settings = config(1);
    settings.limits = Limits::default();
    let mut a = Node::start(settings).await.unwrap();
    let mut silent = Vec::new();
    for _ in 0..40 {
        silent.push(knock(&a).await);
    }

    all_is_well(&mut a).await;

    counted("most were turned away at once", || a.stats().turned_away >= 35).await;
    let gone = futures::future::join_all(silent.iter_mut().map(|stream| async {
        let mut greeting = Vec::new();
        timeout(Duration::from_secs(15), stream.read_to_end(&mut greeting)).await.is_ok()
    }));
    assert!(gone.await.into_iter().all(|gone| gone), "the others had ten seconds to say something");
}

#[tokio::test]
async fn noise_instead_of_a_handshake_ends_the_connection() {
    let mut a = node(1, &[]).await;
    let mut rng = StdRng::seed_from_u64(1);
    for round in 0..30 {
        let mut stream = knock(&a).await;
        let mut bytes = vec![0; 1 << (round % 15)];
        rng.fill_bytes(&mut bytes);
        if round % 3 == 0 {
            // A beginning that is right.
            let greeting = b"\x13/multistream/1.0.0\n\x07/noise\n";
            bytes.splice(0..0, greeting.iter().copied());
        }
        // The node may have hung up already.
        let _ = tokio::io::AsyncWriteExt::write_all(&mut stream, &bytes).await;
    }

    all_is_well(&mut a).await;
    assert_eq!(a.stats().connected, 1);
}

/// Frames with every kind of length before them, and bytes that are maybe protobuf.
fn nonsense(rng: &mut StdRng) -> Vec<u8> {
    let mut bytes = vec![0; rng.random_range(0..300)];
    rng.fill_bytes(&mut bytes);
    match rng.random_range(0..4) {
        0 => bytes,
        1 => [vec![u8::try_from(bytes.len() % 128).unwrap()], bytes].concat(),
        2 => [vec![0xff; rng.random_range(1..12)], bytes].concat(),
        _ => {
            let mut message = WakuMessage::from_frame(frame("seed")).encode();
            let at = rng.random_range(0..message.len());
            message[at] ^= bytes.first().copied().unwrap_or(1) | 1;
            [vec![u8::try_from(message.len() % 128).unwrap()], message].concat()
        }
    }
}

#[tokio::test]
async fn nonsense_on_the_streams_of_every_protocol_harms_nobody() {
    let mut a = node(1, &[]).await;
    let mut rng = StdRng::seed_from_u64(2);
    for _ in 0..12 {
        let mut hostile = Raw::anonymous();
        let mut control = hostile.control();
        let id = hostile.join(&a).await;
        let running = hostile.run();
        for protocol in
            [RELAY, METADATA, StreamProtocol::new("/ipfs/ping/1.0.0"), StreamProtocol::new("/ipfs/id/1.0.0")]
        {
            for _ in 0..4 {
                // The node may have hung up on this one.
                let Ok(Ok(mut stream)) = timeout(PATIENCE, control.open_stream(id, protocol.clone())).await
                else {
                    continue;
                };
                let _ = stream.write_all(&nonsense(&mut rng)).await;
                let _ = stream.flush().await;
                let _ = stream.close().await;
            }
        }
        running.abort();
    }

    all_is_well(&mut a).await;
}

/// A peer whose gossip stream is in the hands of the test.
async fn gossiping(node: &Node) -> (libp2p::Stream, tokio::task::AbortHandle) {
    let mut peer = Raw::anonymous();
    let mut control = peer.control();
    let id = peer.join(node).await;
    let running = peer.run();
    (timeout(PATIENCE, control.open_stream(id, RELAY)).await.unwrap().unwrap(), running)
}

#[tokio::test]
async fn a_frame_that_never_ends_costs_no_more_than_was_sent() {
    let mut a = node(1, &[]).await;
    let before = resident();
    let mut held = Vec::new();
    for _ in 0..8 {
        let (mut stream, running) = gossiping(&a).await;
        // Four gigabytes are announced, and some of them sent.
        stream.write_all(b"\xff\xff\xff\xff\x0f").await.unwrap();
        let _ = stream.write_all(&vec![0; 64 * 1024]).await;
        let _ = stream.flush().await;
        held.push((stream, running));
    }

    all_is_well(&mut a).await;

    let grown = resident().saturating_sub(before);
    assert!(grown < 128 * 1024 * 1024, "{grown} bytes for half a mebibyte");
    held.iter().for_each(|(_, running)| running.abort());
}

/// What is above the limit is refused, and what comes behind it over the same stream is heard.
#[tokio::test]
async fn messages_of_up_to_four_mebibytes_are_refused_without_deafness() {
    let mut a = node(1, &[]).await;
    a.watch(&[topic()]);
    let mut speaker = Raw::anonymous();
    speaker.join(&a).await;
    let sized = |size: usize| WakuMessage::from_frame(frame(&"x".repeat(size))).encode();

    for size in [1024 * 1024 + 1, 1024 * 1024 + 128 * 1024, 2 * 1024 * 1024, 4 * 1024 * 1024 - 256 * 1024] {
        speaker.publish(sized(size));
    }
    speaker.publish(WakuMessage::from_frame(frame("heard behind them")).encode());
    let speaker = speaker.run();

    assert_eq!(next_frame(&mut a).await, frame("heard behind them"));
    assert_eq!((a.stats().refused, a.stats().messages_in), (4, 5));
    speaker.abort();
}

#[tokio::test]
async fn a_peer_that_lies_about_its_cluster_is_let_go_and_kept_out() {
    let mut liar = Raw::anonymous();
    let mut questions = liar.control().accept(METADATA).unwrap();
    let mut a = node(1, &[]).await;
    let answering = tokio::spawn(async move {
        while let Some((_, mut stream)) = questions.next().await {
            let mut question = [0; 11];
            let _ = stream.read_exact(&mut question).await;
            let lie = Metadata { cluster: Some(17), shards: [32].into() }.encode();
            let _ = stream.write_all(&[u8::try_from(lie.len()).unwrap()]).await;
            let _ = stream.write_all(&lie).await;
            let _ = stream.flush().await;
        }
    });
    liar.dial(&a);
    liar.disconnected().await;

    liar.dial(&a);
    let liar = liar.run();
    counted("it was turned away at the door", || a.stats().turned_away > 0).await;
    liar.abort();

    assert_eq!(a.stats().strangers, 1);
    all_is_well(&mut a).await;
    answering.abort();
}

#[tokio::test]
async fn who_gossips_rubbish_is_put_out() {
    let mut a = node(1, &[]).await;
    let mut hostile = Raw::anonymous();
    hostile.join(&a).await;
    for byte in 0..30 {
        hostile.publish(vec![0xff, byte]);
    }

    hostile.disconnected().await;

    assert_eq!(a.stats().put_out, 1);
    all_is_well(&mut a).await;
}

/// A peer that subscribes and never reads what it is sent.
fn deaf(node: &Node) -> tokio::task::AbortHandle {
    let mut swarm = SwarmBuilder::with_existing_identity(Keypair::generate_secp256k1())
        .with_tokio()
        .with_tcp(tcp::Config::default(), noise::Config::new, yamux::Config::default)
        .unwrap()
        .with_behaviour(|_| libp2p_stream::Behaviour::new())
        .unwrap()
        .with_swarm_config(|settings| settings.with_idle_connection_timeout(PATIENCE))
        .build();
    let mut control = swarm.behaviour().new_control();
    let mut gossip = control.accept(RELAY).unwrap();
    swarm.dial(address(node).to_string().parse::<Multiaddr>().unwrap()).unwrap();
    let mut held = Vec::new();
    tokio::spawn(async move {
        loop {
            tokio::select! {
                event = swarm.select_next_some() => if let SwarmEvent::ConnectionEstablished { peer_id, .. } = event {
                    let mut control = control.clone();
                    tokio::spawn(async move {
                        let mut stream = control.open_stream(peer_id, RELAY).await.unwrap();
                        // One subscription, as gossip writes it.
                        stream.write_all(b"\x16\x0a\x14\x08\x01\x12\x10/waku/2/rs/16/32").await.unwrap();
                        stream.flush().await.unwrap();
                        std::future::pending::<()>().await;
                    });
                },
                Some((_, stream)) = gossip.next() => held.push(stream),
            }
        }
    })
    .abort_handle()
}

#[tokio::test]
async fn who_does_not_read_is_dropped_and_costs_bounded_memory() {
    const MESSAGES: u64 = 20_000;
    let mut a = node(1, &[]).await;
    let slow = deaf(&a);
    let mut honest = node(2, &[address(&a)]).await;
    honest.watch(&[topic()]);
    online(&mut honest).await;
    counted("a knows both", || a.stats().carriers == 2).await;
    let before = resident();

    let mut sent = 0;
    while a.stats().dropped_slow == 0 {
        for _ in 0..20 {
            let mut frame = frame(&"x".repeat(8 * 1024));
            frame.bytes.extend_from_slice(&u64::to_be_bytes(sent));
            a.publish(FrameId(sent), frame);
            next_frame(&mut honest).await;
            sent += 1;
        }
        while timeout(Duration::from_millis(50), a.next()).await.is_ok() {}
        assert!(sent < MESSAGES, "it is still there: {:?}", a.stats());
    }

    let grown = resident().saturating_sub(before);
    println!("{sent} messages of 8 KiB, {grown} bytes");
    assert!(grown < 192 * 1024 * 1024, "{grown} bytes");
    counted("the honest one heard all", || honest.stats().handed_up == sent).await;
    slow.abort();
}

/// Nothing is wrong with any of them; there are only more than the owner of the node reads.
#[tokio::test]
async fn a_flood_of_valid_messages_costs_bounded_memory_and_hides_nobody_who_comes_after_it() {
    const MANY: u64 = 6000;
    /// What may wait for the owner: events.
    const WAITING: u64 = 4096;
    let mut a = node(1, &[]).await;
    a.watch(&[topic()]);
    let mut peer = Raw::anonymous();
    peer.join(&a).await;
    let before = resident();

    for number in 0..MANY {
        peer.publish(WakuMessage::from_frame(frame(&format!("{number:01024}"))).encode());
        if number % 200 == 199 {
            peer.live_until(counted("they came", || a.stats().messages_in + 200 > number)).await;
        }
    }
    peer.live_until(counted("all came", || a.stats().messages_in == MANY)).await;

    let stats = a.stats();
    assert!(stats.overflowed >= 1 && stats.refused == 0, "{stats:?}");
    assert!(
        stats.overflowed + WAITING + 1024 >= MANY,
        "less was left out than there was no room for: {stats:?}"
    );
    assert!(resident().saturating_sub(before) < 192 * 1024 * 1024, "it grew without bound");
    let peer = peer.run();
    all_is_well(&mut a).await;
    peer.abort();
}
