//! A group of twenty.

use std::time::Duration;

use status_chat::{Chat, Event, Stage};
use status_e2e::town::Weather;
use tokio::time::{sleep, timeout};

use super::people::{FAIR, settle, together, town};

#[tokio::test(start_paused = true)]
async fn twenty_members_agree_in_bad_weather_and_each_reads_all_that_is_said() {
    let (sky, mut people) = town::<20>(31, FAIR).await;
    let rough = Weather { loss: 20, twice: 5, delay: 2_000 };
    sky.set(rough);
    let group = together(&mut people).await;
    let ends = [people[18].user(), people[19].user()];

    people[0].client.groups().make_admins(&group, &[people[1].user()]).await.unwrap();
    people[5].client.groups().rename(&group, "twenty").await.unwrap();
    people[0].client.groups().remove(&group, ends[1]).await.unwrap();
    people[18].client.groups().leave(&group).await.unwrap();
    // Who has not heard yet that somebody is out still writes to them.
    settle(&people[..18], &group).await;
    for speaker in [0, 7, 17] {
        people[speaker].say(&group, &format!("{speaker} was here")).await;
    }
    settle(&people[..18], &group).await;
    sleep(Duration::from_secs(3_600)).await;

    for person in &people[..18] {
        let mut texts = person.texts(&group).await;
        texts.sort();
        assert_eq!(texts, ["0 was here", "17 was here", "7 was here"]);
        assert_eq!(
            (person.group(&group).await.name.as_str(), person.members(&group).await.len()),
            ("twenty", 18)
        );
    }
    assert_eq!(people[19].texts(&group).await, [""; 0], "whoever is out reads nothing");
    let said = people[17].client.history(&Chat::from(group.clone()), 0, 9).await.unwrap();
    let ours = said.iter().find(|message| message.from == people[17].user()).unwrap();
    assert!(ours.stage.is_some_and(Stage::is_delivered), "{:?}", ours.stage);
    let more = timeout(
        Duration::from_secs(60),
        people[19].wait(|event| matches!(event, Event::Message(_)).then_some(())),
    );
    assert!(more.await.is_err());
}
