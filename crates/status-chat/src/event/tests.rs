use status_crypto::text;
use status_layer::{Name, Timestamp};
use status_payload::GroupChatId;
use status_stack::Way;

use super::*;
use crate::devices::{DeviceName, HistoryGiver, HistoryId};

const KEY: &str = "zQ3shPyZJnxZK4Bwyx9QsaksNKDYTPmpwPvGSjMYVHoXHeEgB";

fn user() -> UserId {
    text::parse_user(KEY).unwrap()
}

fn message(chat: Chat, stage: Option<Stage>) -> Message {
    let text = "two\nlines, \"quoted\"";
    Message {
        stage,
        sent_at: Timestamp::from_millis(1_700_000_000_000),
        way: Some(Journey { text: 3, body: 100, layers: Way { datagram: 150, sealed: 300, frame: 400 } }),
        ..Message::new(MessageId::new([0xab; 32]), chat, user(), text, 1_700_000_000_001)
    }
}

/// A message with all that there may be of it.
fn everything() -> Message {
    let text = format!("{} {}", Mentioned::Everyone, Mentioned::User(user()));
    let album = Some(Album { id: "a".into(), of: 2 });
    let preview = Preview { url: "https://status.app".into(), thumbnail: 3, ..Preview::default() };
    Message {
        mentions: Mention::all(&text),
        text,
        name: "A name".into(),
        kind: Kind::Image(Picture { format: ImageFormat::Other(9), bytes: 1, width: 2, height: 3, album }),
        links: vec![preview],
        answers: Some(MessageId::new([2; 32])),
        edited: Some(Edited { clock: 5, by: MessageId::new([3; 32]) }),
        deleted: Some(Deleted::ForAll { by: user() }),
        ..message(Chat::User(user()), None)
    }
}

/// One of each; the match below says which are missing.
fn every_event() -> Vec<Event> {
    let (id, device) = (MessageId::new([1; 32]), DeviceId::new("a-device").unwrap());
    let group = GroupChatId::new("7a1a7ea0-0000-4000-8000-000000000000", user()).unwrap();
    let (to, of) = (1, 3);
    let stages = [
        Stage::Queued,
        Stage::Published,
        Stage::Stored,
        Stage::Delivered { to, of },
        Stage::GaveUp { to, of },
    ];
    let mut events = vec![
        Event::Message(message(Chat::User(user()), None)),
        Event::Message(message(Chat::Group(group.clone()), Some(Stage::Queued))),
        Event::Message(message(Chat::Channel(Name::new("room").unwrap()), None)),
        Event::Changed(everything()),
        Event::Deleted { chat: Chat::User(user()), id, by: user() },
        Event::Reaction(Reaction {
            chat: Chat::User(user()),
            message: id,
            by: user(),
            feeling: Feeling::ThumbsUp,
            retracted: true,
            clock: 4,
        }),
        Event::Pinned(Pin { chat: Chat::User(user()), message: id, by: user(), pinned: true, clock: 4 }),
        Event::Delivered { id, by: user(), device: Some(device.clone()) },
        Event::Delivered { id, by: user(), device: None },
        Event::Gap { from: user(), missing: 3 },
        Event::Unsupported { from: user(), kind: 99 },
        Event::Refused(Refused { layer: "security".into(), why: "it is forged".into() }),
        Event::Notice(Notice::Unreadable { from: user() }),
        Event::Notice(Notice::NewDevice { user: user(), device: device.clone(), joined: true }),
        Event::Notice(Notice::RemovedDevice { user: user(), device }),
        Event::Contact {
            user: user(),
            change: ContactChange::Requested {
                request: Some(id),
                note: "hi".into(),
                grade: status_layer::Grade::Static,
            },
            verified_since: Some(Timestamp::from_millis(1)),
        },
        Event::Changed(message(Chat::User(user()), None)),
        Event::Deleted { id, chat: Chat::User(user()), by: user() },
        Event::Reaction(Reaction {
            chat: Chat::User(user()),
            message: id,
            by: user(),
            feeling: Feeling::Laugh,
            retracted: false,
            clock: 5,
        }),
        Event::Pinned(Pin { chat: Chat::User(user()), message: id, by: user(), pinned: true, clock: 6 }),
        Event::PutBack,
        Event::Online(true),
        Event::Fetching { messages: 7, bytes: 4_000 },
        Event::Fetched,
        Event::Missed { count: u64::MAX },
        Event::Failed { why: "the disk is full".into() },
        Event::Part { chat: Chat::User(user()), joined: true },
        Event::Read { chat: Chat::User(user()), clock: 7 },
        Event::Hidden { chat: Chat::User(user()), id },
        Event::Cleared { chat: Chat::User(user()), clock: 8 },
        Event::Own(OwnChange::Strangers),
        Event::History(HistoryProgress {
            id: HistoryId([7; 16]),
            givers: vec![HistoryGiver {
                device: DeviceId::new("another").unwrap(),
                taken: 1,
                covered: 2,
                total: 3,
                done: true,
            }],
            done: false,
        }),
        Event::Device(OwnDevice {
            id: DeviceId::new("another").unwrap(),
            joined: true,
            name: DeviceName::new("Bob's phone", "android").unwrap(),
        }),
        Event::Push { server: user(), state: PushState::Registered },
    ];
    let refusals =
        [PushRefusal::Malformed, PushRefusal::TokenType, PushRefusal::Unsaid].map(PushState::Refused);
    let states = refusals.into_iter().chain([PushState::Waiting, PushState::GaveUp]);
    events.extend(states.map(|state| Event::Push { server: user(), state }));
    events.extend(stages.map(|stage| Event::Stage { id, stage }));
    let changes = [
        GroupChange::Entered,
        GroupChange::Invited,
        GroupChange::Renamed { name: "climbing".into() },
        GroupChange::Recolored { color: "#4360df".into() },
        GroupChange::Pictured,
        GroupChange::Added { users: vec![user()] },
        GroupChange::Joined,
        GroupChange::Left,
        GroupChange::Removed { user: user() },
        GroupChange::AdminsAdded { users: vec![user()] },
        GroupChange::AdminResigned,
        GroupChange::Rearranged,
    ];
    events.extend(changes.map(|change| Event::Group { group: group.clone(), by: user(), change }));
    events
}

/// The place of an event's kind among all. Whoever adds a kind of event adds it here, and to [`every_event`].
const fn kind(event: &Event) -> usize {
    match event {
        Event::Message(_) => 0,
        Event::Delivered { .. } => 1,
        Event::Stage { .. } => 2,
        Event::Gap { .. } => 3,
        Event::Unsupported { .. } => 4,
        Event::Refused(_) => 5,
        Event::Notice(_) => 6,
        Event::PutBack => 7,
        Event::Online(_) => 8,
        Event::Fetching { .. } => 9,
        Event::Fetched => 10,
        Event::Missed { .. } => 11,
        Event::Failed { .. } => 12,
        Event::Changed(_) => 13,
        Event::Deleted { .. } => 14,
        Event::Reaction(_) => 15,
        Event::Pinned(_) => 16,
        Event::Group { .. } => 17,
        Event::Device(_) => 18,
        Event::Part { .. } => 19,
        Event::Read { .. } => 20,
        Event::Contact { .. } => 21,
        Event::Hidden { .. } => 22,
        Event::Cleared { .. } => 23,
        Event::Own(_) => 24,
        Event::History(_) => 25,
        Event::Push { .. } => 26,
    }
}

#[test]
fn every_event_reads_as_it_was_written() {
    let mut kinds = std::collections::BTreeSet::new();
    for event in every_event() {
        let text = serde_json::to_string(&event).unwrap();

        assert_eq!(serde_json::from_str::<Event>(&text).unwrap(), event, "{text}");
        kinds.insert(kind(&event));
    }

    let last = kinds.last().copied().unwrap_or_default();
    assert_eq!(kinds.len(), last + 1, "a kind of event is not tried");
}

#[test]
fn an_event_is_written_as_a_person_can_read_it() {
    let event = Event::Message(Message { way: None, ..message(Chat::User(user()), None) });

    let written = serde_json::to_value(&event).unwrap();

    let id = format!("0x{}", "ab".repeat(32));
    let expected = serde_json::json!({ "Message": {
        "id": id, "chat": KEY, "from": KEY, "text": "two\nlines, \"quoted\"", "clock": 1_700_000_000_001_u64,
        "sent_at": 1_700_000_000_000_u64, "grade": "Ratcheted", "stage": null, "way": null,
    }});
    assert_eq!(written, expected);
}
