//! Whole clients in virtual time: what they say under bad weather, and that it repeats.

use std::time::Duration;

use status_chat::{Chat, Client, Event, Events};
use status_e2e::town::{House, Sky, Weather};
use tokio::time::{Instant, sleep};

const ROUGH: Weather = Weather { loss: 20, twice: 5, delay: 2_000 };

/// What somebody hears of others in a while, in their words.
async fn hear(events: &mut Events, client: &Client, while_: Duration) -> Vec<String> {
    let (end, mut heard) = (Instant::now() + while_, Vec::new());
    while let Ok(Some(event)) = tokio::time::timeout_at(end, events.next()).await {
        if let Event::Message(message) = event
            && message.from != client.user()
        {
            heard.push(message.text);
        }
    }
    heard
}

/// A day of two people, one of whom dies once and one of whom is cut off once.
async fn a_day(seed: u64) -> (Vec<String>, Duration) {
    let start = Instant::now();
    let sky = Sky::new(seed, ROUGH);
    let (mut ann, mut ben) = (House::new(&sky, seed), House::new(&sky, seed + 1));
    let alice = ann.wake(|builder| builder).await;
    let mut bob = ben.wake(|builder| builder).await;
    let mut events = bob.events();
    let to = Chat::User(bob.user());
    let mut heard = Vec::new();
    for hour in 0..24 {
        sky.cut(ann.line, hour % 7 == 3);
        if hour == 10 {
            ben.kill();
            sleep(Duration::from_secs(600)).await;
            bob = ben.wake(|builder| builder).await;
            events = bob.events();
        }
        alice.send(to.clone(), &format!("hour {hour}")).await.unwrap();
        heard.extend(hear(&mut events, &bob, Duration::from_secs(3_600)).await);
    }
    (heard, start.elapsed())
}

#[tokio::test(start_paused = true)]
async fn a_day_of_two_people_in_bad_weather_loses_nothing_and_is_the_same_again() {
    let (heard, took) = a_day(7).await;
    let (again, _) = a_day(7).await;

    let mut all = heard.clone();
    all.sort_by_key(|text| text.trim_start_matches("hour ").parse::<u32>().ok());
    assert_eq!(all, (0..24).map(|hour| format!("hour {hour}")).collect::<Vec<_>>());
    assert_eq!(heard, again);
    assert!(took >= Duration::from_secs(24 * 3_600), "the day was not lived through: {took:?}");
}
