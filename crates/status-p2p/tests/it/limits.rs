//! Who may connect.

use status_p2p::{Limits, Node};

use crate::support::{address, config, counted, node, online};

#[tokio::test]
async fn one_address_has_so_many_connections() {
    let mut settings = config(1);
    settings.limits = Limits { incoming: 100, per_ip: 2, ..Limits::default() };
    let a = Node::start(settings).await.unwrap();

    let mut b = node(2, &[address(&a)]).await;
    let mut c = node(3, &[address(&a)]).await;
    online(&mut b).await;
    online(&mut c).await;
    let d = node(4, &[address(&a)]).await;

    counted("the third was turned away", || a.stats().turned_away > 0).await;
    assert_eq!((a.stats().connected, d.stats().carriers), (2, 0));
}

#[tokio::test]
async fn all_together_have_so_many_connections_and_a_seat_is_given_again() {
    let mut settings = config(1);
    settings.limits = Limits { incoming: 1, per_ip: 100, ..Limits::default() };
    let a = Node::start(settings).await.unwrap();
    let mut b = node(2, &[address(&a)]).await;
    online(&mut b).await;
    let mut c = node(3, &[address(&a)]).await;
    counted("the second was turned away", || a.stats().turned_away > 0).await;

    b.close().await;

    online(&mut c).await;
    assert_eq!(a.stats().connected, 1);
}
