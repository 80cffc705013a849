//! Changes that are made at the same time, by people who do not hear of each other.

use std::time::Duration;

use status_chat::{Chat, GroupChange, Membership};
use tokio::time::sleep;

use super::people::{FAIR, Person, settle, together, town};

/// Two admins and three members.
async fn ruled(people: &mut [Person]) -> status_chat::GroupChatId {
    let group = together(people).await;
    let second = people[1].user();
    people[0].client.groups().make_admins(&group, &[second]).await.unwrap();
    people[1].until(GroupChange::AdminsAdded { users: vec![second] }).await;
    settle(people, &group).await;
    group
}

#[tokio::test(start_paused = true)]
async fn what_two_admins_change_while_they_are_cut_off_from_each_other_everybody_comes_to_see() {
    let (sky, mut people) = town::<5>(21, FAIR).await;
    let group = ruled(&mut people).await;
    let (dave, eve) = (people[3].user(), people[4].user());

    sky.cut(people[1].house.line, true);
    people[0].client.groups().remove(&group, dave).await.unwrap();
    people[0].client.groups().rename(&group, "alice's name").await.unwrap();
    sleep(Duration::from_secs(5)).await;
    people[1].client.groups().remove(&group, eve).await.unwrap();
    people[1].client.groups().rename(&group, "bob's name").await.unwrap();
    sleep(Duration::from_secs(60)).await;
    sky.cut(people[1].house.line, false);
    settle(&people[..3], &group).await;

    let [alice, bob, carol, dave, eve] = &people;
    assert_eq!(carol.members(&group).await, [alice.user(), bob.user(), carol.user()].into());
    assert_eq!(carol.group(&group).await.name, "bob's name", "it has the later clock");
    assert_eq!(dave.membership(&group).await, Membership::Left);
    assert_eq!(eve.membership(&group).await, Membership::Left);
}

#[tokio::test(start_paused = true)]
async fn of_changes_that_exclude_each_other_the_same_has_effect_for_everybody() {
    let (sky, mut people) = town::<4>(22, FAIR).await;
    let group = ruled(&mut people).await;
    let carol = people[2].user();

    // Carol renames the group after Alice has removed her, and does not know it yet.
    sky.cut(people[2].house.line, true);
    people[0].client.groups().remove(&group, carol).await.unwrap();
    sleep(Duration::from_secs(5)).await;
    people[2].client.groups().rename(&group, "too late").await.unwrap();
    people[2].say(&group, "is anybody there?").await;
    sleep(Duration::from_secs(60)).await;
    sky.cut(people[2].house.line, false);
    people[2].until(GroupChange::Removed { user: carol }).await;
    sleep(Duration::from_secs(120)).await;
    let without = [&people[0], &people[1], &people[3]];

    for person in without {
        let seen = person.group(&group).await;
        assert_eq!((seen.name.as_str(), seen.members.len()), ("climbing", 3));
        assert_eq!(person.texts(&group).await, [""; 0]);
    }
    assert_eq!(people[2].membership(&group).await, Membership::Left);
}

#[tokio::test(start_paused = true)]
async fn whoever_dies_in_between_goes_on_where_they_were() {
    let (_, mut people) = town::<3>(23, FAIR).await;
    let group = together(&mut people).await;
    let before = people[2].group(&group).await;

    people[2].house.kill();
    people[0].client.groups().rename(&group, "caving").await.unwrap();
    people[0].say(&group, "said to the dead").await;
    people[1].message().await;
    people[2].again().await;
    let heard = people[2].message().await;
    people[2].say(&group, "i am back").await;

    assert_eq!((before.name.as_str(), heard.text.as_str()), ("climbing", "said to the dead"));
    assert_eq!(people[0].message().await.text, "i am back");
    assert_eq!(people[2].group(&group).await.name, "caving");
    assert!(people[2].client.chats().await.unwrap().contains(&Chat::from(group)));
}
