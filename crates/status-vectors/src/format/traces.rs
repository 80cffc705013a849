//! Nodes of data sync, stepped epoch by epoch (`mvds-traces-v1`).

use std::collections::{BTreeMap, BTreeSet};

use status_data_sync::Mode;
use status_data_sync::hazmat::{Message, Node as SyncNode, Payload, State, StateKind, Storage, Wire};
use status_layer::testing::Party;
use status_layer::{Cx, GroupId, StoreError, UserId};

use super::Choice;
use super::mvds::shown_payload;
use crate::read::Node;
use crate::trial::{Stop, Trial};

pub(super) fn check(kind: &str) -> Option<Choice> {
    (kind == "trace").then_some(Choice::Run(trace))
}

fn trace(case: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
    let mut replay = Replay::new(case)?;
    for step in case.list("steps")? {
        match step.text("op")? {
            "append" => replay.append(&step, trial)?,
            "send" => replay.send(&step, trial)?,
            "receive" => replay.receive(&step, trial)?,
            "ignore_empty" => replay.ignore(&step)?,
            other => return Err(Stop::Skipped(format!("unknown step {other}"))),
        }
    }
    Ok(())
}

/// The nodes of a trace by their names.
struct Replay {
    users: BTreeMap<String, UserId>,
    seats: BTreeMap<String, Seat>,
}

struct Seat {
    node: SyncNode,
    party: Party,
    /// What went out in an epoch and was not compared yet. A node steps once for all its peers, a trace tells of them
    /// one by one.
    sent: (u64, BTreeMap<UserId, Vec<u8>>),
}

impl Replay {
    fn new(case: &Node<'_>) -> Result<Self, Stop> {
        let mut replay = Self { users: BTreeMap::new(), seats: BTreeMap::new() };
        for node in case.list("nodes")? {
            let name = node.text("name")?;
            replay.users.insert(name.to_owned(), node.user("peer_id")?);
            replay.seats.insert(name.to_owned(), Seat::new(&node)?);
        }
        for (group, members) in groups(case)? {
            for member in &members {
                let others = members.iter().filter(|name| *name != member);
                let others = others.map(|name| replay.user(name)).collect::<Result<Vec<_>, _>>()?;
                replay.seat(member)?.at(0, |node, cx| {
                    node.join(cx, group, &others);
                    Ok::<_, StoreError>(())
                })?;
            }
        }
        Ok(replay)
    }

    fn append(&mut self, step: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
        let (timestamp, body) = (step.signed("timestamp")?, step.bytes("body")?);
        let group = GroupId::new(step.array("group_id")?);
        let seat = self.seat(step.text("node")?)?;
        let id = seat.at(step.number("epoch")?, |node, cx| node.append(cx, group, timestamp, &body))?;
        trial.member(step, "message_id", id)
    }

    fn send(&mut self, step: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
        let to = self.user(step.text("to")?)?;
        let sent = self.seat(step.text("node")?)?.send(step.number("epoch")?, &to)?;
        let shown = step.get("payload")?;
        let theirs = shown_payload(&shown, trial)?;
        let recorded = Payload::decode(Wire::Deployed, &shown.bytes("bytes")?);
        trial.holds(
            &format!("`{}` do not hold what is listed beside them", shown.place("bytes")),
            recorded.as_ref() == Ok(&theirs),
        );
        let ours = Payload::decode(Wire::Deployed, &sent)
            .map_err(|error| Stop::Differs(format!("{}: ours cannot be read: {error}", step.at())))?;
        let (ours, theirs) = (sorted(ours), sorted(theirs));
        trial.bytes(&shown.place("bytes"), ours.encode(Wire::Deployed), theirs.encode(Wire::Deployed));
        self.states(step, trial)
    }

    fn receive(&mut self, step: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
        let (from, bytes) = (self.user(step.text("from")?)?, step.bytes("bytes")?);
        let seat = self.seat(step.text("node")?)?;
        seat.at(step.number("epoch")?, |node, cx| node.receive(cx, &from, &bytes))?;
        self.states(step, trial)
    }

    /// An empty payload is not handed to the node, so nothing happens.
    fn ignore(&mut self, step: &Node<'_>) -> Result<(), Stop> {
        self.user(step.text("from")?)?;
        self.seat(step.text("node")?).map(|_| ())
    }

    fn states(&mut self, step: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
        let theirs = step.list("states_after")?;
        let mut theirs = theirs.iter().map(|shown| self.state(shown)).collect::<Result<Vec<_>, _>>()?;
        theirs.sort();
        let ours = self.seat(step.text("node")?)?.now(|node, cx| node.states(cx))?;
        trial.same(&step.place("states_after"), ours, theirs);
        Ok(())
    }

    fn state(&self, shown: &Node<'_>) -> Result<State, Stop> {
        let kind = match shown.text("type")? {
            "offer" => StateKind::Offer,
            "request" => StateKind::Request,
            "message" => StateKind::Message,
            _ => return Err(shown.is_not("a state: `type` is none of offer, request, message")),
        };
        Ok(State {
            message_id: shown.array("message_id")?,
            peer: self.user(shown.text("peer")?)?,
            kind,
            send_count: shown.number32("send_count")?,
            send_epoch: shown.number("send_epoch")?,
        })
    }

    fn user(&self, name: &str) -> Result<UserId, Stop> {
        self.users.get(name).copied().ok_or_else(|| nobody(name))
    }

    fn seat(&mut self, name: &str) -> Result<&mut Seat, Stop> {
        self.seats.get_mut(name).ok_or_else(|| nobody(name))
    }
}

fn nobody(name: &str) -> Stop {
    Stop::Malformed(format!("a step names the node {name}, which is not in `nodes`"))
}

impl Seat {
    fn new(node: &Node<'_>) -> Result<Self, Stop> {
        let mode = match node.text("mode")? {
            "batch" => Mode::Batch,
            "interactive" => Mode::Interactive,
            other => return Err(Stop::Skipped(format!("unknown mode {other}"))),
        };
        let storage = match node.text("storage")? {
            "memory" => Storage::Memory,
            "sqlite" => Storage::Sqlite,
            other => return Err(Stop::Skipped(format!("unknown storage {other}"))),
        };
        let node = SyncNode::new(node.user("peer_id")?, mode, storage);
        Ok(Self { node, party: Party::new(1), sent: (0, BTreeMap::new()) })
    }

    fn at<T, E: std::fmt::Display>(
        &mut self,
        epoch: u64,
        call: impl FnOnce(&SyncNode, &mut Cx<'_>) -> Result<T, E>,
    ) -> Result<T, Stop> {
        self.party.now = SyncNode::time_of(epoch);
        self.now(call)
    }

    fn now<T, E: std::fmt::Display>(
        &mut self,
        call: impl FnOnce(&SyncNode, &mut Cx<'_>) -> Result<T, E>,
    ) -> Result<T, Stop> {
        let node = self.node;
        self.party.run(|cx| call(&node, cx)).map_err(|error| Stop::Differs(format!("our node says: {error}")))
    }

    /// What goes to one peer in an epoch.
    fn send(&mut self, epoch: u64, to: &UserId) -> Result<Vec<u8>, Stop> {
        let stepped = self.at(epoch, SyncNode::step)?;
        if self.sent.0 != epoch {
            self.sent = (epoch, BTreeMap::new());
        }
        self.sent.1.extend(stepped);
        Ok(self.sent.1.remove(to).unwrap_or_default())
    }
}

/// The members of each group. A trace does not list them: they are who appends to it, and who is sent or offered
/// something of it.
fn groups(case: &Node<'_>) -> Result<BTreeMap<GroupId, BTreeSet<String>>, Stop> {
    let mut groups = BTreeMap::<GroupId, BTreeSet<String>>::new();
    let mut messages = BTreeMap::<Vec<u8>, GroupId>::new();
    let mut note = |shown: &Node<'_>, name: &str| -> Result<(), Stop> {
        let group = GroupId::new(shown.array("group_id")?);
        messages.insert(shown.bytes("message_id")?, group);
        groups.entry(group).or_default().insert(name.to_owned());
        Ok(())
    };
    let steps = case.list("steps")?;
    for step in &steps {
        match step.text("op")? {
            "append" => note(step, step.text("node")?)?,
            "send" => {
                for message in step.get("payload")?.list("messages")? {
                    note(&message, step.text("to")?)?;
                }
            }
            _ => {}
        }
    }
    for step in &steps {
        for state in step.find_list("states_after")? {
            // Anybody may be asked for a message, whatever the group.
            let of = messages
                .get(&state.bytes("message_id")?)
                .filter(|_| state.text("type").is_ok_and(|kind| kind != "request"));
            if let Some(members) = of.and_then(|group| groups.get_mut(group)) {
                members.insert(state.text("peer")?.to_owned());
            }
        }
    }
    Ok(groups)
}

/// The order within a list means nothing.
fn sorted(mut payload: Payload) -> Payload {
    payload.acks.sort();
    payload.offers.sort();
    payload.requests.sort();
    payload.messages.sort_by_key(Message::id);
    payload
}
