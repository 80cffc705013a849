//! The data sync seam: audiences become groups of two, letters become payloads.

use alloc::collections::BTreeSet;
use alloc::vec;
use alloc::vec::Vec;

use status_layer::{
    Arrival, Audience, Body, Cx, DataSync, Datagram, Due, GroupId, Letter, MessageId, Recipient, UserId,
};

use crate::config::Config;
use crate::error::{AppendError, ReceiveError, ShareError, SyncError};
use crate::exchange::{Event, Exchange, Flush, MAX_DATAGRAM};
use crate::habits::Habits;
use crate::ident::pair;
use crate::table::message::{self, Waiting};
use crate::wire::{self, Content, Message};

/// Most members of a closed chat, ourselves not counted.
pub const MAX_MEMBERS: usize = 256;

/// Data sync as deployed Status peers do it.
///
/// Each two users are an MVDS group of their own, also within a closed chat: a body for a closed chat is one
/// message for each member. A channel has no confirmations: a body goes out once, bare.
#[derive(Clone, Copy, Debug)]
pub struct Mvds {
    exchange: Exchange,
}

impl Mvds {
    /// Data sync for the user `own`.
    #[must_use]
    pub const fn new(own: UserId, config: Config) -> Self {
        Self { exchange: Exchange { own, config, habits: Habits::Ours } }
    }

    fn append_for(
        &self,
        cx: &mut Cx<'_>,
        id: MessageId,
        reader: &UserId,
        body: &Body,
    ) -> Result<(), AppendError> {
        let message = Message {
            group: pair(&self.exchange.own, reader),
            timestamp: i64::try_from(cx.now.secs()).unwrap_or(i64::MAX),
            body: body.as_bytes().to_vec(),
        };
        let waiting = Waiting { introduces: body.introduces(), ..Waiting::new(message) };
        self.exchange.append(cx, waiting, Some(id), &[*reader])?;
        Ok(())
    }
}

impl DataSync for Mvds {
    type Error = SyncError;

    /// What was appended before goes on to whoever was a member then.
    fn share(&self, cx: &mut Cx<'_>, group: GroupId, with: &[UserId]) -> Result<(), SyncError> {
        let members: BTreeSet<UserId> =
            with.iter().copied().filter(|user| *user != self.exchange.own).collect();
        let (len, max) = (members.len(), MAX_MEMBERS);
        if len > max {
            return Err(ShareError::TooManyMembers { len, max }.into());
        }
        let members: Vec<UserId> = members.into_iter().collect();
        message::set_members(&mut cx.shelf, &group, &members);
        Ok(())
    }

    /// Appending under an id that still waits for somebody changes nothing.
    fn append(&self, cx: &mut Cx<'_>, id: MessageId, to: &Audience, body: Body) -> Result<(), SyncError> {
        let (len, max) = (body.as_bytes().len(), self.exchange.config.max_body);
        if len > max {
            return Err(AppendError::BodyTooLarge { len, max }.into());
        }
        if message::waits(&cx.shelf, id)? {
            return Ok(());
        }
        match to {
            Audience::User(reader) => self.append_for(cx, id, reader, &body)?,
            Audience::Group(group) => {
                let members = message::members(&cx.shelf, group)?.ok_or(AppendError::UnknownGroup)?;
                for reader in &members {
                    self.append_for(cx, id, reader, &body)?;
                }
            }
            Audience::Channel(name) => message::add_bare(&mut cx.shelf, id, name, body.as_bytes())?,
        }
        Ok(())
    }

    /// What is no payload, and all that was read in a channel, is a body as it stands.
    fn receive(&self, cx: &mut Cx<'_>, letter: Letter) -> Result<Vec<Arrival>, SyncError> {
        let Letter { from, grade, datagram: Datagram { to, bytes, .. } } = letter;
        let (len, max) = (bytes.len(), MAX_DATAGRAM);
        if len > max {
            return Err(ReceiveError::TooLarge { len, max }.into());
        }
        let content = match to {
            Recipient::User(_) => wire::decode(&bytes)?,
            Recipient::Channel(_) => Content::Bare,
        };
        let Content::Payload(payload) = content else {
            return Ok(vec![Arrival::Body { from, grade, to, body: Body::new(bytes) }]);
        };
        let arrival = |event| match event {
            Event::Acked(id) => Arrival::Acked { id, by: from.user },
            Event::Again => Arrival::Again { from: from.user },
            Event::Body(body) => {
                Arrival::Body { from: from.clone(), grade, to: to.clone(), body: Body::new(body) }
            }
        };
        Ok(self.exchange.receive(cx, &from.user, payload)?.into_iter().map(arrival).collect())
    }

    fn online(&self, cx: &mut Cx<'_>) -> Result<(), SyncError> {
        Ok(self.exchange.wake(cx)?)
    }

    fn due(&self, cx: &mut Cx<'_>) -> Result<Due<Vec<Datagram>>, SyncError> {
        let mut now = Vec::new();
        loop {
            let bare = message::take_bare(&mut cx.shelf)?;
            if bare.is_empty() {
                break;
            }
            let datagram = |(channel, bytes)| Datagram::new(Recipient::Channel(channel), bytes);
            now.extend(bare.into_iter().map(datagram));
        }
        let due = self.exchange.due(cx)?;
        let datagram = |Flush { user, payload, introduces }| Datagram {
            introduces,
            ..Datagram::new(Recipient::User(user), payload.encode())
        };
        now.extend(due.now.into_iter().map(datagram));
        Ok(Due { now, next: due.next })
    }
}
