//! A day of two people with three devices each, in a group of twenty, in bad weather, with devices that die and lines that
//! are cut: in the evening the devices of one user have the same, and all members see the same group.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use status_chat::{Chat, Client, DeviceId, GroupChatId, Identity, Membership, MessageId, UserId};
use status_e2e::town::{House, Sky, Weather};
use status_layer::testing::{SeededRng, rng};
use tokio::time::{Instant, sleep};

const FAIR: Weather = Weather { loss: 0, twice: 0, delay: 50 };
const ROUGH: Weather = Weather { loss: 20, twice: 5, delay: 2_000 };

const HOUR: Duration = Duration::from_secs(3_600);

/// The longest that things take to settle after the day, in quarters of an hour.
const EVENING: usize = 48;

/// Somebody, with all their devices.
struct Citizen {
    houses: Vec<House>,
}

impl Citizen {
    async fn new(sky: &Sky, seed: u64, devices: u64) -> Self {
        let mut houses = vec![House::new(sky, seed)];
        let words = houses[0].wake(|builder| builder).await.recovery_phrase().expose().to_owned();
        for number in 1..devices {
            let mut house = House::new(sky, seed + 100 * number);
            house.wake(|builder| builder.identity(Identity::restore(&words).unwrap())).await;
            houses.push(house);
        }
        Self { houses }
    }

    /// The client of a device, which is switched on if it is off.
    async fn client(&mut self, device: usize) -> Client {
        match self.houses[device].client() {
            Some(client) => client.clone(),
            None => self.houses[device].wake(|builder| builder).await,
        }
    }

    async fn clients(&mut self) -> Vec<Client> {
        let mut clients = Vec::new();
        for device in 0..self.houses.len() {
            clients.push(self.client(device).await);
        }
        clients
    }

    /// Has each device confirm all others.
    async fn pair(&mut self) {
        let clients = self.clients().await;
        let ids: BTreeSet<DeviceId> = clients.iter().map(|client| client.device().clone()).collect();
        for client in &clients {
            let others = || ids.iter().filter(|id| *id != client.device());
            while client.devices().list().await.unwrap().len() < ids.len() - 1 {
                sleep(Duration::from_secs(5)).await;
            }
            for other in others() {
                client.devices().confirm(other).await.unwrap();
            }
        }
    }
}

/// What somebody has of a chat: each message by its id.
type Said = BTreeMap<MessageId, String>;

async fn said(client: &Client, chat: &Chat) -> Said {
    let history = client.history(chat, 0, 10_000).await.unwrap();
    history.into_iter().map(|message| (message.id, message.text)).collect()
}

/// A group as somebody sees it.
async fn seen(client: &Client, group: &GroupChatId) -> (Membership, String, BTreeSet<UserId>) {
    let group = client.groups().one(group).await.unwrap().unwrap();
    (group.membership, group.name, group.members.into_iter().map(|member| member.user).collect())
}

/// Accepts the group wherever it is an invitation still.
async fn accept_everywhere(people: &mut [Citizen], group: &GroupChatId) {
    for person in people {
        for client in person.clients().await {
            let now = client.groups().one(group).await.unwrap();
            if now.is_some_and(|now| now.membership != Membership::Active) {
                // Another device of theirs may have answered at the same time.
                drop(client.groups().accept(group).await);
            }
        }
    }
}

/// What was said in a day, and whether all agree; why not, if they do not.
struct Evening {
    in_the_group: usize,
    between_two: usize,
}

async fn disagreement(people: &mut [Citizen], group: &GroupChatId) -> Result<Evening, String> {
    let (mut group_said, mut group_seen) = (None, None);
    let pair = [people[0].client(0).await.user(), people[1].client(0).await.user()];
    let mut between = None;
    for (number, person) in people.iter_mut().enumerate() {
        for (device, client) in person.clients().await.into_iter().enumerate() {
            let who = format!("device {device} of {number}");
            let now = seen(&client, group).await;
            if *group_seen.get_or_insert_with(|| now.clone()) != now {
                return Err(format!("{who} sees {now:?}, others {group_seen:?}"));
            }
            let now = said(&client, &Chat::from(group.clone())).await;
            let all = group_said.get_or_insert_with(|| now.clone());
            if *all != now {
                return Err(format!("{who} has {} messages of the group, others {}", now.len(), all.len()));
            }
            if let Some(other) = [1, 0].get(number).map(|other: &usize| pair[*other]) {
                let now = said(&client, &Chat::User(other)).await;
                let all = between.get_or_insert_with(|| now.clone());
                if *all != now {
                    return Err(format!("{who} has {} messages of the two, others {}", now.len(), all.len()));
                }
            }
        }
    }
    let len = |said: Option<Said>| said.map_or(0, |said| said.len());
    Ok(Evening { in_the_group: len(group_said), between_two: len(between) })
}

/// What happens in an hour: somebody says something, a device dies, a line is cut or mended, the group has another name.
async fn an_hour(
    people: &mut [Citizen],
    sky: &Sky,
    group: &GroupChatId,
    hour: u64,
    dice: &mut SeededRng,
) -> (usize, usize) {
    let (mut in_group, mut between) = (0, 0);
    for part in 0..6 {
        let number = usize::try_from(dice.below(20)).unwrap_or(0);
        let device = usize::try_from(dice.below(people[number].houses.len() as u64)).unwrap_or(0);
        match dice.below(6) {
            0 => people[number].houses[device].kill(),
            1 => sky.cut(people[number].houses[device].line, true),
            _ => {
                let client = people[number].client(device).await;
                client.send(Chat::from(group.clone()), &format!("{number} at {hour}:{part}0")).await.unwrap();
                in_group += 1;
            }
        }
        let (one, other) = if dice.chance(50) { (0, 1) } else { (1, 0) };
        let to = people[other].client(0).await.user();
        let device = usize::try_from(dice.below(3)).unwrap_or(0);
        let client = people[one].client(device).await;
        client.send(to, &format!("{one} to {other} at {hour}:{part}0")).await.unwrap();
        between += 1;
        sleep(HOUR / 6).await;
    }
    if hour.is_multiple_of(8) {
        let namer = usize::try_from(hour / 8).unwrap_or(0);
        people[namer]
            .client(0)
            .await
            .groups()
            .rename(group, &format!("the name of hour {hour}"))
            .await
            .unwrap();
    }
    // Whoever was cut off or dead for an hour is back.
    for person in people.iter_mut() {
        for device in 0..person.houses.len() {
            sky.cut(person.houses[device].line, false);
            person.client(device).await;
        }
    }
    (in_group, between)
}

#[tokio::test(start_paused = true)]
async fn after_a_day_of_faults_all_devices_of_a_user_have_the_same_and_all_members_see_one_group() {
    let start = Instant::now();
    let sky = Sky::new(5, FAIR);
    let mut people = Vec::new();
    for number in 0..20 {
        let devices = if number < 2 { 3 } else { 1 };
        people.push(Citizen::new(&sky, 1_000 * (number + 1), devices).await);
    }
    for person in &mut people[..2] {
        person.pair().await;
    }
    let mut users = Vec::new();
    for person in &mut people[1..] {
        users.push(person.client(0).await.user());
    }
    let group = people[0].client(0).await.groups().create("twenty", &users).await.unwrap();
    sleep(HOUR).await;
    accept_everywhere(&mut people, &group).await;
    sleep(HOUR).await;

    sky.set(ROUGH);
    sky.look_into_the_archive();
    let mut dice = rng(5);
    let (mut in_group, mut between) = (0, 0);
    for hour in 1..=24 {
        let (more, two) = an_hour(&mut people, &sky, &group, hour, &mut dice).await;
        in_group += more;
        between += two;
    }
    assert!(start.elapsed() >= 26 * HOUR, "the day was not lived through");

    let mut agreed = Err(String::new());
    for _ in 0..EVENING {
        agreed = disagreement(&mut people, &group).await;
        if agreed.is_ok() {
            break;
        }
        sleep(HOUR / 4).await;
    }

    let evening = agreed.unwrap_or_else(|why| panic!("{why}"));
    assert_eq!((evening.in_the_group, evening.between_two), (in_group, between));
}
