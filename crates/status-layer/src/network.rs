//! The only asynchronous seam: carrying frames between nodes.

use alloc::boxed::Box;

use async_trait::async_trait;

use crate::{Frame, FrameId, History, Timestamp, Topic};

/// A node of the network, as the driver of the stack sees it.
#[async_trait]
pub trait Network: Send {
    /// Makes `topics` the topics whose frames are handed up, in place of those named before.
    fn watch(&mut self, topics: &[Topic]);

    /// Publishes a frame. The outcome arrives as [`NetworkEvent::Published`] or [`NetworkEvent::Unpublished`].
    fn publish(&mut self, id: FrameId, frame: Frame);

    /// Asks nodes that keep history. What they have arrives as [`NetworkEvent::Frame`], then
    /// [`NetworkEvent::Fetched`]. [`NetworkEvent::NoHistory`] says that nobody can be asked now; a network may remember the
    /// wish and fulfil it later.
    fn fetch(&mut self, wanted: History);

    /// Waits for the next event. Cancel-safe: a dropped call loses nothing.
    async fn next(&mut self) -> NetworkEvent;

    /// What went through this node so far, on our account and on that of others. Zeros if it does not count.
    fn traffic(&self) -> Traffic {
        Traffic::default()
    }

    /// Leaves the network; what was published gets a moment to leave first.
    async fn close(self: Box<Self>)
    where
        Self: 'static,
    {
    }
}

/// What went through a node.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Traffic {
    /// Messages published by us.
    pub messages_out: u64,
    /// Their size on the wire in bytes, counted once however many nodes they went to.
    pub bytes_out: u64,
    /// Messages that came in, ours or not.
    pub messages_in: u64,
    /// Their size on the wire, in bytes.
    pub bytes_in: u64,
}

/// What a node reports.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum NetworkEvent {
    /// A frame with a watched topic, live or from history.
    Frame(Frame),
    /// The frame was handed to at least one other node.
    Published(FrameId),
    /// The frame was not handed to anybody and has to be published again.
    Unpublished(FrameId, Unpublished),
    /// `true` each time a node joins that carries our traffic, `false` when the last one left.
    /// At `true` what waits is handed over again, and from the start and from `false` on not before: a network has to say it.
    Online(bool),
    /// A node that keeps history has confirmed that it keeps the frame.
    Stored(FrameId),
    /// History comes in; told again and again while it does.
    Fetching(Fetching),
    /// All that was published on these topics since their time, up to this moment, was handed up.
    Covered(History, Timestamp),
    /// All that history had was handed up.
    Fetched(History),
    /// No node that keeps history can be asked now.
    NoHistory(History),
    /// The node has stopped for good; no further event will come.
    Closed,
}

/// How much history came in since it was last complete.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Fetching {
    /// Messages that came, whether they were new or not.
    pub messages: u64,
    /// What went over the wire for it, in bytes.
    pub bytes: u64,
}

/// Why a frame was not handed to anybody.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Unpublished {
    /// Nobody is connected who carries our traffic. It goes out when somebody joins.
    #[error("no peer that carries our traffic is connected; it goes out when one joins")]
    Alone,
    /// The frame is larger than the network carries. Trying again does not help.
    #[error("the frame is larger than the network carries")]
    TooLarge,
    /// The queues to all peers are full. Try again later.
    #[error("the queues to all peers are full; it is tried again later")]
    Busy,
}
