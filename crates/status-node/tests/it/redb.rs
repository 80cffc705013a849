//! The archive in a file.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use std::{env, fs, thread};

use status_node::{OpenArchiveError, RedbArchive};
use status_p2p::testing::conform_archive;
use status_p2p::{Archive, Archived, Query};
use tempfile::TempDir;

use crate::messages::{DAY, messages};

/// Names the archive to the process that is killed.
const KILLED: &str = "STATUS_NODE_ARCHIVE_KILLED";
const BATCH: u64 = 50;

#[tokio::test]
async fn the_archive_in_a_file_is_an_archive() {
    let folder = TempDir::new().unwrap();
    let number = AtomicUsize::new(0);

    conform_archive(async || {
        let name = number.fetch_add(1, Ordering::Relaxed).to_string();
        Arc::new(RedbArchive::open(folder.path().join(name)).unwrap()) as Arc<dyn Archive>
    })
    .await;
}

#[tokio::test]
async fn what_was_kept_in_a_file_is_there_again() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("archive");
    let archive = RedbArchive::open(&path).unwrap();
    archive.keep(messages(0..10)).await.unwrap();
    let size = archive.size().await.unwrap();
    drop(archive);

    let archive = RedbArchive::open(&path).unwrap();

    assert_eq!(archive.size().await, Ok(size));
    let question = Query { forward: true, ..Query::default() };
    assert_eq!(archive.page(&question).await.unwrap().messages, messages(0..10));
    drop(archive);
    assert!(RedbArchive::check(&path).is_ok());
}

#[cfg(unix)]
#[tokio::test]
async fn the_file_of_an_archive_is_readable_by_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;

    let folder = TempDir::new().unwrap();
    let archive = RedbArchive::open(folder.path().join("archive")).unwrap();

    assert_eq!(fs::metadata(archive.path()).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn many_are_forgotten_in_slices_and_messages_are_kept_in_between() {
    let folder = TempDir::new().unwrap();
    let archive = Arc::new(RedbArchive::open(folder.path().join("archive")).unwrap());
    archive.keep(messages(0..9_000)).await.unwrap();
    let other = Arc::clone(&archive);

    let forgetting = tokio::spawn(async move { other.forget(8_500 * DAY, u64::MAX).await });
    // It waits for a slice at most, not for all of them.
    archive.keep(messages(9_000..9_010)).await.unwrap();
    let while_forgetting = archive.size().await.unwrap().messages;

    assert_eq!(forgetting.await.unwrap(), Ok(8_500));
    assert!(while_forgetting > 510, "all were forgotten before one was kept: {while_forgetting} are left");
    assert_eq!(archive.size().await.unwrap().messages, 510);
    assert_eq!(archive.size().await.unwrap().oldest, Some(8_500 * DAY));
}

#[tokio::test]
async fn a_file_that_is_open_is_not_opened_a_second_time() {
    let folder = TempDir::new().unwrap();
    let archive = RedbArchive::open(folder.path().join("archive")).unwrap();

    let second = RedbArchive::open(archive.path());

    assert!(matches!(second, Err(OpenArchiveError::InUse)), "{second:?}");
}

#[test]
fn a_file_that_is_something_else_is_refused_and_left_alone() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("archive");
    for content in [&b""[..], b"redb", b"#!/bin/sh\nexit 0\n"] {
        fs::write(&path, content).unwrap();

        let refused = RedbArchive::open(&path);

        assert!(matches!(refused, Err(OpenArchiveError::Foreign)), "{refused:?}");
        assert_eq!(fs::read(&path).unwrap(), content);
    }
}

#[test]
fn a_database_that_is_no_archive_is_refused() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("archive");
    drop(redb::Database::create(&path).unwrap());

    assert!(matches!(RedbArchive::open(&path), Err(OpenArchiveError::Foreign)));
}

#[test]
fn an_archive_of_a_newer_program_is_refused() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("archive");
    drop(RedbArchive::open(&path).unwrap());
    let database = redb::Database::open(&path).unwrap();
    let write = database.begin_write().unwrap();
    let format = redb::TableDefinition::<(), u8>::new("status-archive");
    write.open_table(format).unwrap().insert((), 2).unwrap();
    write.commit().unwrap();
    drop(database);

    let refused = RedbArchive::open(&path);

    assert!(matches!(refused, Err(OpenArchiveError::Newer { found: 2, known: 1 })), "{refused:?}");
}

/// Wherever it was cut: it is refused, or what is asked for fails, but nothing wrong is answered and nothing panics.
#[tokio::test]
async fn a_file_that_was_cut_gives_an_error_and_no_wrong_message() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("archive");
    let archive = RedbArchive::open(&path).unwrap();
    archive.keep(messages(0..500)).await.unwrap();
    drop(archive);
    let whole = fs::read(&path).unwrap();

    for cut in (0..16).map(|part| whole.len() * part / 16) {
        fs::write(&path, whole.get(..cut).unwrap()).unwrap();
        let refused = match RedbArchive::open(&path) {
            Err(error) => matches!(error, OpenArchiveError::Damaged | OpenArchiveError::Foreign),
            Ok(archive) => archive.page(&Query { forward: true, ..Query::default() }).await.is_err(),
        };
        assert!(refused, "cut to {cut} of {} bytes", whole.len());
    }
}

#[tokio::test]
async fn a_file_that_was_overwritten_gives_no_wrong_message() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("archive");
    let archive = RedbArchive::open(&path).unwrap();
    archive.keep(messages(0..500)).await.unwrap();
    drop(archive);
    let whole = fs::read(&path).unwrap();
    let question = Query { forward: true, ..Query::default() };
    let mut noticed = 0;

    for page in 1..whole.len() / 4096 {
        let mut damaged = whole.clone();
        damaged.iter_mut().skip(page * 4096).take(4096).for_each(|byte| *byte ^= 0xa5);
        fs::write(&path, damaged).unwrap();
        noticed += u32::from(matches!(RedbArchive::check(&path), Err(OpenArchiveError::Damaged)));
        if let Ok(archive) = RedbArchive::open(&path)
            && let Ok(found) = archive.page(&question).await
        {
            assert!(found.messages.iter().all(|one| messages(0..500).contains(one)), "page {page}");
        }
    }

    assert!(noticed > 0);
}

/// What the process that is killed does: it keeps batches and says so, and forgets now and then.
#[tokio::test]
async fn in_the_killed_process() {
    let Some(path) = env::var_os(KILLED) else { return };
    let archive = RedbArchive::open(path).unwrap();
    let next =
        archive.page(&Query::default()).await.unwrap().messages.last().map_or(0, |last| last.at / DAY + 1);
    let next = u64::try_from(next).unwrap() / BATCH;
    for number in next.. {
        archive.keep(batch(number)).await.unwrap();
        println!("kept {number}");
        if number % 8 == 0 {
            let before = i64::try_from(number.saturating_sub(20) * BATCH).unwrap();
            archive.forget(before * DAY, u64::MAX).await.unwrap();
        }
    }
}

fn batch(number: u64) -> Vec<Archived> {
    messages(number * BATCH..(number + 1) * BATCH)
}

fn spawn(path: &Path) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", "redb::in_the_killed_process", "--nocapture"])
        .env(KILLED, path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

#[tokio::test]
async fn a_process_that_is_killed_while_it_keeps_loses_no_batch_and_keeps_no_half_one() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("archive");
    let mut last = None;

    for kill in 0..12 {
        let mut process = spawn(&path);
        let output = BufReader::new(process.stdout.take().unwrap());
        let reports = thread::spawn(move || {
            let lines = output.lines().map_while(Result::ok);
            lines.filter_map(|line| line.split_once("kept ")?.1.parse::<u64>().ok()).last()
        });
        thread::sleep(Duration::from_millis(40 + kill * 37 % 250));
        process.kill().unwrap();
        process.wait().unwrap();
        let reported = reports.join().unwrap();
        if !path.exists() {
            continue;
        }

        let archive = RedbArchive::open(&path).unwrap();
        let size = archive.size().await.unwrap();
        assert_eq!(size.messages % BATCH, 0, "kill {kill}: half a batch of {}", size.messages);
        let newest = archive.page(&Query { limit: 1, ..Query::default() }).await.unwrap().messages.pop();
        let newest = newest.map(|newest| u64::try_from(newest.at / DAY).unwrap());
        assert!(newest.is_none_or(|newest| newest % BATCH == BATCH - 1), "kill {kill}: cut at {newest:?}");
        let newest = newest.map(|newest| newest / BATCH);
        assert!(newest >= reported, "kill {kill}: {reported:?} was reported, {newest:?} is there");
        // The counts are those of the rows.
        let oldest = u64::try_from(size.oldest.unwrap_or_default() / DAY).unwrap();
        let there = newest.map_or(0, |newest| (newest + 1) * BATCH - oldest);
        assert_eq!(size.messages, there, "kill {kill}");
        last = newest;
    }

    assert!(last.is_some(), "no batch was ever kept");
}
