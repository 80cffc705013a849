//! Which gossip topics a node carries, and who may speak on them.

use status_layer::{Frame, FrameId, Network, Secret, Topic};
use status_p2p::{Config, Node, Protected, PubsubTopic, WakuMessage};

use crate::raw::Raw;
use crate::support::{address, config, counted, frame, next_frame, online, topic};

async fn pair_with(change: impl Fn(&mut Config)) -> (Node, Node) {
    let mut settings = config(1);
    change(&mut settings);
    let mut a = Node::start(settings).await.unwrap();
    let mut settings = config(2);
    change(&mut settings);
    settings.peers = vec![address(&a)];
    let mut b = Node::start(settings).await.unwrap();
    online(&mut a).await;
    online(&mut b).await;
    (a, b)
}

#[tokio::test]
async fn named_topics_of_old_carry_frames() {
    let (mut a, mut b) = pair_with(|settings| {
        settings.shards.clear();
        settings.named = vec!["/waku/2/default-waku/proto".parse().unwrap()];
    })
    .await;
    b.watch(&[topic()]);

    a.publish(FrameId(1), frame("as in the old days"));

    assert_eq!(next_frame(&mut b).await, frame("as in the old days"));
}

#[tokio::test]
async fn any_shard_of_any_cluster_carries_frames() {
    let (mut a, mut b) = pair_with(|settings| {
        settings.cluster = 4242;
        settings.shards = vec![1023];
    })
    .await;
    b.watch(&[topic()]);

    a.publish(FrameId(1), frame("far out"));

    assert_eq!(next_frame(&mut b).await, frame("far out"));
}

#[tokio::test]
async fn where_shards_follow_from_topics_a_frame_is_heard_on_its_own() {
    let auto = |shards: &[u16], settings: &mut Config| {
        settings.cluster = 1;
        settings.shards = shards.to_vec();
        settings.autoshards = Some(8);
    };
    let (mut a, mut b) = pair_with(|settings| auto(&[5, 0], settings)).await;
    let topic = Topic::new("/myapp/1/latest/proto");
    b.watch(std::slice::from_ref(&topic));
    let mut settings = config(3);
    auto(&[5], &mut settings);
    settings.peers = vec![address(&a)];
    let mut elsewhere = Node::start(settings).await.unwrap();
    online(&mut elsewhere).await;
    counted("a knows both", || a.stats().carriers == 2).await;

    let sent = Frame { topic, ..frame("for shard 0") };
    a.publish(FrameId(1), sent.clone());

    assert_eq!(next_frame(&mut b).await, sent);
    assert_eq!(elsewhere.stats().messages_in, 0, "it carries another shard");
}

fn protected() -> (PubsubTopic, Secret) {
    ("/waku/2/rs/16/32".parse().unwrap(), Secret::new([7; 32]))
}

/// A node that knows the public key of its topic only.
fn guarded(seed: u64) -> Config {
    let (topic, secret) = protected();
    let key = status_p2p::HostKey::from_bytes(secret.expose()).unwrap();
    let mut settings = config(seed);
    settings.protected = vec![Protected::by(topic, &key.public()).unwrap()];
    settings
}

#[tokio::test]
async fn on_a_protected_topic_only_the_holder_of_the_key_is_heard() {
    let mut a = Node::start(guarded(1)).await.unwrap();
    a.watch(&[topic()]);
    let mut forger = Raw::anonymous();
    forger.join(&a).await;
    let (protected_topic, secret) = protected();
    let mut settings = config(2);
    settings.protected = vec![Protected::with_key(protected_topic, &secret).unwrap()];
    settings.peers = vec![address(&a)];
    let mut holder = Node::start(settings).await.unwrap();
    online(&mut holder).await;

    forger.publish(WakuMessage::from_frame(frame("forged")).encode());
    let forger = forger.run();
    counted("the forgery was refused", || a.stats().refused == 1).await;
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_millis();
    let at = status_layer::Timestamp::from_millis(u64::try_from(now).unwrap());
    let genuine = Frame { at, ..frame("genuine") };
    holder.publish(FrameId(1), frame("genuine, but of 2023"));
    holder.publish(FrameId(2), genuine.clone());

    assert_eq!(next_frame(&mut a).await, genuine);
    assert_eq!((a.stats().refused, a.stats().ignored, a.stats().relayed), (1, 1, 1));
    forger.abort();
}
