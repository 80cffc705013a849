use prost::Message;

use super::*;

const SHARD: &str = "/waku/2/rs/16/32";
const TOPIC: &str = "/waku/1/0xcd423760/rfc26";

fn message() -> WakuMessage {
    WakuMessage {
        payload: vec![1, 2, 3],
        content_topic: TOPIC.into(),
        timestamp: Some(5),
        ..WakuMessage::default()
    }
}

fn archived() -> Archived {
    let message = message();
    Archived {
        hash: message.hash(SHARD),
        at: 6,
        pubsub_topic: SHARD.into(),
        content_topic: TOPIC.into(),
        data: message.encode(),
    }
}

fn question() -> Query {
    Query {
        pubsub_topic: Some("p".into()),
        content_topics: vec!["c".into()],
        from: Some(1),
        until: Some(2),
        forward: true,
        limit: 7,
        ..Query::default()
    }
}

#[test]
fn the_digest_is_that_of_the_specification() {
    let wanted = "76ea882b8bf7e51319327e8055afe0f1cc93331757ef4821ad3175d884e8ca73";

    assert_eq!(hex::encode(digest(&message())), wanted);
}

/// Written down from the table of fields, not by this code.
#[test]
fn a_question_has_the_fields_of_the_specification() {
    let place = HistoryIndex { digest: vec![9], receiver_time: 3, sender_time: 4, pubsub_topic: "p".into() };
    let behind = Cursor::Index(Arc::new(place));

    let bytes = write_question("id".into(), &question(), Some(&behind)).unwrap().encode_to_vec();

    let index = "0a0109 1006 1808 220170";
    let query = format!("120170 1a030a0163 2210 0807 120a{index} 1801 2802 3004");
    assert_eq!(hex::encode(bytes), format!("0a026964 121e {query}").replace(' ', ""));
}

#[test]
fn an_answer_has_the_fields_of_the_specification() {
    let page = Page { messages: vec![Archived { data: vec![1, 2], ..archived() }], cursor: None };

    let bytes = write_answer(Some("id".into()), &question(), Ok(page)).encode_to_vec();

    assert_eq!(hex::encode(bytes), "0a026964 1a0a 12020102 1a04 0801 1801".replace(' ', ""));
}

#[test]
fn a_question_is_read_as_it_was_written_with_the_end_in_it() {
    let asked = write_question("id".into(), &question(), None).unwrap().query.unwrap();

    let read = read_question(asked).unwrap();

    assert_eq!(read.query, Query { until: Some(3), ..question() });
    assert_eq!(read.behind, None);
}

#[test]
fn what_is_zero_or_missing_does_not_restrict() {
    let read =
        read_question(HistoryQuery { start_time: Some(0), end_time: Some(0), ..HistoryQuery::default() });

    assert_eq!(read.unwrap().query, Query { limit: 20, ..Query::default() });
}

#[test]
fn questions_that_break_a_rule_are_refused() {
    let filter = |topic: &str| HistoryContentFilter { content_topic: topic.into() };
    let read = |asked| read_question(asked).map(|_| ()).map_err(Refusal::code);

    assert_eq!(
        read(HistoryQuery { content_filters: vec![filter("c"); 11], ..HistoryQuery::default() }),
        Err(400)
    );
    assert_eq!(read(HistoryQuery { content_filters: vec![filter("")], ..HistoryQuery::default() }), Err(400));
    let backwards = HistoryQuery { start_time: Some(2), end_time: Some(1), ..HistoryQuery::default() };
    assert_eq!(read(backwards), Err(400));
}

#[test]
fn a_place_is_found_again() {
    let page = Page { messages: vec![archived()], cursor: Some(archived().hash) };
    let answer = write_answer(None, &question(), Ok(page)).response.unwrap();

    let place = answer.paging_info.unwrap().cursor.unwrap();

    assert_eq!((place.receiver_time, place.sender_time), (6, 5));
    assert!(is_at(&place, &archived()));
    assert!(!is_at(&place, &Archived { data: vec![1], ..archived() }));
}

#[test]
fn an_answer_is_read_and_gets_its_names_here() {
    let query = Query { pubsub_topic: Some(SHARD.into()), content_topics: vec![TOPIC.into()], ..question() };
    let page = Page { messages: vec![archived()], cursor: Some(archived().hash) };

    let found = read_answer("id", &query, write_answer(Some("id".into()), &query, Ok(page))).unwrap();

    assert_eq!(found.entries[0].hash, archived().hash);
    assert_eq!(found.entries[0].message, Some((SHARD.to_owned(), message())));
    assert!(matches!(found.next, Some(Cursor::Index(_))));
}

#[test]
fn refusals_and_missing_responses_are_told_apart() {
    let read = |answer| read_answer("id", &question(), answer).map(|found| found.entries.len());
    let refused = |why| read(write_answer(Some("id".into()), &question(), Err(why)));

    assert_eq!(refused(Refusal::NoCursor), Err(AskError::Refused { code: 400 }));
    assert_eq!(refused(Refusal::TooMany), Err(AskError::Refused { code: 429 }));
    assert_eq!(read(HistoryRpc { request_id: "id".into(), query: None, response: None }), Ok(0));
    assert_eq!(
        read(HistoryRpc { request_id: "other".into(), query: None, response: None }),
        Err(AskError::Untrue)
    );
}

#[test]
fn what_it_has_no_word_for_is_not_asked() {
    let by_name = Query { hashes: vec![archived().hash], ..Query::default() };
    let behind = Cursor::Hash(archived().hash);

    assert_eq!(write_question(String::new(), &by_name, None), Err(AskError::Unsayable));
    assert_eq!(write_question(String::new(), &question(), Some(&behind)), Err(AskError::Unsayable));
}
