//! Nodes of a deployed peer, stepped epoch by epoch, replayed by our own protocol code.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use status_crypto::PublicKey;
use status_data_sync::Mode;
use status_data_sync::hazmat::{Node, Payload, State, StateKind, Storage, Wire};
use status_layer::testing::Party;
use status_layer::{GroupId, UserId};

use crate::vectors::{bytes, file, list, number, payload, text};

/// The nodes of a trace by their names.
struct Replay {
    users: BTreeMap<String, UserId>,
    seats: BTreeMap<String, Seat>,
}

struct Seat {
    node: Node,
    party: Party,
    /// What went out in an epoch and was not compared yet.
    sent: (u64, BTreeMap<UserId, Payload>),
}

impl Replay {
    fn new(case: &Value) -> Self {
        let nodes = list(case, "nodes");
        let name = |node: &Value| text(node, "name").to_owned();
        let users: BTreeMap<_, _> = nodes.iter().map(|node| (name(node), user(node))).collect();
        let mut seats: BTreeMap<_, _> = nodes.iter().map(|node| (name(node), Seat::new(node))).collect();
        for (group, members) in groups(case) {
            for member in &members {
                let others: Vec<_> =
                    members.iter().filter(|name| *name != member).map(|name| users[name]).collect();
                seats.get_mut(member).unwrap().at(0, |node, cx| {
                    node.join(cx, group, &others);
                    Ok::<_, ()>(())
                });
            }
        }
        Self { users, seats }
    }

    fn step(&mut self, what: &str, step: &Value) {
        let seat = self.seats.get_mut(text(step, "node")).unwrap();
        match text(step, "op") {
            "append" => {
                let group = GroupId::new(bytes(step, "group_id").try_into().unwrap());
                let timestamp = text(step, "timestamp").parse().unwrap();
                let body = bytes(step, "body");
                let id = seat.at(number(step, "epoch"), |node, cx| node.append(cx, group, timestamp, &body));
                assert_eq!(id.to_vec(), bytes(step, "message_id"), "{what}");
            }
            "send" => {
                let to = self.users[text(step, "to")];
                let sent = seat.send(number(step, "epoch"), &to);
                assert_eq!(sorted(sent), sorted(payload(&step["payload"])), "{what}");
                assert_eq!(seat.states(), states(&self.users, step), "{what}");
            }
            "receive" => {
                let from = self.users[text(step, "from")];
                let bytes = bytes(step, "bytes");
                seat.at(number(step, "epoch"), |node, cx| node.receive(cx, &from, &bytes));
                assert_eq!(seat.states(), states(&self.users, step), "{what}");
            }
            "ignore_empty" => {}
            other => panic!("{what}: no replay for {other}"),
        }
    }
}

impl Seat {
    fn new(node: &Value) -> Self {
        let mode = match text(node, "mode") {
            "batch" => Mode::Batch,
            "interactive" => Mode::Interactive,
            other => panic!("unknown mode {other}"),
        };
        let storage = match text(node, "storage") {
            "memory" => Storage::Memory,
            "sqlite" => Storage::Sqlite,
            other => panic!("unknown storage {other}"),
        };
        Self {
            node: Node::new(user(node), mode, storage),
            party: Party::new(1),
            sent: (u64::MAX, BTreeMap::new()),
        }
    }

    fn at<T, E: core::fmt::Debug>(
        &mut self,
        epoch: u64,
        call: impl FnOnce(&Node, &mut status_layer::Cx<'_>) -> Result<T, E>,
    ) -> T {
        self.party.now = Node::time_of(epoch);
        let node = self.node;
        self.party.run(|cx| call(&node, cx)).unwrap()
    }

    /// What goes to one peer in an epoch. A node steps once for all its peers, a trace tells of them one by one.
    fn send(&mut self, epoch: u64, to: &UserId) -> Payload {
        let stepped = self.at(epoch, Node::step);
        if self.sent.0 != epoch {
            self.sent = (epoch, BTreeMap::new());
        }
        for (user, bytes) in stepped {
            self.sent.1.insert(user, Payload::decode(Wire::Deployed, &bytes).unwrap());
        }
        self.sent.1.remove(to).unwrap_or_default()
    }

    fn states(&mut self) -> Vec<State> {
        let node = self.node;
        self.party.run(|cx| node.states(cx)).unwrap()
    }
}

fn user(node: &Value) -> UserId {
    PublicKey::from_uncompressed(&bytes(node, "peer_id")).unwrap().user()
}

/// The members of each group. A trace does not list them: they are who appends to it, and who is sent something
/// of it.
fn groups(case: &Value) -> BTreeMap<GroupId, BTreeSet<String>> {
    let mut groups = BTreeMap::<GroupId, BTreeSet<String>>::new();
    let mut note = |value: &Value, name: &str| {
        let group = GroupId::new(bytes(value, "group_id").try_into().unwrap());
        groups.entry(group).or_default().insert(name.to_owned());
    };
    for step in list(case, "steps") {
        if text(step, "op") == "append" {
            note(step, text(step, "node"));
        }
        for message in list(&step["payload"], "messages") {
            note(message, text(step, "to"));
        }
    }
    groups
}

fn states(users: &BTreeMap<String, UserId>, step: &Value) -> Vec<State> {
    let state = |state: &Value| State {
        message_id: bytes(state, "message_id").try_into().unwrap(),
        peer: users[text(state, "peer")],
        kind: match text(state, "type") {
            "offer" => StateKind::Offer,
            "request" => StateKind::Request,
            "message" => StateKind::Message,
            other => panic!("unknown type {other}"),
        },
        send_count: u32::try_from(number(state, "send_count")).unwrap(),
        send_epoch: number(state, "send_epoch"),
    };
    let mut states: Vec<_> = list(step, "states_after").iter().map(state).collect();
    states.sort();
    states
}

/// The order within a list means nothing.
fn sorted(mut payload: Payload) -> Payload {
    payload.acks.sort();
    payload.offers.sort();
    payload.requests.sort();
    payload.messages.sort_by_key(status_data_sync::hazmat::Message::id);
    payload
}

#[test]
fn traces_of_a_deployed_peer_replay_step_by_step() {
    let file = file("mvds_traces.json");

    for case in list(&file, "cases") {
        let mut replay = Replay::new(case);
        for (place, step) in list(case, "steps").iter().enumerate() {
            replay.step(&format!("{} step {place}", text(case, "name")), step);
        }
    }

    assert!(list(&file, "cases").len() >= 7);
}
