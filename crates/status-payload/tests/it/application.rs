//! Vectors of deployed peers: what they put on the wire, what they call it, whose it is.

use status_crypto::{Keyring, PublicKey};
use status_layer::{Body, Timestamp, UserId};
use status_payload::hazmat::{
    decode_payload, differences, encode_payload, fields, from_fields, kind_named, sign_payload,
};
use status_payload::{Clock, Content, DecodeError, Kind, decode, decode_signed, message_id};

use crate::vectors::{bytes, cases, listed, signer, text};

#[test]
fn message_of_a_peer_is_read_with_every_field() {
    for case in cases("application.json", "message") {
        let name = text(&case, "name");

        let message = decode(&Body::new(bytes(&case, "wrapped")), None).unwrap();

        assert_eq!(i64::from(message.content.kind().number()), case["type"].as_i64().unwrap(), "{name}");
        assert_eq!(Some(message.content.kind()), kind_named(text(&case, "message_name")), "{name}");
        assert_eq!(differences(&fields(&message.content).unwrap(), &listed(&case)), [""; 0], "{name}");
        assert_eq!(message.author, signer(&case).user(), "{name}");
        assert_eq!(message.id.to_string(), text(&case, "message_id"), "{name}");
        assert!(message.signed, "{name}");
    }
}

#[test]
fn our_message_has_the_bytes_of_a_peer() {
    for case in cases("application.json", "message") {
        let name = text(&case, "name");
        let signer = signer(&case);
        let kind = kind_named(text(&case, "message_name")).unwrap();

        let content = from_fields(kind, listed(&case)).unwrap();
        let body = status_payload::encode(&signer, &content).unwrap();

        assert_eq!(hex::encode(encode_payload(&content)), text(&case, "payload"), "{name}");
        assert_eq!(hex::encode(body.as_bytes()), text(&case, "wrapped"), "{name}");
        assert_eq!(message_id(&signer.public(), &body).to_string(), text(&case, "message_id"), "{name}");
    }
}

#[test]
fn payload_signed_as_it_is_has_the_bytes_of_a_peer() {
    for case in cases("application.json", "message") {
        let kind = Kind::from(i32::try_from(case["type"].as_i64().unwrap()).unwrap());

        let body = sign_payload(&signer(&case), kind, bytes(&case, "payload"));
        let signed = decode_signed(&body, None).unwrap();

        assert_eq!(hex::encode(body.as_bytes()), text(&case, "wrapped"), "{}", text(&case, "name"));
        assert_eq!(hex::encode(&signed.payload), text(&case, "payload"), "{}", text(&case, "name"));
    }
}

#[test]
fn author_is_whoever_signed() {
    let sender = UserId::from_compressed(&[2; 33]).unwrap();

    for case in cases("application.json", "recover") {
        let name = text(&case, "name");
        let body = Body::new(bytes(&case, "wrapped"));

        let read = decode_signed(&body, Some(sender));

        if !case["recover_error"].is_null() {
            assert_eq!(read, Err(DecodeError::Signature), "{name}");
        } else if case["recovered"] == true {
            let read = read.unwrap();
            assert_eq!(hex::encode(read.author.as_bytes()), text(&case, "recovered_key"), "{name}");
            assert!(read.signed, "{name}");
        } else {
            let read = read.unwrap();
            assert_eq!((read.author, read.signed), (sender, false), "{name}");
            assert_eq!(decode_signed(&body, None), Err(DecodeError::NoAuthor), "{name}");
        }
    }
}

#[test]
fn message_id_covers_author_and_bytes() {
    for case in cases("application.json", "message_id") {
        let author = PublicKey::from_uncompressed(&bytes(&case, "author")).unwrap();

        let id = message_id(&author, &Body::new(bytes(&case, "data")));

        assert_eq!(id.to_string(), text(&case, "message_id"));
    }
}

#[test]
fn clock_counts_like_peers_of_2019() {
    for case in cases("application.json", "clock") {
        let reading = |name: &str| case[name].as_u64().unwrap();

        let next = Clock::new(reading("last")).next_of_2019(Timestamp::from_millis(reading("now_ms")));

        assert_eq!(next.value(), reading("clock"), "{}", text(&case, "name"));
    }
}

#[test]
fn group_update_of_a_peer_is_read_and_written() {
    for case in cases("membership.json", "update_message") {
        let name = text(&case, "name");
        let body = Body::new(bytes(&case, "wrapped"));

        let message = decode(&body, None).unwrap();
        let ours = from_fields(message.content.kind(), listed(&case)).unwrap();

        assert_eq!(differences(&fields(&message.content).unwrap(), &listed(&case)), [""; 0], "{name}");
        assert_eq!(status_payload::encode(&signer(&case), &ours).unwrap(), body, "{name}");
        assert_eq!(message.id.to_string(), text(&case, "message_id"), "{name}");
    }
}

#[test]
fn history_of_every_group_is_read_and_written() {
    for case in cases("membership.json", "group") {
        let bytes = bytes(&case, "message");

        let content = decode_payload(Kind::MembershipUpdateMessage, &bytes).unwrap();

        let Content::MembershipUpdateMessage(update) = &content else { panic!("{content:?}") };
        assert_eq!(update.chat_id, text(&case, "chat_id"));
        assert_eq!(encode_payload(&content), bytes);
    }
}
