//! Whatever anybody sends, in any order, while the user decides what they decide: nothing panics, what is refused leaves no trace,
//! and the doctor finds nothing wrong.

use status_payload::hazmat::encode_payload;
use status_payload::{
    AcceptContactRequest, Attachment, Change, ChatIdentity, ContactCodeAdvertisement,
    ContactRequestPropagatedState, ContactUpdate, EventKind, GroupChatId, GroupContent, Kind,
    MembershipUpdateMessage, PairInstallation, RetractContactRequest, Roster, SyncChat, SyncChatMessagesRead,
    SyncChatRemoved, SyncClearHistory, SyncContactRequestDecision, SyncDeleteForMe, SyncInstallationContact,
    SyncTrustedUser, UnfurledLink,
};

use super::unasked::picture;
use super::*;
use crate::contacts::Strangers;
use crate::event::Feeling;
use crate::table::unasked::{MAX_INVITATION_BYTES, MAX_STRANGER_BYTES};
use crate::table::{devices, profile};

/// Those who send: a stranger, another, a contact, a member of a group of ours, somebody blocked, ourselves.
const EVERYBODY: [u8; 6] = [1, 2, 3, 4, 5, US];
const US: u8 = 9;
const CONTACT: u8 = 3;
const BLOCKED: u8 = 5;

struct Mallory {
    rng: SeededRng,
    /// Ids of what was said, and of what never was.
    ids: Vec<MessageId>,
    /// What was said before, to be said again or changed.
    said: Vec<(u8, Recipient, Content)>,
    groups: Vec<Roster>,
}

impl Mallory {
    fn new(seed: u64) -> Self {
        let mut groups = Vec::new();
        for (n, creator) in [(0, CONTACT), (1, 1), (2, 4), (3, US)] {
            let id = GroupChatId::new(&format!("group {n}"), key(creator).user()).unwrap();
            let clock = Clock::new(NOW.millis() - 1_000);
            let made = Roster::create(&key(creator), &id, "group", "", clock).unwrap();
            let members = Change::Add([1, 3, 4, US].map(|seat| key(seat).user()).into());
            groups.push(made.change(&key(creator), &members, clock).unwrap());
        }
        Self { rng: rng(seed), ids: vec![MessageId::new([5; 32])], said: Vec::new(), groups }
    }

    fn one_of<T: Clone>(&mut self, of: &[T]) -> T {
        of[usize::try_from(self.rng.below(of.len() as u64)).unwrap()].clone()
    }

    fn id(&mut self) -> MessageId {
        let ids = self.ids.clone();
        self.one_of(&ids)
    }

    fn clock(&mut self) -> Clock {
        let odd = [0, 1, u64::MAX, NOW.millis() + 119_999, NOW.millis() + 200_000];
        let clock = if self.rng.chance(96) { NOW.millis() + self.rng.below(50) } else { self.one_of(&odd) };
        Clock::new(clock)
    }

    fn text(&mut self) -> String {
        let texts = ["hello there", "", " ", "0x04", "\u{0}\u{202e}", "ÄÖÜ straße 🏔", "https://status.app"];
        match self.rng.below(20) {
            0 => "long ".repeat(1_000),
            1..4 => self.one_of(&texts).to_owned(),
            n => format!("some words {n}"),
        }
    }

    fn place(&mut self, author: u8) -> Place {
        let group = self.one_of(&self.groups.clone()).chat().clone();
        let other = self.one_of(&EVERYBODY);
        let to = if author == US { other } else { US };
        let channel = self.one_of(&["room", "room", "elsewhere"]);
        let user = Place::User(key(to).user());
        self.one_of(&[user.clone(), user, Place::Group(group), Place::Channel(channel_named(channel))])
    }

    fn chat_message(&mut self, place: &Place) -> ChatMessage {
        let (clock, words) = (self.clock(), self.text());
        let said = ChatMessage::text(place, "x", Clock::new(1), NOW).unwrap();
        let mut said = ChatMessage { clock, text: words, ..said };
        said.content_type = ContentType::from(i32::try_from(self.rng.below(20)).unwrap());
        if self.rng.chance(88) {
            said.content_type =
                self.one_of(&[ContentType::Text, ContentType::Text, ContentType::ContactRequest]);
        }
        if self.rng.chance(20) {
            let size = self.one_of(&[0, 1, 5_000, 120_000]);
            let image = picture(size, 0);
            (said.content_type, said.payload) = (image.content_type, image.payload);
            if let Some(Attachment::Image(image)) = &mut said.payload {
                image.album_id = self.one_of(&["", "a", "b"]).into();
            }
        }
        if self.rng.chance(20) {
            said.unfurled_links = self.links();
        }
        if self.rng.chance(40) {
            let state = ContactRequestPropagatedState {
                local_clock: self.clock(),
                local_state: self.rng.below(5),
                remote_clock: self.clock(),
                remote_state: self.rng.below(5),
            };
            said.contact_request_propagated_state = Some(state);
        }
        said.display_name = self.text();
        said.response_to = if self.rng.chance(20) { self.id().to_string() } else { String::new() };
        said
    }

    fn links(&mut self) -> Vec<UnfurledLink> {
        let link = |n: u64| UnfurledLink {
            url: if n == 3 { String::new() } else { format!("https://status.app/{n}") },
            thumbnail_payload: vec![7; usize::try_from(n * 30_000).unwrap()],
            ..UnfurledLink::default()
        };
        (0..self.rng.below(5)).map(link).collect()
    }

    /// Something about a message.
    fn about(&mut self, place: &Place) -> Content {
        let (id, clock) = (self.id(), self.clock());
        let (message_id, message_type) = (id.to_string(), place.message_type());
        let chat_id = place.chat_id().unwrap();
        match self.rng.below(4) {
            0 => Content::EditMessage(EditMessage {
                clock,
                text: self.text(),
                chat_id,
                message_id,
                message_type,
                content_type: self.one_of(&[ContentType::Text, ContentType::Emoji, ContentType::Image]),
                unfurled_links: self.links(),
            }),
            1 => Content::DeleteMessage(DeleteMessage {
                clock,
                chat_id,
                message_id,
                message_type,
                deleted_by: String::new(),
            }),
            2 => Content::EmojiReaction(EmojiReaction {
                clock,
                chat_id,
                message_id,
                message_type,
                r#type: ReactionType::from(i32::try_from(1 + self.rng.below(7)).unwrap()),
                retracted: self.rng.chance(50),
            }),
            _ => {
                let pinned = self.rng.chance(50);
                Content::PinMessage(PinMessage { clock, message_id, chat_id, pinned, message_type })
            }
        }
    }

    /// A change of a group, as far as it is allowed, with or without something that is said in it.
    fn group(&mut self, author: u8) -> Content {
        let at = usize::try_from(self.rng.below(self.groups.len() as u64)).unwrap();
        let who = key(self.one_of(&EVERYBODY)).user();
        let change = match self.rng.below(6) {
            0 => Change::Rename(self.text()),
            1 => Change::Add(vec![who]),
            2 => Change::Remove(who),
            3 => Change::Join,
            4 => Change::Recolor("c".repeat(50_000)),
            _ => Change::Picture(vec![9; 60_000]),
        };
        let clock = Clock::new(NOW.millis() - 900 + self.rng.below(900));
        if let Ok(next) = self.groups[at].change(&key(author), &change, clock) {
            self.groups[at] = next;
        }
        let roster = self.groups[at].clone();
        let mut events = roster.entries();
        if self.rng.chance(8) {
            let last = usize::try_from(self.rng.below(events.len() as u64)).unwrap();
            events.remove(last);
        }
        let chat_entity = self.rng.chance(60).then(|| {
            let said = self.chat_message(&Place::Group(roster.chat().clone()));
            GroupContent::Message(Box::new(said))
        });
        let chat_id = roster.chat().to_string();
        Content::MembershipUpdateMessage(Box::new(MembershipUpdateMessage { chat_id, events, chat_entity }))
    }

    /// What people say of themselves and of each other, and what devices say.
    fn about_people(&mut self) -> Content {
        let (clock, id) = (self.clock(), self.id().to_string());
        let identity = ChatIdentity {
            clock,
            display_name: self.text(),
            description: self.text(),
            ..ChatIdentity::default()
        };
        let someone = status_crypto::text::key_string(&key(2).user()).unwrap();
        let chat = self.one_of(&["room".to_owned(), "new".to_owned(), "0x04".to_owned(), someone]);
        match self.rng.below(14) {
            0 => Content::ContactUpdate(Box::new(ContactUpdate {
                clock,
                display_name: self.text(),
                contact_request_clock: self.clock(),
                ..ContactUpdate::default()
            })),
            1 => Content::AcceptContactRequest(AcceptContactRequest { id, clock }),
            2 => Content::RetractContactRequest(RetractContactRequest { id, clock }),
            3 => Content::ChatIdentity(identity),
            4 => Content::ContactCodeAdvertisement(ContactCodeAdvertisement {
                chat_identity: Some(identity),
                ..ContactCodeAdvertisement::default()
            }),
            5 => Content::PairInstallation(PairInstallation {
                clock,
                installation_id: self.one_of(&["device", "other", "", "third"]).into(),
                name: self.text(),
                device_type: "phone".into(),
                ..PairInstallation::default()
            }),
            6 => Content::SyncChatRemoved(SyncChatRemoved { clock, id: chat }),
            7 => Content::SyncChatMessagesRead(SyncChatMessagesRead { clock, id: chat }),
            8 => Content::SyncClearHistory(SyncClearHistory { chat_id: chat, cleared_at: clock }),
            9 => Content::SyncDeleteForMe(SyncDeleteForMe { clock, message_id: id }),
            10 => Content::SyncTrustedUser(SyncTrustedUser { clock, id: chat, ..SyncTrustedUser::default() }),
            11 => Content::SyncContactRequestDecision(SyncContactRequestDecision {
                clock,
                request_id: id,
                contact_id: chat,
                ..SyncContactRequestDecision::default()
            }),
            12 => Content::SyncInstallationContact(Box::new(SyncInstallationContact {
                id: chat,
                clock,
                blocked: self.rng.chance(20),
                ..SyncInstallationContact::default()
            })),
            _ => {
                let place = Place::Channel(channel_named("synced"));
                let mut said = SyncChat::new(&place, clock).unwrap();
                said.active = self.rng.chance(50);
                Content::SyncChat(Box::new(said))
            }
        }
    }

    /// Fields by chance under the number of any kind.
    fn anything(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for _ in 0..self.rng.below(8) {
            let field = u8::try_from(1 + self.rng.below(15)).unwrap();
            if self.rng.chance(50) {
                bytes.extend([field << 3, u8::try_from(self.rng.below(128)).unwrap()]);
            } else {
                let text = if self.rng.chance(30) { self.id().to_string() } else { self.text() };
                let text: String = text.chars().take(30).collect();
                bytes.extend([(field << 3) | 2, u8::try_from(text.len()).unwrap()]);
                bytes.extend(text.bytes());
            }
        }
        bytes
    }

    /// The next that somebody sends.
    fn next(&mut self) -> (u8, Recipient, Body) {
        let author = self.one_of(&EVERYBODY);
        let place = self.place(author);
        let content = match self.rng.below(12) {
            0..4 => self.chat_message(&place).into(),
            4..7 => self.about(&place),
            7..9 => self.group(author),
            9 => self.about_people(),
            10 if !self.said.is_empty() => {
                let said = self.said.clone();
                let (author, to, content) = self.one_of(&said);
                return (author, to, encode(&key(author), &content).unwrap());
            }
            _ => {
                let kind = Kind::from(i32::try_from(self.rng.below(95)).unwrap());
                let payload = self.anything();
                return (author, Recipient::User(key(US).user()), sign_payload(&key(author), kind, payload));
            }
        };
        let to = match &place {
            Place::Channel(name) if self.rng.chance(97) => Recipient::Channel(name.clone()),
            _ => Recipient::User(key(US).user()),
        };
        if self.rng.chance(10) {
            let mut payload = encode_payload(&content);
            let at = self.rng.below(payload.len().max(1) as u64);
            if let Some(byte) = payload.get_mut(usize::try_from(at).unwrap()) {
                *byte ^= 1 << self.rng.below(8);
            }
            return (author, to, sign_payload(&key(author), content.kind(), payload));
        }
        let body = encode(&key(author), &content).unwrap();
        self.ids.push(message_id(&key(author).public(), &body));
        if body.as_bytes().len() < 10_000 {
            self.said.push((author, to.clone(), content));
        }
        (author, to, body)
    }
}

fn channel_named(name: &str) -> Name {
    channel(name)
}

impl Desk {
    /// Us with a contact, somebody blocked, and another device.
    fn among_people() -> Self {
        let mut desk = Self::new(&["room"]);
        desk.step(|core, step| {
            core.request(step, key(CONTACT).user(), "").map_err(drop).unwrap();
            core.block(step, key(BLOCKED).user()).map_err(drop).unwrap();
            devices::save(&mut step.shelf(), &DeviceId::new("other").unwrap(), true).unwrap();
            Core::prepare(step).unwrap();
        });
        desk
    }

    /// Takes a body as a session proves it, mostly.
    fn take_from(&mut self, mallory: &mut Mallory, author: u8, to: Recipient, body: Body) -> Vec<Event> {
        let session = matches!(to, Recipient::User(_)) && mallory.rng.chance(95);
        let device = session.then(|| DeviceId::new(mallory.one_of(&["other", "unknown"])).unwrap());
        let proof = if session {
            Proof::Session
        } else {
            mallory.one_of(&[Proof::Signature, Proof::Signature, Proof::Hint])
        };
        let from = Sender { user: key(author).user(), device, proof };
        let grade = if session { Grade::Ratcheted } else { mallory.one_of(&[Grade::Static, Grade::Clear]) };
        let got = Arrived { from, grade, to, body, way: Way::default() };
        self.step(|core, step| core.arrived(step, got).unwrap())
    }

    /// Does something that a user may do; whether it can be done is of no account.
    fn decide(&mut self, mallory: &mut Mallory) {
        let user = key(mallory.one_of(&EVERYBODY[..5])).user();
        let (id, what) = (mallory.id(), mallory.rng.below(17));
        let group = mallory.one_of(&mallory.groups.clone()).chat().clone();
        let setting = mallory.one_of(&[Strangers::Shown, Strangers::RequestsOnly, Strangers::Refused]);
        self.step(|core, step| {
            // As every wish: what is refused leaves no trace.
            let _ = step.attempt(|step| match what {
                0 => core.accept(step, user),
                1 => core.deny(step, user),
                2 => core.block(step, user),
                3 => core.unblock(step, user),
                4 => core.join(step, &Chat::User(user)),
                5 => core.leave(step, &Chat::User(user)),
                6 => core.hide(step, id),
                7 => core.delete(step, id),
                8 => core.accept_group(step, &group),
                9 => core.decline_group(step, &group),
                10 => core.leave_group(step, &group),
                11 => core.react(step, id, Feeling::Love, false),
                12 => core.pin(step, id, true),
                13 => core.edit(step, id, &"another text".into()),
                14 => core.retract(step, user),
                15 => core.clear(step, &Chat::User(user)),
                _ => {
                    profile::set_strangers(&mut step.shelf(), setting);
                    Ok(())
                }
            });
        });
    }
}

#[test]
fn whatever_anybody_sends_leaves_everything_in_order() {
    let (mut refused, mut taken) = (0, 0);
    // More of them: `STATUS_LIVES=100`.
    let lives = std::env::var("STATUS_LIVES").ok().and_then(|lives| lives.parse().ok()).unwrap_or(8);
    for seed in 0..lives {
        let (mut desk, mut mallory) = (Desk::among_people(), Mallory::new(seed));
        for n in 0..150 {
            let before = desk.store.clone();
            let (author, to, body) = mallory.next();

            let events = desk.take_from(&mut mallory, author, to, body);

            let changed = desk.store != before;
            let only_refused = matches!(&events[..], [Event::Refused(refused)] if refused.layer == "chat");
            assert!(!(only_refused && changed), "seed {seed}, {n}: refused, but {events:?}");
            let of_blocked = author == BLOCKED && desk.is_blocked(author) && changed;
            assert!(!of_blocked, "seed {seed}, {n}: {events:?}");
            refused += u32::from(only_refused);
            taken += u32::from(changed);
            if mallory.rng.chance(20) {
                desk.decide(&mut mallory);
            }
            if n % 25 == 24 {
                desk.examine();
                desk.is_bounded(seed);
            }
        }
    }
    assert!(refused > 100 && taken > 200, "{refused} refused, {taken} taken");
}

impl Desk {
    fn is_blocked(&self, seat: u8) -> bool {
        let mut draft = status_layer::Draft::new(&self.store);
        let person = table::contacts::load(&draft.shelf(AREA), &key(seat).user()).unwrap();
        person.is_some_and(|person| person.blocked)
    }

    fn is_bounded(&self, seed: u64) {
        let mut draft = status_layer::Draft::new(&self.store);
        let shelf = draft.shelf(AREA);
        for (key, _) in shelf.scan(b"W", Some(b"W"), 999).unwrap() {
            let chat = table::chat_in(&key).unwrap();
            let bytes = table::unasked::load(&shelf, &chat).unwrap().unwrap().bytes;
            let most = if matches!(chat, Chat::User(_)) { MAX_STRANGER_BYTES } else { MAX_INVITATION_BYTES };
            assert!(bytes <= most, "seed {seed}: {chat:?} has {bytes} bytes");
        }
        let waiting = shelf.scan(b"En", None, 9_999).unwrap();
        assert!(waiting.len() as u64 <= 8 * table::MAX_WAITING, "seed {seed}: {}", waiting.len());
    }
}

#[test]
fn a_kind_of_event_that_nobody_knows_is_no_event_of_a_group() {
    let mut mallory = Mallory::new(0);
    let roster = mallory.groups[0].clone();
    let strange = status_payload::hazmat::encode_event(Clock::new(5), EventKind::from(99), Vec::new(), "x");
    let mut events = roster.entries();
    events.push([&[1; 65][..], &strange].concat());
    let chat_id = roster.chat().to_string();
    let update = MembershipUpdateMessage { chat_id, events, chat_entity: None };
    let content = Content::MembershipUpdateMessage(Box::new(update));
    let mut desk = Desk::among_people();
    let before = desk.store.clone();

    let body = encode(&key(CONTACT), &content).unwrap();
    let events = desk.take_from(&mut mallory, CONTACT, Recipient::User(key(US).user()), body);

    assert!(matches!(&events[..], [Event::Refused(_)]) && desk.store == before, "{events:?}");
}
