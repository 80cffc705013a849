//! What has to hold.

use std::time::Duration;

use status_layer::testing::{Courier, Glass, OpenBook, Party};
use status_layer::{
    Audience, Body, Frame, FrameId, GroupId, Interest, MessageId, Name, Recipient, Store, Topic, Unit, UserId,
};
use status_stack::{Config, Engine, Input, Layer, News, Output, Stack};

pub(crate) type Doubles = Stack<Courier, OpenBook, Glass>;

pub(crate) fn user(seat: u8) -> UserId {
    let mut key = [seat; 33];
    key[0] = 2;
    UserId::from_compressed(&key).unwrap()
}

pub(crate) fn stack(seat: u8) -> Doubles {
    Stack::new(Courier, OpenBook::new(user(seat)), Glass)
}

pub(crate) fn step(stack: &Doubles, party: &mut Party, input: Input) -> Output {
    let mut unit = Unit::new(party.now, &mut party.rng, &party.store);
    let out = stack.step(&mut unit, input).unwrap();
    let batch = unit.into_batch();
    party.store.commit(batch).unwrap();
    out
}

fn send(to: Audience) -> Input {
    Input::Send { id: MessageId::new([1; 32]), to, body: Body::new(b"body".to_vec()) }
}

#[test]
fn an_unpublished_frame_waits_in_the_outbox() {
    let (stack, mut party) = (stack(1), Party::new(1));
    let first = step(&stack, &mut party, send(Audience::User(user(2)))).frames;

    let after_restart = step(&stack, &mut party, Input::Start).frames;
    step(&stack, &mut party, Input::Published(first[0].0));
    let after_publishing = step(&stack, &mut party, Input::Start).frames;

    assert_eq!(first.len(), 1);
    assert_eq!(after_restart, first, "the very same sealed bytes");
    assert_eq!(after_publishing, []);
}

#[test]
fn the_outbox_is_tried_again_each_minute() {
    let (stack, mut party) = (stack(1), Party::new(1));
    let name = Name::new("room").unwrap();
    let mut wake = step(&stack, &mut party, send(Audience::Channel(name))).wake.unwrap();

    for _ in 0..3 {
        assert_eq!(wake.since(party.now), Duration::from_secs(60));
        assert_eq!(step(&stack, &mut party, Input::Tick).frames, [], "its time has not come");
        party.now = wake;
        let out = step(&stack, &mut party, Input::Tick);
        assert_eq!(out.frames.len(), 1);
        wake = out.wake.unwrap();
    }
}

#[test]
fn a_full_outbox_seals_nothing_more() {
    let config = Config { max_outbox: 1, ..Config::default() };
    let (stack, mut party) = (stack(1).with_config(config), Party::new(1));
    let Ok(name) = Name::new("room") else { return };
    let first = step(&stack, &mut party, send(Audience::Channel(name.clone()))).frames;

    let second =
        Input::Send { id: MessageId::new([2; 32]), to: Audience::Channel(name), body: Body::new(vec![2]) };
    let full = step(&stack, &mut party, second).frames;
    let room = step(&stack, &mut party, Input::Published(first[0].0)).frames;

    assert_eq!((first.len(), full.len(), room.len()), (1, 0, 1), "what waited leaves when there is room");
}

#[test]
fn topics_are_told_when_they_change_and_at_the_start() {
    let (stack, mut party) = (stack(1), Party::new(1));
    let listen = || Input::Expect { whom: Recipient::User(user(1)), how: Interest::Listen };

    let first = step(&stack, &mut party, listen()).topics;
    let again = step(&stack, &mut party, listen()).topics;
    let started = step(&stack, &mut party, Input::Start).topics;

    assert_eq!(first.as_ref().map(Vec::len), Some(1));
    assert_eq!(again, None);
    assert_eq!(started, first);
}

#[test]
fn a_foreign_frame_changes_nothing() {
    let (stack, mut party) = (stack(1), Party::new(1));
    step(&stack, &mut party, Input::Expect { whom: Recipient::User(user(1)), how: Interest::Listen });
    let before = party.store.clone();

    let frame = Frame { topic: Topic::new("elsewhere"), at: party.now, bytes: vec![1, 2, 3] };
    let out = step(&stack, &mut party, Input::Frame(frame));

    assert!(out.news.is_empty());
    assert_eq!(party.store, before);
}

#[test]
fn garbage_on_our_topic_is_dropped_with_a_reason() {
    let (stack, mut party) = (stack(1), Party::new(1));
    let listen = Input::Expect { whom: Recipient::User(user(1)), how: Interest::Listen };
    let topic = step(&stack, &mut party, listen).topics.unwrap().remove(0);
    let before = party.store.clone();

    let frame = Frame { topic, at: party.now, bytes: vec![9; 99] };
    let out = step(&stack, &mut party, Input::Frame(frame));

    assert!(matches!(out.news.as_slice(), [News::Dropped { layer: Layer::Privacy, .. }]), "{:?}", out.news);
    assert_eq!(party.store, before);
}

#[test]
fn a_refused_send_leaves_no_trace() {
    let (stack, mut party) = (stack(1), Party::new(1));
    let before = party.store.clone();

    let out = step(&stack, &mut party, send(Audience::Group(GroupId::new([0; 32]))));

    assert!(matches!(out.news.as_slice(), [News::Refused { id: Some(_), layer: Layer::Sync, .. }]));
    assert_eq!(party.store, before);
}

#[test]
fn a_confirmation_nobody_asked_for_is_ignored() {
    let (stack, mut party) = (stack(1), Party::new(1));

    let out = step(&stack, &mut party, Input::Published(FrameId(77)));

    assert!(out.news.is_empty() && out.frames.is_empty());
}

fn named(news: &[News]) -> Vec<&'static str> {
    let name = |news: &News| match news {
        News::Accepted { .. } => "accepted",
        News::Published { .. } => "published",
        News::Stored { .. } => "stored",
        News::Delivered { .. } => "delivered",
        News::GaveUp { .. } => "gave up",
        _ => "other",
    };
    news.iter().map(name).collect()
}

#[test]
fn a_message_is_followed_from_its_commit_to_its_acknowledgement() {
    let (alice, bob) = (stack(1), stack(2));
    let (mut at_alice, mut at_bob) = (Party::new(1), Party::new(2));
    for (stack, party, seat) in [(&alice, &mut at_alice, 1), (&bob, &mut at_bob, 2)] {
        step(stack, party, Input::Expect { whom: Recipient::User(user(seat)), how: Interest::Listen });
    }

    let sent = step(&alice, &mut at_alice, send(Audience::User(user(2))));
    let (id, frame) = sent.frames[0].clone();
    let published = step(&alice, &mut at_alice, Input::Published(id)).news;
    let twice = step(&alice, &mut at_alice, Input::Published(id)).news;
    let stored = step(&alice, &mut at_alice, Input::Stored(id)).news;
    let answer = step(&bob, &mut at_bob, Input::Frame(frame)).frames;
    let acked = step(&alice, &mut at_alice, Input::Frame(answer[0].1.clone())).news;

    let all = [&sent.news, &published, &twice, &stored, &acked].map(|news| named(news));
    assert_eq!(all, [vec!["accepted"], vec!["published"], vec![], vec!["stored"], vec!["delivered"]]);
    assert!(matches!(&published[0], News::Published { id, to: Recipient::User(to) }
        if *id == MessageId::new([1; 32]) && *to == user(2)));
}

#[test]
fn a_message_that_the_network_will_never_carry_is_told_of_at_once() {
    let (stack, mut party) = (stack(1), Party::new(1));
    let (id, _) = step(&stack, &mut party, send(Audience::User(user(2)))).frames.remove(0);

    let told = step(&stack, &mut party, Input::Unpublishable(id)).news;
    let waits = step(&stack, &mut party, Input::Start).frames;
    let stranger = step(&stack, &mut party, Input::Unpublishable(FrameId(77))).news;
    party.wait(Duration::from_secs(3_600));
    let again = step(&stack, &mut party, Input::Tick).frames;

    assert!(matches!(told.as_slice(), [News::Unpublishable { id, to: Recipient::User(to) }]
        if *id == MessageId::new([1; 32]) && *to == user(2)));
    assert!(waits.is_empty() && stranger.is_empty());
    assert_eq!(again.len(), 1, "data sync goes on");
}

#[test]
fn what_nobody_takes_is_given_up_also_while_the_outbox_is_full() {
    let config = Config { max_outbox: 1, ..Config::default() };
    let (stack, mut party) = (stack(1).with_config(config), Party::new(1));
    let first = step(&stack, &mut party, send(Audience::User(user(2)))).frames;
    let mut given_up = Vec::new();

    // It is looked at the clock when the stack says so, and only then.
    let end = party.now.after(Duration::from_secs(31 * 86_400));
    let mut wake = step(&stack, &mut party, Input::Online(false)).wake;
    while let Some(next) = wake.filter(|next| *next < end) {
        assert!(next > party.now, "it is woken for nothing");
        party.now = next;
        let out = step(&stack, &mut party, Input::Tick);
        given_up.extend(out.news);
        assert_eq!(out.frames, [], "there is no room");
        wake = out.wake;
    }

    assert_eq!(first.len(), 1);
    assert!(matches!(given_up.as_slice(), [News::GaveUp { .. }]), "{given_up:?}");
}

#[test]
fn a_message_that_nobody_takes_ends_in_news() {
    let (stack, mut party) = (stack(1), Party::new(1));
    step(&stack, &mut party, send(Audience::User(user(2))));
    let mut news = Vec::new();

    for _ in 0..40 {
        party.wait(Duration::from_secs(86_400));
        let out = step(&stack, &mut party, Input::Tick);
        news.extend(out.news);
        for (id, _) in out.frames {
            step(&stack, &mut party, Input::Published(id));
        }
    }

    let ends: Vec<_> = news.iter().filter(|news| matches!(news, News::GaveUp { .. })).collect();
    assert_eq!(ends.len(), 1, "{news:?}");
    assert!(matches!(ends[0], News::GaveUp { id, to } if *id == MessageId::new([1; 32]) && *to == user(2)));
}

#[test]
fn what_is_to_be_sent_again_is_sent_at_once() {
    let (stack, mut party) = (stack(1), Party::new(1));
    step(&stack, &mut party, send(Audience::User(user(2))));
    party.wait(Duration::from_secs(10));

    let silent = step(&stack, &mut party, Input::Tick).frames;
    let other = step(&stack, &mut party, Input::Resend(Some(user(3)))).frames;
    let again = step(&stack, &mut party, Input::Resend(Some(user(2)))).frames;

    assert_eq!((silent.len(), other.len(), again.len()), (0, 0, 1));
}

#[test]
fn what_is_known_of_frames_is_bounded_by_number_and_age() {
    let (stack, mut party) = (stack(1), Party::new(1));
    let say = |party: &mut Party, number: u32| {
        let mut id = [0; 32];
        id[..4].copy_from_slice(&number.to_be_bytes());
        let to = Audience::Channel(Name::new("room").unwrap());
        let out = step(
            &stack,
            party,
            Input::Send { id: MessageId::new(id), to, body: Body::new(number.to_be_bytes().to_vec()) },
        );
        for (id, _) in out.frames {
            step(&stack, party, Input::Published(id));
        }
    };

    (0..200).for_each(|number| say(&mut party, number));
    let many = party.store.len();
    party.wait(Duration::from_secs(2 * 86_400));
    (200..400).for_each(|number| say(&mut party, number));

    assert!(many > 400, "{many}");
    assert!(party.store.len() <= many, "{} rows, then {many}", party.store.len());
}
