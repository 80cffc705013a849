//! A node that is moved by hand, epoch by epoch, and shows its state.

use alloc::vec::Vec;

use status_layer::{Cx, Grade, GroupId, Proof, Sender, StoreError, Timestamp, UserId};

use super::{epoch, time};
use crate::config::{Config, Groups, Mode};
use crate::error::{AppendError, ReceiveError};
use crate::exchange::{Event, Exchange};
use crate::habits::Habits;
use crate::ident::SyncId;
use crate::table::message::Waiting;
use crate::table::order::Origin;
use crate::table::{message, record};
use crate::wire::{self, Content};

/// The layer's own protocol code with the habits of a peer of the year 2020, without groups of two and without
/// datagrams: what the recorded traces of such peers were made with.
///
/// The caller sets the time, see [`Node::time_of`], and gives each node a shelf of its own. What the habits change:
/// new records wait for the next epoch, times follow [`next_epoch_in_2020`](super::next_epoch_in_2020), offers of
/// known messages are not answered, messages are offered on to the other members of a group, and with
/// [`Storage::Sqlite`] a copy of a message is not acknowledged.
#[derive(Clone, Copy, Debug)]
pub struct Node {
    exchange: Exchange,
}

/// Where the recorded peer kept its rows; it handled copies differently.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Storage {
    /// In memory: a copy of a message is acknowledged.
    Memory,
    /// In a database: a copy of a message fails to be stored and is not acknowledged.
    Sqlite,
}

/// One record of a node.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct State {
    /// The id of the message, 32 bytes.
    pub message_id: [u8; 32],
    /// To whom something is to be sent about it.
    pub peer: UserId,
    /// What.
    pub kind: StateKind,
    /// How often it was sent.
    pub send_count: u32,
    /// The epoch in which it is sent (again).
    pub send_epoch: u64,
}

/// What is to be sent about a message.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum StateKind {
    /// An offer of it.
    Offer,
    /// A request for it.
    Request,
    /// The message itself.
    Message,
}

impl Node {
    /// A node of the user `own`.
    #[must_use]
    pub fn new(own: UserId, mode: Mode, storage: Storage) -> Self {
        let config = Config { mode, groups: Groups::Any, max_payload: usize::MAX, ..Config::default() };
        Self { exchange: Exchange { own, config, habits: Habits::Of2020(storage) } }
    }

    /// The moment to set before a call that happens in `epoch`.
    #[must_use]
    pub fn time_of(epoch: u64) -> Timestamp {
        time(epoch)
    }

    /// Makes `others` the other members of an MVDS group.
    pub fn join(&self, cx: &mut Cx<'_>, group: GroupId, others: &[UserId]) {
        message::set_members(&mut cx.shelf, &group, others);
    }

    /// Appends a body for a group that was joined, with a timestamp in seconds; returns the id of the message.
    ///
    /// # Errors
    /// [`AppendError::UnknownGroup`], or the store fails.
    pub fn append(
        &self,
        cx: &mut Cx<'_>,
        group: GroupId,
        timestamp: i64,
        body: &[u8],
    ) -> Result<[u8; 32], AppendError> {
        let others = message::members(&cx.shelf, &group)?.ok_or(AppendError::UnknownGroup)?;
        let message = wire::Message::new(group, timestamp, body.to_vec());
        let id = self.exchange.append(cx, Waiting::new(message), None, &others)?;
        Ok(*id.as_bytes())
    }

    /// Takes the payloads that go out in this epoch.
    ///
    /// # Errors
    /// The store fails.
    pub fn step(&self, cx: &mut Cx<'_>) -> Result<Vec<(UserId, Vec<u8>)>, StoreError> {
        let due = self.exchange.due(cx)?;
        Ok(due.now.flushes.into_iter().map(|flush| (flush.user, flush.payload.encode())).collect())
    }

    /// Takes a payload from a peer; returns the bodies in it that are new.
    ///
    /// # Errors
    /// [`ReceiveError`].
    pub fn receive(
        &self,
        cx: &mut Cx<'_>,
        from: &UserId,
        bytes: &[u8],
    ) -> Result<Vec<Vec<u8>>, ReceiveError> {
        let Content::Payload(payload) = wire::decode(bytes)? else { return Ok(Vec::new()) };
        let from = Sender { user: *from, device: None, proof: Proof::Hint };
        let events = self.exchange.receive(cx, &Origin { from, grade: Grade::Clear }, payload)?;
        let body = |event| match event {
            Event::Body { body, .. } => Some(body),
            _ => None,
        };
        Ok(events.into_iter().filter_map(body).collect())
    }

    /// All records, sorted.
    ///
    /// # Errors
    /// The store fails.
    pub fn states(&self, cx: &Cx<'_>) -> Result<Vec<State>, StoreError> {
        let state = |(task, record): (record::Task, record::Record)| State {
            message_id: *SyncId::as_bytes(&task.id),
            peer: task.user,
            kind: match task.kind {
                record::Kind::Offer => StateKind::Offer,
                record::Kind::Request => StateKind::Request,
                record::Kind::Message => StateKind::Message,
            },
            send_count: record.sends,
            send_epoch: epoch(record.due),
        };
        let mut states: Vec<State> = record::all(&cx.shelf)?.into_iter().map(state).collect();
        states.sort();
        Ok(states)
    }
}
