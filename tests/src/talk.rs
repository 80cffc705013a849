//! Users who talk in a world: real bodies with real clocks, over stacks with a journal.

use std::time::Duration;

use status_layer::{Audience, Body, Grade, MessageId, Name, Recipient, Timestamp, UserId};
use status_payload::{ChatMessage, Clock, Content, Place, encode, message_id};
use status_sim::{Cut, Link, NodeId, World};
use status_stack::Engine;

use crate::journal::{self, Entry, Journal};
use crate::{key, must, user};

/// A world of users who talk.
pub struct Talk {
    /// Where they live.
    pub world: World,
    /// Everything that was said, in order; the clock of a line is its place in that order.
    pub said: Vec<Line>,
    nodes: Vec<(u8, NodeId)>,
    clock: Clock,
}

/// Something that was said.
#[derive(Clone, Debug)]
pub struct Line {
    /// The seat of whoever said it.
    pub from: u8,
    /// For whom.
    pub to: Audience,
    /// Its id.
    pub id: MessageId,
    /// The signed body.
    pub body: Body,
    /// The text.
    pub text: String,
}

/// A node, a step of its life, and the moment in that step at which it dies.
#[derive(Clone, Copy, Debug)]
pub struct Death {
    /// The seat of the node.
    pub seat: u8,
    /// The step, counted from 1.
    pub step: u64,
    /// The moment.
    pub cut: Cut,
}

/// Makes the stack of a seat.
pub type Make = fn(u8) -> Box<dyn Engine>;

/// The name that everybody gives in their private messages.
pub const DISPLAY_NAME: &str = "Petronella of Rotterdam";

impl Talk {
    /// The users of `seats` over the stacks that clients run.
    #[must_use]
    pub fn new(seed: u64, seats: &[u8]) -> Self {
        Self::with(seed, seats, by_stack, None)
    }

    /// The users of `seats` over other stacks; one of them may be going to die.
    #[must_use]
    pub fn with(seed: u64, seats: &[u8], make: Make, death: Option<Death>) -> Self {
        let mut talk = Self::empty(seed);
        for seat in seats {
            let fuse = death.filter(|death| death.seat == *seat).map(|death| (death.step, death.cut));
            talk.nodes.push((*seat, talk.world.add_mortal(user(*seat), make(*seat), fuse)));
        }
        talk
    }

    /// Nobody yet.
    #[must_use]
    pub fn empty(seed: u64) -> Self {
        let world = World::new(seed, Link::default());
        Self { world, said: Vec::new(), nodes: Vec::new(), clock: Clock::default() }
    }

    /// Two users with a session, and nothing under way.
    ///
    /// # Panics
    /// If they do not come to terms.
    #[must_use]
    pub fn acquainted(seed: u64, one: u8, other: u8) -> Self {
        let mut talk = Self::new(seed, &[one, other]);
        talk.say(one, other, "hello");
        talk.wait(1);
        talk.say(other, one, "hello to you");
        talk.wait(60);
        talk.assert_complete("while they met");
        talk
    }

    /// Adds the user of a seat. The stack should have a [`Journal`].
    pub fn add(&mut self, seat: u8, engine: Box<dyn Engine>) {
        self.nodes.push((seat, self.world.add(user(seat), engine)));
    }

    /// The node of a seat.
    #[must_use]
    #[track_caller]
    pub fn node(&self, seat: u8) -> NodeId {
        let found = self.nodes.iter().find(|(at, _)| *at == seat);
        must(found.map(|(_, node)| *node).ok_or("nobody sits there"))
    }

    /// Says something to the user of another seat, again if the call did not return.
    pub fn say(&mut self, from: u8, to: u8, text: &str) -> MessageId {
        self.say_to(from, &Place::User(user(to)), text)
    }

    /// Says something in a public channel, again if the call did not return.
    pub fn say_in(&mut self, from: u8, channel: &str, text: &str) -> MessageId {
        self.say_to(from, &Place::Channel(must(Name::new(channel))), text)
    }

    /// Says something to the user of another seat that may begin their conversation.
    pub fn introduce(&mut self, from: u8, to: u8, text: &str) -> MessageId {
        self.deliver(from, &Place::User(user(to)), text, Body::introduction)
    }

    fn say_to(&mut self, from: u8, place: &Place, text: &str) -> MessageId {
        self.deliver(from, place, text, Body::new)
    }

    fn deliver(&mut self, from: u8, place: &Place, text: &str, body: fn(Vec<u8>) -> Body) -> MessageId {
        self.clock = self.clock.next(self.world.now);
        let (id, signed) = signed(from, place, text, self.clock, self.world.now);
        let body = body(signed.into_bytes());
        let to = match place {
            Place::Channel(name) => Audience::Channel(name.clone()),
            Place::User(user) => Audience::User(*user),
            _ => must(Err("no such place")),
        };
        let node = self.node(from);
        self.world.send(node, to.clone(), id, body.clone());
        if !journal::sent(&self.world.node(node).store).contains(&id) {
            self.world.send(node, to.clone(), id, body.clone());
        }
        self.said.push(Line { from, to, id, body, text: text.to_owned() });
        id
    }

    /// Has a seat listen for another user's keys.
    pub fn follow(&mut self, seat: u8, whom: u8) {
        let node = self.node(seat);
        self.world.expect(node, Recipient::User(user(whom)));
    }

    /// Has a seat listen in a channel.
    pub fn join(&mut self, seat: u8, channel: &str) {
        let node = self.node(seat);
        self.world.expect(node, Recipient::Channel(must(Name::new(channel))));
    }

    /// Lets seconds pass.
    pub fn wait(&mut self, seconds: u64) {
        self.world.run_for(Duration::from_secs(seconds));
    }

    /// What a seat was said, in the order in which it arrived.
    #[must_use]
    pub fn mail(&self, seat: u8) -> Vec<Entry> {
        journal::mail(&self.world.node(self.node(seat)).store)
    }

    /// The texts that a seat was said, in the order in which they arrived.
    #[must_use]
    pub fn heard(&self, seat: u8) -> Vec<String> {
        self.mail(seat).iter().map(|entry| text(&entry.body)).collect()
    }

    /// Checks that everything said between users is durable, arrived once and was acknowledged, that clocks give
    /// the order in which it was said, and that nobody failed.
    ///
    /// # Panics
    /// If not, with `what`.
    #[track_caller]
    pub fn assert_complete(&self, what: &str) {
        for (seat, node) in &self.nodes {
            let mine = |line: &&Line| line.to == Audience::User(user(*seat));
            let said: Vec<&str> = self.said.iter().filter(mine).map(|line| line.text.as_str()).collect();
            let mut heard = self.mail(*seat);
            heard.retain(|entry| entry.grade > Grade::Clear);
            heard.sort_by_key(|entry| clock(&entry.body));
            let heard: Vec<String> = heard.iter().map(|entry| text(&entry.body)).collect();
            assert_eq!(heard, said, "what arrived at seat {seat}: {what}");
            let store = &self.world.node(*node).store;
            let (sent, acked) = (journal::sent(store), journal::delivered(store));
            for line in self.said.iter().filter(|line| line.from == *seat) {
                let private = matches!(line.to, Audience::User(_));
                assert!(sent.contains(&line.id), "{:?} was not kept: {what}", line.text);
                assert!(acked.contains(&line.id) == private, "{:?} was not acknowledged: {what}", line.text);
            }
        }
        assert_eq!(self.world.faults, [""; 0], "{what}");
    }
}

/// The stack that clients run, with a journal.
#[must_use]
pub fn by_stack(seat: u8) -> Box<dyn Engine> {
    Box::new(Journal(crate::stack(seat)))
}

/// A signed text.
#[must_use]
pub fn signed(from: u8, place: &Place, text: &str, clock: Clock, now: Timestamp) -> (MessageId, Body) {
    let mut message = must(ChatMessage::text(place, text, clock, now));
    if matches!(place, Place::User(_)) {
        DISPLAY_NAME.clone_into(&mut message.display_name);
    }
    sign(from, message)
}

/// A signed message.
#[must_use]
pub fn sign(from: u8, message: ChatMessage) -> (MessageId, Body) {
    let key = key(from);
    let body = must(encode(&*key, &Content::from(message)));
    (message_id(&key.public(), &body), body)
}

/// The text of a body.
#[must_use]
#[track_caller]
pub fn text(body: &Body) -> String {
    chat(body).text
}

fn clock(body: &Body) -> Clock {
    chat(body).clock
}

#[track_caller]
fn chat(body: &Body) -> ChatMessage {
    let nobody: Option<UserId> = None;
    match must(status_payload::decode(body, nobody)).content {
        Content::ChatMessage(chat) => *chat,
        _ => must(Err("the body is no chat message")),
    }
}
