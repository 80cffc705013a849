//! `status-chat node`.

use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::time::Duration;

use tokio::time::Instant;

use status_chat::{Client, Event, Events};
use tempfile::TempDir;

use crate::process::{PATIENCE, Running, run};

/// A client that knows nobody but this node.
async fn client(home: &Path, node: &Running) -> Client {
    Client::builder().home(home).peer(node.address()).open().await.unwrap()
}

/// The text of the next message.
async fn heard(events: &mut Events) -> String {
    let wait = async {
        loop {
            if let Event::Message(message) = events.next().await.unwrap() {
                return message.text;
            }
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_clients_that_know_only_the_node_talk_through_it() {
    let folder = TempDir::new().unwrap();
    let node = Running::start(&folder.path().join("node"), &[]);
    assert_eq!(node.get("/ready").0, 503, "nobody is there yet");
    let alice = client(&folder.path().join("alice"), &node).await;
    let bob = client(&folder.path().join("bob"), &node).await;
    node.until("status_node_shard_nodes", |nodes| nodes == 2);

    let mut events = bob.events();
    alice.send(bob.me(), "through the node").await.unwrap();

    assert_eq!(heard(&mut events).await, "through the node");
    node.until("status_node_messages_relayed_total", |relayed| relayed > 0);
    let (code, ready) = node.get("/ready");
    assert_eq!(code, 200, "{ready}");
    alice.close().await;
    bob.close().await;
}

#[cfg(unix)]
#[test]
fn a_node_stops_when_it_is_told_to_and_is_the_same_when_it_starts_again() {
    let folder = TempDir::new().unwrap();
    for signal in ["-TERM", "-INT"] {
        let node = Running::start(folder.path(), &[]);
        let id = node.id().to_owned();

        let (status, lines) = node.stop(signal);

        assert_eq!(status.code(), Some(0), "{signal}");
        assert_eq!(lines, [r#"{"event":"stopping"}"#]);
        let again = Running::start(folder.path(), &[]);
        assert_eq!(again.id(), id);
        assert_eq!(again.get("/health").0, 200);
    }
    let key = fs::read_to_string(folder.path().join("node.key")).unwrap();
    assert_eq!(key.trim().len(), 64);
}

#[test]
fn a_second_node_in_the_same_folder_is_refused() {
    let folder = TempDir::new().unwrap();
    let node = Running::start(folder.path(), &[]);

    let path = folder.path().to_str().unwrap();
    let second = run(&["node", "--folder", path, "--set", "http.listen="], &[]);

    assert_eq!(second.status.code(), Some(1));
    let why = String::from_utf8(second.stderr).unwrap();
    assert!(why.contains("in use by another process"), "{why}");
    assert_eq!(node.get("/health").0, 200);
}

#[test]
fn only_what_there_is_is_told_over_http() {
    let folder = TempDir::new().unwrap();
    let node = Running::start(folder.path(), &["--set", "http.ready_peers=0"]);

    assert_eq!(node.get("/health"), (200, "alive\n".to_owned()));
    assert_eq!(node.get("/ready").0, 200);
    let (code, metrics) = node.get("/metrics");
    assert_eq!(code, 200);
    for name in ["archive_messages 0", "listening_addresses 1", "ready 1"] {
        assert!(metrics.contains(&format!("\nstatus_node_{name}\n")), "{name}: {metrics}");
    }
    assert!(metrics.ends_with("# EOF\n"));
    assert_eq!(node.get("/node.key").0, 404);
    assert_eq!(node.ask("POST /metrics HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n").0, 405);
    assert_eq!(node.ask("nonsense\r\n\r\n").0, 400);
    let endless = format!("GET /health HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(100_000));
    assert!(!node.ask(&endless).1.contains("alive"), "a request has a largest size");
    assert_eq!(node.get("/health").0, 200);
}

#[test]
fn who_asks_slowly_is_left_and_keeps_nobody_else_waiting_for_ever() {
    let folder = TempDir::new().unwrap();
    let node = Running::start(folder.path(), &[]);
    let began = Instant::now();
    let mut slow: Vec<_> = (0..40).map(|_| node.connect()).collect();
    for stream in &mut slow {
        stream.write_all(b"GET /health HTTP/1.1\r\n").unwrap();
    }

    assert_eq!(node.get("/health").0, 200);

    assert!(began.elapsed() < Duration::from_secs(30));
    let mut answer = Vec::new();
    // It may be closed roughly.
    let _ = slow.remove(0).read_to_end(&mut answer);
    assert!(
        !String::from_utf8_lossy(&answer).contains("200"),
        "a request that is not finished is not answered"
    );
}

#[test]
fn settings_come_from_the_file_the_environment_and_flags_and_are_shown() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("node.toml");
    fs::write(&file, "folder = \"x\"\n[archive]\ndays = 1\nmebibytes = 1\n[network]\ncluster = 1\n").unwrap();
    let environment = [
        ("STATUS_NODE_CONFIG", file.to_str().unwrap()),
        ("STATUS_NODE_ARCHIVE_DAYS", "2"),
        ("STATUS_NODE_ARCHIVE_MEBIBYTES", "2"),
    ];

    let shown = run(&["node", "--print-config", "--set", "archive.days=3", "--local"], &environment);

    assert_eq!(shown.status.code(), Some(0));
    let shown = String::from_utf8(shown.stdout).unwrap();
    for line in ["folder = \"x\"", "days = 3", "mebibytes = 2", "cluster = 1", "local = true"] {
        assert!(shown.lines().any(|found| found == line), "{line}: {shown}");
    }
    assert!(!folder.path().join("x").exists(), "nothing was done");
}

#[test]
fn a_setting_that_is_not_known_stops_the_start_and_says_what_may_be_meant() {
    let refused = run(&["node"], &[("STATUS_NODE_ARCHIVE_DAYZ", "7")]);

    assert_eq!(refused.status.code(), Some(1));
    let why = String::from_utf8(refused.stderr).unwrap();
    assert!(why.contains("archive_dayz") && why.contains("did you mean `archive.days`?"), "{why}");
}

#[test]
fn logs_are_lines_of_json_if_one_wishes() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("node.key"), format!("{}\n", "01".repeat(32))).unwrap();
    let path = folder.path().to_str().unwrap();
    let arguments = ["node", "--folder", path, "--set", "log.format=json", "--set", "http.listen="];

    let failed = run(&[&arguments[..], &["--listen", "/ip4/192.0.2.1/tcp/1"]].concat(), &[]);

    let logged = String::from_utf8(failed.stderr).unwrap();
    let first = logged.lines().next().unwrap();
    let first: serde_json::Value = serde_json::from_str(first).unwrap_or_else(|_| panic!("{logged}"));
    assert_eq!(first["level"], "WARN", "{logged}");
    assert!(!logged.contains("0101"), "the key is not shown");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_while_a_client_was_away_is_fetched_from_the_node_even_after_its_restart() {
    let folder = TempDir::new().unwrap();
    let (alice_home, bob_home) = (folder.path().join("alice"), folder.path().join("bob"));
    let node = Running::start(&folder.path().join("node"), &[]);
    let alice = client(&alice_home, &node).await;
    let bob = client(&bob_home, &node).await;
    node.until("status_node_shard_nodes", |nodes| nodes == 2);
    let mut events = bob.events();
    alice.send(bob.me(), "are you there?").await.unwrap();
    assert_eq!(heard(&mut events).await, "are you there?");
    let bob_is = bob.me();
    bob.close().await;
    node.until("status_node_shard_nodes", |nodes| nodes == 1);

    // Nobody but the node is there to hear it, and then nobody but its archive has it.
    let before = node.metric("status_node_messages_archived_total");
    alice.send(bob_is, "you have missed this").await.unwrap();
    node.until("status_node_messages_archived_total", |archived| archived > before);
    alice.close().await;
    assert_eq!(node.stop("-TERM").0.code(), Some(0));
    let node = Running::start(&folder.path().join("node"), &[]);
    let bob = client(&bob_home, &node).await;
    let mut events = bob.events();

    assert_eq!(heard(&mut events).await, "you have missed this");
    bob.close().await;
}
