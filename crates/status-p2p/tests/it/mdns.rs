//! Nodes of the local network find each other, where there is one.

use std::net::UdpSocket;
use std::time::Duration;

use status_p2p::{Config, Mdns, Node};

use crate::support::{config, counted, online};

/// Whether what is sent to a multicast group comes back, as in most networks but not in every container.
fn multicast_works() -> bool {
    let group = [224, 0, 0, 251].into();
    let try_it = || {
        let socket = UdpSocket::bind("0.0.0.0:0")?;
        socket.join_multicast_v4(&group, &[0, 0, 0, 0].into())?;
        socket.set_read_timeout(Some(Duration::from_secs(1)))?;
        socket.send_to(b"?", (group, socket.local_addr()?.port()))?;
        socket.recv(&mut [0; 8])
    };
    try_it().is_ok()
}

/// Names and a cluster of this process's own, for others may run the same test in the same network.
fn settings(seed: u64, mdns: Mdns) -> Config {
    let process = std::process::id();
    let cluster = 20_000 + u16::try_from(process % 40_000).unwrap();
    let listen = vec!["/ip4/0.0.0.0/tcp/0".parse().unwrap()];
    Config { cluster, mdns, listen, ..config(u64::from(process) * 8 + seed) }
}

#[tokio::test]
async fn nodes_of_the_local_network_find_each_other() {
    if !multicast_works() {
        println!("no multicast here: nothing was tried");
        return;
    }
    let mut a = Node::start(settings(1, Mdns::On)).await.unwrap();
    let mut b = Node::start(settings(2, Mdns::On)).await.unwrap();
    let hidden = Node::start(settings(3, Mdns::Off)).await.unwrap();

    online(&mut a).await;
    online(&mut b).await;

    counted("they see each other only", || (a.stats().carriers, b.stats().carriers) == (1, 1)).await;
    assert_eq!(hidden.stats().connected, 0);
}
