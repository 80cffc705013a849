//! Every way by which nodes are connected.

use status_layer::{FrameId, Network};
use status_p2p::{Node, PeerAddr};

use crate::support::{address, config, frame, next_frame, node, online, topic};

/// A node that listens at an address of this form.
async fn listening(form: &str) -> Node {
    let mut settings = config(1);
    settings.listen = vec![form.parse().unwrap()];
    Node::start(settings).await.unwrap()
}

/// Whether two nodes, one of which dials the other at this address, hear each other.
async fn talk(mut a: Node, at: PeerAddr) {
    let mut b = node(2, &[at]).await;
    a.watch(&[topic()]);
    b.watch(&[topic()]);
    online(&mut a).await;
    online(&mut b).await;

    a.publish(FrameId(1), frame("there"));
    assert_eq!(next_frame(&mut b).await, frame("there"));
    b.publish(FrameId(1), frame("and back"));
    assert_eq!(next_frame(&mut a).await, frame("and back"));
}

#[tokio::test]
async fn nodes_talk_over_a_web_socket() {
    let a = listening("/ip4/127.0.0.1/tcp/0/ws").await;
    let at = address(&a);

    assert!(at.to_string().contains("/ws/p2p/"), "{at}");
    talk(a, at).await;
}

#[tokio::test]
async fn one_node_listens_in_several_ways() {
    let mut settings = config(1);
    settings.listen.push("/ip4/127.0.0.1/tcp/0/ws".parse().unwrap());
    let mut a = Node::start(settings).await.unwrap();
    let [tcp, web] = a.listen_addrs().try_into().unwrap();

    let _b = node(2, &[tcp]).await;
    let _c = node(3, &[web]).await;

    online(&mut a).await;
    crate::support::counted("both came", || a.stats().carriers == 2).await;
}

#[tokio::test]
async fn a_node_is_found_by_the_name_of_its_machine() {
    if !std::fs::read_to_string("/etc/hosts").is_ok_and(|hosts| hosts.contains("localhost")) {
        println!("this machine does not name itself localhost: nothing was tried");
        return;
    }
    let a = node(1, &[]).await;
    let at = address(&a).to_string().replace("/ip4/127.0.0.1/", "/dns4/localhost/");

    talk(a, at.parse().unwrap()).await;
}

#[tokio::test]
async fn a_name_that_nobody_has_harms_nobody() {
    let mut a = node(1, &["/dns4/nobody.invalid/tcp/30303".parse().unwrap()]).await;
    let _b = node(2, &[address(&a)]).await;

    online(&mut a).await;
}

#[cfg(feature = "quic")]
#[tokio::test]
async fn nodes_talk_over_quic() {
    let a = listening("/ip4/127.0.0.1/udp/0/quic-v1").await;
    let at = address(&a);

    assert!(at.to_string().contains("/quic-v1/p2p/"), "{at}");
    talk(a, at).await;
}

#[cfg(feature = "tls")]
#[tokio::test]
async fn peers_that_speak_only_tls_or_only_noise_are_both_understood() {
    use libp2p::swarm::{SwarmEvent, dummy};
    use libp2p::{Multiaddr, SwarmBuilder, noise, tcp, tls, yamux};

    let a = node(1, &[]).await;
    let at: Multiaddr = address(&a).to_string().parse().unwrap();
    let builder = || SwarmBuilder::with_new_identity().with_tokio();
    let tcp = tcp::Config::default;

    let mut only_tls = builder()
        .with_tcp(tcp(), tls::Config::new, yamux::Config::default)
        .unwrap()
        .with_behaviour(|_| dummy::Behaviour)
        .unwrap()
        .build();
    let mut only_noise = builder()
        .with_tcp(tcp(), noise::Config::new, yamux::Config::default)
        .unwrap()
        .with_behaviour(|_| dummy::Behaviour)
        .unwrap()
        .build();

    for swarm in [&mut only_tls, &mut only_noise] {
        swarm.dial(at.clone()).unwrap();
        let connected = async {
            loop {
                match futures::StreamExt::select_next_some(swarm).await {
                    SwarmEvent::ConnectionEstablished { .. } => return,
                    SwarmEvent::OutgoingConnectionError { error, .. } => panic!("{error}"),
                    _ => {}
                }
            }
        };
        tokio::time::timeout(crate::support::PATIENCE, connected).await.unwrap();
    }
}
