//! History over streams: asking nodes that keep it, and keeping it for others. Spec: 13/WAKU2-STORE.
//!
//! Version 3 is what deployed nodes speak; some have only its forerunner (`legacy`). Both are asked with the same
//! [`Query`] and answered from the same [`Archive`](crate::Archive).

mod client;
mod keeper;
mod legacy;
mod server;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use libp2p::StreamProtocol;

use crate::stream::StreamError;
use crate::wire::{MessageHash, WakuMessage};
pub(crate) use client::{Client, Dialect};
pub(crate) use keeper::keep;
pub(crate) use server::Server;
#[cfg(feature = "hazmat")]
pub(crate) use {
    legacy::{
        read_answer as read_legacy_answer, read_question as read_legacy_question,
        write_answer as write_legacy_answer,
    },
    wire::{read_answer, read_question, write_answer, write_question},
};

/// Version 3, named exactly as deployed nodes name it.
pub(crate) const STORE: StreamProtocol = StreamProtocol::new("/vac/waku/store-query/3.0.0");
/// Its forerunner, named exactly as deployed nodes name it.
pub(crate) const LEGACY: StreamProtocol = StreamProtocol::new("/vac/waku/store/2.0.0-beta4");

/// Most content topics in one question.
pub(crate) const MAX_TOPICS: usize = 10;
/// Most hashes in one question that is answered; deployed nodes ask for 50.
pub(crate) const MAX_HASHES: usize = 1000;
/// Messages in a page for which no size was asked.
const PAGE: usize = 20;
/// Largest question that is read, in bytes: a thousand hashes, or ten long topics.
const MAX_QUESTION: usize = 64 * 1024;
/// Largest answer that is read, in bytes: a hundred of the largest messages that every Waku node forwards.
const MAX_ANSWER: usize = 16 * 1024 * 1024;

/// How often each peer may ask. Deployed nodes ask one node at most eight times a second.
pub(crate) const EACH: Duration = Duration::from_millis(125);
/// How often a peer may ask at once; twice what deployed nodes do in a second.
const BURST: u32 = 16;

/// A part of what a node has.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// The messages, oldest first.
    pub(crate) entries: Vec<Entry>,
    /// Where the next part begins; `None` in the last one.
    pub(crate) next: Option<Cursor>,
    /// The size of the answer, in bytes.
    pub(crate) bytes: usize,
}

/// A message that a node has.
#[derive(Debug)]
pub(crate) struct Entry {
    /// Its name. If the message is here, it is the message's own.
    pub(crate) hash: MessageHash,
    /// The gossip topic and the message; `None` if only the name was asked for, or if nothing can be read.
    pub(crate) message: Option<(String, WakuMessage)>,
    /// The encoded message, as it came.
    pub(crate) data: Vec<u8>,
}

/// A place in the history of one node.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Cursor {
    /// Behind this message.
    Hash(MessageHash),
    /// What the older protocol names a place by.
    Index(Arc<crate::generated::HistoryIndex>),
}

/// Why a node got no answer that it can use.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum AskError {
    /// The exchange failed.
    #[error(transparent)]
    Stream(#[from] StreamError),
    /// The node refuses, as in HTTP.
    #[error("the node refuses with code {code}")]
    Refused {
        /// Its reason.
        code: u32,
    },
    /// What it says cannot be true, or was not asked for.
    #[error("the answer is not one to this question")]
    Untrue,
    /// The older protocol has no word for the question.
    #[error("the older protocol cannot ask for this")]
    Unsayable,
}

/// Why a question is not answered.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Refusal {
    /// It breaks a rule, said in words.
    Bad(&'static str),
    /// The place at which it would begin is not known here.
    NoCursor,
    /// The peer asks too often.
    TooMany,
    /// The archive fails.
    Unavailable,
}

impl Refusal {
    /// As in HTTP, and as deployed nodes have it.
    pub(crate) const fn code(self) -> u32 {
        match self {
            Self::Bad(_) | Self::NoCursor => 400,
            Self::TooMany => 429,
            Self::Unavailable => 503,
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Bad(why) => why,
            Self::NoCursor => "the cursor names no message that is kept",
            Self::TooMany => "too many requests",
            Self::Unavailable => "the archive is not available",
        }
    }
}
