//! The two people of the demonstration.

use std::error::Error;
use std::path::Path;
use std::time::Duration;

use status_chat::{Client, Event, Events, Identity, Message, MessageId};
use tokio::time::{sleep, timeout};

/// How long any single thing may take before the demonstration gives up.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long both have to be at rest before the end.
const REST: Duration = Duration::from_millis(300);
const LOOPBACK: &str = "/ip4/127.0.0.1/tcp/0";

/// Which of the two.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Who {
    Alice,
    Bob,
}

/// One user with a client of their own.
pub(super) struct Person {
    pub(super) client: Client,
    events: Events,
    /// All that arrived, in the order of arrival.
    pub(super) heard: Vec<Message>,
    /// What others have acknowledged, in the order of arrival.
    pub(super) acked: Vec<MessageId>,
}

/// Both.
pub(super) struct Pair {
    pub(super) alice: Person,
    pub(super) bob: Person,
}

impl Who {
    pub(super) const fn other(self) -> Self {
        match self {
            Self::Alice => Self::Bob,
            Self::Bob => Self::Alice,
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Alice => "Alice",
            Self::Bob => "Bob",
        }
    }
}

impl Pair {
    /// Makes two users with a home each. Alice has a node; Bob has written down Alice's key and is away.
    pub(super) async fn meet(folder: &Path, channel: &str) -> Result<Self, Box<dyn Error>> {
        let (alice, bob) = (Identity::generate()?, Identity::generate()?);
        let to_bob = status_chat::Chat::User(bob.user());
        let to_alice = status_chat::Chat::User(alice.user());
        let alice = Client::builder().home(folder.join("alice")).identity(alice).listen(LOOPBACK);
        let alice = alice.chat(to_bob).open().await?;
        let bob = Client::builder().home(folder.join("bob")).identity(bob).chat(to_alice);
        let bob = bob.chat(channel.parse::<status_chat::Chat>()?).open().await?;
        Ok(Self { alice: Person::new(alice), bob: Person::new(bob) })
    }

    /// Opens Bob's home again, this time with a node that knows Alice's.
    pub(super) async fn bob_joins_the_network(
        &mut self,
        folder: &Path,
        channel: &str,
    ) -> Result<(), Box<dyn Error>> {
        self.bob.client.clone().close().await;
        let mut bob = Client::builder().home(folder.join("bob")).listen(LOOPBACK);
        for address in self.alice.client.addresses() {
            bob = bob.peer(address);
        }
        let bob = bob.chat(channel.parse::<status_chat::Chat>()?).open().await?;
        self.bob = Person::new(bob);
        Ok(())
    }

    pub(super) const fn of(&self, who: Who) -> &Person {
        match who {
            Who::Alice => &self.alice,
            Who::Bob => &self.bob,
        }
    }

    pub(super) const fn of_mut(&mut self, who: Who) -> &mut Person {
        match who {
            Who::Alice => &mut self.alice,
            Who::Bob => &mut self.bob,
        }
    }

    /// Waits until nothing has happened for a moment.
    pub(super) async fn settle(&mut self) {
        loop {
            tokio::select! {
                event = self.alice.events.next() => self.alice.note(event),
                event = self.bob.events.next() => self.bob.note(event),
                () = sleep(REST) => return,
            }
        }
    }

    pub(super) async fn close(self) {
        tokio::join!(self.alice.client.close(), self.bob.client.close());
    }
}

impl Person {
    fn new(client: Client) -> Self {
        Self { events: client.events(), client, heard: Vec::new(), acked: Vec::new() }
    }

    /// Waits for a message.
    pub(super) async fn hear(&mut self, id: MessageId) -> Result<Message, Box<dyn Error>> {
        let wait = async {
            loop {
                if let Some(message) = self.heard.iter().find(|message| message.id == id) {
                    return message.clone();
                }
                let event = self.events.next().await;
                self.note(event);
            }
        };
        timeout(PATIENCE, wait).await.map_err(|_| "a message did not arrive within 20 seconds".into())
    }

    /// Waits for an acknowledgement.
    pub(super) async fn acknowledged(&mut self, id: MessageId) -> Result<(), Box<dyn Error>> {
        let wait = async {
            while !self.acked.contains(&id) {
                let event = self.events.next().await;
                self.note(event);
            }
        };
        timeout(PATIENCE, wait)
            .await
            .map_err(|_| "an acknowledgement did not arrive within 20 seconds".into())
    }

    fn note(&mut self, event: Option<Event>) {
        match event {
            Some(Event::Message(message)) => self.heard.push(message),
            Some(Event::Delivered { id, .. }) => self.acked.push(id),
            _ => {}
        }
    }
}
