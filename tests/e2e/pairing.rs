//! A new device gets the account by code, or does not: whole clients over a network double, and over libp2p.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use status_chat::pairing::{self, Invitation, PairingError};
use status_chat::{Chat, Client, ClientBuilder, Clock, DeviceId, Event, Events, Grade, Identity, Message};
use status_layer::{Area, Batch, Memory, Read, Row, Store, StoreError, Timestamp, Value};
use status_sim::Hub;
use tokio::time::timeout;

const SOON: Duration = Duration::from_secs(30);

/// Long enough for what should not arrive to arrive.
const A_WHILE: Duration = Duration::from_secs(2);

struct Seat {
    client: Client,
    events: Events,
}

impl Seat {
    async fn new(hub: &Hub) -> Self {
        Self::of(Client::builder().network(hub.port()).device_name("phone").open().await.unwrap())
    }

    fn of(client: Client) -> Self {
        Self { events: client.events(), client }
    }

    async fn message(&mut self) -> Message {
        let wait = async {
            loop {
                if let Event::Message(message) = self.events.next().await.unwrap() {
                    return message;
                }
            }
        };
        timeout(SOON, wait).await.unwrap()
    }

    /// The devices that belong to the same user, by name.
    async fn joined(&self) -> Vec<String> {
        let devices = self.client.devices().list().await.unwrap();
        let mut names: Vec<_> =
            devices.into_iter().filter(|it| it.joined).map(|it| it.name.as_str().to_owned()).collect();
        names.sort();
        names
    }

    /// Waits until these devices belong to the same user.
    async fn has(&self, names: &[&str]) {
        let wait = async {
            while self.joined().await != names {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        if timeout(SOON, wait).await.is_err() {
            panic!("{:?} is not {names:?}", self.joined().await);
        }
    }
}

fn empty(hub: &Hub, name: &str) -> ClientBuilder {
    Client::builder().network(hub.port()).device_name(name)
}

/// One more device of `old`.
async fn paired(hub: &Hub, old: &Seat, name: &str) -> Seat {
    let invitation = old.client.devices().invite().await.unwrap();
    let code = invitation.code();
    let (new, old) = tokio::join!(pairing::join(empty(hub, name), &code), invitation.finished());
    assert_eq!(old.unwrap().name.as_str(), name);
    Seat::of(new.unwrap())
}

#[tokio::test]
async fn a_new_device_gets_the_account_by_code_and_copies_flow_at_once() {
    let hub = Hub::new();
    let (mut alice, mut phone) = (Seat::new(&hub).await, Seat::new(&hub).await);

    let mut desk = paired(&hub, &phone, "desk").await;
    let (bob, them) = (phone.client.user(), Chat::User(alice.client.user()));
    let id = phone.client.send(them.clone(), "from the phone").await.unwrap().id();
    let (arrived, copy) = (alice.message().await, desk.message().await);
    alice.client.send(bob, "to both").await.unwrap();
    let answers = (phone.message().await, desk.message().await);

    assert_eq!(desk.client.user(), bob);
    assert_eq!(desk.client.recovery_phrase().expose(), phone.client.recovery_phrase().expose());
    assert_eq!((desk.joined().await, phone.joined().await), (vec!["phone".into()], vec!["desk".into()]));
    assert_eq!((arrived.id, copy.id, copy.chat, copy.grade), (id, id, them, Grade::Ratcheted));
    assert_eq!(answers.0.id, answers.1.id);
}

#[tokio::test]
async fn a_new_device_gets_the_account_by_the_text_of_a_qr_code() {
    let hub = Hub::new();
    let phone = Seat::new(&hub).await;
    let invitation = phone.client.devices().invite().await.unwrap();

    let qr = invitation.qr();
    let (desk, seen) = tokio::join!(pairing::join(empty(&hub, "desk"), &qr), invitation.finished());

    let desk = desk.unwrap();
    assert_eq!((seen.unwrap().id, desk.user()), (desk.device().clone(), phone.client.user()));
}

/// A code of the same place with other words.
fn misread(invitation: &Invitation) -> String {
    let code = invitation.code();
    let place = code.split('-').next().unwrap();
    let words = if code.ends_with("zoo") { "able-able" } else { "zoo-zoo" };
    format!("{place}-{words}")
}

#[tokio::test]
async fn a_wrong_code_is_one_guess_and_changes_nothing() {
    let hub = Hub::new();
    let phone = Seat::new(&hub).await;
    let invitation = phone.client.devices().invite().await.unwrap();
    let (code, wrong) = (invitation.code(), misread(&invitation));
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("new");

    let guess = pairing::join(empty(&hub, "thief").home(&folder), &wrong).await;
    let again = pairing::join(empty(&hub, "desk").home(&folder), &code).await;

    assert!(matches!(guess, Err(PairingError::WrongCode)), "{guess:?}");
    assert!(matches!(again, Err(PairingError::Taken)), "{again:?}");
    let told = invitation.finished().await;
    assert!(matches!(told, Err(PairingError::WrongCode)), "{told:?}");
    assert!(!folder.exists() && phone.client.devices().list().await.unwrap().is_empty());
}

#[tokio::test]
async fn an_invitation_has_one_guest() {
    let hub = Hub::new();
    let phone = Seat::new(&hub).await;
    let invitation = phone.client.devices().invite().await.unwrap();
    let code = invitation.code();

    let (first, second) =
        tokio::join!(pairing::join(empty(&hub, "desk"), &code), pairing::join(empty(&hub, "tablet"), &code));
    let told = invitation.finished().await.unwrap();

    let (joined, refused) = if first.is_ok() { (first, second) } else { (second, first) };
    assert_eq!(joined.unwrap().device(), &told.id);
    assert!(matches!(refused, Err(PairingError::Taken)), "{refused:?}");
    assert_eq!(phone.joined().await.len(), 1);
}

#[tokio::test]
async fn what_is_no_code_and_a_home_with_an_owner_are_refused_before_anything_is_said() {
    let hub = Hub::new();
    let phone = Seat::new(&hub).await;
    let invitation = phone.client.devices().invite().await.unwrap();
    let home = tempfile::tempdir().unwrap();
    Client::builder().home(home.path()).network(hub.port()).open().await.unwrap().close().await;

    let no_code = pairing::join(empty(&hub, "desk"), "let me in").await;
    let occupied = pairing::join(empty(&hub, "desk").home(home.path()), &invitation.code()).await;

    assert!(matches!(no_code, Err(PairingError::NoCode)), "{no_code:?}");
    assert!(matches!(occupied, Err(PairingError::Occupied)), "{occupied:?}");
    let desk = pairing::join(empty(&hub, "desk"), &invitation.code()).await.unwrap();
    assert_eq!(desk.user(), phone.client.user());
}

#[derive(Clone)]
struct At(Arc<AtomicU64>);

impl Clock for At {
    fn now(&self) -> Timestamp {
        Timestamp::from_secs(self.0.load(Ordering::SeqCst))
    }
}

#[tokio::test]
async fn an_invitation_expires_after_ten_minutes_and_an_earlier_one_is_void() {
    let hub = Hub::new();
    let at = At(Arc::new(AtomicU64::new(1_700_000_000)));
    let client = Client::builder().network(hub.port()).clock(at.clone()).open().await.unwrap();
    let earlier = client.devices().invite().await.unwrap();
    let invitation = client.devices().invite().await.unwrap();
    let code = invitation.code();
    assert_eq!(invitation.expires(), Timestamp::from_secs(1_700_000_600));

    at.0.store(1_700_000_600, Ordering::SeqCst);
    let late = pairing::join(empty(&hub, "desk").clock(at.clone()), &code).await;

    assert!(matches!(late, Err(PairingError::Expired)), "{late:?}");
    let (earlier, told) = (earlier.finished().await, invitation.finished().await);
    assert!(matches!(earlier, Err(PairingError::Closed)), "{earlier:?}");
    assert!(matches!(told, Err(PairingError::Expired)), "{told:?}");
    assert!(client.devices().list().await.unwrap().is_empty());
}

#[tokio::test]
async fn three_devices_that_were_paired_one_after_the_other_know_each_other_and_their_names() {
    let hub = Hub::new();
    let (mut alice, mut phone) = (Seat::new(&hub).await, Seat::new(&hub).await);
    let mut desk = paired(&hub, &phone, "desk").await;
    let mut tablet = paired(&hub, &phone, "tablet").await;
    phone.has(&["desk", "tablet"]).await;
    desk.has(&["phone", "tablet"]).await;
    tablet.has(&["desk", "phone"]).await;

    alice.client.send(phone.client.user(), "to all three").await.unwrap();
    for seat in [&mut phone, &mut desk, &mut tablet] {
        assert_eq!(seat.message().await.text, "to all three");
    }
    tablet.client.send(alice.client.user(), "from the tablet").await.unwrap();
    assert_eq!(
        (phone.message().await.text, desk.message().await.text),
        ("from the tablet".into(), "from the tablet".into())
    );
    assert_eq!(alice.message().await.text, "from the tablet");

    desk.client.devices().rename("big screen").await.unwrap();
    phone.has(&["big screen", "tablet"]).await;
    tablet.has(&["big screen", "phone"]).await;
    assert_eq!(desk.client.devices().name().await.unwrap().as_str(), "big screen");
    assert!(desk.client.devices().rename("line\nbreak").await.is_err());
}

#[tokio::test]
async fn a_device_that_was_removed_is_not_taken_back_on_the_word_of_another() {
    let hub = Hub::new();
    let phone = Seat::new(&hub).await;
    let desk = paired(&hub, &phone, "desk").await;
    let tablet = paired(&hub, &phone, "tablet").await;
    desk.has(&["phone", "tablet"]).await;

    desk.client.devices().remove(tablet.client.device()).await.unwrap();
    phone.has(&["desk"]).await;
    phone.client.devices().rename("old phone").await.unwrap();
    desk.has(&["old phone"]).await;
    tokio::time::sleep(A_WHILE).await;

    assert_eq!((phone.joined().await, desk.joined().await), (vec!["desk".into()], vec!["old phone".into()]));
}

/// A store that outlives its client, and takes so many commits more.
#[derive(Clone, Default)]
struct Mortal {
    kept: Arc<Mutex<Memory>>,
    left: Arc<AtomicUsize>,
}

impl Mortal {
    fn new(left: usize) -> Self {
        Self { kept: Arc::default(), left: Arc::new(AtomicUsize::new(left)) }
    }

    /// The disk as the next start finds it.
    fn again(&self) -> Self {
        Self { kept: Arc::clone(&self.kept), left: Arc::new(AtomicUsize::new(usize::MAX)) }
    }

    /// Dies after so many commits from now on.
    fn dies_after(&self, commits: usize) {
        self.left.store(commits, Ordering::SeqCst);
    }

    fn is_empty(&self) -> bool {
        self.kept.lock().unwrap().scan(Area(16), b"I", None, 1).unwrap().is_empty()
    }
}

impl Read for Mortal {
    fn get(&self, area: Area, key: &[u8]) -> Result<Option<Value>, StoreError> {
        self.kept.lock().unwrap().get(area, key)
    }

    fn scan(
        &self,
        area: Area,
        prefix: &[u8],
        from: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        self.kept.lock().unwrap().scan(area, prefix, from, limit)
    }
}

impl Store for Mortal {
    fn commit(&mut self, batch: Batch) -> Result<(), StoreError> {
        let take = |left: usize| left.checked_sub(1);
        match self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take) {
            Ok(_) => self.kept.lock().unwrap().commit(batch),
            Err(_) => Err(StoreError::Full),
        }
    }
}

/// What became of a pairing in which either side died, once both were started again.
async fn after(old_lives: Option<usize>, new_lives: usize) -> (bool, bool) {
    let hub = Hub::new();
    let (old, new) = (Mortal::new(usize::MAX), Mortal::new(new_lives));
    let client = Client::builder().network(hub.port()).store(old.clone()).open().await.unwrap();
    let invitation = client.devices().invite().await.unwrap();
    if let Some(commits) = old_lives {
        old.dies_after(commits);
    }
    let code = invitation.code();
    let joining = pairing::join(empty(&hub, "desk").store(new.clone()), &code);
    let killed = timeout(A_WHILE, joining).await;
    drop((killed, invitation));
    client.close().await;

    let old = Client::builder().network(hub.port()).store(old.again()).open().await.unwrap();
    if new.is_empty() {
        tokio::time::sleep(A_WHILE / 4).await;
        return (false, !joined(&old).await.is_empty());
    }
    let new = Client::builder().network(hub.port()).store(new.again()).open().await.unwrap();
    assert_eq!(old.user(), new.user());
    let both = async {
        while joined(&old).await != [new.device().clone()] || joined(&new).await != [old.device().clone()] {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let both = timeout(SOON, both).await.is_ok();
    (true, both)
}

async fn joined(client: &Client) -> Vec<DeviceId> {
    let devices = client.devices().list().await.unwrap();
    devices.into_iter().filter(|device| device.joined).map(|device| device.id).collect()
}

#[tokio::test]
async fn whoever_is_killed_at_whatever_step_both_have_it_or_neither() {
    // The first commit of the old device remembers whom the account goes to; that of the new one is the decision.
    let deaths =
        (0..5).map(|commits| (Some(commits), usize::MAX)).chain((0..6).map(|commits| (None, commits)));
    let runs = deaths.map(|death| async move { (death, after(death.0, death.1).await) });

    let ends = futures::future::join_all(runs).await;

    for ((old, new), (has_it, both)) in &ends {
        assert_eq!(has_it, both, "the old one died after {old:?} commits, the new one after {new}");
    }
    let of = |old, new| ends.iter().find(|(death, _)| *death == (old, new)).map(|(_, end)| *end);
    assert_eq!(of(Some(0), usize::MAX), Some((false, false)));
    assert_eq!((of(None, 0), of(None, 1)), (Some((false, false)), Some((true, true))));
}

#[tokio::test]
async fn a_device_is_paired_over_libp2p_and_both_know_it_after_a_restart() {
    let homes = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let listen =
        |at: usize| Client::builder().home(homes[at].path().join("home")).listen("/ip4/127.0.0.1/tcp/0");
    let phone = listen(0).device_name("phone").open().await.unwrap();
    let invitation = phone.devices().invite().await.unwrap();

    let desk = listen(1).device_name("desk").peer(phone.addresses()[0].clone());
    let code = invitation.code();
    let (desk, seen) = tokio::join!(pairing::join(desk, &code), invitation.finished());
    let (desk, seen) = (desk.unwrap(), seen.unwrap());
    assert_eq!((&seen.id, seen.name.as_str()), (desk.device(), "desk"));
    let (user, device) = (desk.user(), desk.device().clone());
    desk.close().await;
    phone.close().await;

    let (phone, desk) = (listen(0).open().await.unwrap(), listen(1).open().await.unwrap());
    assert_eq!((desk.user(), phone.user(), desk.device()), (user, user, &device));
    assert_eq!((joined(&phone).await, joined(&desk).await), (vec![device], vec![phone.device().clone()]));
}

/// Waits until all see the same chats, and the same number of unread messages in one of them.
async fn agree(seats: &[&Client], chat: &Chat, unread: usize, chats: &[Chat]) {
    let same = async {
        for client in seats {
            while client.chats().await.unwrap() != chats || client.unread(chat).await.unwrap().count != unread
            {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    };
    if timeout(SOON, same).await.is_err() {
        for client in seats {
            eprintln!("{:?} {}", client.chats().await.unwrap(), client.unread(chat).await.unwrap().count);
        }
        panic!("they do not agree on {chats:?}");
    }
}

#[tokio::test]
async fn three_devices_agree_on_chats_and_on_what_was_read_also_those_that_were_away_or_came_later() {
    let hub = Hub::new();
    let alice = Seat::new(&hub).await;
    let phone = Seat::new(&hub).await;
    let (room, hall) = ("#room".parse::<Chat>().unwrap(), "#hall".parse::<Chat>().unwrap());
    let them = Chat::User(alice.client.user());
    phone.client.join(room.clone()).await.unwrap();
    phone.client.join(them.clone()).await.unwrap();
    let disk = Mortal::new(usize::MAX);
    let code = phone.client.devices().invite().await.unwrap();
    let text = code.code();
    let desk = pairing::join(empty(&hub, "desk").store(disk.clone()), &text).await.unwrap();
    code.finished().await.unwrap();
    agree(&[&desk], &them, 0, &[room.clone(), them.clone()]).await;

    let sent = alice.client.send(phone.client.user(), "read me").await.unwrap();
    agree(&[&phone.client, &desk], &them, 1, &[room.clone(), them.clone()]).await;
    desk.close().await;
    phone.client.mark_read(&them, sent.id()).await.unwrap();
    phone.client.leave(&room).await.unwrap();
    phone.client.join(hall.clone()).await.unwrap();
    let desk = Client::builder().network(hub.port()).store(disk.again()).open().await.unwrap();
    agree(&[&phone.client, &desk], &them, 0, &[hall.clone(), them.clone()]).await;

    let tablet = paired(&hub, &phone, "tablet").await;
    tablet.has(&["desk", "phone"]).await;
    agree(&[&tablet.client], &them, 0, &[hall.clone(), them.clone()]).await;
    tablet.client.join(room.clone()).await.unwrap();
    agree(&[&phone.client, &desk, &tablet.client], &them, 0, &[hall, room, them.clone()]).await;
}

#[tokio::test]
async fn who_has_the_words_and_was_not_taken_in_changes_nothing_on_our_devices() {
    let hub = Hub::new();
    let phone = Seat::new(&hub).await;
    let desk = paired(&hub, &phone, "desk").await;
    let words = Identity::restore(phone.client.recovery_phrase().expose()).unwrap();
    let thief = Client::builder().identity(words).network(hub.port()).open().await.unwrap();
    let known = async {
        while thief.devices().list().await.unwrap().len() < 2 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(SOON, known).await.unwrap();
    for device in thief.devices().list().await.unwrap() {
        thief.devices().confirm(&device.id).await.unwrap();
    }

    thief.join("#trap").await.unwrap();
    thief.devices().rename("phone").await.unwrap();
    tokio::time::sleep(A_WHILE).await;

    assert!(phone.client.chats().await.unwrap().is_empty() && desk.client.chats().await.unwrap().is_empty());
    assert_eq!((phone.joined().await, desk.joined().await), (vec!["desk".into()], vec!["phone".into()]));
}
