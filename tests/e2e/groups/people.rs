//! People in a town who make groups.

use std::collections::BTreeSet;
use std::time::Duration;

use status_chat::testing::heard;
use status_chat::{
    Chat, Client, Event, Events, Group, GroupChange, GroupChatId, Membership, Message, Role, UserId,
};
use status_e2e::town::{House, Sky, Weather};
use tokio::time::{Instant, sleep, timeout, timeout_at};

/// Nothing is lost.
pub(super) const FAIR: Weather = Weather { loss: 0, twice: 0, delay: 50 };

/// Within this time what is to arrive arrives, however often it is lost.
pub(super) const SOON: Duration = Duration::from_secs(6 * 3_600);

/// Long enough for what should not arrive to arrive.
pub(super) const A_WHILE: Duration = Duration::from_secs(120);

/// Somebody with a device.
pub(super) struct Person {
    pub(super) house: House,
    pub(super) client: Client,
    pub(super) events: Events,
}

impl Person {
    pub(super) async fn new(sky: &Sky, seed: u64) -> Self {
        let mut house = House::new(sky, seed);
        let client = house.wake(|builder| builder).await;
        Self { events: client.events(), house, client }
    }

    /// Dies and is there again, with what was on the disk.
    pub(super) async fn again(&mut self) {
        self.house.kill();
        sleep(Duration::from_secs(5)).await;
        self.client = self.house.wake(|builder| builder).await;
        self.events = self.client.events();
    }

    pub(super) fn user(&self) -> UserId {
        self.client.user()
    }

    pub(super) async fn wait<T>(&mut self, wanted: impl FnMut(Event) -> Option<T>) -> T {
        heard(&mut self.events, SOON, wanted).await.unwrap()
    }

    pub(super) async fn message(&mut self) -> Message {
        self.wait(|event| if let Event::Message(message) = event { Some(message) } else { None }).await
    }

    /// The next change in a group, and who made it.
    pub(super) async fn change(&mut self) -> (UserId, GroupChange) {
        let change =
            |event| if let Event::Group { by, change, .. } = event { Some((by, change)) } else { None };
        self.wait(change).await
    }

    /// Waits until a change is told; returns who made it.
    pub(super) async fn until(&mut self, wanted: GroupChange) -> UserId {
        loop {
            let (by, change) = self.change().await;
            if change == wanted {
                return by;
            }
        }
    }

    /// Takes the invitation that comes next.
    pub(super) async fn accept(&mut self) {
        let group = self.wait(|event| match event {
            Event::Group { group, change: GroupChange::Invited, .. } => Some(group),
            _ => None,
        });
        let group = group.await;
        self.client.groups().accept(&group).await.unwrap();
    }

    pub(super) async fn say(&self, group: &GroupChatId, text: &str) {
        self.client.send(Chat::from(group.clone()), text).await.unwrap();
    }

    pub(super) async fn group(&self, group: &GroupChatId) -> Group {
        self.client.groups().one(group).await.unwrap().unwrap()
    }

    pub(super) async fn membership(&self, group: &GroupChatId) -> Membership {
        self.group(group).await.membership
    }

    pub(super) async fn members(&self, group: &GroupChatId) -> BTreeSet<UserId> {
        self.group(group).await.members.into_iter().map(|member| member.user).collect()
    }

    pub(super) async fn is_admin(&self, group: &GroupChatId, user: UserId) -> bool {
        self.group(group).await.member(&user).is_some_and(|member| member.role == Role::Admin)
    }

    /// What was said in a group, as it is kept here.
    pub(super) async fn texts(&self, group: &GroupChatId) -> Vec<String> {
        let history = self.client.history(&Chat::from(group.clone()), 0, 1_000).await.unwrap();
        history.into_iter().map(|message| message.text).collect()
    }

    /// What comes within a while.
    pub(super) async fn hear(&mut self, while_: Duration) -> Vec<Event> {
        let (end, mut heard) = (Instant::now() + while_, Vec::new());
        while let Ok(Some(event)) = timeout_at(end, self.events.next()).await {
            heard.push(event);
        }
        heard
    }
}

/// A town with some people.
pub(super) async fn town<const N: usize>(seed: u64, weather: Weather) -> (Sky, [Person; N]) {
    let sky = Sky::new(seed, weather);
    let mut people = Vec::new();
    for number in 0..N as u64 {
        people.push(Person::new(&sky, seed + 1 + number).await);
    }
    let Ok(people) = people.try_into() else { panic!("as many as asked for") };
    (sky, people)
}

/// A group that the first of them made, and the others are in.
pub(super) async fn together(people: &mut [Person]) -> GroupChatId {
    let [first, others @ ..] = people else { panic!("nobody is there") };
    let users: Vec<_> = others.iter().map(Person::user).collect();
    let group = first.client.groups().create("climbing", &users).await.unwrap();
    for other in others.iter_mut() {
        other.accept().await;
    }
    settle(people, &group).await;
    group
}

/// Waits until all of them see the same.
pub(super) async fn settle(people: &[Person], group: &GroupChatId) {
    let agree = async {
        while !agreed(people, group).await {
            sleep(Duration::from_secs(20)).await;
        }
    };
    if timeout(SOON, agree).await.is_err() {
        for person in people {
            let seen = person.client.groups().one(group).await.unwrap();
            let joined = seen.iter().flat_map(|group| &group.members).filter(|member| member.joined).count();
            eprintln!("{:?}: {seen:?}, {joined} joined", person.user());
        }
        panic!("they do not come to see the same");
    }
}

async fn agreed(people: &[Person], group: &GroupChatId) -> bool {
    let mut seen = None;
    for person in people {
        let Some(now) = person.client.groups().one(group).await.unwrap() else { return false };
        if now.members.iter().any(|member| !member.joined) {
            return false;
        }
        let now = (now.name, now.color, now.picture, now.members);
        if *seen.get_or_insert_with(|| now.clone()) != now {
            return false;
        }
    }
    true
}
