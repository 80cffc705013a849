//! What goes into a step and what comes out.

use alloc::vec::Vec;
use core::fmt;

use status_layer::{
    Audience, Body, DeviceId, Frame, FrameId, Grade, GroupId, History, Interest, MessageId, Notice, Reason,
    Recipient, Sender, Timestamp, Topic, UserId, Work,
};

/// One thing that happened.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Input {
    /// The stack was started: the first input after each start. Returns what waits in the outbox, the topics
    /// to watch, and from when history is wanted.
    Start,
    /// The store is older than what was sent with it: a copy of it was put back. Given before [`Input::Start`], in the same
    /// unit. No key that has sealed may seal again, and what waits is sent with new ones.
    RolledBack,
    /// A body is to be delivered to all of `to`.
    Send {
        /// Names the message in [`News::Delivered`].
        id: MessageId,
        /// Who should read it.
        to: Audience,
        /// The content.
        body: Body,
    },
    /// `with` are the members of a closed chat, ourselves not counted.
    Share {
        /// The chat.
        group: GroupId,
        /// All its other members.
        with: Vec<UserId>,
    },
    /// We begin or stop dealing with a user or a channel.
    Expect {
        /// The user, or the channel.
        whom: Recipient,
        /// Begin or stop.
        how: Interest,
    },
    /// Another device of our own belongs to us from now on, or no more.
    Pair {
        /// The device.
        device: DeviceId,
        /// In or out.
        how: Interest,
    },
    /// Our keys are wanted, for somebody to carry to others: [`Output::keys`] has them.
    Introduce,
    /// Keys of a user were carried here, which their stack gave out for [`Input::Introduce`].
    Meet {
        /// The user.
        user: UserId,
        /// Their keys.
        keys: Vec<u8>,
    },
    /// How well would something for this user be sealed now? [`Output::prospect`] says it.
    Prospect(UserId),
    /// The network handed up a frame, live or from history.
    Frame(Frame),
    /// The network has handed our frame to somebody.
    Published(FrameId),
    /// The work for a frame of [`Output::work`] is done.
    Worked {
        /// Names the frame.
        id: FrameId,
        /// The frame as it was handed out.
        frame: Frame,
        /// What was found.
        number: u64,
    },
    /// A node that keeps history has confirmed that it keeps our frame.
    Stored(FrameId),
    /// What this user, or anybody, has not acknowledged is to be sent again at once.
    Resend(Option<UserId>),
    /// The network will never carry our frame. Told on as [`News::Unpublishable`] of each message in it.
    Unpublishable(FrameId),
    /// All that was published on these topics since their time, up to a moment, was handed up.
    Covered {
        /// The topics, and since when.
        history: History,
        /// Up to when.
        until: Timestamp,
    },
    /// The network can be reached (`true`, each time a node joins) or not.
    Online(bool),
    /// The moment named by [`Output::wake`] has come.
    Tick,
}

/// What a step wants done after its commit.
#[derive(Debug, Default)]
pub struct Output {
    /// For the application, in order.
    pub news: Vec<News>,
    /// To be published; each is in the outbox until [`Input::Published`].
    pub frames: Vec<(FrameId, Frame)>,
    /// To be published when work was done for them; what is found comes back as [`Input::Worked`]. Each is in the outbox like
    /// the others, so what is not found, or lost in a crash, is to be found again at its next try. The same frame again
    /// takes the place of the one before.
    pub work: Vec<(FrameId, Frame, Work)>,
    /// The topics to watch from now on, if they changed.
    pub topics: Option<Vec<Topic>>,
    /// What is wanted from history nodes.
    pub fetch: Option<History>,
    /// When to call again with [`Input::Tick`].
    pub wake: Option<Timestamp>,
    /// The answer to [`Input::Introduce`].
    pub keys: Option<Vec<u8>>,
    /// The answer to [`Input::Prospect`]; `None` also if nothing would be sealed now, or the layer does not say.
    pub prospect: Option<Grade>,
    /// The parcel that was opened in this step, for whoever measures it.
    pub taken: Option<Taken>,
}

/// What a step means to the application. A message goes `Accepted`, `Published`, `Stored`, `Delivered` to each reader, or in
/// the end `GaveUp`; whatever is known of a later stage may come before an earlier one, and each may come again.
#[derive(Debug)]
#[non_exhaustive]
pub enum News {
    /// The message is kept and will be sent until it is acknowledged.
    Accepted {
        /// The message.
        id: MessageId,
    },
    /// The stack will not do what it was asked.
    Refused {
        /// The message, if it was a message.
        id: Option<MessageId>,
        /// Who refused.
        layer: Layer,
        /// Why.
        why: Reason,
    },
    /// A datagram could not be sealed or wrapped now; data sync tries it again.
    Delayed {
        /// Whom it is for.
        to: Recipient,
        /// Who refused.
        layer: Layer,
        /// Why.
        why: Reason,
    },
    /// A body arrived for the first time.
    Arrived {
        /// Whoever sent it, and what proves that.
        from: Sender,
        /// How it was sealed.
        grade: Grade,
        /// Ourselves, or the channel it was read in.
        to: Recipient,
        /// The content.
        body: Body,
        /// The way it took.
        way: Way,
    },
    /// A body arrived that was here before.
    Again {
        /// Whoever sent it.
        from: UserId,
    },
    /// A user has acknowledged a message.
    Delivered {
        /// The message.
        id: MessageId,
        /// The user.
        by: UserId,
        /// Which of their devices, if it is known.
        device: Option<DeviceId>,
    },
    /// The network has handed all frames of a message to somebody.
    Published {
        /// The message.
        id: MessageId,
        /// The reader that these frames are for.
        to: Recipient,
    },
    /// Nodes that keep history have all frames of a message.
    Stored {
        /// The message.
        id: MessageId,
        /// The reader that these frames are for.
        to: Recipient,
    },
    /// The network will never carry a frame of a message: it is too large. Data sync tries it again, perhaps in other company,
    /// and gives it up in the end.
    Unpublishable {
        /// The message.
        id: MessageId,
        /// The reader that the frame is for.
        to: Recipient,
    },
    /// A user did not acknowledge a message for so long that it is sent no more. It may be acknowledged still.
    GaveUp {
        /// The message.
        id: MessageId,
        /// The user.
        to: UserId,
    },
    /// Messages of a user are missing before one that arrived.
    Gap {
        /// The user.
        from: UserId,
        /// How many are missing at least.
        missing: usize,
    },
    /// A user says which messages of a chat they can give.
    Offered {
        /// The user.
        from: UserId,
        /// The chat, as they name it.
        chat: Vec<u8>,
        /// The messages.
        ids: Vec<MessageId>,
    },
    /// Something about keys and devices that the application should know.
    Noticed(Notice),
    /// A frame was refused on its way up; it changed nothing in the layer that refused it.
    Dropped {
        /// Who refused.
        layer: Layer,
        /// Why.
        why: Reason,
    },
}

/// The sizes of one journey through the layers, in bytes.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Way {
    /// Between data sync and security.
    pub datagram: usize,
    /// Between security and privacy.
    pub sealed: usize,
    /// Between privacy and the network.
    pub frame: usize,
}

/// A parcel that was opened.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Taken {
    /// The size of its frame, in bytes.
    pub frame: usize,
    /// Whether a session took a new key agreement out of it.
    pub turned: bool,
    /// The letters in it; none if it carried keys alone.
    pub letters: usize,
}

/// Who speaks in [`News`] and [`Fault`].
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Layer {
    /// Data sync.
    Sync,
    /// Security.
    Security,
    /// Privacy.
    Privacy,
    /// The conductor itself: outbox and cursor.
    Stack,
}

/// Our own side failed. Nothing of the unit may be committed.
#[derive(Debug, thiserror::Error)]
#[error("{layer} failed: {reason}")]
pub struct Fault {
    /// Who failed.
    pub layer: Layer,
    /// How.
    pub reason: Reason,
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sync => "data sync",
            Self::Security => "security",
            Self::Privacy => "privacy",
            Self::Stack => "the stack",
        })
    }
}

/// The security layer of this stack has no keys that are carried to others, and takes none.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("this stack has no keys that could be carried on a card; they come over the network")]
pub struct NoKeysToCarry;
