//! What goes over connections, by protocol.

use status_layer::{FrameId, Network};
use status_p2p::{Node, ProtocolUsage};

use crate::services::{light, server};
use crate::support::{address, counted, frame, next_frame, node, online, topic};

fn usage(node: &Node, protocol: &str) -> ProtocolUsage {
    node.usage().into_iter().find(|usage| usage.protocol == protocol).unwrap_or_default()
}

#[tokio::test]
async fn what_goes_over_connections_is_counted_for_its_protocol_at_both_ends() {
    const PUSH: &str = "/vac/waku/filter-push/2.0.0-beta1";
    let s = server(9, &[]).await;
    let mut phone = light(1, &[address(&s)]).await;
    phone.watch(&[topic()]);
    online(&mut phone).await;
    let mut other = node(2, &[address(&s)]).await;
    online(&mut other).await;

    other.publish(FrameId(1), frame(&"x".repeat(10_000)));
    next_frame(&mut phone).await;

    counted("both have counted it", || usage(&phone, PUSH).streams == 1 && usage(&s, PUSH).streams == 1)
        .await;
    let (out, inn) = (usage(&s, PUSH), usage(&phone, PUSH));
    assert!((10_000..10_300).contains(&inn.bytes_in), "{inn:?}");
    assert_eq!((out.bytes_out, out.bytes_in), (inn.bytes_in, inn.bytes_out));
    assert!(inn.wakes >= 1);
    assert!(usage(&other, "/vac/waku/relay/2.0.0").bytes_out > 10_000);
    assert_eq!(usage(&phone, "/vac/waku/relay/2.0.0"), ProtocolUsage::default(), "it does not gossip");
    assert!(usage(&phone, "/vac/waku/metadata/1.0.0").bytes_in > 0);
}
