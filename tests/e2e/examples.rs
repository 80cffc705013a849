//! The examples of the crate for applications do what they say, and are as short as their list says.

use std::fs;
use std::time::Duration;

use status_chat::bot::Bot;
use status_chat::{Chat, Client, ContactChange, ContactState, Event, Grade, GroupChange, Stage};
use status_sim::Hub;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::time::timeout;

const SOON: Duration = Duration::from_secs(20);
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/status-chat/examples");

#[expect(dead_code, reason = "each has a `main` of its own")]
#[path = "../../crates/status-chat/examples/bridge.rs"]
mod bridge;
#[expect(dead_code, reason = "each has a `main` of its own")]
#[path = "../../crates/status-chat/examples/custom_network.rs"]
mod custom_network;
#[expect(dead_code, reason = "each has a `main` of its own")]
#[path = "../../crates/status-chat/examples/echo.rs"]
mod echo;
#[expect(dead_code, reason = "each has a `main` of its own")]
#[path = "../../crates/status-chat/examples/group_bot.rs"]
mod group_bot;
#[expect(dead_code, reason = "each has a `main` of its own")]
#[path = "../../crates/status-chat/examples/hello.rs"]
mod hello;
#[expect(dead_code, reason = "each has a `main` of its own")]
#[path = "../../crates/status-chat/examples/history.rs"]
mod history;
#[expect(dead_code, reason = "each has a `main` of its own")]
#[path = "../../crates/status-chat/examples/qr_exchange.rs"]
mod qr_exchange;
#[expect(dead_code, reason = "each has a `main` of its own")]
#[path = "../../crates/status-chat/examples/swap_layer.rs"]
mod swap_layer;

async fn client(hub: &Hub) -> Client {
    Client::builder().network(hub.port()).open().await.unwrap()
}

/// The next text that arrives.
async fn text(client: &Client) -> String {
    let mut events = client.events();
    let wait = async {
        loop {
            if let Event::Message(message) = events.next().await.unwrap() {
                return message.text;
            }
        }
    };
    timeout(SOON, wait).await.unwrap()
}

#[tokio::test]
async fn hello_is_heard() {
    let hub = Hub::new();
    let (alice, bob) = (client(&hub).await, client(&hub).await);

    let heard = timeout(SOON, hello::talk(&alice, &bob)).await.unwrap().unwrap();

    assert_eq!(heard.unwrap().text, "hello bob");
}

#[tokio::test]
async fn the_echo_bot_repeats_what_it_is_told() {
    let hub = Hub::new();
    let (alice, bot) = (client(&hub).await, client(&hub).await);
    let user = bot.user();
    let running = tokio::spawn(echo::echo(Bot::with(bot)).run_until(std::future::pending()));
    // The bot listens once its stream is there.
    tokio::time::sleep(Duration::from_millis(200)).await;

    alice.send(user, "hello").await.unwrap();

    assert_eq!(text(&alice).await, "you said: hello");
    running.abort();
}

#[tokio::test]
async fn the_group_bot_makes_a_group_and_keeps_score_in_it() {
    let hub = Hub::new();
    let (alice, bot) = (client(&hub).await, client(&hub).await);
    let (user, mut at_alice) = (bot.user(), alice.events());
    let running = tokio::spawn(group_bot::host(Bot::with(bot)).run_until(std::future::pending()));
    // The bot listens once its stream is there.
    tokio::time::sleep(Duration::from_millis(200)).await;

    alice.send(user, "/group The club").await.unwrap();
    let invited = async {
        loop {
            if let Event::Group { group, change: GroupChange::Invited, .. } = at_alice.next().await.unwrap() {
                return group;
            }
        }
    };
    let group = timeout(SOON, invited).await.unwrap();
    alice.groups().accept(&group).await.unwrap();
    let mut said = Vec::new();
    for ask in ["/members", "/point carol", "/point carol"] {
        alice.send(Chat::Group(group.clone()), ask).await.unwrap();
        let answer = async {
            loop {
                match at_alice.next().await.unwrap() {
                    Event::Message(message) if message.text != "Welcome. See /help." => return message.text,
                    _ => {}
                }
            }
        };
        said.push(timeout(SOON, answer).await.unwrap());
    }

    assert_eq!(said, ["The club has 2 members", "1 for carol", "2 for carol"]);
    running.abort();
}

#[tokio::test]
async fn the_bridge_carries_lines_both_ways() {
    let hub = Hub::new();
    let (alice, bot) = (client(&hub).await, client(&hub).await);
    let chat = Chat::User(alice.user());
    let (mut keys, input) = tokio::io::duplex(1_000);
    let (output, screen) = tokio::io::duplex(10_000);
    let (user, at) = (bot.user(), chat.clone());
    let running = tokio::spawn(async move { bridge::bridge(&bot, &at, BufReader::new(input), output).await });

    keys.write_all(b"from the bridge\n").await.unwrap();
    let heard = text(&alice).await;
    alice.send(user, "to the bridge").await.unwrap();
    let line = timeout(SOON, BufReader::new(screen).lines().next_line()).await.unwrap().unwrap().unwrap();
    drop(keys);
    timeout(SOON, running).await.unwrap().unwrap().unwrap();

    let read: status_chat::Message = serde_json::from_str(&line).unwrap();
    assert_eq!((heard.as_str(), read.text.as_str(), read.chat), ("from the bridge", "to the bridge", chat));
}

#[tokio::test]
async fn two_people_who_scan_each_others_codes_are_contacts_and_the_first_message_is_forward_secret() {
    let hub = Hub::new();
    let (alice, bob) = (client(&hub).await, client(&hub).await);
    let mut at_alice = alice.events();

    let grade = timeout(SOON, qr_exchange::meet(&alice, &bob)).await.unwrap().unwrap();
    let accepted = async {
        loop {
            if let Event::Contact { change: ContactChange::Accepted, .. } = at_alice.next().await.unwrap() {
                return;
            }
        }
    };
    timeout(SOON, accepted).await.unwrap();

    assert_eq!(grade, Some(Grade::Ratcheted));
    for (one, other) in [(&alice, bob.user()), (&bob, alice.user())] {
        let contact = one.contacts().get(other).await.unwrap().unwrap();
        assert!(contact.state == ContactState::Mutual && contact.from_card && contact.verified.is_some());
    }
    let text = qr_exchange::scan(&alice, b"no picture").await;
    assert!(text.is_err(), "{text:?}");
}

#[tokio::test]
async fn a_layer_that_was_swapped_has_its_own_rules() {
    let hub = Hub::new();
    let nobody = client(&hub).await.user();
    let builder = Client::builder().network(Hub::new().port());
    let strict = swap_layer::strict(builder).open().await.unwrap();

    let sent = strict.send(nobody, "hello").await.unwrap();
    let published = timeout(Duration::from_secs(1), sent.published()).await;

    assert!(published.is_err(), "nothing is sealed to an identity key");
    assert_eq!(sent.stage().await.unwrap(), Stage::Queued);
}

#[tokio::test]
async fn a_network_of_ones_own_carries_messages() {
    let (one, two) = custom_network::cable();
    let alice = Client::builder().network(one).open().await.unwrap();
    let bob = Client::builder().network(two).open().await.unwrap();

    let sent = alice.send(bob.user(), "hello").await.unwrap();
    let stage = timeout(SOON, sent.delivered()).await.unwrap().unwrap();

    assert!(stage.is_delivered());
    assert_eq!(text(&bob).await, "hello");
}

#[tokio::test]
async fn a_history_is_written_as_lines_of_json() {
    let hub = Hub::new();
    let alice = client(&hub).await;
    for n in 0..3 {
        alice.send("#room", format!("text {n}").as_str()).await.unwrap();
    }

    let mut written = Vec::new();
    let count = history::export(&alice, &mut written).await.unwrap();

    let lines = String::from_utf8(written).unwrap();
    let read = |line| serde_json::from_str::<status_chat::Message>(line).unwrap();
    let texts: Vec<_> = lines.lines().map(read).map(|message| (message.text, message.grade)).collect();
    assert_eq!(count, 3);
    assert_eq!(texts, [0, 1, 2].map(|n| (format!("text {n}"), Grade::Clear)));
}

/// Lines that are neither empty nor a comment.
fn lines(code: &str) -> usize {
    code.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//")).count()
}

#[test]
fn every_example_is_listed_with_as_many_lines_as_it_has() {
    let list = fs::read_to_string(format!("{FOLDER}/README.md")).unwrap();
    let mut files = 0;
    for file in fs::read_dir(FOLDER).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if name.ends_with(".rs") {
            files += 1;
            let count = lines(&fs::read_to_string(&path).unwrap());
            let row = format!("| [{name}]({name}) | {count} |");
            assert!(list.contains(&row), "README.md should have {row}");
        }
    }
    assert_eq!(list.matches(".rs) | ").count(), files, "README.md lists what is not there");
}
