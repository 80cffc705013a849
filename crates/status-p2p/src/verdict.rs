//! What a relay does with a message: forward it, refuse it, or leave it.

use std::collections::BTreeMap;

use crate::protect::{Protected, Seal};
use crate::{Config, PubsubTopic, WakuMessage, WakuMessageError};

/// Judges what gossip brings, as deployed nodes do.
#[derive(Debug)]
pub(crate) struct Judge {
    receive_limit: usize,
    protected: BTreeMap<String, Protected>,
}

/// What becomes of a message.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Verdict {
    /// It is forwarded.
    Accept(WakuMessage),
    /// It is not forwarded, and held against whoever sent it: every honest node would have refused it.
    Reject(Fault),
    /// It is not forwarded, and nobody is to blame: an honest node may have sent it.
    Ignore(Fault),
}

/// What is wrong with a message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Fault {
    /// Larger than what is taken.
    TooLarge,
    /// No Waku message that a relay forwards.
    NoMessage(WakuMessageError),
    /// On a protected topic without the right signature.
    Forged,
    /// Signed, but too old, or of the future: the clock of the sender, or a slow way.
    Stale,
}

impl Judge {
    pub(crate) fn new(config: &Config) -> Self {
        let protected = config.protected.iter().map(|one| (one.topic().to_string(), one.clone())).collect();
        Self { receive_limit: config.receive_limit, protected }
    }

    /// Judges the bytes of a message on a topic at `now`, in nanoseconds since the Unix epoch. Spec:
    /// 11/WAKU2-RELAY, "Validation".
    pub(crate) fn judge(&self, topic: &str, data: &[u8], now: i64) -> Verdict {
        if data.len() > self.receive_limit {
            return Verdict::Reject(Fault::TooLarge);
        }
        let message = match WakuMessage::decode(data) {
            Ok(message) => message,
            Err(why) => return Verdict::Reject(Fault::NoMessage(why)),
        };
        match self.protected.get(topic).map(|key| key.judge(&message, now)) {
            None | Some(Seal::Genuine) => Verdict::Accept(message),
            Some(Seal::Forged) => Verdict::Reject(Fault::Forged),
            Some(Seal::Stale) => Verdict::Ignore(Fault::Stale),
        }
    }

    /// Signs a message of our own, if its topic is protected and the key is here.
    pub(crate) fn sign(&self, topic: &str, message: &mut WakuMessage) {
        if let Some(protected) = self.protected.get(topic) {
            protected.sign(message);
        }
    }
}

/// On which topic a frame of ours is published.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    cluster: u16,
    autoshards: Option<u16>,
    carried: Vec<u16>,
    main: String,
}

impl Route {
    pub(crate) fn new(config: &Config) -> Self {
        let main = config.topics().next().map(|topic| topic.to_string()).unwrap_or_default();
        Self { cluster: config.cluster, autoshards: config.autoshards, carried: config.shards.clone(), main }
    }

    /// The topics on which frames may be published.
    pub(crate) fn all(&self) -> Vec<String> {
        if self.autoshards.is_none() {
            return vec![self.main.clone()];
        }
        self.carried.iter().map(|shard| crate::pubsub_topic(self.cluster, *shard)).collect()
    }

    /// The topic for a content topic: its own shard where shards follow from it and this node carries it, the first
    /// topic otherwise.
    pub(crate) fn of(&self, content_topic: &str) -> String {
        let shard = self.autoshards.and_then(|shards| crate::autoshard(content_topic, shards).ok());
        match shard.filter(|shard| self.carried.contains(shard)) {
            Some(shard) => PubsubTopic::Shard { cluster: self.cluster, shard }.to_string(),
            None => self.main.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use status_layer::Secret;
    use status_layer::testing::rng;

    use super::*;
    use crate::HostKey;

    const NOW: i64 = 1_700_000_000_000_000_000;

    fn message() -> WakuMessage {
        WakuMessage {
            payload: vec![1],
            content_topic: "/app/1/x/proto".to_owned(),
            timestamp: Some(NOW),
            ..WakuMessage::default()
        }
    }

    fn config() -> Config {
        Config::new(HostKey::generate(&mut rng(1)))
    }

    fn protected() -> Config {
        let topic = "/waku/2/rs/16/32".parse().unwrap();
        let mut config = config();
        config.protected.push(Protected::with_key(topic, &Secret::new([7; 32])).unwrap());
        config
    }

    #[test]
    fn what_every_honest_node_refuses_is_rejected() {
        let judge = Judge::new(&Config { receive_limit: 100, ..config() });
        let judged = |bytes: &[u8]| judge.judge("/waku/2/rs/16/32", bytes, NOW);

        assert_eq!(judged(&message().encode()), Verdict::Accept(message()));
        assert_eq!(judged(&[0; 101]), Verdict::Reject(Fault::TooLarge));
        assert_eq!(judged(&[0xff]), Verdict::Reject(Fault::NoMessage(WakuMessageError::Malformed)));
        let empty = WakuMessage { payload: Vec::new(), ..message() }.encode();
        assert_eq!(judged(&empty), Verdict::Reject(Fault::NoMessage(WakuMessageError::NoPayload)));
    }

    #[test]
    fn forgeries_are_rejected_and_what_came_late_is_left_without_blame() {
        let judge = Judge::new(&protected());
        let mut signed = message();
        judge.sign("/waku/2/rs/16/32", &mut signed);
        let judged = |message: &WakuMessage, topic: &str, now| judge.judge(topic, &message.encode(), now);

        assert_eq!(judged(&signed, "/waku/2/rs/16/32", NOW), Verdict::Accept(signed.clone()));
        assert_eq!(judged(&message(), "/waku/2/rs/16/32", NOW), Verdict::Reject(Fault::Forged));
        assert_eq!(judged(&message(), "/waku/2/rs/16/64", NOW), Verdict::Accept(message()));
        assert_eq!(judged(&signed, "/waku/2/rs/16/32", NOW + NOW / 2), Verdict::Ignore(Fault::Stale));
    }

    #[test]
    fn frames_go_to_the_first_topic_or_to_the_shard_that_follows_from_theirs() {
        let first = Route::new(&config());
        let auto = Route::new(&Config { cluster: 1, shards: vec![3, 0], autoshards: Some(8), ..config() });

        assert_eq!(first.of("/myapp/1/x/proto"), "/waku/2/rs/16/32");
        assert_eq!(first.all(), ["/waku/2/rs/16/32"]);
        assert_eq!(auto.all().len(), 2);
        assert_eq!(auto.of("/myapp/1/x/proto"), "/waku/2/rs/1/0");
        assert_eq!(auto.of("no shard follows from this"), "/waku/2/rs/1/3");
    }
}
