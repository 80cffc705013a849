//! The suite that every archive must pass.

mod model;

use std::sync::Arc;

use crate::{
    Archive, ArchiveError, ArchiveSize, Archived, MAX_PAGE, MAX_PAGE_BYTES, MessageHash, Page, Query,
};

const SHARD: &str = "/waku/2/rs/16/32";
const TOPIC: &str = "/waku/1/0xcd423760/rfc26";

/// Runs the suite; it panics with a sentence when a rule is broken. `fresh` gives an empty archive each time.
///
/// That what is kept survives a crash is not checked: how to crash is known only to whoever wrote the archive.
pub async fn conform_archive<F>(fresh: F)
where
    F: AsyncFn() -> Arc<dyn Archive>,
{
    a_new_archive_is_empty(&*fresh().await).await;
    what_is_kept_is_found_as_it_came(&*fresh().await).await;
    messages_are_ordered_by_time_and_then_by_name(&*fresh().await).await;
    what_is_here_stays_as_it_is(&*fresh().await).await;
    keeping_at_the_same_time_keeps_each_once(&*fresh().await).await;
    pages_go_forward(&*fresh().await).await;
    pages_go_backward(&*fresh().await).await;
    a_cursor_is_a_place(&*fresh().await).await;
    a_page_has_a_size(&*fresh().await).await;
    a_page_has_a_weight(&*fresh().await).await;
    names_come_without_data(&*fresh().await).await;
    a_question_restricts(&*fresh().await).await;
    any_text_is_a_topic_and_any_number_a_time(&*fresh().await).await;
    what_is_old_is_forgotten(&*fresh().await).await;
    what_is_too_much_is_forgotten(&*fresh().await).await;
    model::it_does_what_a_plain_list_does(&*fresh().await).await;
}

async fn a_new_archive_is_empty(archive: &dyn Archive) {
    assert_eq!(page(archive, &Query::default()).await, Page::default(), "a new archive has no message");
    assert_eq!(archive.size().await, Ok(ArchiveSize::default()), "a new archive has no size");
    assert_eq!(archive.forget(i64::MAX, 0).await, Ok(0), "a new archive has nothing to forget");
    assert_eq!(archive.keep(Vec::new()).await, Ok(()), "nothing can be kept");
}

async fn what_is_kept_is_found_as_it_came(archive: &dyn Archive) {
    let messages = [message(1, 10), Archived { data: Vec::new(), ..message(2, 20) }];

    keep(archive, &messages).await;

    let found = page(archive, &Query::default()).await;
    assert_eq!(found, Page { messages: messages.to_vec(), cursor: None }, "a message is found as it came");
    let size = ArchiveSize { messages: 2, bytes: 2, oldest: Some(10) };
    assert_eq!(archive.size().await, Ok(size), "the size is that of the data");
}

async fn messages_are_ordered_by_time_and_then_by_name(archive: &dyn Archive) {
    keep(archive, &[message(3, 20), message(9, 20), message(1, 30)]).await;
    keep(archive, &[message(7, 10), message(5, 20)]).await;

    for forward in [true, false] {
        let found = page(archive, &Query { forward, ..Query::default() }).await;
        assert_eq!(names(&found), [7, 3, 5, 9, 1], "a page is ordered, forward: {forward}");
    }
}

async fn what_is_here_stays_as_it_is(archive: &dyn Archive) {
    let first = message(1, 10);
    let later = Archived { at: 99, data: b"something else".to_vec(), ..message(1, 10) };
    keep(archive, std::slice::from_ref(&first)).await;

    keep(archive, &[later, message(2, 20), message(2, 21)]).await;

    let found = page(archive, &Query::default()).await;
    assert_eq!(found.messages, [first, message(2, 20)], "a message is kept once, as it came first");
    assert_eq!(archive.size().await.map(|size| size.messages), Ok(2), "a message is counted once");
}

async fn keeping_at_the_same_time_keeps_each_once(archive: &dyn Archive) {
    let messages = in_order(0..60);

    let (one, other) = futures::join!(archive.keep(in_order(0..40)), archive.keep(in_order(20..60)));

    assert_eq!((one, other), (Ok(()), Ok(())), "two may keep the same at the same time");
    assert_eq!(page(archive, &Query::default()).await.messages, messages, "each is kept once");
}

async fn pages_go_forward(archive: &dyn Archive) {
    keep(archive, &(1..=7).map(|number| message(number, 50)).collect::<Vec<_>>()).await;
    let question = Query { forward: true, limit: 3, ..Query::default() };

    assert_eq!(walk(archive, question.clone()).await, [vec![1, 2, 3], vec![4, 5, 6], vec![7]]);
    keep(archive, &[message(8, 60), message(9, 60)]).await;
    let found = walk(archive, question).await;
    assert_eq!(found, [vec![1, 2, 3], vec![4, 5, 6], vec![7, 8, 9]], "a full last page has no cursor");
}

async fn pages_go_backward(archive: &dyn Archive) {
    keep(archive, &(1..=7).map(|number| message(number, 50)).collect::<Vec<_>>()).await;
    let question = Query { forward: false, limit: 3, ..Query::default() };

    let found = walk(archive, question).await;

    assert_eq!(found, [vec![5, 6, 7], vec![2, 3, 4], vec![1]], "pages go back, each oldest first");
}

async fn a_cursor_is_a_place(archive: &dyn Archive) {
    let other = Archived { content_topic: "another".into(), ..message(2, 20) };
    keep(archive, &[message(1, 10), other, message(3, 30), message(4, 40)]).await;
    let behind = |forward| Query {
        content_topics: vec![TOPIC.into()],
        cursor: Some(hash(2)),
        forward,
        ..Query::default()
    };

    assert_eq!(names(&page(archive, &behind(true)).await), [3, 4], "a cursor need not fit the question");
    assert_eq!(names(&page(archive, &behind(false)).await), [1], "a cursor works backward too");
    let unknown = Query { cursor: Some(hash(9)), ..Query::default() };
    assert_eq!(archive.page(&unknown).await, Err(ArchiveError::NoCursor), "an unknown cursor is refused");
}

async fn a_page_has_a_size(archive: &dyn Archive) {
    keep(archive, &in_order(0..150)).await;

    for limit in [0, MAX_PAGE, MAX_PAGE + 1, usize::MAX] {
        let found = page(archive, &Query { forward: true, limit, ..Query::default() }).await;
        assert_eq!(found.messages, in_order(0..100), "a limit of {limit} gives a full page");
        assert_eq!(found.cursor, Some(hash(99)), "and there is more");
    }
    let hashes = (10..130).map(hash).collect();
    let found = page(archive, &Query { forward: true, hashes, ..Query::default() }).await;
    assert_eq!(found.messages, in_order(10..110), "what is asked for by name comes in pages too");
}

async fn a_page_has_a_weight(archive: &dyn Archive) {
    let heavy = |number, at, size| Archived { data: vec![number; size], ..message(number, at) };
    let third = MAX_PAGE_BYTES / 3;
    let messages =
        [heavy(1, 1, third), heavy(2, 2, third), heavy(3, 3, third), heavy(4, 4, third), heavy(5, 5, 10)];
    keep(archive, &messages).await;
    keep(archive, &[heavy(6, 6, MAX_PAGE_BYTES + 1), heavy(7, 7, 10)]).await;

    let found = walk(archive, Query { forward: true, ..Query::default() }).await;
    assert_eq!(
        found,
        [vec![1, 2, 3], vec![4, 5], vec![6], vec![7]],
        "what is too large is alone in its page"
    );
    let found = walk(archive, Query { names_only: true, ..Query::default() }).await;
    assert_eq!(found, [vec![1, 2, 3, 4, 5, 6, 7]], "names weigh nothing");
}

async fn names_come_without_data(archive: &dyn Archive) {
    keep(archive, &[message(1, 10)]).await;

    let found = page(archive, &Query { names_only: true, ..Query::default() }).await;

    assert_eq!(
        found.messages,
        [Archived { data: Vec::new(), ..message(1, 10) }],
        "a name comes without data"
    );
}

async fn a_question_restricts(archive: &dyn Archive) {
    let at = |number, pubsub_topic: &str, content_topic: &str| Archived {
        pubsub_topic: pubsub_topic.into(),
        content_topic: content_topic.into(),
        ..message(number, i64::from(number) * 10)
    };
    keep(archive, &[at(1, "p", "a"), at(2, "q", "a"), at(3, "p", "b"), at(4, "p", "c"), at(5, "q", "c")])
        .await;
    let any = Query::default;
    let topics = |topics: &[&str]| topics.iter().map(|topic| (*topic).to_owned()).collect::<Vec<_>>();

    for (question, wanted) in [
        (Query { pubsub_topic: Some("p".into()), ..any() }, vec![1, 3, 4]),
        (Query { pubsub_topic: Some("r".into()), ..any() }, vec![]),
        (Query { content_topics: topics(&["a"]), ..any() }, vec![1, 2]),
        (Query { content_topics: topics(&["c", "a", "z", "a"]), ..any() }, vec![1, 2, 4, 5]),
        (Query { from: Some(20), ..any() }, vec![2, 3, 4, 5]),
        (Query { until: Some(20), ..any() }, vec![1]),
        (Query { from: Some(20), until: Some(40), ..any() }, vec![2, 3]),
        (Query { from: Some(40), until: Some(20), ..any() }, vec![]),
        (Query { from: Some(i64::MIN), until: Some(i64::MAX), ..any() }, vec![1, 2, 3, 4, 5]),
        (Query { hashes: vec![hash(4), hash(9), hash(2)], ..any() }, vec![2, 4]),
        (
            Query {
                pubsub_topic: Some("p".into()),
                content_topics: topics(&["a", "c"]),
                from: Some(20),
                hashes: vec![hash(1), hash(4), hash(5)],
                ..any()
            },
            vec![4],
        ),
    ] {
        assert_eq!(names(&page(archive, &question).await), wanted, "what fits {question:?}");
    }
}

/// Strangers write them.
async fn any_text_is_a_topic_and_any_number_a_time(archive: &dyn Archive) {
    let odd = ["", "\0", "a\0b", "'); --", "%_\\", "ü\u{10ffff}\n", &"x".repeat(10_000)];
    let mut number = 0;
    for text in odd {
        for at in [i64::MIN, -1, 0, i64::MAX] {
            let topics = (text.to_owned(), text.to_owned());
            let message = Archived { pubsub_topic: topics.0, content_topic: topics.1, ..message(number, at) };
            keep(archive, &[message]).await;
            number += 1;
        }
    }

    assert_eq!(archive.size().await.map(|size| size.oldest), Ok(Some(i64::MIN)), "the oldest is known");
    for text in odd {
        let question =
            Query { pubsub_topic: Some(text.into()), content_topics: vec![text.into()], ..Query::default() };
        let found = page(archive, &question).await;
        let times: Vec<i64> = found.messages.iter().map(|message| message.at).collect();
        assert_eq!(times, [i64::MIN, -1, 0, i64::MAX], "any text is a topic: {:?}", text.get(..10));
    }
}

async fn what_is_old_is_forgotten(archive: &dyn Archive) {
    keep(archive, &in_order(1..7)).await;

    assert_eq!(archive.forget(4, u64::MAX).await, Ok(3), "it is said how many were forgotten");
    assert_eq!(archive.forget(4, u64::MAX).await, Ok(0), "nothing is forgotten twice");

    assert_eq!(names(&page(archive, &Query::default()).await), [4, 5, 6], "what is old is forgotten");
    let size = archive.size().await.unwrap_or_default();
    assert_eq!((size.messages, size.oldest), (3, Some(4)), "the size shrinks");
    let gone = Query { cursor: Some(hash(2)), ..Query::default() };
    assert_eq!(archive.page(&gone).await, Err(ArchiveError::NoCursor), "no page begins at what is forgotten");
    keep(archive, &[message(2, 2)]).await;
    assert_eq!(names(&page(archive, &Query::default()).await), [2, 4, 5, 6], "it may come again");
}

async fn what_is_too_much_is_forgotten(archive: &dyn Archive) {
    let weighing = |number: u8, size| Archived { data: vec![1; size], ..message(number, i64::from(number)) };
    keep(archive, &[weighing(1, 10), weighing(2, 20), weighing(3, 30), weighing(4, 40)]).await;

    assert_eq!(archive.forget(i64::MIN, 100).await, Ok(0), "what has room stays");
    assert_eq!(archive.forget(i64::MIN, 75).await, Ok(2), "the oldest are forgotten, no more than needed");
    let size = ArchiveSize { messages: 2, bytes: 70, oldest: Some(3) };
    assert_eq!(archive.size().await, Ok(size), "what is left has room");
    assert_eq!(archive.forget(4, 70).await, Ok(1), "age and size may both be said");
    assert_eq!(archive.forget(i64::MIN, 0).await, Ok(1), "all may be forgotten");
    assert_eq!(archive.size().await, Ok(ArchiveSize::default()), "then nothing is left");
}

fn hash(number: u8) -> MessageHash {
    MessageHash::new([number; 32])
}

fn message(number: u8, at: i64) -> Archived {
    Archived {
        hash: hash(number),
        at,
        pubsub_topic: SHARD.into(),
        content_topic: TOPIC.into(),
        data: vec![number; usize::from(number) + 1],
    }
}

/// Messages whose times are their numbers.
fn in_order(numbers: std::ops::Range<u8>) -> Vec<Archived> {
    numbers.map(|number| message(number, i64::from(number))).collect()
}

fn names(page: &Page) -> Vec<u8> {
    page.messages.iter().filter_map(|message| message.hash.as_bytes().first().copied()).collect()
}

async fn keep(archive: &dyn Archive, messages: &[Archived]) {
    assert_eq!(archive.keep(messages.to_vec()).await, Ok(()), "messages are kept");
}

async fn page(archive: &dyn Archive, question: &Query) -> Page {
    let found = archive.page(question).await;
    assert!(found.is_ok(), "a question is answered: {found:?}");
    found.unwrap_or_default()
}

/// All pages of an answer.
async fn walk(archive: &dyn Archive, mut question: Query) -> Vec<Vec<u8>> {
    let mut pages = Vec::new();
    loop {
        let found = page(archive, &question).await;
        pages.push(names(&found));
        question.cursor = found.cursor;
        if found.cursor.is_none() {
            return pages;
        }
        assert!(pages.len() < 1000, "pages come to an end");
    }
}
