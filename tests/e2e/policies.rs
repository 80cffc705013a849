//! What each policy for first messages, and each preset of a network, means.

use std::collections::BTreeMap;
use std::time::Duration;

use status_chat::testing::heard;
use status_chat::{Client, Discovery, Event, Events, Grade, Message, Policy, Preset, UserId};
use status_sim::Hub;
use tempfile::TempDir;
use tokio::time::timeout;

const SOON: Duration = Duration::from_secs(20);
/// Long enough for what should not arrive to arrive, on a network without delay.
const A_WHILE: Duration = Duration::from_millis(500);

async fn message(events: &mut Events, within: Duration) -> Option<(String, Grade)> {
    let of = |message: Message| (message.text, message.grade);
    heard(events, within, |event| if let Event::Message(message) = event { Some(of(message)) } else { None })
        .await
}

/// Somebody who is away, and whose keys nobody has seen.
async fn away() -> (TempDir, UserId) {
    let home = tempfile::tempdir().unwrap();
    let client = Client::builder().home(home.path()).network(Hub::new().port()).open().await.unwrap();
    let user = client.user();
    client.close().await;
    (home, user)
}

/// Somebody who comes, and announces their keys.
async fn come(home: &TempDir, hub: &Hub) -> (Client, Events) {
    let client = Client::builder().home(home.path()).network(hub.port()).open().await.unwrap();
    let events = client.events();
    (client, events)
}

/// All that somebody hears from one who sends again what waits, until so many messages have come.
async fn all(from: &Client, at: &mut Events, count: usize) -> BTreeMap<String, Grade> {
    let hearing = async {
        let mut heard = BTreeMap::new();
        while heard.len() < count {
            from.resend(None).await.unwrap();
            heard.extend(message(at, A_WHILE).await);
        }
        heard
    };
    timeout(SOON, hearing).await.unwrap()
}

/// What somebody reads when they come, to whom a request and a text were said under a policy while they were away.
async fn said_under(policy: Policy) -> [Option<Grade>; 2] {
    let (hub, (home, bob)) = (Hub::new(), away().await);
    let alice = Client::builder().network(hub.port()).policy(policy).open().await.unwrap();
    alice.send(bob, "a text").await.unwrap();
    alice.contacts().request(bob, "a request").await.unwrap();

    let (_bob, mut at_bob) = come(&home, &hub).await;
    let heard = all(&alice, &mut at_bob, 2).await;

    ["a request", "a text"].map(|text| heard.get(text).copied())
}

#[tokio::test]
async fn as_deployed_what_is_said_first_goes_to_the_identity_key_and_says_so() {
    assert_eq!(said_under(Policy::AsDeployed).await, [Some(Grade::Static); 2]);
}

#[tokio::test]
async fn with_introductions_a_request_is_said_before_keys_have_come_and_a_text_after() {
    assert_eq!(said_under(Policy::Introductions).await, [Some(Grade::Static), Some(Grade::Ratcheted)]);
}

#[tokio::test]
async fn strictly_nothing_is_said_before_keys_have_come() {
    assert_eq!(said_under(Policy::Strict).await, [Some(Grade::Ratcheted); 2]);
}

#[tokio::test]
async fn with_a_preset_a_node_listens_unless_it_was_told_where_and_dials_whom_it_names() {
    let here = "/ip4/127.0.0.1/tcp/0";
    let hub = Client::builder().listen(here).network_preset(Preset::Custom(Discovery::default())).open();
    let hub = hub.await.unwrap();
    let named = Preset::Peers(hub.addresses().to_vec());
    let alice = Client::builder().listen(here).network_preset(named.clone()).open().await.unwrap();
    let anywhere = Client::builder().network_preset(named).open().await.unwrap();
    let mut at_alice = alice.events();

    anywhere.send(alice.user(), "through whom we both name").await.unwrap();
    let said = message(&mut at_alice, SOON).await;

    assert!(hub.addresses().iter().all(|address| address.contains("/127.0.0.1/")), "{:?}", hub.addresses());
    assert!(!anywhere.addresses().is_empty(), "it listens, though nobody said where");
    assert_eq!(said.map(|(text, _)| text).as_deref(), Some("through whom we both name"));
}
