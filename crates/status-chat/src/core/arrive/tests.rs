//! What arrives, without layers: what breaks the rules leaves no trace, and the order of what keeps them is of no account.

mod albums;
mod hostile;
mod unasked;

use std::fs;
use std::sync::Arc;

use status_crypto::{Keyring as _, SecretKey};
use status_layer::testing::{Courier, Glass, OpenBook, SeededRng, rng};
use status_layer::{Memory, Name, Read as _, Store as _, Unit};
use status_payload::hazmat::{kind_named, sign_payload};
use status_payload::{
    ChatMessage, Clock, ContentType, DeleteMessage, EditMessage, EmojiReaction, Kind, MessageType,
    PinMessage, Place, ReactionType, encode, message_id,
};
use status_stack::Stack;

use super::*;
use crate::core::AREA;
use crate::event::{Chat, Deleted, Message};
use crate::table;

/// When the vectors were judged.
const NOW: Timestamp = Timestamp::from_millis(1_590_000_000_000);

/// A client without layers.
struct Desk {
    core: Core,
    store: Memory,
    rng: SeededRng,
    now: Timestamp,
    /// What was turned away for want of room.
    turned_away: u64,
}

fn key(seat: u8) -> SecretKey {
    SecretKey::from_bytes(&[seat; 32]).unwrap()
}

fn channel(name: &str) -> Name {
    Name::new(name).unwrap()
}

impl Desk {
    /// Us, in some channels.
    fn new(channels: &[&str]) -> Self {
        let us = Arc::new(key(9));
        let engine = Box::new(Stack::new(Courier, OpenBook::new(us.user()), Glass));
        let device = DeviceId::new("device").unwrap();
        let core = Core { engine, keyring: us, device };
        let mut desk = Self { core, store: Memory::new(), rng: rng(1), now: NOW, turned_away: 0 };
        desk.step(|core, step| {
            table::unasked::prepare(&mut step.shelf()).unwrap();
            for name in channels {
                core.join(step, &Chat::Channel(channel(name))).map_err(drop).unwrap();
            }
        });
        desk
    }

    /// Runs a step and commits it; returns what it tells.
    fn step(&mut self, work: impl FnOnce(&Core, &mut Step<'_, '_>)) -> Vec<Event> {
        let mut unit = Unit::new(self.now, &mut self.rng, &self.store);
        let mut step = Step::new(&mut unit);
        work(&self.core, &mut step);
        let (events, tally) = (step.effects.events, step.effects.tally);
        self.turned_away += tally.turned_away;
        let batch = unit.into_batch();
        self.store.commit(batch).unwrap();
        events
    }

    fn take(&mut self, from: &SecretKey, to: Recipient, body: &Body) -> Vec<Event> {
        let grade = if matches!(to, Recipient::User(_)) { Grade::Ratcheted } else { Grade::Clear };
        self.take_graded(from, to, body, grade)
    }

    fn take_graded(&mut self, from: &SecretKey, to: Recipient, body: &Body, grade: Grade) -> Vec<Event> {
        let sender = Sender { user: from.user(), device: None, proof: Proof::Signature };
        let (body, way) = (body.clone(), Way::default());
        self.step(|core, step| core.arrived(step, Arrived { from: sender, grade, to, body, way }).unwrap())
    }

    fn message(&self, id: MessageId) -> Option<Message> {
        table::load_message(&status_layer::Draft::new(&self.store).shelf(AREA), id).unwrap()
    }

    /// Makes sure that the doctor finds nothing but that the home is nobody's.
    fn examine(&self) {
        let found = table::examine(&self.store, AREA).unwrap().findings;
        let found: Vec<_> = found.iter().filter(|finding| finding.key != b"I").collect();
        assert!(found.is_empty(), "{found:?}");
    }

    /// All rows but those that say in which order things came.
    fn state(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let rows = self.store.scan(AREA, b"", None, usize::MAX).unwrap();
        let in_order = |key: &[u8]| key.starts_with(b"En") || key.starts_with(b"Ec");
        rows.into_iter().filter(|(key, _)| !in_order(key)).map(|(key, row)| (key, row.to_vec())).collect()
    }
}

/// What the rules of 2024 take, and those of 2020, by which the vectors were judged, do not.
const TAKEN_SINCE: [&str; 1] = ["chat_text_2049_two_byte_letters"];

#[test]
fn what_deployed_peers_refuse_leaves_no_trace_and_is_not_shown() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors/payload/validation.json");
    let file: serde_json::Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    let (mut refused, mut shown) = (0, 0);
    for case in file["cases"].as_array().unwrap().iter().filter(|case| case["kind"] == "validate") {
        let name = case["name"].as_str().unwrap();
        let kind = kind_named(case["message_name"].as_str().unwrap()).unwrap();
        let payload = (0..).step_by(2).map_while(|at| case["payload"].as_str().unwrap().get(at..at + 2));
        let payload = payload.map(|digits| u8::from_str_radix(digits, 16).unwrap()).collect();
        let body = sign_payload(&key(1), kind, payload);
        let mut desk = Desk::new(&["status"]);
        let before = desk.state();
        let to = match case["fields"]["message_type"].as_i64() {
            Some(2) => Recipient::Channel(channel("status")),
            _ => Recipient::User(key(9).user()),
        };

        let events = desk.take(&key(1), to, &body);

        let tells = events.iter().any(|event| matches!(event, Event::Message(_)));
        if case["valid"] == false && !TAKEN_SINCE.contains(&name) {
            refused += 1;
            assert!(!tells && desk.state() == before, "{name} was taken: {events:?}");
        }
        shown += u32::from(tells);
    }

    assert_eq!((refused, shown), (42, 15));
}

#[test]
fn of_what_comes_to_us_in_clear_only_the_answers_of_servers_are_taken() {
    let us = Recipient::User(key(9).user());
    for number in 1..90 {
        let kind = Kind::from(number);
        let body = sign_payload(&key(1), kind, Vec::new());
        let mut desk = Desk::new(&[]);
        let before = desk.state();

        let events = desk.take_graded(&key(1), us.clone(), &body, Grade::Clear);

        // Nobody was asked: that the answer is taken shows in why it is refused then.
        let of_nobody = Unfit::NotAsked.to_string();
        let refused = matches!(events.as_slice(), [Event::Refused(refused)] if refused.why != of_nobody);
        assert_eq!(refused, !matches!(number, 17 | 19 | 21), "{kind:?}: {events:?}");
        assert!(desk.state() == before, "{kind:?} left a trace");
    }
}

/// Things that people say and do in a channel and to us, good and bad.
fn a_lot(seed: u64) -> Vec<(SecretKey, Recipient, Body)> {
    let mut rng = rng(seed);
    let us = Recipient::User(key(9).user());
    let places = [
        (Place::Channel(channel("room")), Recipient::Channel(channel("room")), vec![1, 2, 9]),
        (Place::User(key(1).user()), us.clone(), vec![9]),
        (Place::User(key(9).user()), us, vec![1]),
    ];
    let mut said = Vec::new();
    let pick = |rng: &mut SeededRng, of: &[u8]| key(of[usize::try_from(rng.below(of.len() as u64)).unwrap()]);
    for (place, to, people) in places {
        let clock = |rng: &mut SeededRng| Clock::new(NOW.millis() + rng.below(6));
        let chat_id = place.chat_id().unwrap();
        for n in 0..3 {
            let author = pick(&mut rng, &people);
            let text = format!("message {n} of {seed}");
            let message = ChatMessage::text(&place, text, clock(&mut rng), NOW).unwrap();
            let body = encode(&author, &Content::from(message)).unwrap();
            let id = message_id(&author.public(), &body).to_string();
            said.push((author, to.clone(), body));
            for _ in 0..rng.below(6) {
                let (by, clock) = (pick(&mut rng, &people), clock(&mut rng));
                let (chat_id, message_id, message_type) = (chat_id.clone(), id.clone(), place.message_type());
                let content = match rng.below(8) {
                    0 => {
                        let deleted_by = String::new();
                        Content::DeleteMessage(DeleteMessage {
                            clock,
                            chat_id,
                            message_id,
                            message_type,
                            deleted_by,
                        })
                    }
                    1..4 => Content::EditMessage(EditMessage {
                        clock,
                        text: format!("edited {}", rng.below(9)),
                        chat_id,
                        message_id,
                        message_type,
                        content_type: if rng.chance(50) { ContentType::Text } else { ContentType::Emoji },
                        unfurled_links: Vec::new(),
                    }),
                    4..6 => Content::EmojiReaction(EmojiReaction {
                        clock,
                        chat_id,
                        message_id,
                        message_type,
                        r#type: ReactionType::from(i32::try_from(1 + rng.below(2)).unwrap()),
                        retracted: rng.chance(50),
                    }),
                    _ => {
                        let pinned = rng.chance(50);
                        Content::PinMessage(PinMessage { clock, message_id, chat_id, pinned, message_type })
                    }
                };
                let body = encode(&by, &content).unwrap();
                said.push((by, to.clone(), body));
            }
        }
    }
    said
}

#[test]
fn whatever_order_things_come_in_and_however_often_the_same_remains() {
    for seed in 0..10 {
        let all = a_lot(seed);
        let mut first = Desk::new(&["room"]);
        for (from, to, body) in &all {
            first.take(from, to.clone(), body);
        }
        for order in 0..4 {
            let mut rng = rng(1_000 * seed + order);
            let mut desk = Desk::new(&["room"]);
            let mut left: Vec<_> = all.iter().chain(all.iter().filter(|_| order % 2 == 0)).collect();
            while !left.is_empty() {
                let (from, to, body) =
                    left.swap_remove(usize::try_from(rng.below(left.len() as u64)).unwrap());
                desk.take(from, to.clone(), body);
            }

            assert!(desk.state() == first.state(), "seed {seed}, order {order}");
        }
    }
}

/// A message by the first in the channel, and what becomes of it.
fn after(changes: &[(u8, Content)]) -> (Option<Message>, Vec<Event>) {
    let (mut desk, room) = (Desk::new(&["room"]), Recipient::Channel(channel("room")));
    let (id, body) = hello();
    desk.take(&key(1), room.clone(), &body);
    let mut events = Vec::new();
    for (seat, content) in changes {
        events.extend(desk.take(&key(*seat), room.clone(), &encode(&key(*seat), content).unwrap()));
    }
    (desk.message(id), events)
}

fn hello() -> (MessageId, Body) {
    let place = Place::Channel(channel("room"));
    let said = ChatMessage::text(&place, "hello", Clock::new(NOW.millis()), NOW).unwrap();
    let body = encode(&key(1), &Content::from(said)).unwrap();
    (message_id(&key(1).public(), &body), body)
}

fn edit(text: &str, clock: u64) -> Content {
    Content::EditMessage(EditMessage {
        clock: Clock::new(clock),
        text: text.into(),
        chat_id: "room".into(),
        message_id: hello().0.to_string(),
        message_type: MessageType::PublicGroup,
        content_type: ContentType::Text,
        unfurled_links: Vec::new(),
    })
}

fn delete() -> Content {
    Content::DeleteMessage(DeleteMessage {
        clock: Clock::new(1),
        chat_id: "room".into(),
        message_id: hello().0.to_string(),
        message_type: MessageType::PublicGroup,
        deleted_by: String::new(),
    })
}

#[test]
fn only_its_author_changes_or_deletes_a_message() {
    let (message, events) = after(&[(2, edit("mine now", 9)), (2, delete())]);

    let message = message.unwrap();
    assert_eq!((message.text.as_str(), message.edited, message.deleted), ("hello", None, None));
    assert_eq!(events, []);
}

#[test]
fn the_change_with_the_highest_clock_holds_and_is_told_once() {
    let (message, events) = after(&[(1, edit("second", 5)), (1, edit("first", 4)), (1, edit("second", 5))]);

    assert_eq!(message.unwrap().text, "second");
    assert!(matches!(&events[..], [Event::Changed(message)] if message.text == "second"), "{events:?}");
}

#[test]
fn what_was_deleted_stays_so_and_nothing_of_it_is_left() {
    let (message, events) = after(&[(1, delete()), (1, edit("back again", 99)), (1, delete())]);

    let message = message.unwrap();
    assert_eq!((message.text.as_str(), message.edited), ("", None));
    assert_eq!(message.deleted, Some(Deleted::ForAll { by: key(1).user() }));
    assert!(matches!(&events[..], [Event::Deleted { .. }]), "{events:?}");
}

#[test]
fn a_clock_that_is_far_ahead_does_not_keep_us_from_being_heard() {
    let mut desk = Desk::new(&["room"]);
    let body = encode(&key(1), &edit("later", u64::MAX)).unwrap();

    desk.take(&key(1), Recipient::Channel(channel("room")), &body);

    let room = Chat::Channel(channel("room"));
    let clock = table::clock(&status_layer::Draft::new(&desk.store).shelf(AREA), &room).unwrap();
    assert_eq!(clock, NOW.millis() + 120_000);
}

#[test]
fn what_waits_for_messages_that_never_come_is_bounded() {
    let (mut desk, room) = (Desk::new(&["room"]), Recipient::Channel(channel("room")));
    let count = table::MAX_WAITING + 50;
    for n in 0..count {
        let mut id = [0; 32];
        id[..8].copy_from_slice(&n.to_be_bytes());
        let Content::EditMessage(edit) = edit("early", 5) else { panic!("it is an edit") };
        let message_id = MessageId::new(id).to_string();
        let content = match n % 2 {
            0 => Content::EditMessage(EditMessage { message_id, ..edit }),
            _ => Content::EmojiReaction(EmojiReaction {
                clock: edit.clock,
                chat_id: edit.chat_id,
                message_id,
                message_type: edit.message_type,
                r#type: ReactionType::Love,
                retracted: false,
            }),
        };
        desk.take(&key(2), room.clone(), &encode(&key(2), &content).unwrap());
    }

    let rows = |prefix: &[u8]| desk.store.scan(AREA, prefix, None, usize::MAX).unwrap().len() as u64;
    assert_eq!(rows(b"Ew") + rows(b"K"), table::MAX_WAITING);
    assert_eq!(rows(b"En"), table::MAX_WAITING);
}

#[test]
fn what_a_bridge_brings_is_shown_as_text_with_its_claimed_author() {
    let mut desk = Desk::new(&["room"]);
    let discord = [&[0x2a, 5][..], b"salut", &[0x32, 5, 0x12, 3], b"Ada"].concat();
    let bridge = status_payload::BridgeMessage {
        bridge_name: "matrix".into(),
        user_name: "Bea".into(),
        content: "hi".into(),
        ..Default::default()
    };
    let brought = [
        (ContentType::Bridge, status_payload::Attachment::Bridge(bridge), ["hi", "matrix", "Bea"]),
        (ContentType::Discord, status_payload::Attachment::Discord(discord), ["salut", "Discord", "Ada"]),
    ];

    for (content_type, payload, expected) in brought {
        let said = ChatMessage::text(&Place::Channel(channel("room")), "x", Clock::new(5), NOW).unwrap();
        let said = ChatMessage { text: String::new(), content_type, payload: Some(payload), ..said };
        let body = encode(&key(1), &Content::from(said)).unwrap();
        let events = desk.take(&key(1), Recipient::Channel(channel("room")), &body);

        let [Event::Message(message)] = &events[..] else { panic!("{events:?}") };
        let crate::event::Kind::Relayed(relayed) = &message.kind else { panic!("{:?}", message.kind) };
        assert_eq!([message.text.as_str(), &relayed.from, &relayed.author], expected);
    }
}
