//! The archive in a PostgreSQL database. Where no server is installed, these tests say that they are skipped.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use status_node::{OpenArchiveError, PostgresArchive};
use status_p2p::testing::conform_archive;
use status_p2p::{Archive, Query};

use crate::messages::{DAY, messages};
use crate::server::Server;

#[tokio::test]
async fn the_archive_in_postgres_is_an_archive() {
    let Some(server) = Server::start() else { return };
    let number = AtomicUsize::new(0);

    conform_archive(async || {
        let database = server.database(&format!("a{}", number.fetch_add(1, Ordering::Relaxed)));
        Arc::new(PostgresArchive::open(&database).await.unwrap()) as Arc<dyn Archive>
    })
    .await;
}

#[tokio::test]
async fn two_nodes_share_a_database_and_each_message_counts_once() {
    let Some(server) = Server::start() else { return };
    let database = server.database("shared");
    // They make the tables at the same moment.
    let (one, other) = tokio::join!(PostgresArchive::open(&database), PostgresArchive::open(&database));
    let archives = [Arc::new(one.unwrap()), Arc::new(other.unwrap())];

    let tasks: Vec<_> = (0..8)
        .map(|task: u64| {
            let archive = Arc::clone(archives.get(usize::try_from(task % 2).unwrap()).unwrap());
            tokio::spawn(async move {
                for batch in 0..20 {
                    // Neighbours overlap.
                    let first = batch * 50 + task * 10;
                    archive.keep(messages(first..first + 50)).await.unwrap();
                    archive.forget(100 * DAY, u64::MAX).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }

    archives[0].forget(100 * DAY, u64::MAX).await.unwrap();
    let size = archives[1].size().await.unwrap();
    assert_eq!((size.messages, size.oldest), (970, Some(100 * DAY)));
    let bytes: usize = messages(100..1_070).iter().map(|message| message.data.len()).sum();
    assert_eq!(size.bytes, bytes as u64);
}

#[tokio::test]
async fn a_server_that_is_killed_keeps_no_half_batch_and_is_found_again() {
    let Some(mut server) = Server::start() else { return };
    let archive = Arc::new(PostgresArchive::open(&server.database("killed")).await.unwrap());
    let writer = Arc::clone(&archive);
    let keeping = tokio::spawn(async move {
        let mut kept = Vec::new();
        for number in 0_u64.. {
            match writer.keep(messages(number * 50..(number + 1) * 50)).await {
                Ok(()) => kept.push(number),
                Err(_) => break,
            }
        }
        kept
    });
    tokio::time::sleep(Duration::from_millis(300)).await;

    let server = tokio::task::spawn_blocking(move || {
        server.kill();
        server
    });
    let kept = keeping.await.unwrap();
    let server = server.await.unwrap();

    let size = archive.size().await.unwrap();
    assert_eq!(size.messages % 50, 0, "half a batch");
    assert!(!kept.is_empty() && size.messages >= kept.len() as u64 * 50, "a batch was lost");
    archive.keep(messages(90_000..90_010)).await.unwrap();
    assert_eq!(archive.size().await.unwrap().messages, size.messages + 10);
    drop(server);
}

#[tokio::test]
async fn a_database_that_is_not_there_or_newer_is_refused_without_its_password() {
    let Some(server) = Server::start() else { return };
    let database = server.database("newer");
    drop(PostgresArchive::open(&database).await.unwrap());
    server.run(&database, "UPDATE status_archive_format SET version = 2");

    let newer = PostgresArchive::open(&database).await.unwrap_err();
    assert!(matches!(newer, OpenArchiveError::Newer { found: 2, known: 1 }), "{newer}");

    for wrong in [database.replace("newer", "nowhere"), "host=".to_owned(), "not a connection".to_owned()] {
        let wrong = format!("{wrong} password=hunter2");
        let refused = PostgresArchive::open(&wrong).await.unwrap_err();
        assert!(matches!(refused, OpenArchiveError::Refused(_)), "{refused}");
        assert!(!refused.to_string().contains("hunter2"), "{refused}");
    }
}

#[tokio::test]
async fn a_page_of_a_large_archive_costs_what_it_shows() {
    let Some(server) = Server::start() else { return };
    let database = server.database("large");
    let archive = PostgresArchive::open(&database).await.unwrap();
    for thousand in 0..10 {
        archive.keep(messages(thousand * 1_000..(thousand + 1) * 1_000)).await.unwrap();
    }
    server.run(&database, "ANALYZE");

    // Messages of one topic lie on both shards; the other one is passed over.
    let question = Query {
        pubsub_topic: Some(status_p2p::pubsub_topic(16, 64)),
        content_topics: vec!["/waku/1/0x00000004/rfc26".to_owned()],
        limit: 20,
        ..Query::default()
    };
    let page = archive.page(&question).await.unwrap();

    assert_eq!(page.messages.len(), 20);
    assert!(page.messages.iter().all(|message| question.fits(message)));
    assert!(page.messages.is_sorted_by_key(|message| message.at));
}
