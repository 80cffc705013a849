//! Notifications: whole clients in virtual time, which register with a server and have each other notified.

mod libp2p;
mod server;

use std::time::Duration;

use server::Server;
use status_chat::{Chat, Client, DeviceToken, Event, Events, PushState, PushWishes, UserId};
use status_crypto::text;
use status_e2e::town::{House, Sky, Weather};
use status_payload::{hash_of_key, hash_of_text};
use status_push::Push;
use tokio::time::{Instant, sleep, timeout};

const FAIR: Weather = Weather { loss: 0, twice: 0, delay: 200 };
const ONLY: PushWishes = PushWishes { contacts_only: true, block_mentions: false };

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

fn token() -> DeviceToken {
    DeviceToken::firebase("the device token").unwrap()
}

/// The name of a user in hashes.
fn name(user: UserId) -> Vec<u8> {
    hash_of_text(&text::key_string(&user).unwrap()).to_vec()
}

/// Somebody at home.
struct Person {
    house: House,
    client: Client,
    events: Events,
}

impl Person {
    async fn new(sky: &Sky, seed: u64) -> Self {
        let mut house = House::new(sky, seed);
        let client = house.wake(|builder| builder).await;
        Self { events: client.events(), house, client }
    }

    /// Dies and wakes again.
    async fn restarts(&mut self) {
        self.house.kill();
        self.client = self.house.wake(|builder| builder).await;
        self.events = self.client.events();
    }

    fn chat(&self) -> Chat {
        self.client.me()
    }

    /// Waits for what a server answers.
    async fn state(&mut self) -> PushState {
        let wait = async {
            loop {
                if let Event::Push { state, .. } = self.events.next().await.unwrap() {
                    return state;
                }
            }
        };
        timeout(seconds(3_600), wait).await.unwrap()
    }

    async fn registers(&mut self, server: &Server, wishes: PushWishes) {
        self.client.push().register(&[server.user()], token(), wishes).await.unwrap();
        assert_eq!(self.state().await, PushState::Registered);
    }

    async fn writes(&self, to: &Self, text: &str) {
        self.client.send(to.chat(), text).await.unwrap();
    }
}

/// What a server sends to push services while so much time goes by.
async fn sent(server: &mut Server, span: Duration) -> Vec<Push> {
    sleep(span).await;
    server.sent()
}

/// A server, somebody who registers, and somebody who has others notified.
async fn three(seed: u64) -> (Sky, Server, Person, Person) {
    let sky = Sky::new(seed, FAIR);
    let server = Server::new(&sky, 7);
    let (alice, bob) = (Person::new(&sky, seed).await, Person::new(&sky, seed + 1).await);
    bob.client.push().set_notifying(true).await.unwrap();
    (sky, server, alice, bob)
}

#[tokio::test(start_paused = true)]
async fn a_message_has_its_reader_notified_once() {
    let (_sky, mut server, mut alice, bob) = three(1).await;
    alice.registers(&server, PushWishes::default()).await;

    bob.writes(&alice, "hello").await;
    let first = sent(&mut server, seconds(600)).await;
    bob.writes(&alice, "and again").await;
    let second = sent(&mut server, seconds(5)).await;

    let [one] = first.as_slice() else { panic!("{first:?}") };
    let me = name(bob.client.user());
    assert_eq!(one.public_key, hash_of_key(&alice.client.user()));
    assert_eq!((&one.chat_id, one.message.len(), one.token.expose()), (&me, 0, "the device token"));
    assert_eq!(second.len(), 1);
    let status = alice.client.push().status().await.unwrap();
    assert_eq!((status.len(), status[0].state, status[0].tries), (1, PushState::Registered, 1));
}

#[tokio::test(start_paused = true)]
async fn whoever_does_not_ask_for_it_notifies_nobody() {
    let (_sky, mut server, mut alice, bob) = three(2).await;
    alice.registers(&server, PushWishes::default()).await;
    bob.client.push().set_notifying(false).await.unwrap();

    bob.writes(&alice, "hello").await;

    assert_eq!(sent(&mut server, seconds(600)).await, []);
}

#[tokio::test(start_paused = true)]
async fn a_stranger_has_nobody_notified_who_wants_it_from_contacts_alone() {
    let (sky, mut server, mut alice, bob) = three(3).await;
    let carol = Person::new(&sky, 30).await;
    carol.client.push().set_notifying(true).await.unwrap();
    alice.client.contacts().request(bob.client.user(), "").await.unwrap();
    alice.registers(&server, ONLY).await;

    carol.writes(&alice, "hello, stranger").await;
    let of_stranger = sent(&mut server, seconds(600)).await;
    bob.writes(&alice, "hello, Alice").await;
    let of_contact = sent(&mut server, seconds(600)).await;

    assert_eq!(of_stranger, []);
    assert_eq!(of_contact.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn whoever_is_no_contact_any_more_has_nobody_notified() {
    let (_sky, mut server, mut alice, bob) = three(4).await;
    alice.client.contacts().request(bob.client.user(), "").await.unwrap();
    alice.registers(&server, ONLY).await;
    bob.writes(&alice, "hello").await;
    let before = sent(&mut server, seconds(60)).await;

    alice.client.contacts().remove(bob.client.user()).await.unwrap();
    assert_eq!(alice.state().await, PushState::Registered);
    bob.writes(&alice, "hello?").await;
    let after = sent(&mut server, seconds(600)).await;

    assert_eq!((before.len(), after.len()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn who_is_blocked_or_muted_has_nobody_notified() {
    let (sky, mut server, mut alice, bob) = three(5).await;
    let carol = Person::new(&sky, 50).await;
    carol.client.push().set_notifying(true).await.unwrap();
    alice.registers(&server, PushWishes::default()).await;
    alice.client.contacts().block(bob.client.user()).await.unwrap();
    alice.client.contacts().mute(carol.client.user()).await.unwrap();
    assert_eq!(alice.state().await, PushState::Registered);
    sleep(seconds(30)).await;

    bob.writes(&alice, "hello").await;
    carol.writes(&alice, "hello").await;
    let while_unwanted = sent(&mut server, seconds(600)).await;
    alice.client.contacts().unmute(carol.client.user()).await.unwrap();
    assert_eq!(alice.state().await, PushState::Registered);
    carol.writes(&alice, "hello again").await;

    assert_eq!(while_unwanted, []);
    assert_eq!(sent(&mut server, seconds(600)).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_group_has_each_member_notified_who_registered() {
    let (sky, mut server, mut alice, bob) = three(6).await;
    let mut carol = Person::new(&sky, 60).await;
    let members = [alice.client.user(), carol.client.user()];
    let group = bob.client.groups().create("hike", &members).await.unwrap();
    sleep(seconds(60)).await;
    alice.registers(&server, PushWishes::default()).await;
    carol.registers(&server, PushWishes::default()).await;
    server.sent();

    bob.client.send(group.clone(), "nine at the station?").await.unwrap();
    let sent = sent(&mut server, seconds(600)).await;

    let mut readers: Vec<_> = sent.iter().map(|one| one.public_key.clone()).collect();
    let mut expected: Vec<_> = members.iter().map(|user| hash_of_key(user).to_vec()).collect();
    readers.sort();
    expected.sort();
    assert_eq!(readers, expected);
    assert!(sent.iter().all(|one| one.chat_id == hash_of_text(&group.to_string())));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_away_is_asked_until_it_is_back_also_after_a_restart() {
    let (_sky, mut server, mut alice, bob) = three(7).await;
    server.sleep();
    alice.client.push().register(&[server.user()], token(), PushWishes::default()).await.unwrap();
    sleep(seconds(1_000)).await;
    let waiting = alice.client.push().status().await.unwrap()[0];
    alice.restarts().await;
    server.wake();

    let began = Instant::now();
    let registered = alice.state().await;
    bob.writes(&alice, "hello").await;
    let (first, taken) = (sent(&mut server, seconds(60)).await, server.tally().registered);
    server.sleep();
    bob.writes(&alice, "are you there?").await;
    sleep(seconds(10)).await;
    server.wake();

    assert_eq!((waiting.state, waiting.tries), (PushState::Waiting, 4));
    assert_eq!(registered, PushState::Registered);
    assert!(began.elapsed() < seconds(3_600));
    assert_eq!(first.len(), 1);
    // It finds in the archive what it was told while it was away: each try has a newer version, so all are taken.
    assert!((1..=5).contains(&taken), "{taken}");
    assert_eq!(sent(&mut server, seconds(60)).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn whoever_dies_before_the_server_answers_has_them_notified_all_the_same() {
    let (_sky, mut server, mut alice, mut bob) = three(8).await;
    alice.registers(&server, PushWishes::default()).await;
    bob.writes(&alice, "hello").await;
    assert_eq!(sent(&mut server, seconds(60)).await.len(), 1);
    server.sleep();
    bob.writes(&alice, "are you there?").await;
    sleep(seconds(1)).await;

    bob.restarts().await;
    server.wake();

    // In new words, as the old ones went with whoever died: a server that finds both in the archive notifies twice.
    let count = sent(&mut server, seconds(600)).await.len();
    assert!((1..=2).contains(&count), "{count}");
}

#[tokio::test(start_paused = true)]
async fn who_unregisters_is_notified_no_more() {
    let (_sky, mut server, mut alice, bob) = three(9).await;
    alice.registers(&server, PushWishes::default()).await;
    bob.writes(&alice, "hello").await;
    let before = sent(&mut server, seconds(60)).await;

    alice.client.push().unregister().await.unwrap();
    sleep(seconds(60)).await;
    bob.writes(&alice, "hello?").await;

    assert_eq!((before.len(), sent(&mut server, seconds(600)).await.len()), (1, 0));
    assert_eq!(alice.client.push().status().await.unwrap(), []);
}

#[tokio::test(start_paused = true)]
async fn notifications_do_not_need_the_server_to_be_asked_if_the_contact_code_says_it() {
    let (_sky, mut server, mut alice, bob) = three(10).await;
    bob.client.join(alice.chat()).await.unwrap();
    alice.registers(&server, PushWishes::default()).await;
    sleep(seconds(60)).await;
    server.sleep();

    // A query would find nobody: what is known is from the contact code.
    bob.writes(&alice, "hello").await;
    sleep(seconds(10)).await;
    server.wake();

    assert_eq!(sent(&mut server, seconds(60)).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn in_bad_weather_a_reader_is_notified_once_for_each_message() {
    let (sky, mut server, mut alice, bob) = three(11).await;
    sky.set(Weather { loss: 20, twice: 10, delay: 1_000 });
    alice.registers(&server, PushWishes::default()).await;
    bob.client.join(alice.chat()).await.unwrap();

    let mut counts = Vec::new();
    for number in 0..12 {
        bob.writes(&alice, &format!("message {number}")).await;
        counts.push(sent(&mut server, seconds(900)).await.len());
    }

    assert!(counts.iter().all(|count| *count <= 1), "{counts:?}");
    assert!(counts.iter().sum::<usize>() >= 10, "{counts:?}");
}
