//! What is done at random, beside a list that is too simple to be wrong.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::{hash, keep, page};
use crate::{Archive, ArchiveError, ArchiveSize, Archived, Page, Query};

const STEPS: usize = 300;

/// Few names, times and topics, so that they meet.
pub(super) async fn it_does_what_a_plain_list_does(archive: &dyn Archive) {
    let mut rng = StdRng::seed_from_u64(0x5707);
    let mut list: Vec<Archived> = Vec::new();
    for step in 0..STEPS {
        match rng.random_range(0..10) {
            0..4 => {
                let some: Vec<Archived> = (0..rng.random_range(0..4)).map(|_| message(&mut rng)).collect();
                keep(archive, &some).await;
                some.into_iter().for_each(|one| put(&mut list, one));
            }
            4 => {
                let (before, bytes) = (rng.random_range(-6..3), rng.random_range(50..400));
                let forgotten = archive.forget(before, bytes).await;
                assert_eq!(forgotten, Ok(forget(&mut list, before, bytes)), "step {step}: forgotten");
            }
            _ => {
                let question = question(&mut rng);
                let found = archive.page(&question).await;
                assert_eq!(found, answer(&list, &question), "step {step}: {question:?}");
            }
        }
        assert_eq!(archive.size().await, Ok(size(&list)), "step {step}: the size");
    }
    assert_eq!(page(archive, &Query::default()).await.messages, list, "at the end");
}

fn message(rng: &mut StdRng) -> Archived {
    let number = rng.random_range(0..40);
    Archived {
        hash: hash(number),
        at: rng.random_range(-5..10),
        pubsub_topic: if rng.random() { "p" } else { "q" }.into(),
        content_topic: rng.random_range('a'..='c').into(),
        data: vec![number; rng.random_range(0..30)],
    }
}

fn question(rng: &mut StdRng) -> Query {
    let maybe = |rng: &mut StdRng| rng.random_range(0..3) == 0;
    Query {
        pubsub_topic: maybe(rng).then(|| "p".into()),
        content_topics: if maybe(rng) { vec!["a".into(), "c".into()] } else { Vec::new() },
        from: maybe(rng).then(|| rng.random_range(-6..10)),
        until: maybe(rng).then(|| rng.random_range(-6..10)),
        hashes: if maybe(rng) {
            (0..10).map(|_| hash(rng.random_range(0..40))).collect()
        } else {
            Vec::new()
        },
        cursor: maybe(rng).then(|| hash(rng.random_range(0..40))),
        forward: rng.random(),
        limit: rng.random_range(0..6),
        names_only: rng.random(),
    }
}

fn put(list: &mut Vec<Archived>, message: Archived) {
    if list.iter().all(|kept| kept.hash != message.hash) {
        list.push(message);
        list.sort_by_key(|kept| (kept.at, kept.hash));
    }
}

fn forget(list: &mut Vec<Archived>, before: i64, bytes: u64) -> u64 {
    let had = list.len();
    list.retain(|kept| kept.at >= before);
    while size(list).bytes > bytes {
        list.remove(0);
    }
    (had - list.len()) as u64
}

fn size(list: &[Archived]) -> ArchiveSize {
    ArchiveSize {
        messages: list.len() as u64,
        bytes: list.iter().map(|kept| kept.data.len() as u64).sum(),
        oldest: list.first().map(|kept| kept.at),
    }
}

fn answer(list: &[Archived], question: &Query) -> Result<Page, ArchiveError> {
    let mut rest = list.to_vec();
    if !question.forward {
        rest.reverse();
    }
    if let Some(cursor) = question.cursor {
        let at = rest.iter().position(|kept| kept.hash == cursor).ok_or(ArchiveError::NoCursor)?;
        rest.drain(..=at);
    }
    rest.retain(|kept| question.fits(kept));
    let more = rest.len() > question.page_size();
    rest.truncate(question.page_size());
    let cursor = rest.last().map(|last| last.hash).filter(|_| more);
    if !question.forward {
        rest.reverse();
    }
    if question.names_only {
        rest.iter_mut().for_each(|one| one.data.clear());
    }
    Ok(Page { messages: rest, cursor })
}
