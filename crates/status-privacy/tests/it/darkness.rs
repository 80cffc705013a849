//! What is hidden beyond what deployed peers hide: lengths, moments, and which inbox is ours.

use std::collections::BTreeSet;
use std::time::Duration;

use status_crypto::SecretKey;
use status_layer::testing::Party;
use status_layer::{Due, Frame, Interest, Privacy, Rendezvous, Secret, Topic};
use status_privacy::{Cover, Darkness, Padding, Waku, hazmat};

use crate::support::{Layer, ignore, inbox, listen, named, peel, signed, waku, wrap};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);

/// What sealing adds: with a key that both sides know, and to the key of one user.
const SYMMETRIC: usize = 28;
const ASYMMETRIC: usize = 113;

fn covered() -> Layer {
    waku(1).with_darkness(Darkness { cover: Some(Cover { every: MINUTE }), ..Darkness::default() })
}

fn shared(byte: u8) -> Rendezvous {
    Rendezvous::Shared(Secret::new([byte; 32]))
}

/// Everything that is due within a time, asked for as a driver does.
fn run(layer: &Layer, party: &mut Party, span: Duration) -> Vec<Frame> {
    let (end, mut sent) = (party.now.after(span), Vec::new());
    loop {
        let Due { now, next } = party.run(|cx| layer.due(cx)).unwrap();
        sent.extend(now);
        match next.filter(|next| *next <= end) {
            Some(next) => party.now = next,
            None => break,
        }
    }
    party.now = end;
    sent
}

#[test]
fn only_the_classes_of_lengths_are_seen() {
    for (padding, classes) in [(Padding::Blocks, 451), (Padding::PowersOfTwo, 10)] {
        let layer = waku(1).with_darkness(Darkness { padding, ..Darkness::default() });
        let mut party = Party::new(1);
        let mut seen = BTreeSet::new();
        for (meet, around) in [(shared(5), SYMMETRIC), (inbox(&layer), ASYMMETRIC)] {
            listen(&layer, &mut party, &meet);
            for len in (0..1_200).step_by(7).chain((1_200..115_200).step_by(9_973)).chain([115_200, 130_000])
            {
                let parcel = signed(&layer, &meet, &vec![1; len]);
                let frames = party.run(|cx| layer.wrap(cx, parcel)).unwrap();
                let lens = frames.iter().map(|frame| frame.bytes.len() - around);
                seen.extend(lens);
                let whole = frames.into_iter().find_map(|frame| peel(&layer, &mut party, frame).unwrap());

                assert_eq!(whole.unwrap().sealed.as_bytes().len(), len);
            }
        }

        let is_class = |len: &usize| match padding {
            Padding::Blocks => len % 256 == 0,
            Padding::PowersOfTwo => len.is_power_of_two() && (256..=131_072).contains(len),
        };
        assert!(seen.iter().all(is_class), "{padding:?}: {seen:?}");
        assert!(seen.len() <= classes && seen.len() >= 8, "{padding:?}: {} classes", seen.len());
    }
}

#[test]
fn no_cover_is_sent_unless_it_is_wanted() {
    let (alice, mut party) = (waku(1), Party::new(1));
    wrap(&alice, &mut party, signed(&alice, &shared(5), b"x"));
    let before = party.store.clone();

    let sent = run(&alice, &mut party, 24 * HOUR);

    assert!(sent.is_empty());
    assert!(party.store == before, "and nothing is remembered for it");
}

#[test]
fn cover_goes_out_at_the_rate_that_was_set_and_costs_what_is_documented() {
    let (alice, mut party) = (covered(), Party::new(1));

    let sent = run(&alice, &mut party, 100 * HOUR);

    let bytes: usize = sent.iter().map(|frame| frame.bytes.len() + 80).sum();
    let documented = Cover { every: MINUTE }.bytes_an_hour(512);
    assert!((5_700..6_300).contains(&sent.len()), "{} frames in 6000 minutes", sent.len());
    assert!((documented * 95..documented * 105).contains(&(bytes as u64)), "{bytes} bytes in 100 hours");
}

#[test]
fn after_a_long_sleep_one_frame_goes_out_and_not_all_that_were_missed() {
    let (alice, mut party) = (covered(), Party::new(1));
    run(&alice, &mut party, HOUR);

    party.wait(1_000 * HOUR);
    let Due { now, next } = party.run(|cx| alice.due(cx)).unwrap();

    assert_eq!(now.len(), 1);
    assert!(next.unwrap() > party.now);
}

#[test]
fn a_clock_that_was_set_back_does_not_stop_the_cover() {
    let (alice, mut party) = (covered(), Party::new(1));
    party.wait(1_000 * HOUR);
    run(&alice, &mut party, HOUR);

    party.now = Party::new(1).now;

    assert!(run(&alice, &mut party, HOUR).len() > 20);
}

#[test]
fn cover_looks_like_what_was_sent_in_topic_length_and_sealing() {
    let (alice, mut party) = (covered(), Party::new(1));
    let bob = waku(2);
    let real: Vec<Frame> = [(shared(5), 100), (shared(6), 900), (inbox(&bob), 2_000)]
        .into_iter()
        .map(|(meet, len)| wrap(&alice, &mut party, signed(&alice, &meet, &vec![1; len])))
        .collect();
    wrap(&alice, &mut party, signed(&alice, &named("square"), &[1; 5_000]));

    let cover = run(&alice, &mut party, 40 * HOUR);

    let partitions: BTreeSet<Topic> = (0..5_000)
        .map(|number| hazmat::content_topic(hazmat::topic(&format!("contact-discovery-{number}"))))
        .collect();
    let topics: BTreeSet<&Topic> = cover.iter().map(|frame| &frame.topic).collect();
    let lens = |frames: &[Frame]| -> BTreeSet<usize> {
        let around = |frame: &Frame| if partitions.contains(&frame.topic) { ASYMMETRIC } else { SYMMETRIC };
        frames.iter().map(|frame| frame.bytes.len() - around(frame)).collect()
    };
    assert!(real.iter().all(|frame| topics.contains(&frame.topic)), "every place we write to gets cover");
    assert_eq!(topics.len(), 3 + 8, "and eight inboxes that stay the same");
    let others: Vec<_> =
        topics.iter().filter(|topic| real.iter().all(|frame| &frame.topic != **topic)).collect();
    assert!(others.iter().all(|topic| partitions.contains(**topic)));
    assert_eq!(lens(&cover), lens(&real), "lengths are those of what was sent");
    for frame in &cover {
        let asymmetric = partitions.contains(&frame.topic);
        assert_eq!(frame.bytes.len() % 256, if asymmetric { ASYMMETRIC } else { SYMMETRIC });
        if asymmetric {
            let key: &[u8; 65] = frame.bytes.first_chunk().unwrap();
            assert!(status_crypto::PublicKey::from_uncompressed(key).is_ok(), "a key like any other");
        }
    }
    let mut different: Vec<&[u8]> = cover.iter().map(|frame| &frame.bytes[..32]).collect();
    different.sort_unstable();
    different.dedup();
    assert_eq!(different.len(), cover.len());
}

#[test]
fn who_gets_cover_drops_it_and_changes_nothing() {
    let (alice, mut party) = (covered(), Party::new(1));
    let (bob, mut his) = (waku(2), Party::new(2));
    for meet in [inbox(&bob), shared(5)] {
        listen(&bob, &mut his, &meet);
        wrap(&alice, &mut party, signed(&alice, &meet, b"x"));
    }
    let before = his.store.clone();

    for frame in run(&alice, &mut party, 10 * HOUR) {
        assert_eq!(peel(&bob, &mut his, frame).unwrap(), None);
    }

    assert!(his.store == before);
}

#[test]
fn who_wants_no_cover_any_more_keeps_nothing_of_it() {
    let (with, without, mut party) = (covered(), waku(1), Party::new(1));
    run(&with, &mut party, HOUR);
    assert!(!party.store.is_empty());

    run(&without, &mut party, HOUR);

    assert!(party.store.is_empty());
}

#[test]
fn places_for_cover_are_bounded() {
    let (alice, mut party) = (covered(), Party::new(1));
    run(&alice, &mut party, HOUR);
    for number in 0..100 {
        party.wait(MINUTE);
        let secret = Rendezvous::Shared(Secret::new([number; 32]));
        // Sent to a user, whose key costs nothing to derive.
        let user = SecretKey::from_bytes(&[number + 1; 32]).unwrap().public().user();
        assert_ne!(secret, Rendezvous::Inbox(user));
        wrap(&alice, &mut party, signed(&alice, &Rendezvous::Inbox(user), b"x"));
    }

    // The moment of the next one, and 64 places.
    assert_eq!(party.store.len(), 65);
}

#[test]
fn our_inbox_is_hidden_among_decoys_that_stay() {
    let layer = |decoys| waku(1).with_darkness(Darkness { decoys, ..Darkness::default() });
    let mut party = Party::new(1);
    let plain = listen(&layer(0), &mut party, &inbox(&waku(1)));

    let dark = listen(&layer(20), &mut party, &inbox(&waku(1)));
    let other_place = listen(&layer(20), &mut party, &named("square"));
    let again = listen(&layer(20), &mut party, &inbox(&waku(1)));
    let fewer = listen(&layer(5), &mut party, &inbox(&waku(1)));
    ignore(&layer(5), &mut party, &named("square"));
    let gone = ignore(&layer(5), &mut party, &inbox(&waku(1)));

    assert_eq!((plain.len(), dark.len(), other_place.len(), fewer.len()), (1, 21, 22, 7));
    assert_eq!(again, other_place, "they are chosen once");
    assert!(plain.iter().all(|topic| dark.contains(topic) && fewer.contains(topic)));
    assert!(dark.is_sorted(), "their order does not tell which is ours");
    assert!(gone.is_empty() && party.store.is_empty());
}

#[test]
fn what_comes_under_a_decoy_is_dropped_without_trying_a_key() {
    let alice = waku(1).with_darkness(Darkness { decoys: 3, ..Darkness::default() });
    let mut party = Party::new(1);
    let topics = listen(&alice, &mut party, &inbox(&alice));
    let ours = wrap(&alice, &mut party, signed(&alice, &inbox(&alice), b"x"));

    for topic in topics.iter().filter(|topic| **topic != ours.topic) {
        // It would open, if a key were tried.
        let astray = Frame { topic: topic.clone(), ..ours.clone() };
        assert_eq!(peel(&alice, &mut party, astray).unwrap(), None);
    }

    let read: Waku<SecretKey> = waku(1);
    assert!(peel(&read, &mut party, ours).unwrap().is_some());
}

/// Of how many users, on average, one is if all that is known is the partition; and how likely a user is to be alone in it.
fn anonymity(users: f64) -> (f64, f64) {
    let others = users - 1.0;
    (1.0 + others / 5_000.0, (1.0_f64 - 1.0 / 5_000.0).powf(others))
}

#[test]
fn the_documented_numbers_of_users_in_a_partition_are_right() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/layers/privacy.md"))
        .unwrap();
    for (users, name) in
        [(1e3, "1,000"), (1e4, "10,000"), (1e5, "100,000"), (1e6, "1,000,000"), (1e7, "10,000,000")]
    {
        let (among, alone) = anonymity(users);
        let (twenty, _) = anonymity(users * 21.0);
        let alone = if alone > 0.000_05 { format!("{:.1} %", alone * 100.0) } else { "0".to_owned() };
        let among = if among < 10.0 { format!("{among:.1}") } else { format!("{among:.0}") };
        let hidden = if twenty < 10.0 { format!("{twenty:.1}") } else { format!("{twenty:.0}") };
        let row = format!("| {name} | {among} | {alone} | {hidden} |");

        assert!(page.contains(&row), "the page lacks {row}");
    }
}

#[test]
fn partitions_are_even() {
    let mut count = [0_u32; 50];
    for number in 1_u32..=2_000 {
        let mut scalar = [1; 32];
        scalar[28..].copy_from_slice(&number.to_be_bytes());
        let user = SecretKey::from_bytes(&scalar).unwrap().public().user();
        count[usize::from(hazmat::partition(&user)) / 100] += 1;
    }

    // 40 users on average in a hundred partitions; beyond six times the root of it hardly anything should be.
    assert!(count.iter().all(|users| (3..=78).contains(users)), "{count:?}");
}

#[test]
fn listening_without_decoys_is_as_before() {
    let (alice, mut party) = (waku(1), Party::new(1));

    party.run(|cx| alice.watch(cx, &inbox(&alice), Interest::Listen)).unwrap();

    assert_eq!(party.store.len(), 1);
}
