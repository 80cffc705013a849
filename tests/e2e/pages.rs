//! A long history of a whole client: in pages, as found by words, what of it is unread, how long it is kept, and as a file.

use std::collections::BTreeSet;
use std::time::Duration;

use status_chat::{Chat, Client, Message, MessageId, Name, Retention, Search, StoreKey, UserId};
use status_sim::Hub;
use status_store::Sealed;
use tempfile::TempDir;

const MESSAGES: u64 = 1_234;
const THEN: u64 = 1_700_000_000_000;

fn key() -> StoreKey {
    StoreKey::parse(&"07".repeat(32)).unwrap()
}

async fn open(home: &TempDir) -> Client {
    let builder = Client::builder().home(home.path()).lock(key()).network(Hub::new().port());
    builder.open().await.unwrap()
}

fn room() -> Chat {
    Chat::Channel(Name::new("room").unwrap())
}

fn message(n: u64, chat: Chat) -> Message {
    let mut id = [0; 32];
    id[..8].copy_from_slice(&n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    let from = UserId::from_compressed(&[2; 33]).unwrap();
    let text = format!("Message number{n} of #{}", n % 10);
    // Some come together, some long after others.
    Message::new(MessageId::new(id), chat, from, text, THEN + n / 3 * (1 + n % 50) * 1_000)
}

/// A client with a long history in one chat, and one message in another.
async fn long_history() -> (TempDir, Client) {
    let home = tempfile::tempdir().unwrap();
    open(&home).await.close().await;
    let mut store = Sealed::open(home.path().join("status.store"), &key().into()).unwrap();
    let mut messages: Vec<Message> = (0..MESSAGES).map(|n| message(n, room())).collect();
    messages.push(message(MESSAGES, Chat::Channel(Name::new("elsewhere").unwrap())));
    messages.sort_by_key(|message| message.clock);
    status_chat::testing::keep(&mut store, &messages).unwrap();
    drop(store);
    let client = open(&home).await;
    while client.search(Search::new("message")).await.unwrap().is_partial {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    (home, client)
}

#[tokio::test]
async fn a_long_history_is_read_in_pages_from_either_end() {
    let (_home, client) = long_history().await;
    let pages = client.pages(&room());

    let (mut back, mut page) = (Vec::new(), pages.newest(100).await.unwrap());
    assert_eq!(page.newer, None);
    while let Some(older) = page.older {
        back.append(&mut page.messages);
        page = pages.before(older, 100).await.unwrap();
    }
    back.append(&mut page.messages);
    let (mut forth, mut page) = (Vec::new(), pages.oldest(77).await.unwrap());
    assert_eq!(page.older, None);
    while let Some(newer) = page.newer {
        forth.append(&mut page.messages);
        page = pages.after(newer, 77).await.unwrap();
    }
    forth.append(&mut page.messages);

    assert_eq!(forth.len() as u64, MESSAGES);
    assert!(forth.is_sorted_by_key(|message| (message.clock, message.id)));
    back.reverse();
    assert!(back == forth, "both ways are the same");
}

#[tokio::test]
async fn messages_are_found_by_the_beginnings_of_their_words_the_newest_first() {
    let (_home, client) = long_history().await;
    let find = async |search: Search| client.search(search).await.unwrap();

    let one = find(Search::new("NUMBER77 message")).await;
    let numbers: BTreeSet<&str> = one.messages.iter().map(|it| it.text.as_str()).collect();
    assert_eq!(numbers.len(), 1 + 10);
    assert!(one.messages.is_sorted_by_key(|it| std::cmp::Reverse(it.clock)));
    let elsewhere = Chat::Channel(Name::new("elsewhere").unwrap());
    assert_eq!(find(Search::new("message").within(&elsewhere)).await.messages.len(), 1);
    assert_eq!(find(Search::new("nowhere")).await.messages, []);
    assert_eq!(find(Search::new("...")).await.messages, []);

    let (mut all, mut search) = (BTreeSet::new(), Search::new("mess").limit(300));
    loop {
        let hits = find(search.clone()).await;
        all.extend(hits.messages.iter().map(|it| it.id));
        match hits.older {
            Some(older) if !hits.messages.is_empty() => search = search.before(older),
            _ => break,
        }
    }
    assert_eq!(all.len() as u64, MESSAGES + 1);
}

#[tokio::test]
async fn what_was_changed_or_deleted_is_found_as_it_is_now() {
    let hub = Hub::new();
    let client = Client::builder().network(hub.port()).open().await.unwrap();
    let changed = client.send(room(), "the frist wrod").await.unwrap().id();
    let deleted = client.send(room(), "the last word").await.unwrap().id();

    client.edit(changed, "the first word").await.unwrap();
    client.delete(deleted).await.unwrap();

    let found = async |words: &str| {
        let hits = client.search(Search::new(words)).await.unwrap();
        hits.messages.iter().map(|it| it.id).collect::<Vec<_>>()
    };
    assert_eq!(found("word").await, [changed]);
    assert_eq!(found("frist").await, [] as [MessageId; 0]);
    assert_eq!(found("last").await, [] as [MessageId; 0]);
}

#[tokio::test]
async fn what_others_said_is_unread_until_it_is_marked() {
    let (_home, client) = long_history().await;
    let page = client.pages(&room()).newest(5).await.unwrap();

    let before = client.unread(&room()).await.unwrap();
    client.mark_read(&room(), page.messages[4].id).await.unwrap();
    let after = client.unread(&room()).await.unwrap();
    client.send(room(), "mine").await.unwrap();

    assert_eq!((before.count, before.or_more), (1_000, true));
    assert_eq!((after.count, after.or_more), (4, false));
    assert_eq!(client.unread(&room()).await.unwrap(), after, "our own words are not unread");
}

#[tokio::test]
async fn what_is_kept_no_longer_goes_with_all_that_belongs_to_it() {
    let (home, client) = long_history().await;
    let newest = client.pages(&room()).newest(100).await.unwrap().messages;

    client.keep(Some(&room()), Some(Retention { age: None, count: Some(100) })).await.unwrap();
    while client.pages(&room()).oldest(1_000).await.unwrap().messages.len() > 100 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }

    assert_eq!(client.pages(&room()).newest(1_000).await.unwrap().messages, newest);
    assert_eq!(client.search(Search::new("message").limit(1_000)).await.unwrap().messages.len(), 101);
    client.keep(None, Some(Retention { age: Some(Duration::from_secs(60)), count: None })).await.unwrap();
    let elsewhere = Chat::Channel(Name::new("elsewhere").unwrap());
    while !client.pages(&elsewhere).newest(1).await.unwrap().messages.is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(
        client.pages(&room()).newest(1_000).await.unwrap().messages,
        newest,
        "it has a rule of its own"
    );
    client.close().await;
    let examined = status_chat::doctor::examine(home.path(), Some(&key().into()), &mut |_, _| {}).unwrap();
    assert!(examined.is_clean(), "{examined:?}");
}

#[tokio::test]
async fn a_history_is_written_as_lines_of_json() {
    let (_home, client) = long_history().await;
    let mut file = Vec::new();

    let count = client.export(Some(&room()), &mut file).await.unwrap();

    let lines: Vec<serde_json::Value> =
        file.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect();
    assert_eq!((count, lines.len() as u64), (MESSAGES, MESSAGES));
    let first = client.pages(&room()).oldest(1).await.unwrap().messages.remove(0);
    assert_eq!((&lines[0]["text"], &lines[0]["chat"]), (&first.text.into(), &"#room".into()));
    assert_eq!(lines[0]["clock"], first.clock);
}
