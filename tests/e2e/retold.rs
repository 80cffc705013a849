//! What was said before a device was there comes from the other devices of its user: whole clients in virtual time, over loss,
//! with either side killed on the way.

use std::iter;
use std::time::Duration;

use status_chat::{
    Chat, Client, Event, Feeling, HistoryProgress, HistoryRange, Identity, Image, LinkPreview, Message,
    SendError, Text, pairing,
};
use status_e2e::town::{House, Sky, Weather};
use tokio::time::{Instant, sleep, timeout};

const FAIR: Weather = Weather { loss: 0, twice: 0, delay: 50 };
const ROUGH: Weather = Weather { loss: 20, twice: 5, delay: 2_000 };

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3_600);

/// The smallest picture that is one.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n0123456789";

async fn awake(house: &mut House) -> Client {
    house.wake(|builder| builder).await
}

/// Waits until something is so, in virtual time.
async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let end = Instant::now() + 100 * HOUR;
    while !is_so().await {
        assert!(Instant::now() < end, "{what}: still not so");
        sleep(SECOND).await;
    }
}

/// One more device of `of`, which belongs to it, and to which the others in `known` belong.
async fn another(sky: &Sky, seed: u64, known: &[&Client]) -> (House, Client) {
    let words = known[0].recovery_phrase().expose().to_owned();
    let mut house = House::new(sky, seed);
    let new = house.wake(|builder| builder.identity(Identity::restore(&words).unwrap())).await;
    for old in known {
        until("they know each other", async || {
            let of = async |one: &Client, other: &Client| {
                one.devices().list().await.unwrap().iter().any(|it| it.id == *other.device())
            };
            of(old, &new).await && of(&new, old).await
        })
        .await;
        old.devices().confirm(new.device()).await.unwrap();
        new.devices().confirm(old.device()).await.unwrap();
    }
    (house, new)
}

/// All that a device has of a chat, as far as it is the same on each device of a user.
async fn all(client: &Client, chat: &Chat) -> Vec<(Message, Option<Vec<u8>>, usize)> {
    let (mut all, mut page) = (Vec::new(), client.pages(chat).oldest(100).await.unwrap());
    loop {
        for mut message in page.messages {
            (message.stage, message.way, message.retold) = (None, None, false);
            let media = client.media(message.id).await.unwrap();
            let reactions = client.reactions(message.id).await.unwrap().len();
            all.push((message, media, reactions));
        }
        let Some(newer) = page.newer else { return all };
        page = client.pages(chat).after(newer, 100).await.unwrap();
    }
}

async fn texts(client: &Client, chat: &Chat) -> Vec<String> {
    all(client, chat).await.into_iter().map(|(message, ..)| message.text).collect()
}

/// How far the only request of a device has come.
async fn progress(client: &Client) -> Option<HistoryProgress> {
    client.devices().histories().await.unwrap().pop()
}

async fn taken(client: &Client) -> u64 {
    progress(client).await.map_or(u64::MAX, |progress| progress.taken())
}

/// What a phone and somebody else said to each other, with all that can become of messages, and in a channel.
async fn a_past(phone: &Client, ann: &Client, room: &Chat, count: usize) -> Chat {
    let (them, us) = (Chat::User(ann.user()), Chat::User(phone.user()));
    let mut ids = Vec::new();
    for number in 0..count {
        let (from, to) = if number % 2 == 0 { (phone, &them) } else { (ann, &us) };
        ids.push(from.send(to.clone(), &format!("word {number}")).await.unwrap().id());
        if number % 5 == 0 {
            ann.send(room.clone(), &format!("in the room {number}")).await.unwrap();
        }
        sleep(SECOND).await;
    }
    ids.push(ann.send(us.clone(), Image::png(PNG).caption("see")).await.unwrap().id());
    let link = LinkPreview::new("https://status.app").title("Status").thumbnail(vec![7; 3_000], 8, 8);
    ann.send(us.clone(), Text::new("https://status.app").link(link).reply_to(ids[1])).await.unwrap();
    until("all is there", async || texts(phone, &them).await.len() == count + 2).await;
    phone.edit(ids[2], "another word").await.unwrap();
    ann.delete(ids[3]).await.unwrap();
    phone.react(ids[1], Feeling::Love).await.unwrap();
    ann.react(ids[1], Feeling::Laugh).await.unwrap();
    phone.pin(ids[4]).await.unwrap();
    phone.delete_for_me(ids[5]).await.unwrap();
    sleep(60 * SECOND).await;
    them
}

#[tokio::test(start_paused = true)]
async fn a_device_that_came_later_has_the_same_over_loss_and_although_either_side_was_killed() {
    let sky = Sky::new(3, FAIR);
    let (mut ann, mut bob) = (House::new(&sky, 1), House::new(&sky, 2));
    let (ann, phone) = (awake(&mut ann).await, awake(&mut bob).await);
    let room: Chat = "#room".parse().unwrap();
    phone.join(room.clone()).await.unwrap();
    let them = a_past(&phone, &ann, &room, 250).await;
    let (mut office, desk) = another(&sky, 3, &[&phone]).await;
    until("the chats", async || desk.chats().await.unwrap().len() == 2).await;
    assert!(texts(&desk, &them).await.is_empty());

    sky.set(ROUGH);
    desk.devices().request_history(HistoryRange::all()).await.unwrap();
    until("a page", async || taken(&desk).await >= 50).await;
    let at_death = taken(&desk).await;
    drop(desk);
    office.kill();
    sleep(HOUR).await;
    let desk = awake(&mut office).await;
    assert_eq!(taken(&desk).await, at_death);
    until("another page", async || taken(&desk).await > at_death).await;
    assert!(taken(&desk).await < 250, "it was over too soon to kill anybody");
    drop(phone);
    bob.kill();
    sleep(HOUR).await;
    let phone = awake(&mut bob).await;
    until("all of it", async || progress(&desk).await.is_none()).await;

    for chat in [&them, &room] {
        let (given, kept) = (all(&phone, chat).await, all(&desk, chat).await);
        assert_eq!(kept.len(), if *chat == them { 251 } else { 50 });
        assert!(given == kept, "{chat}: {given:#?} {kept:#?}");
    }
    let pins = |pins: Vec<status_chat::Pin>| pins.into_iter().map(|pin| pin.message).collect::<Vec<_>>();
    let of_the_phone = pins(phone.pins(&them).await.unwrap());
    assert!(of_the_phone == pins(desk.pins(&them).await.unwrap()) && of_the_phone.len() == 1);
    assert!(desk.pages(&them).newest(1).await.unwrap().messages[0].retold);

    // What is asked for again changes nothing, and goes by without its content.
    desk.devices().request_history(HistoryRange::all()).await.unwrap();
    let again = Instant::now();
    until("again", async || progress(&desk).await.is_none_or(|now| now.taken() > 0)).await;
    assert_eq!(progress(&desk).await, None, "{:?}", again.elapsed());
}

#[tokio::test(start_paused = true)]
async fn two_devices_that_answer_make_up_for_what_each_of_them_lacks() {
    let sky = Sky::new(4, FAIR);
    let (mut house, mut bob) = (House::new(&sky, 1), House::new(&sky, 2));
    let (ann, phone) = (awake(&mut house).await, awake(&mut bob).await);
    let (them, us) = (Chat::User(ann.user()), Chat::User(phone.user()));
    let say = async |numbers: std::ops::Range<usize>| {
        for number in numbers {
            ann.send(us.clone(), &format!("{number}")).await.unwrap();
            sleep(10 * SECOND).await;
        }
    };
    phone.send(them.clone(), "hello").await.unwrap();
    sleep(SECOND).await;
    say(0..20).await;
    let (_office, desk) = another(&sky, 3, &[&phone]).await;
    say(20..40).await;
    // What the desk has acknowledged is not sent again.
    sky.cut(bob.line, true);
    say(40..60).await;
    sky.cut(bob.line, false);
    sleep(60 * SECOND).await;
    let heard = (texts(&phone, &them).await.len(), texts(&desk, &them).await.len());
    assert!(heard.0 < 50 && heard.1 < 50, "neither has all: {heard:?}");

    let (_house, tablet) = another(&sky, 5, &[&phone, &desk]).await;
    let mut events = tablet.events();
    tablet.devices().request_history(HistoryRange::all().chat(&them)).await.unwrap();
    let last = async {
        loop {
            match events.next().await {
                Some(Event::History(progress)) if progress.done => return progress,
                Some(_) => {}
                None => panic!("it ended"),
            }
        }
    };
    let last = timeout(10 * HOUR, last).await.unwrap();

    let words: Vec<_> =
        iter::once("hello".to_owned()).chain((0..60).map(|number| number.to_string())).collect();
    assert_eq!(texts(&tablet, &them).await, words);
    let from: Vec<_> = last.givers.iter().map(|giver| (giver.taken, giver.covered, giver.total)).collect();
    let (first, second) = (from[0], from[1]);
    assert_eq!((first.0 + second.0, first.1 + second.1), (61, heard.0 as u64 + heard.1 as u64), "{from:?}");
    assert!(first.0 >= 40 && first.1 == first.2 && second.1 == second.2, "{from:?}");

    // A device that is no newcomer may ask as well.
    phone.devices().request_history(HistoryRange::all()).await.unwrap();
    until("the phone has all", async || progress(&phone).await.is_none()).await;
    assert_eq!(texts(&phone, &them).await, words);
}

#[tokio::test(start_paused = true)]
async fn what_is_said_now_goes_before_what_was_said_then() {
    let sky = Sky::new(6, FAIR);
    let (mut ann, mut bob) = (House::new(&sky, 1), House::new(&sky, 2));
    let (ann, phone) = (awake(&mut ann).await, awake(&mut bob).await);
    let room: Chat = "#room".parse().unwrap();
    let them = a_past(&phone, &ann, &room, 6).await;
    for _ in 0..120 {
        ann.send(phone.user(), &"long ".repeat(800)).await.unwrap();
    }
    until("all is there", async || texts(&phone, &them).await.len() == 127).await;
    let (_office, desk) = another(&sky, 3, &[&phone]).await;

    let begun = Instant::now();
    desk.devices().request_history(HistoryRange::all().chat(&them)).await.unwrap();
    while taken(&desk).await == 0 {
        sleep(SECOND / 20).await;
    }
    let sent = Instant::now();
    ann.send(phone.user(), "now").await.unwrap();
    while texts(&desk, &them).await.last().is_none_or(|last| last != "now") {
        sleep(SECOND / 20).await;
    }
    let took = sent.elapsed();

    assert!(progress(&desk).await.is_some(), "history was over");
    assert!(took < SECOND, "{took:?}");
    until("all of it", async || progress(&desk).await.is_none()).await;
    assert_eq!(texts(&desk, &them).await.len(), 128);
    assert!(begun.elapsed() > 3 * SECOND, "120 messages of 4 kilobytes in {:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn who_was_not_taken_in_gets_nothing_of_what_was_said() {
    let sky = Sky::new(7, FAIR);
    let (mut ann, mut bob, mut eve) = (House::new(&sky, 1), House::new(&sky, 2), House::new(&sky, 3));
    let (ann, phone) = (awake(&mut ann).await, awake(&mut bob).await);
    let alone = phone.devices().request_history(HistoryRange::all()).await;
    let them = Chat::User(ann.user());
    phone.send(them.clone(), "between us").await.unwrap();
    let words = phone.recovery_phrase().expose().to_owned();
    let thief = eve.wake(|builder| builder.identity(Identity::restore(&words).unwrap())).await;
    until("it knows the phone", async || !thief.devices().list().await.unwrap().is_empty()).await;
    thief.devices().confirm(phone.device()).await.unwrap();

    thief.devices().request_history(HistoryRange::all().chat(&them)).await.unwrap();
    sleep(HOUR).await;

    assert!(matches!(alone, Err(SendError::NoOtherDevice)), "{alone:?}");
    assert!(texts(&thief, &them).await.is_empty());
    assert_eq!(taken(&thief).await, 0);
}

#[tokio::test]
async fn over_libp2p_a_device_that_was_just_paired_gets_what_was_said() {
    let homes = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let listen =
        |at: usize| Client::builder().home(homes[at].path().join("home")).listen("/ip4/127.0.0.1/tcp/0");
    let phone = listen(0).open().await.unwrap();
    let room = phone.join("#room").await.unwrap();
    for number in 0..150 {
        phone.send(room.clone(), &format!("alone {number}")).await.unwrap();
    }
    let invitation = phone.devices().invite().await.unwrap();
    let code = invitation.code();
    let desk = listen(1).peer(phone.addresses()[0].clone());
    let (desk, told) = tokio::join!(pairing::join(desk, &code), invitation.finished());
    let (desk, _) = (desk.unwrap(), told.unwrap());

    desk.devices().request_history(HistoryRange::all().chat(&room)).await.unwrap();
    let come = async {
        while progress(&desk).await.is_some() {
            sleep(SECOND / 20).await;
        }
    };
    timeout(60 * SECOND, come).await.unwrap();

    assert!(all(&desk, &room).await == all(&phone, &room).await);
    assert_eq!(texts(&desk, &room).await.len(), 150);
}
