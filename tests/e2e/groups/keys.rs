//! How well messages in groups are sealed between members who are no contacts.

use std::time::Duration;

use status_chat::{Chat, Client, Event, Grade, GroupChange, Message, UserId};
use tokio::time::sleep;

use super::people::{A_WHILE, FAIR, Person, together, town};

/// How well something for somebody would be sealed now.
async fn prospect(client: &Client, user: UserId) -> Grade {
    client.contacts().safety(user).await.unwrap().grade
}

/// The message that comes next, among all that was kept while an invitation was not answered.
async fn first(person: &Person, group: &status_chat::GroupChatId) -> Message {
    person.client.history(&Chat::from(group.clone()), 0, 9).await.unwrap().remove(0)
}

#[tokio::test(start_paused = true)]
async fn the_first_word_to_a_member_who_is_no_contact_and_never_spoke_is_forward_secret() {
    let (_, mut people) = town::<3>(51, FAIR).await;
    let group = together(&mut people[..2]).await;
    let [alice, bob, carol] = &mut people;

    // Carol is asked, and does not answer; so bob has never heard from her.
    let before = prospect(&bob.client, carol.user()).await;
    alice.client.groups().add(&group, &[carol.user()]).await.unwrap();
    bob.until(GroupChange::Added { users: vec![carol.user()] }).await;
    carol
        .wait(|event| matches!(event, Event::Group { change: GroupChange::Invited, .. }).then_some(()))
        .await;
    sleep(A_WHILE).await;
    bob.say(&group, "hello carol").await;
    sleep(A_WHILE).await;

    let heard = first(carol, &group).await;
    assert_eq!((heard.text.as_str(), heard.from), ("hello carol", bob.user()));
    assert_eq!((before, heard.grade), (Grade::Static, Grade::Ratcheted));
}

#[tokio::test(start_paused = true)]
async fn whoever_shares_no_group_any_more_is_not_listened_for_and_a_contact_still_is() {
    let (sky, mut people) = town::<4>(52, FAIR).await;
    let group = together(&mut people).await;
    let [alice, bob, carol, dave] = &mut people;
    let other = bob.client.groups().create("caving", &[carol.user()]).await.unwrap();
    bob.client.join(Chat::User(dave.user())).await.unwrap();
    let with_all = sky.watched(bob.house.line);

    bob.client.groups().leave(&group).await.unwrap();
    sleep(A_WHILE).await;
    let without_alice = sky.watched(bob.house.line);
    bob.client.groups().leave(&other).await.unwrap();
    sleep(A_WHILE).await;
    let without_carol = sky.watched(bob.house.line);
    bob.client.leave(&Chat::User(dave.user())).await.unwrap();
    let alone = sky.watched(bob.house.line);

    let each = [with_all, without_alice, without_carol, alone];
    assert!(each.is_sorted_by(|more, less| more > less), "{each:?}");
    assert!(alice.members(&group).await.contains(&dave.user()));
}

#[tokio::test(start_paused = true)]
async fn who_is_left_as_a_chat_is_listened_for_while_they_are_in_a_group_also_after_a_restart() {
    let (sky, mut people) = town::<3>(53, FAIR).await;
    together(&mut people).await;
    let [_, bob, carol] = &mut people;
    let before = sky.watched(bob.house.line);

    bob.client.join(Chat::User(carol.user())).await.unwrap();
    bob.client.leave(&Chat::User(carol.user())).await.unwrap();
    let after = sky.watched(bob.house.line);
    bob.again().await;
    sleep(Duration::from_secs(5)).await;

    assert_eq!((after, sky.watched(bob.house.line)), (before, before));
}
