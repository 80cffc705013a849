//! Bytes that nobody honest makes. Nothing here may panic; what is refused is refused with a reason.

use rand_core::Rng;
use status_crypto::SecretKey;
use status_layer::testing::rng;
use status_layer::{Body, LayerError, Timestamp, UserId};
use status_payload::hazmat::decode_payload;
use status_payload::{
    DecodeError, GroupChatId, Kind, MAX_BODY, MAX_FIELDS, Roster, Rules, decode, encode, validate,
};

use crate::vectors::{bytes, cases};

fn sender() -> Option<UserId> {
    UserId::from_compressed(&[2; 33]).ok()
}

/// Reads and judges whatever it is.
fn swallow(bytes: &[u8]) {
    if let Ok(message) = decode(&Body::new(bytes.to_vec()), sender()) {
        for rules in [Rules::Current, Rules::Of2020] {
            let _verdict = validate(&message.content, Timestamp::from_secs(1_590_000_000), rules);
        }
        let alice = SecretKey::from_bytes(&[0x11; 32]).unwrap();
        assert!(encode(&alice, &message.content).is_ok());
    }
}

#[test]
fn message_cut_anywhere_does_no_harm() {
    for case in cases("application.json", "message") {
        let wrapped = bytes(&case, "wrapped");
        for len in 0..wrapped.len() {
            swallow(&wrapped[..len]);
        }
    }
}

#[test]
fn payload_cut_anywhere_does_no_harm() {
    for case in cases("application.json", "message") {
        let payload = bytes(&case, "payload");
        let kind = Kind::from(i32::try_from(case["type"].as_i64().unwrap()).unwrap());
        for len in 0..payload.len() {
            let _content = decode_payload(kind, &payload[..len]);
        }
    }
}

#[test]
fn changed_bytes_do_no_harm() {
    let mut rng = rng(7);
    for case in cases("application.json", "message") {
        let wrapped = bytes(&case, "wrapped");
        for _ in 0..50 {
            let mut changed = wrapped.clone();
            for _ in 0..1 + rng.below(3) {
                let at = usize::try_from(rng.below(wrapped.len() as u64)).unwrap();
                changed[at] = rng.next_u32().to_le_bytes()[0];
            }
            swallow(&changed);
        }
    }
}

#[test]
fn random_payload_of_any_type_does_no_harm() {
    let mut rng = rng(8);
    for number in 0..100 {
        for len in 0..100 {
            let mut payload = vec![0; len];
            rng.fill_bytes(&mut payload);
            let _content = decode_payload(Kind::from(number), &payload);
        }
    }
}

#[test]
fn body_of_the_largest_length_is_read_and_no_longer_one() {
    // A payload that fills the body: tag, length of three bytes, then the payload itself.
    let filled = |len: usize| {
        let inner = len - 4 - 3;
        let varint = [inner as u8 | 0x80, (inner >> 7) as u8 | 0x80, (inner >> 14) as u8];
        [&[0x12], &varint[..], &vec![0; inner], &[0x18, 0xc8, 1]].concat()
    };

    let most = decode(&Body::new(filled(MAX_BODY)), sender());
    let more = decode(&Body::new(filled(MAX_BODY + 1)), sender());

    assert!(most.is_ok());
    assert_eq!(more, Err(DecodeError::TooLarge { len: MAX_BODY + 1, max: MAX_BODY }));
}

#[test]
fn flood_of_fields_is_refused_at_every_depth() {
    let flood = [0x82, 0x01, 0].repeat(MAX_FIELDS + 1);
    let len = flood.len();
    let nested = [&[0x1a, len as u8 | 0x80, (len >> 7) as u8 | 0x80, (len >> 14) as u8], &flood[..]].concat();

    let flat = decode_payload(Kind::ChatMessage, &flood);
    let deep = decode_payload(Kind::MembershipUpdateMessage, &nested);

    assert_eq!(flat, Err(DecodeError::TooManyFields { max: MAX_FIELDS }));
    assert_eq!(deep, Err(DecodeError::TooManyFields { max: MAX_FIELDS }));
}

#[test]
fn wrong_encodings_are_refused_with_a_reason() {
    let wrong = [
        ("field 2 of the wrapper is a number", vec![0x10, 1], DecodeError::NotWrapped),
        ("length beyond the end", vec![0x12, 9, 1], DecodeError::NotWrapped),
        ("endless number", vec![0x18; 1].into_iter().chain([0xff; 11]).collect(), DecodeError::NotWrapped),
        ("groups without end", vec![0x2b; 5_000], DecodeError::NotWrapped),
        ("signature of one byte", vec![0x0a, 1, 7, 0x18, 1], DecodeError::Signature),
        (
            "text is not UTF-8",
            vec![0x12, 3, 0x1a, 1, 0xff, 0x18, 1],
            DecodeError::Malformed { kind: Kind::ChatMessage },
        ),
        (
            "number where text is due",
            vec![0x12, 2, 0x18, 1, 0x18, 1],
            DecodeError::Malformed { kind: Kind::ChatMessage },
        ),
    ];

    for (what, bytes, reason) in wrong {
        assert_eq!(decode(&Body::new(bytes), sender()), Err(reason), "{what}");
    }
}

#[test]
fn refusal_is_a_reject_and_never_a_fault() {
    let refused = decode(&Body::new(vec![0xff]), None).unwrap_err();

    assert!(matches!(LayerError::from(refused), LayerError::Reject(_)));
}

#[test]
fn history_of_a_group_that_was_cut_or_changed_does_no_harm() {
    let mut rng = rng(9);
    for case in cases("membership.json", "group") {
        let chat: GroupChatId = case["chat_id"].as_str().unwrap().parse().unwrap();
        let entries: Vec<Vec<u8>> =
            case["steps"].as_array().unwrap().iter().map(|step| bytes(&step["event"], "raw")).collect();
        let known = Roster::read(&chat, &entries[..2]).ok();
        for _ in 0..40 {
            let mut changed = entries.clone();
            let at = usize::try_from(rng.below(changed.len() as u64)).unwrap();
            let byte = usize::try_from(rng.below(changed[at].len() as u64)).unwrap();
            match rng.below(4) {
                0 => changed[at].truncate(byte),
                1 => drop(changed.remove(at)),
                2 => changed.swap(0, at),
                _ => changed[at][byte] ^= 1 << rng.below(8),
            }

            let read = Roster::read(&chat, &changed);
            let received = known.as_ref().map(|known| known.receive(&changed));

            if let Ok(roster) = read {
                assert_eq!(
                    Roster::read(&chat, &roster.entries()),
                    Ok(roster),
                    "what is sent is valid by itself"
                );
            }
            if let Some(Ok(Some(roster))) = received {
                assert!(Roster::read(&chat, &roster.entries()).is_ok());
            }
        }
    }
}
