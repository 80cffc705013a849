//! What the devices of one user tell each other by themselves: people, profile, settings, what was deleted. Whole clients over a
//! network double.

use std::time::Duration;

use status_chat::{
    AvatarSize, Chat, Client, Contact, ContactState, HistoryRange, How, OwnProfile, Search, ShowTo,
    Strangers, UserId, Which, pairing,
};
use status_sim::Hub;
use tokio::time::{sleep, timeout};

const SOON: Duration = Duration::from_secs(60);

/// Long enough for what should not arrive to arrive.
const A_WHILE: Duration = Duration::from_secs(2);

async fn client(hub: &Hub) -> Client {
    Client::builder().network(hub.port()).device_name("phone").open().await.unwrap()
}

/// One more device of `old`.
async fn paired(hub: &Hub, old: &Client, name: &str) -> Client {
    let invitation = old.devices().invite().await.unwrap();
    let code = invitation.code();
    let builder = Client::builder().network(hub.port()).device_name(name);
    let (new, told) = tokio::join!(pairing::join(builder, &code), invitation.finished());
    told.unwrap();
    new.unwrap()
}

/// Waits until something is so.
async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let wait = async {
        while !is_so().await {
            sleep(Duration::from_millis(50)).await;
        }
    };
    assert!(timeout(SOON, wait).await.is_ok(), "{what}: still not so");
}

/// What is the same on all devices of what is known of a person.
type View = (ContactState, bool, bool, bool, Option<String>, Option<u64>);

fn view(contact: &Contact) -> View {
    let Contact { state, added, blocked, muted, nickname, .. } = contact.clone();
    (state, added, blocked, muted, nickname, contact.verified.map(|verified| verified.at.millis()))
}

async fn people(client: &Client) -> Vec<(UserId, View)> {
    let all = client.contacts().list(Which::All).await.unwrap();
    all.iter().map(|contact| (contact.user, view(contact))).collect()
}

async fn seen(client: &Client, user: UserId) -> View {
    let contact = client.contacts().get(user).await.unwrap();
    contact.map_or((ContactState::None, false, false, false, None, None), |contact| view(&contact))
}

async fn texts(client: &Client, chat: &Chat) -> Vec<String> {
    let page = client.pages(chat).oldest(100).await.unwrap();
    page.messages.into_iter().map(|message| message.text).collect()
}

#[tokio::test]
async fn what_is_decided_of_people_on_one_device_holds_on_all_also_on_one_that_joins_later() {
    let hub = Hub::new();
    let (alice, carol, dave) = (client(&hub).await, client(&hub).await, client(&hub).await);
    let phone = client(&hub).await;
    let desk = paired(&hub, &phone, "desk").await;
    let us = phone.user();

    phone.contacts().request(alice.user(), "it is me").await.unwrap();
    phone.contacts().rename(alice.user(), "the one with the rabbit").await.unwrap();
    phone.contacts().verify(alice.user(), How::SafetyNumber).await.unwrap();
    phone.contacts().block(carol.user()).await.unwrap();
    dave.contacts().request(us, "and me").await.unwrap();
    until("dave asked", async || seen(&phone, dave.user()).await.0 == ContactState::Received).await;
    phone.contacts().deny(dave.user()).await.unwrap();

    until("the desk knows", async || people(&desk).await == people(&phone).await).await;
    let (at_alice, at_carol) = (seen(&desk, alice.user()).await, seen(&desk, carol.user()).await);
    assert_eq!(at_alice.4.as_deref(), Some("the one with the rabbit"));
    assert!(at_alice.1 && at_alice.5.is_some() && at_carol.2);
    assert_eq!(seen(&desk, dave.user()).await.0, ContactState::Dismissed);
    let how = desk.contacts().get(alice.user()).await.unwrap().unwrap().verified.unwrap().how;
    assert_eq!(how, How::Elsewhere);

    // Who is blocked on the phone is not heard on the desk.
    carol.send(us, "let me in").await.unwrap();
    alice.send(us, "hello").await.unwrap();
    let chat = Chat::User(alice.user());
    until("alice is heard", async || texts(&desk, &chat).await.last().is_some_and(|it| it == "hello")).await;
    sleep(A_WHILE).await;
    assert!(texts(&desk, &Chat::User(carol.user())).await.is_empty());

    // And the other way: what the desk takes back is taken back on the phone.
    desk.contacts().unblock(carol.user()).await.unwrap();
    desk.contacts().doubt(alice.user()).await.unwrap();
    desk.contacts().mute(alice.user()).await.unwrap();
    desk.contacts().rename(alice.user(), "").await.unwrap();
    desk.contacts().remove(alice.user()).await.unwrap();
    until("the phone knows", async || people(&desk).await == people(&phone).await).await;
    let at_alice = seen(&phone, alice.user()).await;
    assert_eq!((at_alice.1, at_alice.3, at_alice.4, at_alice.5), (false, true, None, None));
    assert!(!seen(&phone, carol.user()).await.2);

    let tablet = paired(&hub, &phone, "tablet").await;
    until("the tablet knows", async || people(&tablet).await == people(&phone).await).await;
}

#[tokio::test]
async fn a_device_that_was_paired_has_the_name_the_people_the_chats_and_the_settings() {
    let hub = Hub::new();
    let (alice, phone) = (client(&hub).await, client(&hub).await);
    let profile = OwnProfile { name: "Bob of Bath".into(), bio: "a few words".into(), colour: 7 };
    phone.profile().set(profile.clone()).await.unwrap();
    phone.contacts().set_strangers(Strangers::RequestsOnly).await.unwrap();
    phone.contacts().request(alice.user(), "hello").await.unwrap();
    phone.join("#room").await.unwrap();

    let desk = paired(&hub, &phone, "desk").await;

    until("the name", async || desk.profile().get().await.unwrap() == profile).await;
    until("the people", async || people(&desk).await == people(&phone).await).await;
    until("the chats", async || desk.chats().await.unwrap() == phone.chats().await.unwrap()).await;
    until("strangers", async || desk.contacts().strangers().await.unwrap() == Strangers::RequestsOnly).await;

    let other = OwnProfile { name: "Robert".into(), bio: String::new(), colour: 0 };
    desk.profile().set(other.clone()).await.unwrap();
    until("the new name", async || phone.profile().get().await.unwrap() == other).await;
    for strangers in [Strangers::Refused, Strangers::RequestsOnly, Strangers::Shown] {
        desk.contacts().set_strangers(strangers).await.unwrap();
        until("strangers", async || phone.contacts().strangers().await.unwrap() == strangers).await;
    }
}

/// What is looked at of a picture, so many pixels a side.
fn png(side: u8) -> Vec<u8> {
    [b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".as_slice(), &[0, 0, 0, side, 0, 0, 0, side, 8, 6]].concat()
}

async fn picture(client: &Client, size: AvatarSize) -> Option<Vec<u8>> {
    client.profile().picture(size).await.unwrap().map(|avatar| avatar.bytes)
}

#[tokio::test]
async fn the_picture_is_the_same_on_all_devices_and_what_another_device_says_does_not_take_it_from_contacts()
{
    let hub = Hub::new();
    let (alice, phone) = (client(&hub).await, client(&hub).await);
    phone.profile().set_picture(png(40), Some(png(200))).await.unwrap();
    phone.profile().show_picture_to(ShowTo::Everybody).await.unwrap();
    phone.contacts().request(alice.user(), "hello").await.unwrap();
    until("alice is asked", async || seen(&alice, phone.user()).await.0 == ContactState::Received).await;
    alice.contacts().accept(phone.user()).await.unwrap();
    let seen_by_alice = async || {
        let shown = alice.contacts().picture(phone.user(), AvatarSize::Thumbnail).await.unwrap();
        shown.map(|avatar| avatar.bytes)
    };
    until("alice sees it", async || seen_by_alice().await == Some(png(40))).await;

    let desk = paired(&hub, &phone, "desk").await;
    until("the desk has it", async || picture(&desk, AvatarSize::Large).await == Some(png(200))).await;
    assert_eq!(picture(&desk, AvatarSize::Thumbnail).await, Some(png(40)));
    until("whom", async || desk.profile().picture_shown_to().await.unwrap() == ShowTo::Everybody).await;

    let named = OwnProfile { name: "Bob of Bath".into(), ..OwnProfile::default() };
    desk.profile().set(named).await.unwrap();
    until("alice reads the name", async || {
        let contact = alice.contacts().get(phone.user()).await.unwrap().unwrap();
        contact.shown_name().contains("Bob of Bath")
    })
    .await;
    assert_eq!(seen_by_alice().await, Some(png(40)));

    desk.profile().remove_picture().await.unwrap();
    until("the phone has none", async || picture(&phone, AvatarSize::Thumbnail).await.is_none()).await;
    assert_eq!(picture(&phone, AvatarSize::Large).await, None);
}

#[tokio::test]
async fn a_device_that_joins_is_in_the_groups_of_its_user_and_may_speak_there() {
    let hub = Hub::new();
    let (alice, phone) = (client(&hub).await, client(&hub).await);
    alice.contacts().request(phone.user(), "hello").await.unwrap();
    until("she asked", async || seen(&phone, alice.user()).await.0 == ContactState::Received).await;
    phone.contacts().accept(alice.user()).await.unwrap();
    let group = alice.groups().create("climbing", &[phone.user()]).await.unwrap();
    let chat = Chat::from(group.clone());
    alice.send(chat.clone(), "before").await.unwrap();
    until("the phone is in", async || texts(&phone, &chat).await == ["before"]).await;

    let desk = paired(&hub, &phone, "desk").await;
    until("the desk is in", async || {
        let group = desk.groups().one(&group).await.unwrap();
        group.is_some_and(|group| group.name == "climbing" && group.members.len() == 2)
    })
    .await;
    desk.send(chat.clone(), "from the desk").await.unwrap();
    until("alice reads it", async || texts(&alice, &chat).await == ["before", "from the desk"]).await;
    desk.devices().request_history(HistoryRange::all()).await.unwrap();
    until("the past", async || texts(&desk, &chat).await == ["before", "from the desk"]).await;
}

#[tokio::test]
async fn what_was_deleted_for_us_on_one_device_is_gone_on_all() {
    let hub = Hub::new();
    let (alice, phone) = (client(&hub).await, client(&hub).await);
    let desk = paired(&hub, &phone, "desk").await;
    let (them, us) = (Chat::User(alice.user()), phone.user());
    let mut last = None;
    for number in 0..5 {
        last = Some(alice.send(us, &format!("word {number}")).await.unwrap().id());
    }
    for client in [&phone, &desk] {
        until("five words", async || texts(client, &them).await.len() == 5).await;
    }

    phone.delete_for_me(last.unwrap()).await.unwrap();
    until("one is gone", async || texts(&desk, &them).await.len() == 4).await;
    assert_eq!(desk.message(last.unwrap()).await.unwrap(), None);

    desk.clear_history(&them).await.unwrap();
    assert!(texts(&desk, &them).await.is_empty());
    until("all is gone", async || texts(&phone, &them).await.is_empty()).await;
    assert_eq!(phone.unread(&them).await.unwrap().count, 0);
    let found = phone.search(Search::new("word")).await.unwrap();
    assert!(found.messages.is_empty(), "{found:?}");

    alice.send(us, "and yet").await.unwrap();
    for client in [&phone, &desk] {
        until("what comes later", async || texts(client, &them).await == ["and yet"]).await;
    }
}
