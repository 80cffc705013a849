//! What is noted of each step, for those who judge a run.

use std::sync::Arc;

use status_layer::{Body, Frame, Grade, MessageId, Notice, Recipient, Sender, Timestamp, UserId};
use status_stack::{Input, News};

use crate::node::NodeId;

/// One step of one node.
#[derive(Clone, Debug)]
pub struct Step {
    /// When, in the time of the world.
    pub at: Timestamp,
    /// Whose.
    pub node: NodeId,
    /// What it was about.
    pub what: What,
    /// What became of it.
    pub fate: Fate,
    /// What the application was told; nothing unless the step was committed.
    pub news: Vec<Said>,
    /// The frames that left.
    pub frames: Vec<Arc<Frame>>,
}

/// The kind of an input.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub enum What {
    /// [`Input::Start`], after [`Input::RolledBack`] if a copy was put back and noticed.
    Start,
    /// [`Input::Send`].
    Send,
    /// [`Input::Share`].
    Share,
    /// [`Input::Expect`].
    Expect,
    /// [`Input::Pair`].
    Pair,
    /// [`Input::Frame`].
    Frame,
    /// [`Input::Published`], [`Input::Stored`] and [`Input::Unpublishable`].
    Published,
    /// [`Input::Online`].
    Online,
    /// [`Input::Tick`], and whatever else.
    Tick,
}

/// What became of a step.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub enum Fate {
    /// It was committed, and what it wanted to send has left if the node is online.
    Done,
    /// The node died before the commit.
    DiedBeforeCommit,
    /// The node died after the commit, before any frame left.
    DiedBeforePublish,
    /// The node died after the frames left, before it noted that.
    DiedBeforePublished,
    /// The disk was full: nothing was kept, nothing left.
    DiskFull,
    /// A layer failed.
    Failed,
}

/// [`News`] that can be kept.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Said {
    /// A message of ours is kept and will be sent.
    Accepted(MessageId),
    /// The stack will not do what it was asked.
    Refused(Option<MessageId>, String),
    /// A body was shown.
    Arrived {
        /// Whoever sent it.
        from: Sender,
        /// How it was sealed.
        grade: Grade,
        /// Ourselves, or the channel.
        to: Recipient,
        /// The content.
        body: Body,
    },
    /// A body came that was here before.
    Again(UserId),
    /// The network has taken a message.
    Published(MessageId),
    /// Nodes that keep history have a message.
    Stored(MessageId),
    /// A reader has acknowledged a message, on one more device.
    Delivered(MessageId, UserId),
    /// A reader did not acknowledge a message for so long that it is sent no more.
    GaveUp(MessageId, UserId),
    /// This many messages of a user are missing, at least.
    Gap(UserId, usize),
    /// A user says what they can give.
    Offered(UserId),
    /// Something about keys and devices.
    Noticed(Notice),
    /// A frame was refused, or a datagram was put off.
    Dropped(String),
}

impl What {
    pub(crate) const fn of(input: &Input) -> Self {
        match input {
            Input::Start | Input::RolledBack => Self::Start,
            Input::Send { .. } => Self::Send,
            Input::Share { .. } => Self::Share,
            Input::Expect { .. } => Self::Expect,
            Input::Pair { .. } => Self::Pair,
            Input::Frame(_) => Self::Frame,
            Input::Published(_) | Input::Stored(_) | Input::Unpublishable(_) => Self::Published,
            Input::Online(_) => Self::Online,
            _ => Self::Tick,
        }
    }
}

impl From<News> for Said {
    fn from(news: News) -> Self {
        match news {
            News::Accepted { id } => Self::Accepted(id),
            News::Refused { id, layer, why } => Self::Refused(id, format!("{layer}: {why}")),
            News::Delayed { layer, why, .. } | News::Dropped { layer, why } => {
                Self::Dropped(format!("{layer}: {why}"))
            }
            News::Arrived { from, grade, to, body, .. } => Self::Arrived { from, grade, to, body },
            News::Again { from } => Self::Again(from),
            News::Published { id, .. } => Self::Published(id),
            News::Stored { id, .. } => Self::Stored(id),
            News::Delivered { id, by, .. } => Self::Delivered(id, by),
            News::GaveUp { id, to } => Self::GaveUp(id, to),
            News::Gap { from, missing } => Self::Gap(from, missing),
            News::Offered { from, .. } => Self::Offered(from),
            News::Noticed(notice) => Self::Noticed(notice),
            News::Unpublishable { id, .. } => Self::Dropped(format!("{id:?} is too large")),
            // What a later stack tells that nobody here knows of.
            _ => Self::Dropped("unknown news".into()),
        }
    }
}
