//! The suite that every network must pass.

use status_layer::testing::conform;

use crate::support::{PATIENCE, address, node};

#[tokio::test]
async fn nodes_do_what_every_network_must() {
    let mut a = node(1, &[]).await;
    let mut b = node(2, &[address(&a)]).await;

    let done = tokio::time::timeout(PATIENCE, conform::network(&mut a, &mut b)).await;

    done.expect("the suite ends in time");
}
