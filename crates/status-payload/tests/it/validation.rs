//! Vectors of deployed peers: what they let in.

use serde_json::Value as Json;
use status_layer::Timestamp;
use status_payload::hazmat::{
    decode_payload, differences, encode_payload, fields, from_fields, kind_named, twin,
};
use status_payload::{Content, Rules, validate};

use crate::vectors::{bytes, cases, listed, text};

fn content(case: &Json) -> Content {
    let kind = kind_named(text(case, "message_name")).unwrap();
    decode_payload(kind, &bytes(case, "payload")).unwrap()
}

fn accepts(content: &Content, case: &Json, rules: Rules) -> bool {
    let at = Timestamp::from_millis(case["transport_time_ms"].as_u64().unwrap());
    validate(content, at, rules).is_ok()
}

#[test]
fn peers_of_2020_judge_every_message_like_us() {
    let mut unclear = Vec::new();

    for case in cases("validation.json", "validate") {
        let content = content(&case);
        let valid = case["valid"].as_bool().unwrap();

        if accepts(&content, &case, Rules::Of2020) != valid {
            let twin = twin(&content).map(|twin| accepts(&twin, &case, Rules::Of2020));
            assert_eq!(twin, Some(valid), "{}", text(&case, "name"));
            unclear.push(text(&case, "name").to_owned());
        }
    }

    // The peer was handed an empty signature here, not an absent one; neither the fields nor the payload show it.
    assert_eq!(unclear, ["send_transaction_3"]);
}

#[test]
fn peers_of_2024_differ_where_the_rules_say_so() {
    let mut differ = Vec::new();

    for case in cases("validation.json", "validate") {
        let content = content(&case);
        if accepts(&content, &case, Rules::Current) != accepts(&content, &case, Rules::Of2020) {
            differ.push(text(&case, "name").to_owned());
        }
    }

    assert_eq!(
        differ,
        [
            "chat_text_2049_two_byte_letters",
            "chat_content_type_6_without_payload",
            "chat_content_type_10_without_payload",
            "chat_image_good",
            "chat_image_type_99",
            "chat_audio_good",
        ]
    );
}

#[test]
fn judged_messages_are_read_and_written_like_by_peers() {
    for case in cases("validation.json", "validate") {
        let name = text(&case, "name");
        let content = content(&case);

        let ours = from_fields(content.kind(), listed(&case)).unwrap();

        assert_eq!(differences(&fields(&content).unwrap(), &listed(&case)), [""; 0], "{name}");
        assert_eq!(hex::encode(encode_payload(&ours)), text(&case, "payload"), "{name}");
    }
}
