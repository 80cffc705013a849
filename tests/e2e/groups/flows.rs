//! What members of a group do.

use status_chat::{
    Chat, GroupChange, GroupRefusal, MAX_GROUP_MEMBERS, MAX_GROUP_PICTURE, Membership, SendError, Stage,
};

use super::people::{A_WHILE, FAIR, Person, settle, together, town};

#[tokio::test(start_paused = true)]
async fn a_group_is_made_and_everybody_reads_what_anybody_says() {
    let (_, mut people) = town::<4>(11, FAIR).await;
    let group = together(&mut people).await;
    let users: Vec<_> = people.iter().map(Person::user).collect();
    let [alice, bob, carol, dave] = &mut people;

    let id = alice.client.send(Chat::from(group.clone()), "hello all").await.unwrap().id();
    let heard = [bob.message().await, carol.message().await, dave.message().await];
    bob.say(&group, "hello from bob").await;
    let answers = [alice.message().await, carol.message().await, dave.message().await];

    assert!(
        heard.iter().all(|heard| (heard.id, heard.from, heard.text.as_str()) == (id, users[0], "hello all"))
    );
    assert!(answers.iter().all(|heard| heard.from == users[1] && heard.chat == Chat::Group(group.clone())));
    for person in &people {
        assert_eq!(person.texts(&group).await, ["hello all", "hello from bob"]);
        assert_eq!(person.members(&group).await, users.iter().copied().collect());
        assert!(person.client.chats().await.unwrap().contains(&Chat::Group(group.clone())));
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_in_a_group_is_delivered_to_so_many_of_all_others() {
    let (sky, mut people) = town::<4>(12, FAIR).await;
    let group = together(&mut people).await;
    let [alice, _, _, dave] = &mut people;
    sky.cut(dave.house.line, true);

    let id = alice.client.send(Chat::from(group.clone()), "who is there?").await.unwrap().id();
    let stage = |to| {
        move |event| match event {
            status_chat::Event::Stage { id: of, stage }
                if of == id && stage == Stage::Delivered { to, of: 3 } =>
            {
                Some(())
            }
            _ => None,
        }
    };
    alice.wait(stage(2)).await;
    sky.cut(dave.house.line, false);
    alice.wait(stage(3)).await;

    let said = alice.client.history(&Chat::from(group), 0, 9).await.unwrap();
    assert_eq!(said[0].stage, Some(Stage::Delivered { to: 3, of: 3 }));
}

#[tokio::test(start_paused = true)]
async fn whoever_is_added_reads_what_is_said_from_then_on_and_nothing_before() {
    let (_, mut people) = town::<3>(13, FAIR).await;
    let group = together(&mut people[..2]).await;
    let [alice, bob, carol] = &mut people;
    alice.say(&group, "before carol").await;
    bob.message().await;

    bob.client.groups().add(&group, &[carol.user()]).await.unwrap();
    carol.accept().await;
    while alice.until(GroupChange::Joined).await != carol.user() {}
    alice.say(&group, "welcome").await;

    assert_eq!(carol.message().await.text, "welcome");
    assert_eq!(carol.texts(&group).await, ["welcome"]);
    settle(&people, &group).await;
}

#[tokio::test(start_paused = true)]
async fn whoever_is_removed_reads_nothing_that_is_said_after() {
    let (_, mut people) = town::<3>(14, FAIR).await;
    let group = together(&mut people).await;
    let [alice, bob, carol] = &mut people;
    alice.say(&group, "before").await;
    carol.message().await;
    bob.message().await;

    let not_bob = bob.client.groups().remove(&group, carol.user()).await;
    alice.client.groups().remove(&group, carol.user()).await.unwrap();
    carol.until(GroupChange::Removed { user: carol.user() }).await;
    bob.until(GroupChange::Removed { user: carol.user() }).await;
    alice.say(&group, "after").await;
    bob.message().await;
    bob.say(&group, "after, too").await;
    let heard = carol.hear(A_WHILE).await;
    let speaks = carol.client.send(Chat::from(group.clone()), "wait").await;

    assert!(matches!(not_bob, Err(SendError::Group(GroupRefusal::NotAnAdmin))), "{not_bob:?}");
    let silent = |event: &status_chat::Event| {
        matches!(event, status_chat::Event::Message(_) | status_chat::Event::Group { .. })
    };
    assert!(!heard.iter().any(silent), "{heard:?}");
    assert!(matches!(speaks, Err(SendError::NotAMember)), "{speaks:?}");
    assert_eq!(
        (carol.membership(&group).await, carol.texts(&group).await),
        (Membership::Left, vec!["before".into()])
    );
    assert_eq!(bob.texts(&group).await, ["before", "after", "after, too"]);
}

#[tokio::test(start_paused = true)]
async fn whoever_leaves_is_out_and_can_be_added_again() {
    let (_, mut people) = town::<3>(15, FAIR).await;
    let group = together(&mut people).await;
    let [alice, bob, carol] = &mut people;

    carol.client.leave(&Chat::from(group.clone())).await.unwrap();
    alice.until(GroupChange::Left).await;
    bob.until(GroupChange::Left).await;
    let left = carol.membership(&group).await;
    alice.say(&group, "without carol").await;
    bob.message().await;
    bob.client.groups().add(&group, &[carol.user()]).await.unwrap();
    carol.accept().await;
    while bob.until(GroupChange::Joined).await != carol.user() {}
    bob.say(&group, "with carol").await;

    assert_eq!(left, Membership::Left);
    assert_eq!(carol.message().await.text, "with carol");
    assert_eq!(carol.texts(&group).await, ["with carol"]);
    settle(&people, &group).await;
}

#[tokio::test(start_paused = true)]
async fn name_colour_and_picture_are_the_same_for_all() {
    let (_, mut people) = town::<3>(16, FAIR).await;
    let group = together(&mut people).await;
    let picture = vec![0x89; 9_000];
    let by = people[1].user();

    people[1].client.groups().rename(&group, "caving").await.unwrap();
    people[1].client.groups().recolor(&group, "#4360df").await.unwrap();
    people[1].client.groups().picture(&group, picture.clone()).await.unwrap();
    for person in [0, 2] {
        let renamed = people[person].until(GroupChange::Renamed { name: "caving".into() }).await;
        people[person].until(GroupChange::Pictured).await;
        assert_eq!(renamed, by);
    }

    for person in &people {
        let group = person.group(&group).await;
        assert_eq!(
            (group.name.as_str(), group.color.as_str(), group.picture),
            ("caving", "#4360df", picture.clone())
        );
    }
}

#[tokio::test(start_paused = true)]
async fn admins_make_admins_and_give_it_up_by_themselves() {
    let (_, mut people) = town::<3>(17, FAIR).await;
    let group = together(&mut people).await;
    let [alice, bob, carol] = &mut people;
    let (a, b, c) = (alice.user(), bob.user(), carol.user());

    alice.client.groups().make_admins(&group, &[b]).await.unwrap();
    bob.until(GroupChange::AdminsAdded { users: vec![b] }).await;
    let by_force = bob.client.groups().remove(&group, a).await;
    alice.client.groups().resign(&group).await.unwrap();
    bob.until(GroupChange::AdminResigned).await;
    bob.client.groups().remove(&group, a).await.unwrap();
    alice.until(GroupChange::Removed { user: a }).await;
    carol.until(GroupChange::Removed { user: a }).await;

    assert!(matches!(by_force, Err(SendError::Group(GroupRefusal::AdminStays))), "{by_force:?}");
    assert!(carol.is_admin(&group, b).await && !carol.is_admin(&group, c).await);
    assert_eq!(alice.membership(&group).await, Membership::Left);
    assert_eq!(carol.members(&group).await, [b, c].into());
}

#[tokio::test(start_paused = true)]
async fn a_change_that_cannot_be_made_is_refused_with_a_reason_and_changes_nothing() {
    let (_, mut people) = town::<2>(18, FAIR).await;
    let group = together(&mut people).await;
    let groups = people[0].client.groups();
    let before = people[0].group(&group).await;
    let crowd: Vec<_> = (0..MAX_GROUP_MEMBERS).map(|seat| crowd_user(seat as u64)).collect();

    let many = groups.add(&group, &crowd).await;
    let made = groups.create("crowd", &crowd).await;
    let name = groups.rename(&group, &"x".repeat(65)).await;
    let none = groups.rename(&group, "").await;
    let picture = groups.picture(&group, vec![1; MAX_GROUP_PICTURE + 1]).await;
    let stranger = groups.make_admins(&group, &crowd[..1]).await;
    let answered = groups.accept(&group).await;

    assert!(
        matches!(many, Err(SendError::Group(GroupRefusal::TooManyMembers { len: 202, max: 200 }))),
        "{many:?}"
    );
    assert!(matches!(made, Err(SendError::Group(GroupRefusal::TooManyMembers { .. }))), "{made:?}");
    assert!(matches!(name, Err(SendError::TooLong { field: "name", .. })), "{name:?}");
    assert!(matches!(none, Err(SendError::Group(GroupRefusal::Empty { field: "name" }))), "{none:?}");
    assert!(matches!(picture, Err(SendError::TooLong { field: "picture", .. })), "{picture:?}");
    assert!(matches!(stranger, Err(SendError::Group(GroupRefusal::AdminNotAMember))), "{stranger:?}");
    assert!(matches!(answered, Err(SendError::NotInvited)), "{answered:?}");
    assert_eq!(people[0].group(&group).await, before);
    assert_eq!(groups.all().await.unwrap().len(), 1, "no half of a group is left");
}

fn crowd_user(number: u64) -> status_chat::UserId {
    let mut bytes = [7; 32];
    bytes[24..].copy_from_slice(&number.to_be_bytes());
    let key = status_crypto::SecretKey::from_bytes(&bytes).unwrap();
    key.public().user()
}
