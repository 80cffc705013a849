//! Every way by which nodes are connected.

use status_layer::{FrameId, Network, Secret};
use status_p2p::{Certificate, Node, PeerAddr, StartError};

use crate::support::{address, config, frame, next_frame, node, online, topic};

/// Of a machine that calls itself localhost, signed by itself, until 2126.
const CERTIFICATE: &str = "\
    3082019130820138a00302010202146846ec82e6c4f17cd75d97412802c4edd1e76872300a06082a8648ce3d040302301431\
    12301006035504030c096c6f63616c686f73743020170d3236313132313137353432305a180f323132363130323831373534\
    32305a30143112301006035504030c096c6f63616c686f73743059301306072a8648ce3d020106082a8648ce3d0301070342\
    0004a78ae9d263e57edbc69964890f392220039a6917ed9b4a5c2d9f10a558f3e1342d21bdfe30ee7458458a8358201d9fc8\
    b38d844ba104b9f7ca60e1bfdecf66c4a3663064301d0603551d0e041604142ad638a237ffcde9e6c0fef0d1be1cac2682af\
    e8301f0603551d230418301680142ad638a237ffcde9e6c0fef0d1be1cac2682afe830140603551d11040d300b82096c6f63\
    616c686f7374300c0603551d130101ff04023000300a06082a8648ce3d04030203470030440220666a82cb2881dca56698ad\
    103460b438b9153eb4dcde3792d140bf93c707575202205b35a12ae646d9deb61300be7dadb7084124f5c948fadbdf403394\
    10d32306fd";
const KEY: &str = "\
    308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b02010104203f56ace26e1797576aa7eac82494\
    1e6d3ec40dd645d6ccba65e02c3a4664eebba14403420004a78ae9d263e57edbc69964890f392220039a6917ed9b4a5c2d9f\
    10a558f3e1342d21bdfe30ee7458458a8358201d9fc8b38d844ba104b9f7ca60e1bfdecf66c4";

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

fn der(hex: &str) -> Vec<u8> {
    hex::decode(hex).unwrap()
}

#[tokio::test]
async fn nodes_talk_over_a_web_socket_with_a_certificate() {
    let certificate = Certificate::new(vec![der(CERTIFICATE)], Secret::new(der(KEY))).unwrap();
    let mut settings = config(1);
    settings.listen = vec!["/ip4/127.0.0.1/tcp/0/wss".parse().unwrap()];
    settings.web.certificate = Some(certificate);
    let mut a = Node::start(settings).await.unwrap();
    a.watch(&[topic()]);
    let at: PeerAddr =
        address(&a).to_string().replace("/ip4/127.0.0.1/", "/dns4/localhost/").parse().unwrap();
    let stranger = node(2, std::slice::from_ref(&at)).await;
    let mut settings = config(3);
    settings.web.trusted = vec![der(CERTIFICATE)];
    settings.peers = vec![at];
    let mut b = Node::start(settings).await.unwrap();
    online(&mut b).await;

    b.publish(FrameId(1), frame("past the browser's checks"));

    assert_eq!(next_frame(&mut a).await, frame("past the browser's checks"));
    assert_eq!(stranger.stats().connected, 0, "nobody vouches for the certificate");
}

#[tokio::test]
async fn a_key_that_does_not_fit_its_certificate_is_refused() {
    let mut settings = config(1);
    settings.web.certificate = Some(Certificate::new(Vec::new(), Secret::new(der(KEY))).unwrap());

    assert!(matches!(Node::start(settings).await, Err(StartError::Certificate)));
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
