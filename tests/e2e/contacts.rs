//! Contacts, their requests, and strangers: whole clients over a network double.

use std::fs;
use std::path::Path;
use std::time::Duration;

use status_chat::testing::heard;
use status_chat::{
    Chat, Client, Contact, ContactChange, ContactState, Event, Events, Grade, How, Identity, Notice,
    OwnProfile, SendError, Strangers, UserId, Which,
};
use status_sim::Hub;

const SOON: Duration = Duration::from_secs(60);

struct Seat {
    client: Client,
    events: Events,
}

impl Seat {
    async fn new(hub: &Hub) -> Self {
        Self::of(Client::builder().network(hub.port()).open().await.unwrap())
    }

    async fn at(home: &Path, hub: &Hub) -> Self {
        Self::of(Client::builder().home(home).network(hub.port()).open().await.unwrap())
    }

    /// Another device with the words of `other`.
    async fn restored(hub: &Hub, other: &Self) -> Self {
        let identity = Identity::restore(other.client.recovery_phrase().expose()).unwrap();
        Self::of(Client::builder().identity(identity).network(hub.port()).open().await.unwrap())
    }

    fn of(client: Client) -> Self {
        Self { events: client.events(), client }
    }

    fn user(&self) -> UserId {
        self.client.user()
    }

    async fn close(self) {
        drop(self.events);
        self.client.close().await;
    }

    async fn wait<T>(&mut self, wanted: impl FnMut(Event) -> Option<T>) -> T {
        heard(&mut self.events, SOON, wanted).await.unwrap()
    }

    /// What is new about people, next.
    async fn change(&mut self) -> ContactChange {
        self.wait(|event| if let Event::Contact { change, .. } = event { Some(change) } else { None }).await
    }

    async fn hear(&mut self, text: &str) {
        self.wait(|event| matches!(event, Event::Message(said) if said.text == text).then_some(())).await;
    }

    async fn contact(&self, user: UserId) -> Contact {
        self.client.contacts().get(user).await.unwrap().unwrap()
    }

    async fn state(&self, user: UserId) -> ContactState {
        self.contact(user).await.state
    }

    async fn listed(&self, state: ContactState) -> Vec<UserId> {
        let listed = self.client.contacts().list(Which::State(state)).await.unwrap();
        listed.into_iter().map(|contact| contact.user).collect()
    }

    /// Every text of the chat with a user, oldest first.
    async fn texts(&self, with: UserId) -> Vec<String> {
        let history = self.client.history(&Chat::User(with), 0, 1_000).await.unwrap();
        history.into_iter().map(|message| message.text).collect()
    }
}

/// Alice asks Bob, and he has heard of it.
async fn asked(hub: &Hub) -> (Seat, Seat) {
    let (alice, mut bob) = (Seat::new(hub).await, Seat::new(hub).await);
    alice.client.contacts().request(bob.user(), "we met at the station").await.unwrap();
    assert!(matches!(bob.change().await, ContactChange::Requested { .. }));
    (alice, bob)
}

/// Alice and Bob are contacts of each other.
async fn contacts(hub: &Hub) -> (Seat, Seat) {
    let (mut alice, bob) = asked(hub).await;
    bob.client.contacts().accept(alice.user()).await.unwrap();
    assert_eq!(alice.change().await, ContactChange::Accepted);
    (alice, bob)
}

#[tokio::test]
async fn a_request_comes_with_its_note_and_its_grade_and_once_it_is_accepted_both_are_contacts() {
    let hub = Hub::new();
    let (mut alice, mut bob) = (Seat::new(&hub).await, Seat::new(&hub).await);

    let id = alice.client.contacts().request(bob.user(), "we met at the station").await.unwrap();
    let told = bob.change().await;
    let waiting = (alice.state(bob.user()).await, bob.state(alice.user()).await);
    let asked = bob.contact(alice.user()).await;
    bob.client.contacts().accept(alice.user()).await.unwrap();
    let answer = alice.change().await;

    let ContactChange::Requested { request, note, grade } = told else { panic!("{told:?}") };
    assert_eq!((request, note.as_str()), (Some(id), "we met at the station"));
    assert_eq!(asked.request.map(|request| (request.id, request.grade)), Some((id, grade)));
    assert!(grade >= Grade::Static && !asked.active && !asked.added);
    assert_eq!(waiting, (ContactState::Sent, ContactState::Received));
    assert_eq!(answer, ContactChange::Accepted);
    assert_eq!(alice.listed(ContactState::Mutual).await, [bob.user()]);
    assert_eq!(bob.listed(ContactState::Mutual).await, [alice.user()]);
    assert!(bob.contact(alice.user()).await.active);
}

#[tokio::test]
async fn two_who_ask_each_other_at_once_are_contacts_without_an_answer() {
    let (first, second) = (Hub::new(), Hub::new());
    let homes = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let (alice, bob) = (Seat::at(homes[0].path(), &first).await, Seat::at(homes[1].path(), &second).await);
    let (at_alice, at_bob) = (alice.user(), bob.user());
    alice.client.contacts().request(at_bob, "").await.unwrap();
    bob.client.contacts().request(at_alice, "").await.unwrap();
    alice.close().await;
    bob.close().await;

    let (mut alice, mut bob) =
        (Seat::at(homes[0].path(), &first).await, Seat::at(homes[1].path(), &first).await);
    let told = (alice.change().await, bob.change().await);

    assert_eq!(told, (ContactChange::Accepted, ContactChange::Accepted));
    assert_eq!(
        (alice.state(at_bob).await, bob.state(at_alice).await),
        (ContactState::Mutual, ContactState::Mutual)
    );
}

#[tokio::test]
async fn an_acceptance_that_was_lost_is_made_up_for_by_the_next_message() {
    let hub = Hub::new();
    let homes = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let (alice, mut bob) = (Seat::at(homes[0].path(), &hub).await, Seat::at(homes[1].path(), &hub).await);
    let (at_alice, at_bob) = (alice.user(), bob.user());
    alice.client.contacts().request(at_bob, "").await.unwrap();
    bob.change().await;
    alice.close().await;
    let copy = tempfile::tempdir().unwrap();
    copy_all(homes[0].path(), copy.path());
    let mut alice = Seat::at(homes[0].path(), &hub).await;
    bob.client.contacts().accept(at_alice).await.unwrap();
    assert_eq!(alice.change().await, ContactChange::Accepted);
    alice.close().await;
    bob.close().await;

    // Neither the copy nor the new network knows of the acceptance, and Bob knows that Alice has had it.
    let elsewhere = Hub::new();
    let (mut alice, bob) =
        (Seat::at(copy.path(), &elsewhere).await, Seat::at(homes[1].path(), &elsewhere).await);
    assert_eq!(alice.state(at_bob).await, ContactState::Sent);
    alice.client.send(at_bob, "did you get my request?").await.unwrap();

    assert_eq!(alice.change().await, ContactChange::Accepted);
    assert_eq!(
        (alice.state(at_bob).await, bob.state(at_alice).await),
        (ContactState::Mutual, ContactState::Mutual)
    );
}

#[tokio::test]
async fn who_was_denied_is_not_told_and_can_do_nothing_but_ask_again() {
    let hub = Hub::new();
    let (mut alice, mut bob) = asked(&hub).await;

    bob.client.contacts().deny(alice.user()).await.unwrap();
    alice.client.send(bob.user(), "why don't you answer?").await.unwrap();
    let again = alice.client.contacts().request(bob.user(), "please").await.unwrap();
    let told = bob.change().await;

    let ContactChange::RequestedAgain { request, note, .. } = told else { panic!("{told:?}") };
    assert_eq!((request, note.as_str()), (again, "please"));
    assert_eq!(bob.texts(alice.user()).await, ["please"]);
    assert_eq!(alice.state(bob.user()).await, ContactState::Sent);
    assert_eq!(bob.listed(ContactState::Dismissed).await, [alice.user()]);

    bob.client.contacts().accept(alice.user()).await.unwrap();
    assert_eq!(alice.change().await, ContactChange::Accepted);
    assert_eq!(bob.state(alice.user()).await, ContactState::Mutual);
}

#[tokio::test]
async fn what_somebody_sends_who_is_blocked_leaves_no_trace_until_they_are_unblocked() {
    let hub = Hub::new();
    let (alice, mut bob) = contacts(&hub).await;
    let room = bob.client.join("#lobby").await.unwrap();
    alice.client.join("#lobby").await.unwrap();

    bob.client.contacts().block(alice.user()).await.unwrap();
    alice.client.send(room.clone(), "in public").await.unwrap();
    alice.client.send(bob.user(), "in private").await.unwrap();
    let delivered = |event| matches!(event, Event::Delivered { .. }).then_some(());
    let mut alice = alice;
    alice.wait(delivered).await;
    let blocked = bob.contact(alice.user()).await;
    let refused = bob.client.contacts().request(alice.user(), "").await.unwrap_err().to_string();
    bob.client.contacts().unblock(alice.user()).await.unwrap();
    alice.client.send(bob.user(), "and now?").await.unwrap();
    bob.hear("and now?").await;

    assert!(blocked.blocked && blocked.state == ContactState::Dismissed);
    assert!(refused.contains("Unblock them first"), "{refused}");
    assert_eq!(bob.client.history(&room, 0, 10).await.unwrap(), []);
    let texts = bob.texts(alice.user()).await;
    assert!(!texts.contains(&"in private".to_owned()), "{texts:?}");
}

#[tokio::test]
async fn a_request_that_is_taken_back_and_a_contact_that_is_removed_are_over_for_both() {
    let hub = Hub::new();
    let (mut alice, mut bob) = asked(&hub).await;

    alice.client.contacts().cancel(bob.user()).await.unwrap();
    let cancelled = bob.change().await;
    let late = bob.client.contacts().accept(alice.user()).await.unwrap_err().to_string();
    bob.client.contacts().request(alice.user(), "").await.unwrap();
    alice.change().await;
    alice.client.contacts().accept(bob.user()).await.unwrap();
    assert_eq!(bob.change().await, ContactChange::Accepted);
    bob.client.contacts().remove(alice.user()).await.unwrap();
    let removed = alice.change().await;

    assert_eq!((cancelled, removed), (ContactChange::Retracted, ContactChange::Retracted));
    assert!(late.contains("not asked"), "{late}");
    assert_eq!(
        (alice.state(bob.user()).await, bob.state(alice.user()).await),
        (ContactState::None, ContactState::None)
    );
}

#[tokio::test]
async fn three_devices_of_one_user_agree_on_who_is_a_contact() {
    let hub = Hub::new();
    let alice = Seat::new(&hub).await;
    let phone = Seat::new(&hub).await;
    let (desk, tablet) = (Seat::restored(&hub, &phone).await, Seat::restored(&hub, &phone).await);
    let mut devices = [phone, desk, tablet];
    let ids: Vec<_> = devices.iter().map(|seat| seat.client.device().clone()).collect();
    for seat in &mut devices {
        let mut others: Vec<_> = ids.iter().filter(|id| *id != seat.client.device()).cloned().collect();
        while !others.is_empty() {
            let met = seat.client.devices().list().await.unwrap();
            let new: Vec<_> = met.into_iter().map(|it| it.id).filter(|id| others.contains(id)).collect();
            for id in new {
                seat.client.devices().confirm(&id).await.unwrap();
                others.retain(|other| *other != id);
            }
            if !others.is_empty() {
                seat.wait(|event| matches!(event, Event::Notice(Notice::NewDevice { .. })).then_some(()))
                    .await;
            }
        }
    }
    let [mut phone, mut desk, mut tablet] = devices;

    alice.client.contacts().request(phone.user(), "hello").await.unwrap();
    for seat in [&mut phone, &mut desk, &mut tablet] {
        while !matches!(seat.change().await, ContactChange::Requested { .. }) {}
    }
    phone.client.contacts().accept(alice.user()).await.unwrap();
    for seat in [&mut desk, &mut tablet] {
        while seat.change().await != ContactChange::Elsewhere {}
    }

    for seat in [&phone, &desk, &tablet] {
        assert_eq!(seat.state(alice.user()).await, ContactState::Mutual);
    }
}

#[tokio::test]
async fn a_flood_of_a_stranger_is_bounded_and_what_a_contact_says_is_not() {
    let hub = Hub::new();
    let (alice, mut bob) = contacts(&hub).await;
    let stranger = Seat::new(&hub).await;
    stranger.client.contacts().request(bob.user(), "buy something").await.unwrap();

    for n in 0..40 {
        stranger.client.send(bob.user(), &format!("offer {n}")).await.unwrap();
        alice.client.send(bob.user(), &format!("news {n}")).await.unwrap();
    }
    bob.hear("offer 39").await;
    let (flood, said) = (bob.texts(stranger.user()).await, bob.texts(alice.user()).await);

    assert_eq!(flood.len(), 33, "{flood:?}");
    assert_eq!((flood[0].as_str(), flood[1].as_str()), ("buy something", "offer 8"));
    assert!(said.iter().filter(|text| text.starts_with("news")).count() >= 39);
    assert!(!bob.contact(stranger.user()).await.active);

    // Once the user has answered, nothing of them goes any more.
    bob.client.send(stranger.user(), "tell me more").await.unwrap();
    for n in 0..10 {
        stranger.client.send(bob.user(), &format!("more {n}")).await.unwrap();
    }
    bob.hear("more 9").await;
    assert!(bob.contact(stranger.user()).await.active);
    assert_eq!(bob.texts(stranger.user()).await.len(), 44);
}

#[tokio::test]
async fn who_wants_to_hear_from_contacts_only_hears_nobody_else() {
    let hub = Hub::new();
    let (alice, mut bob) = contacts(&hub).await;
    let stranger = Seat::new(&hub).await;

    bob.client.contacts().set_strangers(Strangers::RequestsOnly).await.unwrap();
    stranger.client.send(bob.user(), "a word").await.unwrap();
    stranger.client.contacts().request(bob.user(), "a request").await.unwrap();
    bob.hear("a request").await;
    let after_request = bob.texts(stranger.user()).await;
    bob.client.contacts().set_strangers(Strangers::Refused).await.unwrap();
    stranger.client.contacts().request(bob.user(), "another").await.unwrap();
    alice.client.send(bob.user(), "still friends").await.unwrap();
    bob.hear("still friends").await;

    assert_eq!(after_request, ["a request"]);
    assert_eq!(bob.client.contacts().strangers().await.unwrap(), Strangers::Refused);
    assert_eq!(bob.texts(stranger.user()).await, ["a request"]);
}

#[tokio::test]
async fn a_name_goes_to_contacts_when_it_changes_and_to_others_with_what_is_said() {
    let hub = Hub::new();
    let (alice, mut bob) = contacts(&hub).await;
    let mut carol = Seat::new(&hub).await;
    let profile = OwnProfile { name: "Alice in W".into(), bio: "curious".into(), colour: 4 };

    alice.client.profile().set(profile.clone()).await.unwrap();
    while bob.change().await != ContactChange::Profile {}
    alice.client.send(carol.user(), "hello").await.unwrap();
    carol.hear("hello").await;
    let bad = alice.client.profile().set_name("a.eth").await.unwrap_err().to_string();

    let (at_bob, at_carol) = (bob.contact(alice.user()).await, carol.contact(alice.user()).await);
    assert_eq!((at_bob.name.as_deref(), at_bob.colour), (Some("Alice in W"), 4));
    assert_eq!(at_carol.shown_name(), "Alice in W");
    assert!(bad.contains("display name"), "{bad}");
    assert_eq!(alice.client.profile().get().await.unwrap(), profile);
    bob.client.contacts().rename(alice.user(), "the one with the rabbit").await.unwrap();
    assert_eq!(bob.client.contacts().name(alice.user()).await.unwrap(), "the one with the rabbit");
}

#[tokio::test]
async fn a_profile_is_read_at_the_contact_code_of_somebody_who_never_wrote() {
    let hub = Hub::new();
    let (alice, mut bob) = (Seat::new(&hub).await, Seat::new(&hub).await);
    alice
        .client
        .profile()
        .set(OwnProfile { name: "Alice".into(), bio: "curious".into(), colour: 0 })
        .await
        .unwrap();

    bob.client.join(Chat::User(alice.user())).await.unwrap();
    while bob.change().await != ContactChange::Profile {}

    let found = bob.contact(alice.user()).await;
    assert_eq!((found.name.as_deref(), found.bio.as_str()), (Some("Alice"), "curious"));
}

#[tokio::test]
async fn with_a_card_the_very_first_message_is_forward_secret() {
    let hub = Hub::new();
    let (nowhere, home) = (Hub::new(), tempfile::tempdir().unwrap());
    let mut alice = Seat::new(&hub).await;
    alice.client.profile().set_name("Alice").await.unwrap();
    let card = alice.client.card().await.unwrap();
    // Where Bob is, nothing of Alice was ever heard.
    let bob = Seat::at(home.path(), &nowhere).await;
    let before = bob.client.contacts().safety(alice.user()).await.unwrap();

    let user = bob.client.add_card(&card.to_string()).await.unwrap();
    let after = bob.client.contacts().safety(user).await.unwrap();
    bob.client.contacts().request(user, "from your card").await.unwrap();
    let found = bob.contact(user).await;
    bob.close().await;
    let _bob = Seat::at(home.path(), &hub).await;
    let told = alice.change().await;

    assert_eq!((user, before.grade, after.grade), (alice.user(), Grade::Static, Grade::Ratcheted));
    let ContactChange::Requested { note, grade, .. } = told else { panic!("{told:?}") };
    assert_eq!((note.as_str(), grade), ("from your card", Grade::Ratcheted));
    assert!(found.from_card && found.verified.is_none());
    assert_eq!(found.name.as_deref(), Some("Alice"));
}

#[tokio::test]
async fn a_card_that_was_changed_is_refused_and_nothing_of_it_is_kept() {
    let hub = Hub::new();
    let (alice, bob) = (Seat::new(&hub).await, Seat::new(&hub).await);
    let mut text = alice.client.card().await.unwrap().to_string();
    let last = text.pop().unwrap();
    text.push(if last == 'a' { 'e' } else { 'a' });

    let changed = bob.client.add_card(&text).await;
    let own = bob.client.add_card(&bob.client.card().await.unwrap().to_string()).await;
    let none = bob.client.add_card("hello").await.unwrap_err().to_string();

    assert!(changed.is_err() && matches!(own, Err(SendError::Oneself)), "{own:?}");
    assert!(none.contains("begins with status-card:"), "{none}");
    assert_eq!(bob.client.chats().await.unwrap(), []);
    assert_eq!(bob.client.contacts().get(alice.user()).await.unwrap(), None);
}

#[tokio::test]
async fn both_see_one_safety_number_and_a_new_device_of_somebody_verified_is_shown() {
    let hub = Hub::new();
    let (mut alice, bob) = contacts(&hub).await;
    let numbers = (
        alice.client.contacts().safety_number(bob.user()).unwrap(),
        bob.client.contacts().safety_number(alice.user()).unwrap(),
    );
    alice.client.contacts().verify(bob.user(), How::SafetyNumber).await.unwrap();
    let sure = alice.client.contacts().safety(bob.user()).await.unwrap().verified.unwrap();

    let desk = Seat::restored(&hub, &bob).await;
    bob.client.devices().confirm(desk.client.device()).await.ok();
    let shown = alice.wait(|event| match event {
        Event::Contact { user, change: ContactChange::NewDevice { device }, verified_since } => {
            Some((user, device, verified_since))
        }
        _ => None,
    });
    let shown = shown.await;

    assert_eq!(numbers.0, numbers.1);
    assert_eq!(sure.how, How::SafetyNumber);
    assert_eq!(shown, (bob.user(), desk.client.device().clone(), Some(sure.at)));
    alice.client.contacts().doubt(bob.user()).await.unwrap();
    assert_eq!(alice.contact(bob.user()).await.verified, None);
}

fn copy_all(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_file() {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}
