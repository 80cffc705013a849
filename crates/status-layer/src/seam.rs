//! The seams between layers: verbs to set up, one down, one up, one for time.
//!
//! A layer struct holds configuration and keys, nothing that changes: all state is on the shelf, hence `&self`.

use alloc::vec::Vec;

use crate::{
    Arrival, Audience, Body, Cx, Datagram, DeviceId, Due, Frame, Grade, GroupId, Interest, LayerError,
    Letter, MessageId, Opened, Outgoing, Parcel, Ready, Recipient, Rendezvous, Round, Topic, UserId,
};

/// What to offer, resend and acknowledge, and when.
pub trait DataSync {
    /// Why this layer refuses or fails.
    type Error: Into<LayerError>;

    /// Makes `with` the members of a closed chat, ourselves not counted.
    ///
    /// # Errors
    /// Rejects more members than the layer allows.
    fn share(&self, cx: &mut Cx<'_>, group: GroupId, with: &[UserId]) -> Result<(), Self::Error>;

    /// Takes a body to be delivered to every member of `to`. It goes out with the next [`due`](Self::due);
    /// `id` names it in [`Datagram::carries`] and in what becomes of it: [`Arrival::Acked`] by each reader, or
    /// [`Arrival::GaveUp`], never silence. Appending the same body under the same id again changes nothing.
    ///
    /// # Errors
    /// Rejects a body that is too large, an unknown group, or more than the layer can keep.
    fn append(&self, cx: &mut Cx<'_>, id: MessageId, to: &Audience, body: Body) -> Result<(), Self::Error>;

    /// Takes a letter and returns what is new in it.
    ///
    /// # Errors
    /// Rejects a letter that is not what this layer's peers send.
    fn receive(&self, cx: &mut Cx<'_>, letter: Letter) -> Result<Vec<Arrival>, Self::Error>;

    /// Notes that the network can be reached (again), so that what waits for its resend may go at once.
    ///
    /// # Errors
    /// Fails only with the store.
    fn online(&self, cx: &mut Cx<'_>) -> Result<(), Self::Error>;

    /// Makes due at once what `whom`, or anybody if it is `None`, has not acknowledged: what was sent may have been lost
    /// with the keys that it was sealed with.
    ///
    /// # Errors
    /// Fails only with the store.
    fn resend(&self, cx: &mut Cx<'_>, whom: Option<&UserId>) -> Result<(), Self::Error>;

    /// Returns the datagrams to send at `cx.now`: first sendings, resends, acknowledgements; and what is given up.
    ///
    /// Invariant: asked twice at the same instant, it returns nothing the second time.
    ///
    /// # Errors
    /// Fails only with the store.
    fn due(&self, cx: &mut Cx<'_>) -> Result<Due<Round>, Self::Error>;

    /// Asked in place of [`due`](Self::due) while nothing can be sent because too much waits to leave: returns what ends by
    /// time alone, such as what is given up. What is to be sent stays. By default nothing ends until there is room.
    ///
    /// # Errors
    /// Fails only with the store.
    fn lapse(&self, cx: &mut Cx<'_>) -> Result<Due<Vec<Arrival>>, Self::Error> {
        let _ = cx;
        Ok(Due::default())
    }
}

/// How a datagram is sealed for its recipient's devices, and opened.
pub trait Security {
    /// Why this layer refuses or fails.
    type Error: Into<LayerError>;

    /// Begins or stops dealing with a user or a channel. For a user that is ourselves: our own inbox.
    ///
    /// # Errors
    /// Rejects a user whose key is not a point of the curve.
    fn expect(&self, cx: &mut Cx<'_>, whom: &Recipient, how: Interest) -> Result<Outgoing, Self::Error>;

    /// Takes another device of our own into our group, or out of it. Those of the group are written to as well when we
    /// write to ourselves; others are told which belong to it.
    ///
    /// # Errors
    /// Rejects a device that is not known, and this one.
    fn pair(&self, cx: &mut Cx<'_>, device: &DeviceId, how: Interest) -> Result<(), Self::Error>;

    /// Notes that our rows may be older than what was sent: an old copy of the store was put back.
    ///
    /// From now on nothing is sealed with a key that could have sealed something since that copy was made. A layer that
    /// can still opens what others have sent since then.
    ///
    /// # Errors
    /// Fails only with the store.
    fn renew(&self, cx: &mut Cx<'_>) -> Result<(), Self::Error>;

    /// Seals a datagram as well as is possible now, and not worse than the policy allows.
    ///
    /// # Errors
    /// Rejects what the policy forbids to seal, and a recipient without a usable key.
    fn seal(&self, cx: &mut Cx<'_>, datagram: Datagram) -> Result<Outgoing, Self::Error>;

    /// Opens a parcel.
    ///
    /// # Errors
    /// Rejects what is forged, replayed, malformed or not for this device. A key used is gone with the commit.
    fn open(&self, cx: &mut Cx<'_>, parcel: Parcel) -> Result<Opened, Self::Error>;

    /// Returns our keys as they are now, signed by us, for somebody to carry to others by other ways than the network: on a
    /// card, in a code. [`meet`](Self::meet) takes them there. By default there are none to carry.
    ///
    /// # Errors
    /// Fails only with the store.
    fn introduce(&self, cx: &mut Cx<'_>) -> Result<Option<Vec<u8>>, Self::Error> {
        let _ = cx;
        Ok(None)
    }

    /// Takes the keys of a user that [`introduce`](Self::introduce) gave them, as if they had come over the network. Whoever
    /// carried them is not believed. By default it returns `None`: this layer takes no keys so.
    ///
    /// # Errors
    /// Rejects what is not genuine, and keys of somebody else than `user`.
    fn meet(&self, cx: &mut Cx<'_>, user: &UserId, keys: &[u8]) -> Result<Option<Opened>, Self::Error> {
        let _ = (cx, user, keys);
        Ok(None)
    }

    /// Returns how well a datagram for `user` would be sealed now; `None` if it would not be, and by default, if this layer
    /// does not say.
    ///
    /// # Errors
    /// Fails only with the store.
    fn prospect(&self, cx: &mut Cx<'_>, user: &UserId) -> Result<Option<Grade>, Self::Error> {
        let _ = (cx, user);
        Ok(None)
    }

    /// Returns what is to go out at `cx.now` on this layer's own account: announcements of our keys.
    ///
    /// Invariant: asked twice at the same instant, it returns nothing the second time.
    ///
    /// # Errors
    /// Fails only with the store.
    fn due(&self, cx: &mut Cx<'_>) -> Result<Due<Outgoing>, Self::Error>;
}

/// Hides who talks to whom: envelopes and topics.
pub trait Privacy {
    /// Why this layer refuses or fails.
    type Error: Into<LayerError>;

    /// Begins or stops listening at a place; returns every topic that is wanted from now on.
    ///
    /// # Errors
    /// Rejects more places than the layer allows.
    fn watch(&self, cx: &mut Cx<'_>, meet: &Rendezvous, how: Interest) -> Result<Vec<Topic>, Self::Error>;

    /// Puts a parcel into envelopes.
    ///
    /// # Errors
    /// Rejects a parcel that is too large.
    fn wrap(&self, cx: &mut Cx<'_>, parcel: Parcel) -> Result<Vec<Frame>, Self::Error>;

    /// Makes a frame that [`wrap`](Self::wrap) or [`due`](Self::due) made ready to be published at `cx.now`, and says what work
    /// has to be done for it before. Asked each time a frame is to be published, the first time and again; what was promised
    /// of the frame at an earlier time, such as when it runs out, is promised anew. By default a frame goes as it is.
    ///
    /// Invariant: a frame may be made ready any number of times, from whatever it became before.
    ///
    /// # Errors
    /// Rejects a frame that this layer did not make.
    fn ready(&self, cx: &mut Cx<'_>, frame: Frame) -> Result<Ready, Self::Error> {
        let _ = cx;
        Ok(Ready::at_once(frame))
    }

    /// Puts the number that was found into a frame that [`ready`](Self::ready) gave, and checks it as its receivers do.
    ///
    /// # Errors
    /// Rejects a number that is not what was to be found.
    fn prove(&self, cx: &mut Cx<'_>, frame: Frame, number: u64) -> Result<Frame, Self::Error> {
        let _ = (cx, number);
        Ok(frame)
    }

    /// Opens an envelope; `None` if it is not for a place that we listen at.
    ///
    /// # Errors
    /// Rejects a frame that nobody could have meant.
    fn peel(&self, cx: &mut Cx<'_>, frame: Frame) -> Result<Option<Parcel>, Self::Error>;

    /// Returns the frames to send at `cx.now` on this layer's own account. They are for nobody: none is missed if it is not sent.
    ///
    /// Invariant: asked twice at the same instant, it returns nothing the second time.
    ///
    /// # Errors
    /// Fails only with the store.
    fn due(&self, cx: &mut Cx<'_>) -> Result<Due<Vec<Frame>>, Self::Error>;
}
