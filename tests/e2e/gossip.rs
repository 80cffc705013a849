//! Whole clients with real stores, connected by libp2p over the loopback.

use std::path::Path;
use std::time::Duration;

use status_chat::testing::heard;
use status_chat::{
    Chat, Client, ContactChange, ContactState, Event, Events, Grade, GroupChange, Message, MessageId, UserId,
    Which,
};
use tempfile::TempDir;

/// Within this time everything happens that is to happen.
const SOON: Duration = Duration::from_secs(30);

/// A client whose home outlives it.
struct Seat {
    home: TempDir,
    client: Client,
    events: Events,
}

impl Seat {
    /// A new user, who listens and dials `peers`.
    async fn new(peers: &[String]) -> Self {
        let home = tempfile::tempdir().unwrap();
        let client = open(home.path(), &["/ip4/127.0.0.1/tcp/0".into()], peers).await;
        Self { home, events: client.events(), client }
    }

    /// A new user whom nobody can dial.
    async fn unreachable(peers: &[String]) -> Self {
        let home = tempfile::tempdir().unwrap();
        let client = open(home.path(), &[], peers).await;
        Self { home, events: client.events(), client }
    }

    /// Stops the client; what is left is its home.
    async fn close(self) -> TempDir {
        let Self { home, client, events } = self;
        drop(events);
        client.close().await;
        home
    }

    /// Starts the client of a home again.
    async fn again(home: TempDir, peers: &[String]) -> Self {
        let client = open(home.path(), &["/ip4/127.0.0.1/tcp/0".into()], peers).await;
        Self { home, events: client.events(), client }
    }

    fn user(&self) -> UserId {
        self.client.user()
    }

    /// Waits for the first event that `wanted` takes.
    async fn wait<T>(&mut self, wanted: impl FnMut(Event) -> Option<T>) -> T {
        heard(&mut self.events, SOON, wanted).await.unwrap()
    }

    async fn online(&mut self) {
        self.wait(|event| matches!(event, Event::Online(true)).then_some(())).await;
    }

    async fn message(&mut self) -> Message {
        self.wait(|event| if let Event::Message(message) = event { Some(message) } else { None }).await
    }

    async fn news(&mut self) -> ContactChange {
        self.wait(|event| if let Event::Contact { change, .. } = event { Some(change) } else { None }).await
    }

    /// Waits until a change of a group is told.
    async fn change(&mut self, wanted: GroupChange) {
        self.wait(|event| matches!(event, Event::Group { change, .. } if change == wanted).then_some(()))
            .await;
    }

    async fn delivered(&mut self, message: MessageId) {
        self.wait(|event| matches!(event, Event::Delivered { id, .. } if id == message).then_some(())).await;
    }

    /// Every text of the chat with a user, oldest first.
    async fn texts(&self, with: UserId) -> Vec<String> {
        let history = self.client.history(&Chat::User(with), 0, 100).await.unwrap();
        history.into_iter().map(|message| message.text).collect()
    }
}

async fn open(home: &Path, listen: &[String], peers: &[String]) -> Client {
    let mut builder = Client::builder().home(home);
    for address in listen {
        builder = builder.listen(address);
    }
    for address in peers {
        builder = builder.peer(address);
    }
    builder.open().await.unwrap()
}

/// Says something, and returns what the other one reads; both have confirmed it by then.
async fn say(from: &mut Seat, to: &mut Seat, text: &str) -> Message {
    let id = from.client.send(to.user(), text).await.unwrap().id();
    let message = to.message().await;
    from.delivered(id).await;
    assert_eq!((message.id, message.from, message.text.as_str()), (id, from.user(), text));
    message
}

#[tokio::test]
async fn a_group_is_made_talks_and_goes_on_without_whoever_was_removed() {
    let mut alice = Seat::new(&[]).await;
    let mut bob = Seat::new(alice.client.addresses()).await;
    let mut carol = Seat::new(alice.client.addresses()).await;
    for seat in [&mut alice, &mut bob, &mut carol] {
        seat.online().await;
    }
    let members = [bob.user(), carol.user()];

    let group = alice.client.groups().create("climbing", &members).await.unwrap();
    for seat in [&mut bob, &mut carol] {
        seat.change(GroupChange::Invited).await;
        seat.client.groups().accept(&group).await.unwrap();
        alice.change(GroupChange::Joined).await;
    }
    let first = carol.client.send(Chat::from(group.clone()), "hello all").await.unwrap();
    let heard = [alice.message().await, bob.message().await];
    alice.client.groups().remove(&group, carol.user()).await.unwrap();
    for seat in [&mut bob, &mut carol] {
        seat.change(GroupChange::Removed { user: members[1] }).await;
    }
    let last = bob.client.send(Chat::from(group.clone()), "without carol").await.unwrap().id();
    let after = alice.message().await;
    bob.delivered(last).await;

    assert!(heard.iter().all(|heard| heard.id == first && heard.chat == Chat::from(group.clone())));
    assert_eq!((after.id, after.text.as_str()), (last, "without carol"));
    assert_eq!(bob.client.history(&Chat::from(group.clone()), 0, 9).await.unwrap().len(), 2);
    assert_eq!(carol.client.history(&Chat::from(group), 0, 9).await.unwrap().len(), 1);
}

#[tokio::test]
async fn two_clients_talk_both_ways() {
    let mut alice = Seat::new(&[]).await;
    let mut bob = Seat::new(alice.client.addresses()).await;
    alice.online().await;
    bob.online().await;

    say(&mut alice, &mut bob, "hello bob").await;
    let answer = say(&mut bob, &mut alice, "hello alice").await;
    let again = say(&mut alice, &mut bob, "how are you?").await;

    assert_eq!((answer.grade, again.grade), (Grade::Ratcheted, Grade::Ratcheted));
    assert_eq!(bob.texts(alice.user()).await, ["hello bob", "hello alice", "how are you?"]);
    assert_eq!(alice.texts(bob.user()).await, bob.texts(alice.user()).await);
}

#[tokio::test]
async fn a_card_makes_the_first_message_forward_secret_and_two_clients_become_contacts() {
    let mut alice = Seat::new(&[]).await;
    let mut bob = Seat::new(alice.client.addresses()).await;
    alice.online().await;
    bob.online().await;
    alice.client.profile().set_name("Alice").await.unwrap();

    let card = alice.client.card().await.unwrap().to_string();
    let user = bob.client.add_card(&card).await.unwrap();
    bob.client.contacts().request(user, "from your card").await.unwrap();
    let asked = alice.news().await;
    assert_eq!(alice.message().await.text, "from your card");
    alice.client.contacts().accept(bob.user()).await.unwrap();
    while bob.news().await != ContactChange::Accepted {}
    say(&mut bob, &mut alice, "now we are").await;

    let ContactChange::Requested { note, grade, .. } = asked else { panic!("{asked:?}") };
    assert_eq!((note.as_str(), grade), ("from your card", Grade::Ratcheted));
    for (here, there) in [(&alice, bob.user()), (&bob, alice.user())] {
        let listed = here.client.contacts().list(Which::State(ContactState::Mutual)).await.unwrap();
        assert_eq!(listed.iter().map(|contact| contact.user).collect::<Vec<_>>(), [there]);
    }
    assert_eq!(bob.client.contacts().name(user).await.unwrap(), "Alice");
}

#[tokio::test]
async fn a_third_client_relays_between_two_who_cannot_reach_each_other() {
    let relay = Seat::new(&[]).await;
    let mut alice = Seat::unreachable(relay.client.addresses()).await;
    let mut bob = Seat::unreachable(relay.client.addresses()).await;
    alice.online().await;
    bob.online().await;
    assert_eq!((alice.client.addresses(), bob.client.addresses()), ([].as_slice(), [].as_slice()));

    say(&mut alice, &mut bob, "by way of somebody").await;
    say(&mut bob, &mut alice, "and back").await;

    let tally = relay.client.tally().await.unwrap();
    assert_eq!(
        (tally.received, relay.client.chats().await.unwrap().len()),
        (0, 0),
        "it read what it relayed"
    );
}

#[tokio::test]
async fn who_was_away_gets_it_once_after_coming_back() {
    let mut alice = Seat::new(&[]).await;
    let mut bob = Seat::new(alice.client.addresses()).await;
    bob.online().await;
    say(&mut alice, &mut bob, "before").await;
    let home = bob.close().await;
    alice.wait(|event| matches!(event, Event::Online(false)).then_some(())).await;

    let id = alice.client.send(user_of(&alice).await, "while you were away").await.unwrap().id();
    let mut bob = Seat::again(home, alice.client.addresses()).await;
    let message = bob.message().await;
    alice.delivered(id).await;
    say(&mut alice, &mut bob, "after").await;

    assert_eq!(message.id, id);
    assert_eq!(bob.texts(alice.user()).await, ["before", "while you were away", "after"]);
    assert_eq!(bob.client.tally().await.unwrap().received, 2);
}

/// The only user that somebody talks with.
async fn user_of(seat: &Seat) -> UserId {
    match seat.client.chats().await.unwrap()[..] {
        [Chat::User(user)] => user,
        ref other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_was_said_alone_leaves_after_a_restart() {
    let mut bob = Seat::new(&[]).await;
    let alice = Seat::new(&[]).await;
    let id = alice.client.send(bob.user(), "is anybody there?").await.unwrap().id();
    let home = alice.close().await;

    let mut alice = Seat::again(home, bob.client.addresses()).await;
    let message = bob.message().await;
    alice.delivered(id).await;

    assert_eq!((message.id, message.text.as_str()), (id, "is anybody there?"));
    assert_eq!(bob.texts(alice.user()).await, ["is anybody there?"]);
}
