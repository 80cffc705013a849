use prost::Message;

use super::*;
use crate::Archived;

const SHARD: &str = "/waku/2/rs/16/32";
const TOPIC: &str = "/waku/1/0xcd423760/rfc26";

fn message(byte: u8) -> WakuMessage {
    WakuMessage {
        payload: vec![byte],
        content_topic: TOPIC.into(),
        timestamp: Some(1_700_000_000_000_000_000),
        ..WakuMessage::default()
    }
}

fn archived(byte: u8) -> Archived {
    let message = message(byte);
    Archived {
        hash: message.hash(SHARD),
        at: 0,
        pubsub_topic: SHARD.into(),
        content_topic: TOPIC.into(),
        data: message.encode(),
    }
}

fn question() -> Query {
    Query {
        pubsub_topic: Some(SHARD.into()),
        content_topics: vec![TOPIC.into()],
        from: Some(-1),
        until: Some(5),
        cursor: Some(MessageHash::new([9; 32])),
        forward: true,
        limit: 7,
        ..Query::default()
    }
}

fn read(change: impl FnOnce(&mut StoreQueryRequest)) -> Result<Query, u32> {
    let mut asked = write_question("id".into(), &question());
    change(&mut asked);
    read_question(&asked).map_err(Refusal::code)
}

/// Written down from the table of fields, not by this code.
#[test]
fn a_question_has_the_fields_of_the_specification() {
    let query = Query {
        cursor: None,
        pubsub_topic: Some("p".into()),
        content_topics: vec!["c".into()],
        ..question()
    };

    let bytes = write_question("id".into(), &query).encode_to_vec();

    // request_id 1, include_data 2, pubsub_topic 10, content_topics 11, times 12 and 13 zigzag, forward 52, limit 53.
    let wanted = "0a026964 1001 520170 5a0163 6001 680a a00301 a80307".replace(' ', "");
    assert_eq!(hex::encode(bytes), wanted);
    let by_name = Query {
        hashes: vec![MessageHash::new([7; 32])],
        cursor: Some(MessageHash::new([9; 32])),
        ..Query::default()
    };
    let bytes =
        write_question(String::new(), &Query { names_only: true, limit: 1, ..by_name }).encode_to_vec();
    let (hash, cursor) = ("07".repeat(32), "09".repeat(32));
    assert_eq!(hex::encode(bytes), format!("a20120{hash}9a0320{cursor}a80301"));
}

#[test]
fn an_answer_has_the_fields_of_the_specification() {
    let stored = Archived {
        pubsub_topic: "p".into(),
        hash: MessageHash::new([7; 32]),
        data: vec![1, 2],
        ..archived(1)
    };
    let page = Page { messages: vec![stored], cursor: Some(MessageHash::new([9; 32])) };

    let bytes = write_answer(Some("id".into()), Ok(page), false).encode_to_vec();

    let (hash, cursor) = ("07".repeat(32), "09".repeat(32));
    let wanted = format!("0a026964 50c801 5a024f4b a20129 0a20{hash} 12020102 1a0170 9a0320{cursor}");
    assert_eq!(hex::encode(bytes), wanted.replace(' ', ""));
}

#[test]
fn a_question_is_read_as_it_was_written() {
    assert_eq!(read(|_| ()), Ok(question()));
}

#[test]
fn questions_that_break_a_rule_are_bad_requests() {
    let bad = Err(400);

    assert_eq!(read(|asked| asked.pubsub_topic = None), bad);
    assert_eq!(read(|asked| asked.content_topics.clear()), bad);
    assert_eq!(read(|asked| asked.content_topics.push(String::new())), bad);
    assert_eq!(read(|asked| asked.content_topics = vec!["c".into(); 11]), bad);
    assert_eq!(read(|asked| asked.pubsub_topic = Some(String::new())), bad);
    assert_eq!(read(|asked| asked.message_hashes.push(vec![0; 32])), bad);
    assert_eq!(read(|asked| asked.time_start = Some(6)), bad);
    assert_eq!(read(|asked| asked.pagination_cursor = Some(vec![0; 31])), bad);
    let by_name = |asked: &mut StoreQueryRequest| {
        asked.pubsub_topic = None;
        asked.content_topics.clear();
    };
    assert_eq!(
        read(|asked| {
            by_name(asked);
            asked.message_hashes = vec![vec![0; 33]];
        }),
        bad
    );
    assert_eq!(
        read(|asked| {
            by_name(asked);
            asked.message_hashes = vec![vec![0; 32]; 1001];
        }),
        bad
    );
}

#[test]
fn what_keeps_the_rules_is_read() {
    let all = |asked: &mut StoreQueryRequest| {
        asked.pubsub_topic = None;
        asked.content_topics.clear();
    };

    assert!(read(all).is_ok(), "all messages");
    assert!(
        read(|asked| {
            all(asked);
            asked.message_hashes = vec![vec![0; 32]; 1000];
        })
        .is_ok()
    );
    assert!(read(|asked| asked.content_topics = vec!["c".into(); 10]).is_ok());
    assert!(read(|asked| asked.time_start = asked.time_end).is_ok());
    for (asked, page) in [(None, 20), (Some(0), 20), (Some(1), 1), (Some(100), 100), (Some(u64::MAX), 100)] {
        let query = read(|question| question.pagination_limit = asked).unwrap();
        assert_eq!(query.limit, page, "{asked:?}");
    }
}

fn answer(change: impl FnOnce(&mut StoreQueryResponse)) -> Result<Found, AskError> {
    let page = Page { messages: vec![archived(1), archived(2)], cursor: Some(archived(2).hash) };
    let mut answer = write_answer(Some("id".into()), Ok(page), false);
    change(&mut answer);
    read_answer("id", &question(), answer)
}

#[test]
fn an_answer_is_read_as_it_was_written() {
    let found = answer(|_| ()).unwrap();

    let messages: Vec<_> = found.entries.into_iter().map(|entry| entry.message.unwrap()).collect();
    assert_eq!(messages, [(SHARD.to_owned(), message(1)), (SHARD.to_owned(), message(2))]);
    assert_eq!(found.next, Some(Cursor::Hash(archived(2).hash)));
}

#[test]
fn the_id_may_be_missing_but_not_another_one() {
    for id in ["", "N/A"] {
        assert!(answer(|answer| answer.request_id = id.into()).is_ok());
    }
    assert_eq!(answer(|answer| answer.request_id = "di".into()).unwrap_err(), AskError::Untrue);
}

#[test]
fn a_code_says_whether_there_is_an_answer() {
    assert_eq!(answer(|answer| answer.status_code = None).unwrap_err(), AskError::Untrue);
    assert!(answer(|answer| answer.status_code = Some(299)).is_ok());
    for code in [0, 199, 300, 429, u32::MAX] {
        assert_eq!(answer(|answer| answer.status_code = Some(code)).unwrap_err(), AskError::Refused { code });
    }
}

#[test]
fn what_was_not_asked_for_is_not_believed() {
    let untrue = |change: fn(&mut StoreQueryResponse)| {
        assert_eq!(answer(change).unwrap_err(), AskError::Untrue);
    };

    untrue(|answer| answer.messages[0].message_hash = None);
    untrue(|answer| answer.messages[0].message_hash = Some(vec![1; 32]));
    untrue(|answer| answer.messages[0].message_hash = Some(vec![1; 31]));
    untrue(|answer| answer.messages[0].pubsub_topic = None);
    untrue(|answer| answer.messages[0].pubsub_topic = Some("/waku/2/rs/16/64".into()));
    untrue(|answer| answer.messages = vec![answer.messages[0].clone(); 8]);
    untrue(|answer| answer.messages.clear());
    untrue(|answer| answer.pagination_cursor = Some(vec![1; 31]));
    untrue(|answer| {
        let strange = WakuMessage { content_topic: "/another/1/topic/proto".into(), ..message(1) };
        answer.messages[0].message_hash = Some(strange.hash(SHARD).as_bytes().to_vec());
        answer.messages[0].message = Some(strange.encode());
    });
}

#[test]
fn what_no_relay_would_forward_is_passed_over() {
    let found = answer(|answer| answer.messages[0].message = Some(b"\xff".to_vec())).unwrap();

    assert_eq!(found.entries[0].message, None);
    assert!(found.entries[1].message.is_some());
}

#[test]
fn a_refusal_has_a_code_and_words() {
    for (why, code) in [(Refusal::Bad("no"), 400), (Refusal::TooMany, 429), (Refusal::Unavailable, 503)] {
        let answer = write_answer(None, Err(why), true);

        assert_eq!((answer.status_code, answer.request_id.as_str()), (Some(code), "N/A"));
        assert!(answer.status_desc.is_some_and(|words| !words.is_empty()));
    }
}
