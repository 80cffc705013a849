//! A device may die in any commit while messages are changed, deleted, reacted to and pinned: both sides end equal.

use std::time::Duration;

use status_chat::{Chat, Client, Feeling, MessageId, SendError, UserId};
use status_e2e::town::{Cut, House, Sky, Weather};
use tokio::time::sleep;

const FAIR: Weather = Weather { loss: 0, twice: 0, delay: 50 };

/// Until then everything was sent again.
const LONG: u32 = 60; // looks, one each minute

/// Two people, four messages that both have, and what the first does with them.
struct Story {
    alice: House,
    bob: House,
    ids: Vec<MessageId>,
    to: [UserId; 2],
}

/// Whose device dies.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Who {
    Alice,
    Bob,
}

/// What one side has of a message: text, whether it was changed and deleted, who feels how, whether it is pinned.
type Seen = (String, bool, bool, Vec<(UserId, Feeling, bool)>, bool);

impl Story {
    async fn begin(seed: u64) -> Self {
        let sky = Sky::new(seed, FAIR);
        let (mut alice, mut bob) = (House::new(&sky, 2 * seed), House::new(&sky, 2 * seed + 1));
        let (a, b) = (alice.wake(|builder| builder).await, bob.wake(|builder| builder).await);
        b.send(a.user(), "hello").await.unwrap();
        let mut ids = Vec::new();
        for text in ["frist", "secret", "liked", "pinned"] {
            ids.push(a.send(b.user(), text).await.unwrap().id());
        }
        let story = Self { alice, bob, ids, to: [a.user(), b.user()] };
        story.settle().await;
        story
    }

    fn client(&self, who: Who) -> Client {
        let house = if who == Who::Alice { &self.alice } else { &self.bob };
        house.client().unwrap().clone()
    }

    fn house(&mut self, who: Who) -> &mut House {
        if who == Who::Alice { &mut self.alice } else { &mut self.bob }
    }

    /// Tries everything that Alice wants once; says whether all of it was taken.
    async fn act(&self) -> bool {
        let (client, ids) = (self.client(Who::Alice), &self.ids);
        let done: [Result<(), SendError>; 4] = [
            client.edit(ids[0], "first").await,
            client.delete(ids[1]).await,
            client.react(ids[2], Feeling::Love).await,
            client.pin(ids[3]).await,
        ];
        // What was deleted before it was noticed that we died cannot be deleted again.
        done.iter().all(|done| matches!(done, Ok(()) | Err(SendError::NoMessage)))
    }

    async fn seen(&self, who: Who) -> Vec<Option<Seen>> {
        let client = self.client(who);
        let other = Chat::User(self.to[usize::from(who == Who::Alice)]);
        let pins = client.pins(&other).await.unwrap();
        let mut seen = Vec::new();
        for id in &self.ids {
            let Some(message) = client.message(*id).await.unwrap() else {
                seen.push(None);
                continue;
            };
            let felt = client.reactions(*id).await.unwrap();
            let felt = felt.into_iter().map(|felt| (felt.by, felt.feeling, felt.retracted)).collect();
            let pinned = pins.iter().any(|pin| pin.message == *id && pin.pinned);
            let (edited, deleted) = (message.edited.is_some(), message.deleted.is_some());
            seen.push(Some((message.text, edited, deleted, felt, pinned)));
        }
        seen
    }

    /// Waits until both have the same.
    async fn settle(&self) {
        for _ in 0..LONG {
            if self.seen(Who::Alice).await == self.seen(Who::Bob).await {
                return;
            }
            sleep(Duration::from_secs(60)).await;
        }
    }
}

/// Lives through the story, with a death in one commit.
async fn live(who: Who, commit: u64, cut: Cut) {
    let mut story = Story::begin(7).await;
    story.house(who).die_in(commit, cut);
    let done = story.act().await;
    sleep(Duration::from_secs(30)).await;
    story.house(who).kill();
    sleep(Duration::from_secs(5)).await;
    story.house(who).wake(|builder| builder).await;
    if !done {
        assert!(story.act().await, "{who:?} {commit} {cut:?}: it cannot be done any more");
    }
    story.settle().await;

    let (alice, bob) = (story.seen(Who::Alice).await, story.seen(Who::Bob).await);
    let what = format!("{who:?} dies in commit {commit}, {cut:?}");
    assert_eq!(alice, bob, "{what}");
    let felt = vec![(story.to[0], Feeling::Love, false)];
    let expected = [
        ("first".to_owned(), true, false, Vec::new(), false),
        (String::new(), false, true, Vec::new(), false),
        ("liked".to_owned(), false, false, felt, false),
        ("pinned".to_owned(), false, false, Vec::new(), true),
    ];
    assert_eq!(alice, expected.map(Some), "{what}");
    for house in [&story.alice, &story.bob] {
        assert!(house.examine().is_empty(), "{what}: {:?}", house.examine());
    }
}

/// How many commits a device makes while the story takes its course.
async fn commits(who: Who) -> u64 {
    let mut story = Story::begin(7).await;
    let before = story.house(who).commits();
    assert!(story.act().await);
    sleep(Duration::from_secs(30)).await;
    story.house(who).commits() - before
}

async fn die_in_every_commit(who: Who) {
    let commits = commits(who).await;
    assert!(commits >= 4, "{commits} commits are no story");
    for commit in 1..=commits {
        live(who, commit, Cut::Before).await;
        live(who, commit, Cut::After).await;
    }
}

#[tokio::test(start_paused = true)]
async fn who_changes_messages_may_die_in_any_commit() {
    die_in_every_commit(Who::Alice).await;
}

#[tokio::test(start_paused = true)]
async fn who_reads_of_changes_may_die_in_any_commit() {
    die_in_every_commit(Who::Bob).await;
}
