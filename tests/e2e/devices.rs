//! One user on two devices: whole clients over a network double.

use std::time::Duration;

use status_chat::testing::heard;
use status_chat::{Chat, Client, DeviceId, Event, Events, Grade, Identity, Message, Notice, OwnDevice};
use status_sim::Hub;
use tokio::time::timeout;

const SOON: Duration = Duration::from_secs(20);

/// Long enough for what should not arrive to arrive.
const A_WHILE: Duration = Duration::from_secs(2);

struct Seat {
    client: Client,
    events: Events,
}

impl Seat {
    async fn new(hub: &Hub) -> Self {
        let client = Client::builder().network(hub.port()).open().await.unwrap();
        Self { events: client.events(), client }
    }

    /// Another device with the words of `other`.
    async fn restored(hub: &Hub, other: &Self) -> Self {
        let identity = Identity::restore(other.client.recovery_phrase().expose()).unwrap();
        let client = Client::builder().identity(identity).network(hub.port()).open().await.unwrap();
        Self { events: client.events(), client }
    }

    async fn wait<T>(&mut self, wanted: impl FnMut(Event) -> Option<T>) -> T {
        heard(&mut self.events, SOON, wanted).await.unwrap()
    }

    async fn message(&mut self) -> Message {
        self.wait(|event| if let Event::Message(message) = event { Some(message) } else { None }).await
    }

    async fn notice(&mut self) -> Notice {
        self.wait(|event| if let Event::Notice(notice) = event { Some(notice) } else { None }).await
    }

    /// The device that asks to join.
    async fn newcomer(&mut self) -> DeviceId {
        match self.notice().await {
            Notice::NewDevice { device, joined: false, .. } => device,
            other => panic!("{other:?}"),
        }
    }
}

/// Bob's phone and his desk, each of which has confirmed the other.
async fn paired(hub: &Hub) -> (Seat, Seat) {
    let mut phone = Seat::new(hub).await;
    let mut desk = Seat::restored(hub, &phone).await;
    let (new, old) = (phone.newcomer().await, desk.newcomer().await);
    assert_eq!((&new, &old), (desk.client.device(), phone.client.device()));
    phone.client.devices().confirm(&new).await.unwrap();
    desk.client.devices().confirm(&old).await.unwrap();
    (phone, desk)
}

#[tokio::test]
async fn what_one_device_sends_the_other_has_a_copy_of_and_both_are_written_to() {
    let hub = Hub::new();
    let mut alice = Seat::new(&hub).await;
    let (mut phone, mut desk) = paired(&hub).await;
    let (bob, them) = (phone.client.user(), Chat::User(alice.client.user()));

    let id = phone.client.send(them.clone(), "hello from the phone").await.unwrap().id();
    let (arrived, copy) = (alice.message().await, desk.message().await);
    alice.client.send(bob, "hello to all of you").await.unwrap();
    let answers = (phone.message().await, desk.message().await);

    assert_eq!((arrived.id, arrived.from), (id, bob));
    assert_eq!((copy.id, copy.from, copy.chat, copy.grade), (id, bob, them.clone(), Grade::Ratcheted));
    assert_eq!(answers.0.id, answers.1.id);
    assert_eq!((answers.0.chat, answers.1.chat), (them.clone(), them));
    let devices = phone.client.devices().list().await.unwrap();
    assert!(devices.iter().all(|device| device.joined) && devices.len() == 1);
}

#[tokio::test]
async fn a_device_that_was_not_confirmed_gets_no_copy() {
    let hub = Hub::new();
    let mut alice = Seat::new(&hub).await;
    let mut phone = Seat::new(&hub).await;
    let mut thief = Seat::restored(&hub, &phone).await;
    let new = phone.newcomer().await;

    phone.client.send(alice.client.user(), "not for everybody with my words").await.unwrap();
    alice.message().await;

    assert!(timeout(A_WHILE, thief.message()).await.is_err());
    let listed = phone.client.devices().list().await.unwrap();
    assert_eq!(listed.iter().map(|it| (&it.id, it.joined)).collect::<Vec<_>>(), [(&new, false)]);
}

#[tokio::test]
async fn a_removal_by_one_device_is_listed_on_the_others_and_can_be_taken_back_there() {
    let hub = Hub::new();
    let (mut phone, desk) = paired(&hub).await;
    let mut tablet = Seat::restored(&hub, &phone).await;
    let (desk_id, tablet_id) = (desk.client.device().clone(), tablet.client.device().clone());
    while tablet.newcomer().await != desk_id {}
    tablet.client.devices().confirm(&desk_id).await.unwrap();
    assert_eq!(phone.newcomer().await, tablet_id);

    phone.client.devices().remove(&desk_id).await.unwrap();
    while !matches!(tablet.notice().await, Notice::RemovedDevice { .. }) {}
    let listed =
        |devices: Vec<OwnDevice>| devices.into_iter().find(|device| device.id == desk_id).unwrap().joined;
    let removed = listed(tablet.client.devices().list().await.unwrap());
    tablet.client.devices().confirm(&desk_id).await.unwrap();

    assert!(!removed && !listed(phone.client.devices().list().await.unwrap()));
    assert!(listed(tablet.client.devices().list().await.unwrap()));
}

#[tokio::test]
async fn a_removed_device_is_written_to_by_nobody() {
    let hub = Hub::new();
    let mut alice = Seat::new(&hub).await;
    let (mut phone, mut desk) = paired(&hub).await;
    let (bob, them) = (phone.client.user(), alice.client.user());
    phone.client.send(them, "hello").await.unwrap();
    alice.message().await;
    desk.message().await;

    phone.client.devices().remove(desk.client.device()).await.unwrap();
    let removal = Notice::RemovedDevice { user: bob, device: desk.client.device().clone() };
    while alice.notice().await != removal {}
    while desk.notice().await != removal {}
    alice.client.send(bob, "for the phone alone").await.unwrap();
    phone.client.send(them, "from the phone").await.unwrap();

    assert_eq!(phone.message().await.text, "for the phone alone");
    assert_eq!(alice.message().await.text, "from the phone");
    assert!(timeout(A_WHILE, desk.message()).await.is_err());
    let again = phone.client.devices().remove(&DeviceId::new("nobody's").unwrap()).await;
    assert!(again.unwrap_err().to_string().contains("no device of this id"));
}
