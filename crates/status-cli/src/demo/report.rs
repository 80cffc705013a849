//! What the demonstration shows, and how it judges itself.

use std::time::Duration;

use serde_json::{Value, json};
use status_chat::{Chat, Grade, Message, MessageId, SendError, Tally};

use super::people::{Pair, Person, Who};
use crate::show::{Show, message_object, short, way};

/// Tells the story, and keeps what was promised so that the end can be held against it.
pub(super) struct Report {
    show: Show,
    said: Vec<(Who, MessageId)>,
    in_public: Option<MessageId>,
    grades: Vec<Grade>,
}

impl Report {
    pub(super) const fn new(show: Show) -> Self {
        Self { show, said: Vec::new(), in_public: None, grades: Vec::new() }
    }

    pub(super) fn introduce(&self, pair: &Pair) {
        for who in [Who::Alice, Who::Bob] {
            let (name, me) = (who.name(), pair.of(who).client.me().to_string());
            let text = format!("{} is {me}", self.show.bold(&format!("{name:5}")));
            self.show.line(&text, || json!({ "event": "person", "name": name, "key": me }));
        }
        self.show.say("");
    }

    pub(super) fn away(&self) {
        self.note("Alice writes to Bob, who is away. The message is sealed, stored, and waits.");
    }

    pub(super) fn here(&self, pair: &Pair) {
        let address = pair.alice.client.addresses().first().cloned().unwrap_or_default();
        self.note(&format!(
            "Bob comes online and dials {}",
            address.split("/p2p/").next().unwrap_or_default()
        ));
        self.note("Their nodes meet; each announces its keys at its contact code.");
        self.show.say("");
    }

    pub(super) fn said(&mut self, who: Who, id: MessageId) {
        self.said.push((who, id));
    }

    pub(super) const fn said_in_public(&mut self, id: MessageId) {
        self.in_public = Some(id);
    }

    /// A message as it arrived.
    pub(super) fn tell(&mut self, from: Who, message: &Message) {
        let place = match &message.chat {
            Chat::User(_) => from.other().name().to_owned(),
            channel => short(channel),
        };
        let head = self.show.bold(&format!("{} → {place}", from.name()));
        let grade = self.show.grade(message.grade);
        let path = message.way.as_ref().map(way).unwrap_or_default();
        let text = format!("{head}  [{grade}]\n    {}\n    {}", message.text, self.show.dim(&path));
        self.show.line(&text, || message_object(message));
        if matches!(message.chat, Chat::User(_)) {
            self.grades.push(message.grade);
        }
    }

    /// The summary; whether all was as it has to be.
    pub(super) async fn end(&self, pair: &Pair, took: Duration) -> Result<bool, SendError> {
        let tallies = [pair.alice.client.tally().await?, pair.bob.client.tally().await?];
        let sum = |of: fn(&Tally) -> u64| -> u64 { tallies.iter().map(of).sum() };
        let faults = self.faults(pair);
        let (messages, received) = (sum(|tally| tally.sent), sum(|tally| tally.received));
        let (acks, turns, keys) =
            (sum(|tally| tally.acked), sum(|tally| tally.turns), sum(|tally| tally.keys));
        let (frames, bytes) = (sum(|tally| tally.frames_out), sum(|tally| tally.traffic.bytes_out));
        let commits = sum(|tally| tally.commits);
        let seconds = took.as_secs_f64();

        let table = [
            ("messages", format!("{messages} sent, {received} arrived, each once and in order")),
            ("acknowledged", format!("{acks} of {} private ones", self.said.len())),
            ("keys", format!("{keys} announcements heard, {turns} ratchet turns")),
            ("network", format!("{frames} envelopes published, {bytes} bytes on the wire")),
            ("storage", format!("{commits} commits, each before anything left")),
            ("time", format!("{seconds:.2} s")),
        ];
        self.show.say("");
        for (name, what) in table {
            self.show.say(&format!("{}  {what}", self.show.bold(&format!("{name:>12}"))));
        }
        for fault in &faults {
            self.show.say(&format!("{}  {fault}", self.show.bold("       WRONG")));
        }
        self.show.object(|| {
            json!({
                "event": "summary", "messages": messages, "received": received, "acknowledged": acks,
                "announcements": keys, "ratchet_turns": turns, "envelopes": frames, "bytes_on_wire": bytes,
                "commits": commits, "seconds": seconds, "wrong": faults,
            })
        });
        Ok(faults.is_empty())
    }

    /// Everything that is not as it has to be.
    fn faults(&self, pair: &Pair) -> Vec<String> {
        let mut faults = Vec::new();
        for who in [Who::Alice, Who::Bob] {
            let said = |by: Who| self.said.iter().filter(move |(from, _)| *from == by).map(|(_, id)| *id);
            let person: &Person = pair.of(who);
            let mut expected: Vec<MessageId> = said(who.other()).collect();
            expected.extend(self.in_public.filter(|_| who == Who::Bob));
            let heard: Vec<MessageId> = person.heard.iter().map(|message| message.id).collect();
            if heard != expected {
                faults.push(format!(
                    "{} heard {} messages, not the {} sent once and in order",
                    who.name(),
                    heard.len(),
                    expected.len()
                ));
            }
            let acked = &person.acked;
            let expected: Vec<MessageId> = said(who).collect();
            if *acked != expected {
                faults.push(format!(
                    "{} has {} acknowledgements of {}",
                    who.name(),
                    acked.len(),
                    expected.len()
                ));
            }
        }
        let mut grades = self.grades.iter();
        if grades.next() != Some(&Grade::Static) || grades.any(|grade| *grade != Grade::Ratcheted) {
            faults.push("the first message has to be encrypted and all others forward secret".into());
        }
        faults
    }

    fn note(&self, text: &str) {
        self.show.line(&self.show.dim(text), || -> Value { json!({ "event": "note", "text": text }) });
    }
}
