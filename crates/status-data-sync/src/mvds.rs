//! The data sync seam: audiences become groups of two, letters become payloads.

use alloc::collections::BTreeSet;
use alloc::vec;
use alloc::vec::Vec;

use status_layer::{
    Arrival, Audience, Body, Cx, DataSync, Datagram, Due, GroupId, Letter, MessageId, Recipient, Round,
    UserId,
};

use crate::config::Config;
use crate::error::{AppendError, ReceiveError, ShareError, SyncError};
use crate::exchange::{Event, Exchange, Flush, MAX_DATAGRAM, Sent};
use crate::habits::Habits;
use crate::ident::pair;
use crate::table::message::{self, Bare, Waiting};
use crate::table::order::Origin;
use crate::wire::{self, Content, GroupOffer, Message};

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
        let now = i64::try_from(cx.now.secs()).unwrap_or(i64::MAX);
        let message = Message::new(pair(&self.exchange.own, reader), now, body.as_bytes().to_vec());
        let message = Message { passes: body.passes(), ..message };
        let waiting = Waiting { introduces: body.introduces(), ..Waiting::new(message) };
        self.exchange.append(cx, waiting, Some(id), &[*reader])?;
        Ok(())
    }

    /// What an event is to whoever is above; `user` is whose payload caused it.
    fn arrival(&self, user: UserId, event: Event) -> Arrival {
        match event {
            Event::Acked { id, device } => Arrival::Acked { id, by: user, device },
            Event::Again => Arrival::Again { from: user },
            Event::Body { origin: Origin { from, grade }, body } => {
                Arrival::Body { from, grade, to: Recipient::User(self.exchange.own), body: Body::new(body) }
            }
            Event::Gap { from, missing } => Arrival::Gap { from, missing },
            Event::Offered(GroupOffer { chat, ids }) => Arrival::Offered { from: user, chat, ids },
        }
    }
}

impl Mvds {
    /// What time alone has brought.
    fn ends(&self, given_up: Vec<(MessageId, UserId)>, events: Vec<Event>) -> Vec<Arrival> {
        let given_up = given_up.into_iter().map(|(id, to)| Arrival::GaveUp { id, to });
        let own = self.exchange.own;
        given_up.chain(events.into_iter().map(|event| self.arrival(own, event))).collect()
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
        let origin = Origin { from, grade };
        let events = self.exchange.receive(cx, &origin, payload)?;
        Ok(events.into_iter().map(|event| self.arrival(origin.from.user, event)).collect())
    }

    fn online(&self, cx: &mut Cx<'_>) -> Result<(), SyncError> {
        Ok(self.exchange.wake(cx)?)
    }

    /// What was sent before this instant is due. Asked again within [`Config::wake_gap`], it spares what was sent within it.
    fn resend(&self, cx: &mut Cx<'_>, whom: Option<&UserId>) -> Result<(), SyncError> {
        Ok(self.exchange.resend(cx, whom)?)
    }

    fn due(&self, cx: &mut Cx<'_>) -> Result<Due<Round>, SyncError> {
        let mut datagrams = Vec::new();
        loop {
            let bare = message::take_bare(&mut cx.shelf)?;
            if bare.is_empty() {
                break;
            }
            let datagram = |Bare { name, channel, body }| Datagram {
                carries: vec![name],
                ..Datagram::new(Recipient::Channel(channel), body)
            };
            datagrams.extend(bare.into_iter().map(datagram));
        }
        let Due { now: sent, next } = self.exchange.due(cx)?;
        let datagram = |Flush { user, payload, introduces, carries }| Datagram {
            introduces,
            carries,
            ..Datagram::new(Recipient::User(user), payload.encode())
        };
        let Sent { flushes, given_up, events } = sent;
        datagrams.extend(flushes.into_iter().map(datagram));
        Ok(Due { now: Round { datagrams, arrivals: self.ends(given_up, events) }, next })
    }

    fn lapse(&self, cx: &mut Cx<'_>) -> Result<Due<Vec<Arrival>>, SyncError> {
        let Due { now: Sent { given_up, events, .. }, next } = self.exchange.lapse(cx)?;
        Ok(Due { now: self.ends(given_up, events), next })
    }
}
