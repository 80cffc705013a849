//! Requests about subscriptions, and their answers.

use std::fmt::Write as _;

use crate::filter::Criterion;
use crate::generated::filter_subscribe_request::Type;
use crate::generated::{FilterSubscribeRequest, FilterSubscribeResponse};

/// What the id of a request is in the answer if the request was not read.
pub(crate) const NO_ID: &str = "N/A";
/// Longest id of a request, in bytes. Deployed nodes choose 64.
const MAX_ID: usize = 128;
/// Longest topic of either kind, in bytes. What is longer is refused.
const MAX_TOPIC: usize = 1024;

/// A request that keeps the rules, apart from limits that differ between nodes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Request {
    pub(crate) id: String,
    pub(crate) ask: Ask,
}

/// What is wanted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Ask {
    /// Whether there is a subscription.
    Ping,
    /// To hear these from now on; all on one gossip topic, never none.
    Subscribe(Vec<Criterion>),
    /// To hear these no more; all on one gossip topic, never none.
    Unsubscribe(Vec<Criterion>),
    /// To hear nothing any more.
    UnsubscribeAll,
}

/// What became of a request. The numbers are those of the wire.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Status {
    /// It was done.
    Done,
    /// It breaks a rule.
    Bad(&'static str),
    /// There is no subscription.
    NoSubscription,
    /// Its sender asks too often.
    TooOften,
    /// There is no room for it.
    NoRoom(&'static str),
}

impl Request {
    /// Checks a request with at most so many topics.
    ///
    /// # Errors
    /// The id to answer to and what is wrong.
    pub(crate) fn check(wire: FilterSubscribeRequest, topics: usize) -> Result<Self, (String, Status)> {
        if wire.request_id.is_empty() || wire.request_id.len() > MAX_ID {
            return Err((NO_ID.to_owned(), Status::Bad("the request has no id, or a long one")));
        }
        let id = wire.request_id;
        let kind = Type::try_from(wire.filter_subscribe_type);
        let criteria = || criteria(wire.pubsub_topic, wire.content_topics, topics);
        let ask = match kind {
            Ok(Type::Ping) => Ok(Ask::Ping),
            Ok(Type::UnsubscribeAll) => Ok(Ask::UnsubscribeAll),
            Ok(Type::Subscribe) => criteria().map(Ask::Subscribe),
            Ok(Type::Unsubscribe) => criteria().map(Ask::Unsubscribe),
            Err(_) => Err(Status::Bad("the type of the request is unknown")),
        };
        match ask {
            Ok(ask) => Ok(Self { id, ask }),
            Err(status) => Err((id, status)),
        }
    }

    /// A request of ours, with an id drawn by chance.
    pub(crate) fn wire(ask: &Ask) -> FilterSubscribeRequest {
        let (kind, criteria) = match ask {
            Ask::Ping => (Type::Ping, [].as_slice()),
            Ask::Subscribe(criteria) => (Type::Subscribe, criteria.as_slice()),
            Ask::Unsubscribe(criteria) => (Type::Unsubscribe, criteria.as_slice()),
            Ask::UnsubscribeAll => (Type::UnsubscribeAll, [].as_slice()),
        };
        FilterSubscribeRequest {
            request_id: request_id(),
            filter_subscribe_type: kind.into(),
            pubsub_topic: criteria.first().map(|criterion| criterion.pubsub_topic.clone()),
            content_topics: criteria.iter().map(|criterion| criterion.content_topic.clone()).collect(),
        }
    }
}

fn criteria(
    pubsub_topic: Option<String>,
    content_topics: Vec<String>,
    most: usize,
) -> Result<Vec<Criterion>, Status> {
    let fits = |topic: &String| !topic.is_empty() && topic.len() <= MAX_TOPIC;
    let pubsub_topic =
        pubsub_topic.filter(fits).ok_or(Status::Bad("the pubsub topic is missing or too long"))?;
    if content_topics.is_empty() || content_topics.len() > most {
        return Err(Status::Bad("there are no content topics, or too many for one request"));
    }
    if !content_topics.iter().all(fits) {
        return Err(Status::Bad("a content topic is empty or too long"));
    }
    let criterion = |content_topic| Criterion { pubsub_topic: pubsub_topic.clone(), content_topic };
    Ok(content_topics.into_iter().map(criterion).collect())
}

/// An id for a request: 64 hexadecimal digits by chance, as deployed nodes choose it.
pub(crate) fn request_id() -> String {
    rand::random::<[u8; 32]>().iter().fold(String::new(), |mut id, byte| {
        // Writing to a string does not fail.
        let _ = write!(id, "{byte:02x}");
        id
    })
}

impl Status {
    /// The number on the wire.
    pub(crate) const fn code(self) -> u32 {
        match self {
            Self::Done => 200,
            Self::Bad(_) => 400,
            Self::NoSubscription => 404,
            Self::TooOften => 429,
            Self::NoRoom(_) => 503,
        }
    }

    /// The answer to the request of this id.
    pub(crate) fn answer(self, request_id: String) -> FilterSubscribeResponse {
        let words = match self {
            Self::Done => "OK",
            Self::Bad(why) | Self::NoRoom(why) => why,
            Self::NoSubscription => "there is no subscription",
            Self::TooOften => "too many requests",
        };
        FilterSubscribeResponse { request_id, status_code: self.code(), status_desc: Some(words.to_owned()) }
    }
}

#[cfg(test)]
mod tests {
    use prost::Message as _;

    use super::*;

    /// What a deployed node sends to subscribe to one topic.
    const DEPLOYED: &str = "0a03616263100152102f77616b752f322f72732f31362f33325a\
                            182f77616b752f312f307863643432333736302f7266633236";

    fn deployed() -> FilterSubscribeRequest {
        FilterSubscribeRequest::decode(hex::decode(DEPLOYED).unwrap().as_slice()).unwrap()
    }

    #[test]
    fn what_deployed_nodes_send_is_read_and_written_alike() {
        let wire = deployed();
        let ours = FilterSubscribeRequest {
            request_id: "abc".to_owned(),
            filter_subscribe_type: Type::Subscribe.into(),
            pubsub_topic: Some("/waku/2/rs/16/32".to_owned()),
            content_topics: vec!["/waku/1/0xcd423760/rfc26".to_owned()],
        };

        assert_eq!(hex::encode(ours.encode_to_vec()), DEPLOYED);
        let request = Request::check(wire, 100).unwrap();
        let Ask::Subscribe(criteria) = &request.ask else { panic!("{request:?}") };
        assert_eq!(request.id, "abc");
        assert_eq!(criteria[0].content_topic, "/waku/1/0xcd423760/rfc26");
        let again = Request::wire(&request.ask);
        assert_eq!(FilterSubscribeRequest { request_id: "abc".to_owned(), ..again }, ours);
    }

    #[test]
    fn what_breaks_a_rule_is_refused_and_the_answer_says_to_what() {
        let refused = |change: &dyn Fn(&mut FilterSubscribeRequest)| {
            let mut wire = deployed();
            change(&mut wire);
            let (id, status) = Request::check(wire, 2).unwrap_err();
            (id, status.code())
        };
        let bad = ("abc".to_owned(), 400);

        assert_eq!(refused(&|wire| wire.filter_subscribe_type = 4), bad);
        assert_eq!(refused(&|wire| wire.pubsub_topic = None), bad);
        assert_eq!(refused(&|wire| wire.pubsub_topic = Some(String::new())), bad);
        assert_eq!(refused(&|wire| wire.content_topics.clear()), bad);
        assert_eq!(refused(&|wire| wire.content_topics = vec!["a".to_owned(); 3]), bad);
        assert_eq!(refused(&|wire| wire.content_topics = vec![String::new()]), bad);
        assert_eq!(refused(&|wire| wire.content_topics = vec!["a".repeat(MAX_TOPIC + 1)]), bad);
        assert_eq!(refused(&|wire| wire.request_id.clear()), (NO_ID.to_owned(), 400));
        assert_eq!(refused(&|wire| wire.request_id = "x".repeat(MAX_ID + 1)), (NO_ID.to_owned(), 400));
    }

    #[test]
    fn a_ping_needs_no_topics_and_no_two_requests_have_one_id() {
        let (a, b) = (Request::wire(&Ask::Ping), Request::wire(&Ask::Ping));

        assert_ne!(a.request_id, b.request_id);
        assert_eq!(a.request_id.len(), 64);
        assert_eq!(Request::check(a, 100).map(|request| request.ask), Ok(Ask::Ping));
    }
}
