//! What becomes of a message that another node is to gossip.

use std::collections::BTreeSet;

use status_layer::Unpublished;

use crate::generated::{LightPushResponse, PushResponse, PushRpc};
use crate::{WakuMessage, WakuMessageError};

/// What the id of a request is in the answer if the request was not read.
pub(super) const NO_ID: &str = "N/A";

/// What became of it. The numbers are those of version 3.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Outcome {
    /// It went to so many nodes, at least one.
    Done(u32),
    /// The request breaks a rule.
    Bad,
    /// The message is larger than is carried.
    TooLarge,
    /// A relay would refuse the message.
    Invalid,
    /// The gossip topic is not carried.
    NotCarried,
    /// Its sender asks too often.
    TooOften,
    /// The queues are full.
    Busy,
    /// Nobody else is there who carries it.
    NoPeers,
    /// Something else, by its number.
    Other(u32),
}

impl Outcome {
    /// Whether a message may be gossiped by a node with these limits; if not, why.
    ///
    /// # Errors
    /// What to answer.
    pub(crate) fn judge(
        pubsub_topic: &str,
        message: &[u8],
        carried: &BTreeSet<String>,
        limit: usize,
    ) -> Result<(), Self> {
        if message.len() > limit {
            return Err(Self::TooLarge);
        }
        if pubsub_topic.is_empty() {
            return Err(Self::Bad);
        }
        if !carried.contains(pubsub_topic) {
            return Err(Self::NotCarried);
        }
        match WakuMessage::decode(message) {
            Ok(_) => Ok(()),
            Err(WakuMessageError::Malformed) => Err(Self::Bad),
            Err(_) => Err(Self::Invalid),
        }
    }

    /// What the node's own gossip made of it.
    pub(crate) fn of_gossip(told: Result<usize, Unpublished>) -> Self {
        match told {
            Ok(0) | Err(Unpublished::Alone) => Self::NoPeers,
            Ok(peers) => Self::Done(u32::try_from(peers).unwrap_or(u32::MAX)),
            Err(Unpublished::TooLarge) => Self::TooLarge,
            Err(_) => Self::Busy,
        }
    }

    /// Reads an answer of version 3. That it went to nobody is no success. Spec: nwaku's client.
    pub(crate) fn read(answer: &LightPushResponse) -> Self {
        match answer.status_code {
            200..300 => match answer.relay_peer_count {
                Some(0) => Self::NoPeers,
                peers => Self::Done(peers.unwrap_or(1)),
            },
            400 => Self::Bad,
            413 => Self::TooLarge,
            420 => Self::Invalid,
            421 => Self::NotCarried,
            429 => Self::TooOften,
            503 => Self::Busy,
            505 => Self::NoPeers,
            other => Self::Other(other),
        }
    }

    /// Reads an answer of version 2. It has no number, and of the words only those on asking too often mean the same with
    /// all deployed nodes.
    pub(crate) fn read_v2(answer: PushRpc) -> Self {
        let Some(response) = answer.response else { return Self::Other(0) };
        let too_often = || {
            let words = response.info.as_deref().unwrap_or_default();
            answer.request_id == NO_ID || words.to_ascii_lowercase().contains("too many requests")
        };
        if response.is_success {
            Self::Done(1)
        } else if too_often() {
            Self::TooOften
        } else {
            Self::Other(0)
        }
    }

    /// The number on the wire.
    pub(crate) const fn code(self) -> u32 {
        match self {
            Self::Done(_) => 200,
            Self::Bad => 400,
            Self::TooLarge => 413,
            Self::Invalid => 420,
            Self::NotCarried => 421,
            Self::TooOften => 429,
            Self::Busy => 503,
            Self::NoPeers => 505,
            Self::Other(code) => code,
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Done(_) => "OK",
            Self::Bad => "the request cannot be read",
            Self::TooLarge => "the message is larger than this node carries",
            Self::Invalid => "the message has no payload or content topic, or a long meta field",
            Self::NotCarried => "this node does not carry the pubsub topic",
            Self::TooOften => "too many requests",
            Self::Busy => "the queues of this node are full",
            Self::NoPeers => "no other node that carries the pubsub topic is connected",
            Self::Other(_) => "the message was not published",
        }
    }

    /// The answer of version 3.
    pub(crate) fn answer(self, request_id: String) -> LightPushResponse {
        let relay_peer_count = if let Self::Done(peers) = self { Some(peers) } else { None };
        let status_desc = Some(self.words().to_owned());
        LightPushResponse { request_id, status_code: self.code(), status_desc, relay_peer_count }
    }

    /// The answer of version 2.
    pub(crate) fn answer_v2(self, request_id: String) -> PushRpc {
        let is_success = matches!(self, Self::Done(_));
        let response = Some(PushResponse { is_success, info: Some(self.words().to_owned()) });
        PushRpc { request_id, request: None, response }
    }

    /// What it means to the owner of a frame, if it was not published.
    pub(crate) const fn unpublished(self) -> Unpublished {
        match self {
            Self::TooLarge => Unpublished::TooLarge,
            Self::TooOften | Self::Busy | Self::Other(_) => Unpublished::Busy,
            _ => Unpublished::Alone,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHARD: &str = "/waku/2/rs/16/32";

    #[test]
    fn what_a_relay_would_refuse_is_refused_with_its_number() {
        let carried = [SHARD.to_owned()].into();
        let good = WakuMessage { payload: vec![1], content_topic: "/t".to_owned(), ..WakuMessage::default() };
        let judge = |topic: &str, message: &[u8]| {
            Outcome::judge(topic, message, &carried, 100).map_err(Outcome::code)
        };

        assert_eq!(judge(SHARD, &good.encode()), Ok(()));
        assert_eq!(judge("", &good.encode()), Err(400));
        assert_eq!(judge(SHARD, b"\xff"), Err(400));
        assert_eq!(judge(SHARD, &[0; 101]), Err(413));
        assert_eq!(judge(SHARD, &WakuMessage { payload: Vec::new(), ..good.clone() }.encode()), Err(420));
        assert_eq!(judge("/waku/2/rs/16/33", &good.encode()), Err(421));
    }

    #[test]
    fn every_number_is_read_as_it_was_written() {
        for outcome in [
            Outcome::Done(3),
            Outcome::Bad,
            Outcome::TooLarge,
            Outcome::Invalid,
            Outcome::NotCarried,
            Outcome::TooOften,
            Outcome::Busy,
            Outcome::NoPeers,
            Outcome::Other(504),
        ] {
            assert_eq!(Outcome::read(&outcome.answer("id".to_owned())), outcome);
        }
    }

    #[test]
    fn going_to_nobody_is_no_success() {
        let answer =
            LightPushResponse { relay_peer_count: Some(0), ..Outcome::Done(1).answer(String::new()) };

        assert_eq!(Outcome::read(&answer), Outcome::NoPeers);
        assert_eq!(Outcome::of_gossip(Ok(0)), Outcome::NoPeers);
        assert_eq!(Outcome::read(&LightPushResponse { relay_peer_count: None, ..answer }), Outcome::Done(1));
    }

    #[test]
    fn version_2_tells_success_and_asking_too_often() {
        let read = |outcome: Outcome| Outcome::read_v2(outcome.answer_v2("id".to_owned()));

        assert_eq!(read(Outcome::Done(3)), Outcome::Done(1));
        assert_eq!(read(Outcome::TooOften), Outcome::TooOften);
        assert_eq!(read(Outcome::NoPeers), Outcome::Other(0));
        assert_eq!(Outcome::read_v2(Outcome::Bad.answer_v2(NO_ID.to_owned())), Outcome::TooOften);
        assert_eq!(Outcome::read_v2(PushRpc::default()), Outcome::Other(0));
    }
}
