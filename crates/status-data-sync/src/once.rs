//! A data sync that says each body once and hopes: nothing of MVDS is on the wire.
//!
//! Deployed peers talk so to servers: a registration for notifications, a question, an answer. Who wants to be sure
//! asks again, under another id.

mod table;

use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use status_layer::{
    Arrival, Audience, Body, Cx, DataSync, Datagram, Due, GroupId, Letter, MessageId, Recipient, Round,
    UserId,
};

use crate::error::{AppendError, ReceiveError, ShareError, SyncError};
use crate::exchange::MAX_DATAGRAM;
use table::{Gone, Waiting};

pub use table::{TABLES, examine};

/// Most bodies that are kept at a time: those that wait to leave, and the notes of those that left less than
/// [`Once::hope`] ago.
pub const MAX_KEPT: u64 = 8_192;

/// How long it is hoped that a reader got what was sent once, unless something else is chosen.
pub const HOPE: Duration = Duration::from_secs(3_600);

/// Data sync without confirmations, for bare messages: a datagram is a body as it stands.
///
/// A body goes out with the next [`due`](DataSync::due), and never again. Nobody confirms it: one for a user is
/// [given up](Arrival::GaveUp) after a while, unless it was [passing](Body::passing); one for a channel is forgotten at
/// once. There are no closed chats. A copy is not told from a new body: who answers must bear to be asked twice.
///
/// ```
/// use status_data_sync::Once;
/// use status_layer::{Audience, Body, DataSync, MessageId, UserId};
/// # use status_layer::testing::Party;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (sync, server) = (Once::default(), UserId::from_compressed(&[3; 33])?);
/// # let mut party = Party::new(1);
/// # let due = party.run(|cx| {
/// sync.append(cx, MessageId::new([7; 32]), &Audience::User(server), Body::new(b"hello".to_vec()))?;
/// let due = sync.due(cx)?;
/// # Ok::<_, status_data_sync::SyncError>(due)
/// # })?;
/// assert_eq!(due.now.datagrams[0].bytes, b"hello");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Once {
    /// How long after it was sent it is said of a body for a user that nobody knows what became of it.
    pub hope: Duration,
    /// The longest body that can be appended, in bytes.
    pub max_body: usize,
}

impl Default for Once {
    /// [`HOPE`], and bodies of at most 1 MiB.
    fn default() -> Self {
        Self { hope: HOPE, max_body: 1 << 20 }
    }
}

impl DataSync for Once {
    type Error = SyncError;

    /// # Errors
    /// Always [`ShareError::NoGroups`].
    fn share(&self, _: &mut Cx<'_>, _: GroupId, _: &[UserId]) -> Result<(), SyncError> {
        Err(ShareError::NoGroups.into())
    }

    /// Appending under an id that waits, or was sent to a user less than [`hope`](Self::hope) ago, changes nothing.
    ///
    /// # Errors
    /// [`AppendError`].
    fn append(&self, cx: &mut Cx<'_>, id: MessageId, to: &Audience, body: Body) -> Result<(), SyncError> {
        let (len, max) = (body.as_bytes().len(), self.max_body);
        if len > max {
            return Err(AppendError::BodyTooLarge { len, max }.into());
        }
        let to = match to {
            Audience::User(user) => Recipient::User(*user),
            Audience::Channel(name) => Recipient::Channel(name.clone()),
            Audience::Group(_) => return Err(AppendError::UnknownGroup.into()),
        };
        if table::is_known(&cx.shelf, id)? {
            return Ok(());
        }
        let (introduces, passes) = (body.introduces(), body.passes());
        let waiting = Waiting { id, to, introduces, passes, body: body.into_bytes() };
        if !table::add(&mut cx.shelf, &waiting, MAX_KEPT)? {
            return Err(AppendError::TooManyInAll { max: MAX_KEPT }.into());
        }
        Ok(())
    }

    fn receive(&self, _: &mut Cx<'_>, letter: Letter) -> Result<Vec<Arrival>, SyncError> {
        let Letter { from, grade, datagram: Datagram { to, bytes, .. } } = letter;
        match bytes.len() {
            len if len > MAX_DATAGRAM => Err(ReceiveError::TooLarge { len, max: MAX_DATAGRAM }.into()),
            _ => Ok(vec![Arrival::Body { from, grade, to, body: Body::new(bytes) }]),
        }
    }

    fn online(&self, _: &mut Cx<'_>) -> Result<(), SyncError> {
        Ok(())
    }

    /// Does nothing: what was sent is not here any more.
    fn resend(&self, _: &mut Cx<'_>, _: Option<&UserId>) -> Result<(), SyncError> {
        Ok(())
    }

    fn due(&self, cx: &mut Cx<'_>) -> Result<Due<Round>, SyncError> {
        let until = cx.now.after(self.hope);
        let mut datagrams = Vec::new();
        loop {
            let page = table::take(&mut cx.shelf, until)?;
            if page.is_empty() {
                break;
            }
            datagrams.extend(page.into_iter().map(|Waiting { id, to, introduces, body, .. }| Datagram {
                introduces,
                carries: vec![id],
                ..Datagram::new(to, body)
            }));
        }
        let Due { now: arrivals, next } = self.lapse(cx)?;
        Ok(Due { now: Round { datagrams, arrivals }, next })
    }

    fn lapse(&self, cx: &mut Cx<'_>) -> Result<Due<Vec<Arrival>>, SyncError> {
        let (gone, next) = table::end(&mut cx.shelf, cx.now)?;
        Ok(Due { now: gone.into_iter().map(|Gone { id, to }| Arrival::GaveUp { id, to }).collect(), next })
    }
}
