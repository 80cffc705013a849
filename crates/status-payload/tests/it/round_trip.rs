//! What we write is what we read.

use status_crypto::{Keyring, SecretKey};
use status_layer::{Body, Name, Timestamp, UserId};
use status_payload::hazmat::{Fields, Value, decode_payload, differences, fields, from_fields, kind_named};
use status_payload::{ChatMessage, Clock, Content, EncodeError, Kind, MAX_BODY, Place, decode, encode};

const NOW: Timestamp = Timestamp::from_millis(1_590_000_000_000);

fn alice() -> SecretKey {
    SecretKey::from_bytes(&[0x11; 32]).unwrap()
}

fn hello() -> Content {
    let place = Place::Channel(Name::new("status").unwrap());
    ChatMessage::text(&place, "hello", Clock::default().next(NOW), NOW).unwrap().into()
}

#[test]
fn text_comes_back_with_its_author() {
    let body = encode(&alice(), &hello()).unwrap();

    let message = decode(&body, None).unwrap();

    assert_eq!(message.author, alice().user());
    assert!(message.content == hello());
}

#[test]
fn signing_twice_gives_the_same_body() {
    assert_eq!(encode(&alice(), &hello()).unwrap(), encode(&alice(), &hello()).unwrap());
}

#[test]
fn signature_outweighs_the_sender() {
    let bob = UserId::from_compressed(&[2; 33]).unwrap();
    let body = encode(&alice(), &hello()).unwrap();

    let message = decode(&body, Some(bob)).unwrap();

    assert_eq!(message.author, alice().user());
}

#[test]
fn message_without_signature_has_another_id_and_the_author_who_sent_it() {
    let bob = UserId::from_compressed(&[2; 33]).unwrap();
    let body = Body::new(vec![0x12, 2, 8, 1, 0x18, 1]);

    let message = decode(&body, Some(bob)).unwrap();

    assert_eq!((message.author, message.signed), (bob, false));
    assert_eq!(message.id.as_bytes(), &status_crypto::keccak256(&[body.as_bytes()]));
}

#[test]
fn message_of_an_unknown_type_is_kept_as_it_came() {
    let other = Content::Other { kind: Kind::from(25), payload: vec![1, 2, 3] };

    let message = decode(&encode(&alice(), &other).unwrap(), None).unwrap();

    assert!(message.content == other);
    assert_eq!(message.content.kind().number(), 25);
}

#[test]
fn what_peers_would_not_read_is_not_written() {
    let long = Content::Other { kind: Kind::from(25), payload: vec![0; MAX_BODY] };

    let refused = encode(&alice(), &long);

    assert!(matches!(refused, Err(EncodeError::TooLarge { max: MAX_BODY, .. })));
}

/// A map of images, attachments and previews: fields that no vector has.
#[test]
fn newer_fields_are_written_and_read() {
    let number = Value::Number;
    let fields_of = |list: &[(&str, Value)]| -> Fields {
        list.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    };
    let image = fields_of(&[("payload", Value::Text("0102".into())), ("encrypted", Value::Flag(true))]);
    let link = fields_of(&[("url", Value::Text("u".into())), ("type", number(1))]);
    let state = fields_of(&[("local_state", number(2)), ("remote_clock", number(9))]);
    let bridge = fields_of(&[("bridge_name", Value::Text("b".into()))]);
    let listings = [
        (
            "ChatIdentity",
            fields_of(&[("images", Value::Message(fields_of(&[("large", Value::Message(image))])))]),
        ),
        ("EditMessage", fields_of(&[("unfurled_links", Value::List(vec![Value::Message(link)]))])),
        ("ContactUpdate", fields_of(&[("contact_request_propagated_state", Value::Message(state))])),
        ("ChatMessage", fields_of(&[("bridge_message", Value::Message(bridge))])),
        ("StatusUpdate", fields_of(&[("status_type", number(-1))])),
        ("AcceptContactRequest", fields_of(&[("id", Value::Text("0x1".into()))])),
    ];

    for (name, listing) in listings {
        let kind = kind_named(name).unwrap();
        let written = from_fields(kind, listing.clone()).unwrap();
        let body = encode(&alice(), &written).unwrap();

        let read = decode(&body, None).unwrap().content;

        assert!(read == written, "{name}");
        assert_eq!(differences(&fields(&read).unwrap(), &listing), [""; 0], "{name}");
    }
}

#[test]
fn wrong_fields_make_no_message() {
    let strange = Fields::from([("strange".to_owned(), Value::Flag(true))]);
    let mistyped = Fields::from([("clock".to_owned(), Value::Number(-1))]);

    assert!(from_fields(Kind::ChatMessage, strange).is_err());
    assert!(from_fields(Kind::ChatMessage, mistyped).is_err());
    assert!(from_fields(Kind::from(25), Fields::new()).is_err());
}

#[test]
fn member_of_a_oneof_that_comes_last_is_the_one() {
    let sticker_then_image = [0x4a, 2, 0x10, 1, 0x52, 3, 0x0a, 1, 7];

    let content = decode_payload(Kind::ChatMessage, &sticker_then_image).unwrap();

    let listed = fields(&content).unwrap();
    assert!(listed.contains_key("image") && !listed.contains_key("sticker"));
}
