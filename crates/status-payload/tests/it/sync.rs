//! What own devices tell each other, and the numbers of its fields.

use status_crypto::{Keyring, SecretKey};
use status_layer::{Name, UserId};
use status_payload::hazmat::{
    Fields, Value, decode_payload, differences, encode_payload, fields, from_fields,
};
use status_payload::{
    Change, ChatType, Clock, Content, GroupChatId, Kind, Place, Roster, SettingType, SettingValue, SyncChat,
};

fn user(byte: u8) -> UserId {
    SecretKey::from_bytes(&[byte; 32]).unwrap().user()
}

fn listing(list: &[(&str, Value)]) -> Fields {
    list.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

/// A field of text or bytes: its number, below 16, its length, and itself.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    [&[number << 3 | 2, bytes.len() as u8], bytes].concat()
}

// Spec: the tables of own-device messages and of contact verification.
#[test]
fn fields_have_the_numbers_of_peers() {
    let n = |number: i128| Value::Number(number);
    let ids = Value::List(vec![Value::Bytes(vec![7]), Value::Bytes(vec![8])]);
    let picture = listing(&[("name", text("a")), ("payload", text("0b")), ("width", n(3)), ("clock", n(7))]);
    let simple: [(i32, Vec<u8>, Fields); 14] = [
        (34, [&[8, 1][..], &field(2, b"c")].concat(), listing(&[("clock", n(1)), ("id", text("c"))])),
        (35, [&[8, 1][..], &field(2, b"c")].concat(), listing(&[("clock", n(1)), ("id", text("c"))])),
        (
            41,
            [&field(1, b"c")[..], &[16, 2]].concat(),
            listing(&[("chat_id", text("c")), ("cleared_at", n(2))]),
        ),
        (58, [&[8, 1][..], &field(2, b"m")].concat(), listing(&[("clock", n(1)), ("message_id", text("m"))])),
        (
            56,
            [&[8, 1][..], &field(2, b"r"), &[24, 1], &field(4, b"c")].concat(),
            listing(&[
                ("clock", n(1)),
                ("request_id", text("r")),
                ("decision_status", n(1)),
                ("contact_id", text("c")),
            ]),
        ),
        (
            53,
            [&[8, 1][..], &field(2, b"u"), &[24, 2]].concat(),
            listing(&[("clock", n(1)), ("id", text("u")), ("status", n(2))]),
        ),
        (
            37,
            [&[8, 1][..], &field(2, &[7]), &field(2, &[8])].concat(),
            listing(&[("clock", n(1)), ("ids", ids.clone())]),
        ),
        (
            76,
            [&[8, 1][..], &field(2, &[7]), &field(2, &[8])].concat(),
            listing(&[("clock", n(1)), ("ids", ids)]),
        ),
        (
            42,
            vec![8, 4, 16, 1, 40, 1],
            listing(&[("type", n(4)), ("clock", n(1)), ("value_bool", Value::Flag(true))]),
        ),
        (
            42,
            [&[8, 1][..], &field(3, b"e")].concat(),
            listing(&[("type", n(1)), ("value_string", text("e"))]),
        ),
        (
            44,
            [
                &field(1, b"k")[..],
                &field(2, &[&field(1, b"a")[..], &field(2, &[11]), &[24, 3, 56, 7]].concat()),
            ]
            .concat(),
            listing(&[("key_uid", text("k")), ("pictures", Value::List(vec![Value::Message(picture)]))]),
        ),
        (50, [&[8, 1][..], &field(3, b"?")].concat(), listing(&[("clock", n(1)), ("challenge", text("?"))])),
        (
            51,
            [&[8, 1][..], &field(2, b"i"), &field(3, b"!")].concat(),
            listing(&[("clock", n(1)), ("id", text("i")), ("response", text("!"))]),
        ),
        (61, [&[8, 1][..], &field(2, b"i")].concat(), listing(&[("clock", n(1)), ("id", text("i"))])),
    ];

    for (number, bytes, listing) in simple {
        let content = decode_payload(Kind::from(number), &bytes).unwrap();

        assert_eq!(differences(&fields(&content).unwrap(), &listing), [""; 0], "{number}");
        assert_eq!(encode_payload(&content), bytes, "{number}");
    }
}

#[test]
fn contact_has_the_numbers_of_peers() {
    let bytes = [
        vec![8, 1],
        field(7, b"nick"),
        // Tags from 16 on take two bytes.
        vec![72, 1, 104, 1, 112, 4, 120, 2, 0x80, 1, 2, 0x88, 1, 5, 0x90, 1, 3, 0x98, 1, 6],
        vec![0xa2, 1, 1, b'd', 0xa8, 1, 9],
    ]
    .concat();

    let Content::SyncInstallationContact(contact) = decode_payload(Kind::from(12), &bytes).unwrap() else {
        panic!("another type")
    };

    assert_eq!((contact.clock, contact.local_nickname.as_str()), (Clock::new(1), "nick"));
    assert_eq!((contact.added, contact.has_added_us), (true, true));
    assert_eq!((contact.verification_status, contact.trust_status), (4, 2));
    assert_eq!((contact.display_name.as_str(), contact.customization_color), ("d", 9));
    assert!(contact.relation().mutual());
    assert_eq!(
        (contact.relation().local.clock, contact.relation().remote.clock),
        (Clock::new(5), Clock::new(6))
    );
    assert_eq!(encode_payload(&Content::SyncInstallationContact(contact)), bytes);
}

#[test]
fn group_travels_to_another_device_with_its_history() {
    let (alice, id) = (SecretKey::from_bytes(&[1; 32]).unwrap(), GroupChatId::new("uuid", user(1)).unwrap());
    let made = Roster::create(&alice, &id, "g", "blue", Clock::new(10)).unwrap();
    let roster = made.change(&alice, &Change::Add(vec![user(2)]), Clock::new(11)).unwrap();
    let place = Place::Group(id.clone());

    let chat = SyncChat::new(&place, Clock::new(12)).unwrap().with_history(&roster).unwrap();
    let bytes = encode_payload(&Content::SyncChat(Box::new(chat.clone())));
    let Content::SyncChat(read) = decode_payload(Kind::SyncChat, &bytes).unwrap() else {
        panic!("another type")
    };

    assert!(*read == chat);
    assert_eq!(
        (read.place(), read.chat_type, read.name.as_str()),
        (Some(place), ChatType::PrivateGroup, "g")
    );
    assert_eq!(Roster::read(&id, &read.entries()), Ok(roster));
}

#[test]
fn entry_whose_signature_stands_apart_is_put_together() {
    let mut chat = SyncChat::default();
    let event = status_payload::MembershipUpdateEvents {
        signature: vec![1; 65],
        raw_payload: vec![8, 1],
        ..Default::default()
    };
    chat.membership_update_events.push(event);

    assert_eq!(chat.entries(), [[vec![1; 65], vec![8, 1]].concat()]);
}

#[test]
fn other_chats_travel_by_their_ids() {
    for place in [Place::User(user(2)), Place::Channel(Name::new("status").unwrap())] {
        assert_eq!(SyncChat::new(&place, Clock::new(1)).unwrap().place(), Some(place));
    }
    assert_eq!(
        SyncChat { chat_type: ChatType::Timeline, id: "t".into(), ..SyncChat::default() }.place(),
        None
    );
}

/// Everything that is there, filled with something other than its default.
fn filled(value: Value) -> Value {
    match value {
        Value::Number(_) => Value::Number(3),
        Value::Flag(_) => Value::Flag(true),
        Value::Text(_) => text("some"),
        Value::Bytes(_) => Value::Bytes(vec![5, 6]),
        Value::Message(fields) => {
            Value::Message(fields.into_iter().map(|(name, v)| (name, filled(v))).collect())
        }
        Value::List(list) => Value::List(list),
    }
}

#[test]
fn every_message_with_every_plain_field_comes_back() {
    let mut kinds = 0;
    for number in (0..100).chain([Kind::OwnDevices.number()]) {
        let kind = Kind::from(number);
        // The registration is a sealed box.
        let Ok(empty) = decode_payload(kind, &[]) else { continue };
        let Some(listing) = fields(&empty) else { continue };
        let Value::Message(listing) = filled(Value::Message(listing)) else { continue };
        let full = from_fields(kind, listing).unwrap();

        let bytes = encode_payload(&full);
        let read = decode_payload(kind, &bytes).unwrap();

        assert!(read == full, "{kind:?}");
        for len in 0..bytes.len() {
            let _cut = decode_payload(kind, &bytes[..len]);
        }
        kinds += 1;
    }
    assert!(kinds >= 45, "{kinds}");
}

#[test]
fn backup_brings_contacts_settings_and_chats() {
    let contact = Value::Message(listing(&[("id", text("0x04")), ("added", Value::Flag(true))]));
    let chat = Value::Message(listing(&[("id", text("status")), ("chat_type", Value::Number(2))]));
    let setting = listing(&[("type", Value::Number(4)), ("value_bool", Value::Flag(true))]);
    let part = listing(&[("data_number", Value::Number(1)), ("total_number", Value::Number(2))]);
    let listing = listing(&[
        ("contacts", Value::List(vec![contact])),
        ("contacts_details", Value::Message(part)),
        ("setting", Value::Message(setting)),
        ("chats", Value::List(vec![chat])),
    ]);

    let written = encode_payload(&from_fields(Kind::Backup, listing).unwrap());
    let Content::Backup(backup) = decode_payload(Kind::Backup, &written).unwrap() else {
        panic!("another type")
    };

    let setting = backup.setting.unwrap();
    assert!(backup.contacts[0].added && !backup.contacts[0].is_of_2020());
    assert_eq!(backup.contacts_details.unwrap().total_number, 2);
    assert_eq!(setting.r#type, SettingType::MessagesFromContactsOnly);
    assert!(setting.value == Some(SettingValue::Flag(true)));
    assert_eq!(backup.chats[0].place(), Some(Place::Channel(Name::new("status").unwrap())));
}
