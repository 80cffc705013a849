//! What strangers can fill, and what they cannot.

use status_layer::Read as _;
use status_payload::{Attachment, ContactUpdate, ImageMessage, UnfurledLink};

use super::*;
use crate::contacts::Strangers;
use crate::event::ContactChange;
use crate::table::contacts::{self as people, MAX_STRANGER_MESSAGES, MAX_STRANGERS};
use crate::table::profile::set_strangers;
use crate::table::unasked::{self, MAX_SETTLED, MAX_STRANGER_BYTES, MAX_STRANGERS_BYTES, Unasked};

/// Somebody whom nobody knows.
fn stranger(n: u16) -> SecretKey {
    let mut bytes = [77; 32];
    bytes[..2].copy_from_slice(&n.to_be_bytes());
    SecretKey::from_bytes(&bytes).unwrap()
}

fn to_us() -> Place {
    Place::User(key(9).user())
}

pub(super) fn text(words: &str, clock: u64) -> ChatMessage {
    ChatMessage::text(&to_us(), words, Clock::new(NOW.millis() + clock), NOW).unwrap()
}

pub(super) fn picture(bytes: usize, clock: u64) -> ChatMessage {
    let image = ImageMessage {
        payload: vec![7; bytes],
        r#type: status_payload::ImageType::from(2),
        ..ImageMessage::default()
    };
    let payload = Some(Attachment::Image(image));
    ChatMessage { content_type: ContentType::Image, payload, ..text("look", clock) }
}

fn asks(note: &str, clock: u64) -> ChatMessage {
    ChatMessage { content_type: ContentType::ContactRequest, ..text(note, clock) }
}

pub(super) fn about(id: MessageId, clock: u64) -> EditMessage {
    EditMessage {
        clock: Clock::new(NOW.millis() + clock),
        text: "changed".into(),
        chat_id: to_us().chat_id().unwrap(),
        message_id: id.to_string(),
        message_type: MessageType::OneToOne,
        content_type: ContentType::Text,
        unfurled_links: Vec::new(),
    }
}

fn feels(id: MessageId, clock: u64) -> EmojiReaction {
    let EditMessage { clock, chat_id, message_id, message_type, .. } = about(id, clock);
    EmojiReaction { clock, chat_id, message_id, message_type, r#type: ReactionType::Love, retracted: false }
}

fn pins(id: MessageId, clock: u64) -> PinMessage {
    let EditMessage { clock, chat_id, message_id, message_type, .. } = about(id, clock);
    PinMessage { clock, chat_id, message_id, message_type, pinned: true }
}

pub(super) fn gone(id: MessageId, clock: u64) -> DeleteMessage {
    let EditMessage { clock, chat_id, message_id, message_type, .. } = about(id, clock);
    DeleteMessage { clock, chat_id, message_id, message_type, deleted_by: String::new() }
}

/// Any content.
struct Said(Content);

macro_rules! said {
    ($($kind:ident),*) => { $(
        impl From<$kind> for Said {
            fn from(said: $kind) -> Self {
                Self(Content::$kind(said))
            }
        }
    )* };
}

said!(EditMessage, EmojiReaction, PinMessage, DeleteMessage);

impl From<ChatMessage> for Said {
    fn from(said: ChatMessage) -> Self {
        Self(said.into())
    }
}

impl From<ContactUpdate> for Said {
    fn from(said: ContactUpdate) -> Self {
        Self(Content::ContactUpdate(Box::new(said)))
    }
}

impl Desk {
    /// Hears what somebody says to us; returns its id.
    fn hear(&mut self, from: &SecretKey, content: impl Into<Said>) -> (MessageId, Vec<Event>) {
        let body = encode(from, &content.into().0).unwrap();
        let id = message_id(&from.public(), &body);
        (id, self.take(from, Recipient::User(key(9).user()), &body))
    }

    fn texts(&self, with: &SecretKey) -> Vec<String> {
        let chat = Chat::User(with.user());
        let mut draft = status_layer::Draft::new(&self.store);
        let said = table::history(&draft.shelf(AREA), &chat, 0, 1_000).unwrap();
        said.into_iter().map(|message| message.text).collect()
    }

    fn unasked(&self, from: &SecretKey) -> Option<Unasked> {
        let mut draft = status_layer::Draft::new(&self.store);
        unasked::load(&draft.shelf(AREA), &Chat::User(from.user())).unwrap()
    }

    fn strangers(&self) -> Vec<(UserId, Unasked)> {
        let mut draft = status_layer::Draft::new(&self.store);
        unasked::strangers(&draft.shelf(AREA)).unwrap()
    }

    /// Rows in whose key or value somebody's key is.
    fn rows_about(&self, user: &UserId) -> usize {
        let names = |bytes: &[u8]| bytes.windows(33).any(|part| part == user.as_bytes());
        let rows = self.store.scan(AREA, b"", None, usize::MAX).unwrap();
        rows.iter().filter(|(key, row)| names(key) || names(row)).count()
    }
}

#[test]
fn of_a_stranger_two_megabytes_are_kept_and_the_oldest_goes_but_not_the_request() {
    let (mut desk, eve) = (Desk::new(&[]), stranger(1));
    desk.hear(&eve, asks("may I?", 0));

    for n in 1..=5 {
        desk.hear(&eve, picture(700_000, n));
    }
    desk.hear(&eve, text("hello?", 9));

    assert_eq!(desk.texts(&eve), ["may I?", "look", "look", "hello?"]);
    assert!(desk.unasked(&eve).unwrap().bytes <= MAX_STRANGER_BYTES);
    assert_eq!(desk.turned_away, 3);
    desk.examine();
}

#[test]
fn whoever_takes_much_gives_way_to_whoever_takes_little() {
    let (mut desk, honest) = (Desk::new(&[]), stranger(1));
    desk.hear(&honest, asks("we met at the lake", 0));
    desk.hear(&honest, text("it was me with the boat", 1));

    for n in 2..=20 {
        desk.hear(&stranger(n), asks("buy", 0));
        desk.hear(&stranger(n), picture(1_000_000, 1));
        desk.hear(&stranger(n), picture(1_000_000, 2));
    }
    let late = stranger(300);
    desk.hear(&late, asks("I lost my key", 0));

    let all: u64 = desk.strangers().iter().map(|(_, one)| one.bytes).sum();
    assert!(all > MAX_STRANGERS_BYTES / 2 && all <= MAX_STRANGERS_BYTES, "{all}");
    assert_eq!(desk.texts(&honest), ["we met at the lake", "it was me with the boat"]);
    assert_eq!(desk.texts(&late), ["I lost my key"]);
    assert!((2..=20).all(|n| desk.texts(&stranger(n))[0] == "buy"));
    desk.examine();
}

#[test]
fn whoever_is_answered_counts_no_more_and_is_kept_whole() {
    let (mut desk, eve) = (Desk::new(&[]), stranger(1));
    for n in 0..2 {
        desk.hear(&eve, picture(900_000, n));
    }
    let before = desk.unasked(&eve);

    desk.step(|core, step| core.join(step, &Chat::User(eve.user())).map_err(drop).unwrap());
    for n in 2..5 {
        desk.hear(&eve, picture(900_000, n));
    }

    assert!(before.is_some_and(|before| before.bytes > 1_800_000));
    assert_eq!((desk.unasked(&eve), desk.texts(&eve).len(), desk.turned_away), (None, 5, 0));
    desk.examine();
}

#[test]
fn what_becomes_of_a_strangers_messages_is_counted() {
    let (mut desk, eve) = (Desk::new(&[]), stranger(1));
    let (first, _) = desk.hear(&eve, picture(100_000, 1));
    let (second, _) = desk.hear(&eve, text("some words of mine", 2));
    let whole = desk.unasked(&eve).unwrap().bytes;
    let thumbnail_payload = vec![9; 50_000];
    let link =
        UnfurledLink { url: "https://status.app".into(), thumbnail_payload, ..UnfurledLink::default() };

    desk.hear(&eve, EditMessage { unfurled_links: vec![link.clone()], ..about(second, 3) });
    desk.hear(&eve, EditMessage { unfurled_links: vec![link], ..about(MessageId::new([5; 32]), 4) });
    desk.hear(&eve, feels(first, 5));
    desk.hear(&eve, pins(second, 6));
    let more = desk.unasked(&eve).unwrap().bytes;
    desk.examine();
    desk.hear(&eve, gone(first, 7));
    let less = desk.unasked(&eve).unwrap().bytes;
    desk.step(|core, step| core.hide(step, second).map_err(drop).unwrap());

    assert!(more > whole + 100_000 && less < more - 100_000, "{whole} {more} {less}");
    assert!(desk.unasked(&eve).unwrap().bytes < less - 50_000);
    desk.examine();
}

#[test]
fn a_reaction_before_any_message_makes_a_stranger_no_friend() {
    let (mut desk, eve) = (Desk::new(&[]), stranger(1));
    desk.hear(&eve, feels(MessageId::new([5; 32]), 0));

    for n in 0..40 {
        desk.hear(&eve, text("buy", n));
    }

    assert_eq!(desk.texts(&eve).len(), MAX_STRANGER_MESSAGES);
    assert!(desk.unasked(&eve).is_some());
    desk.examine();
}

#[test]
fn of_more_strangers_than_there_are_seats_the_first_stay_and_nothing_is_left_of_who_goes() {
    let mut desk = Desk::new(&[]);
    let (all, settled) = (u16::try_from(MAX_STRANGERS).unwrap(), u16::try_from(MAX_SETTLED).unwrap());
    let forgotten = settled..settled + 8;
    let at = |n: u16| NOW.after(std::time::Duration::from_millis(n.into()));

    for n in 0..all + 8 {
        let (from, heard) = (stranger(n), at(n));
        desk.now = heard;
        if forgotten.contains(&n) || n >= all {
            let (id, _) = desk.hear(&from, asks("a note", 0));
            desk.hear(&from, feels(id, 1));
            desk.hear(&from, about(MessageId::new([5; 32]), 2));
            desk.hear(&from, text("and a word", 3));
        } else {
            let person = people::Person { stranger: true, heard, ..people::Person::default() };
            desk.step(|_, step| people::save(&mut step.shelf(), &from.user(), &person).unwrap());
        }
    }

    assert_eq!(desk.strangers().len(), MAX_STRANGERS);
    assert_eq!(desk.turned_away, 8);
    for n in 0..all + 8 {
        assert_eq!(desk.rows_about(&stranger(n).user()) == 0, forgotten.contains(&n), "{n}");
    }
    desk.examine();
}

#[test]
fn a_stranger_who_is_forgotten_is_told() {
    let mut desk = Desk::new(&[]);
    desk.step(|_, step| {
        for n in 0..u16::try_from(MAX_STRANGERS).unwrap() {
            let person = people::Person { stranger: true, heard: NOW, ..people::Person::default() };
            people::save(&mut step.shelf(), &stranger(n).user(), &person).unwrap();
        }
    });

    let (_, events) = desk.hear(&stranger(900), text("me too", 0));

    let told = events.iter().filter(|event| {
        matches!(event, Event::Contact { change: ContactChange::Forgotten, .. }) && !event.is_kept()
    });
    assert_eq!(told.count(), 1, "{events:?}");
}

#[test]
fn who_wants_no_strangers_hears_nothing_of_them_but_that_what_is_here_is_to_go() {
    for setting in [Strangers::RequestsOnly, Strangers::Refused] {
        let (mut desk, eve) = (Desk::new(&[]), stranger(1));
        let (early, _) = desk.hear(&eve, text("a word", 0));
        desk.step(|_, step| set_strangers(&mut step.shelf(), setting));
        let before = desk.store.clone();
        let unknown = MessageId::new([5; 32]);
        let bob = stranger(2);

        for id in [early, unknown] {
            desk.hear(&eve, about(id, 1));
            desk.hear(&eve, feels(id, 1));
            desk.hear(&eve, pins(id, 1));
            desk.hear(&bob, about(unknown, 1));
            desk.hear(&bob, feels(unknown, 1));
        }
        desk.hear(&eve, gone(unknown, 1));
        desk.hear(&eve, text("another", 2));
        desk.hear(&bob, ContactUpdate::default());

        assert!(desk.store == before, "{setting:?}: a stranger left a trace");
        let (_, events) = desk.hear(&eve, gone(early, 2));
        assert!(matches!(&events[..], [Event::Deleted { .. }]), "{events:?}");
        desk.examine();
    }
}

#[test]
fn what_somebody_changes_who_was_denied_or_blocked_leaves_no_trace() {
    for blocked in [false, true] {
        let (mut desk, eve) = (Desk::new(&[]), stranger(1));
        let (id, _) = desk.hear(&eve, asks("may I?", 0));
        desk.step(|core, step| {
            let done = if blocked { core.block(step, eve.user()) } else { core.deny(step, eve.user()) };
            done.map_err(drop).unwrap();
        });
        let before = desk.store.clone();

        for id in [id, MessageId::new([5; 32])] {
            desk.hear(&eve, about(id, 1));
            desk.hear(&eve, feels(id, 1));
            desk.hear(&eve, pins(id, 1));
        }
        if blocked {
            desk.hear(&eve, gone(id, 1));
        }

        assert!(desk.store == before, "blocked: {blocked}");
    }
}

#[test]
fn homes_of_before_are_counted_at_the_next_start() {
    let (mut desk, eve) = (Desk::new(&[]), stranger(1));
    desk.hear(&eve, picture(300_000, 1));
    let known = desk.unasked(&eve);
    desk.step(|_, step| {
        let mut shelf = step.shelf();
        for (key, _) in shelf.scan(b"W", None, 9).unwrap() {
            shelf.delete(key);
        }
    });
    let before = desk.unasked(&eve);

    desk.step(|_, step| unasked::prepare(&mut step.shelf()).unwrap());

    assert_eq!((before, desk.unasked(&eve)), (None, known));
    desk.examine();
}

#[test]
fn changes_that_wait_are_bounded_in_bytes_in_chats_that_are_ours_too() {
    let (mut desk, room) = (Desk::new(&["room"]), Recipient::Channel(channel("room")));
    let link = |n: u8| UnfurledLink {
        url: format!("https://status.app/{n}"),
        thumbnail_payload: vec![n; 100_000],
        ..UnfurledLink::default()
    };
    for n in 0..9 {
        let Content::EditMessage(edit) = edit("early", 5) else { panic!("it is an edit") };
        let message_id = MessageId::new([n; 32]).to_string();
        let unfurled_links = (0..5).map(link).collect();
        let content = Content::EditMessage(EditMessage { message_id, unfurled_links, ..edit });
        desk.take(&key(2), room.clone(), &encode(&key(2), &content).unwrap());
    }

    let rows = desk.store.scan(AREA, b"Ew", None, usize::MAX).unwrap();
    let bytes: usize = rows.iter().map(|(key, row)| key.len() + row.len()).sum();
    assert_eq!(rows.len(), 2);
    assert!(bytes as u64 <= table::MAX_WAITING_BYTES);
}
