//! Whisper: what comes out of what was put in, when it runs out, and what work is asked for.

use std::time::Duration;

use status_crypto::{Search, SecretKey};
use status_layer::testing::{Party, assert_unchanged};
use status_layer::{Frame, Interest, Late, Parcel, Privacy, Ready, Rendezvous, Secret, Topic, Work};
use status_privacy::whisper::{Config, Envelope, Expired, Pow, Refusal, Rules, pow};
use status_privacy::{Error, MAX_FRAME, MAX_SEALED, PeelError, ProveError, Waku, Whisper};

use crate::support::{named, parcel};

pub(crate) type Layer = Whisper<SecretKey>;

pub(crate) fn whisper(byte: u8, config: Config) -> Layer {
    Whisper::new(SecretKey::from_bytes(&[byte; 32]).unwrap(), config)
}

pub(crate) fn solve(work: &Work) -> u64 {
    Search::new(&work.prefix).run(0..1 << 20, work.zeros).unwrap().number
}

/// The frame of a parcel as it leaves.
pub(crate) fn published(layer: &Layer, party: &mut Party, parcel: Parcel) -> Frame {
    let frame = party.run(|cx| layer.wrap(cx, parcel)).unwrap().remove(0);
    publish(layer, party, frame)
}

fn publish(layer: &Layer, party: &mut Party, frame: Frame) -> Frame {
    let Ready { frame, work } = party.run(|cx| layer.ready(cx, frame)).unwrap();
    match work {
        Some(work) => party.run(|cx| layer.prove(cx, frame, solve(&work))).unwrap(),
        None => frame,
    }
}

/// Alice, and Bob who listens at all kinds of places.
fn pair(config: Config) -> [(Layer, Party); 2] {
    let mut bob = Party::new(2);
    let layer = whisper(2, config);
    for meet in places(&layer) {
        bob.run(|cx| layer.watch(cx, &meet, Interest::Listen)).unwrap();
    }
    [(whisper(1, config), Party::new(1)), (layer, bob)]
}

fn places(of: &Layer) -> [Rendezvous; 3] {
    [Rendezvous::Inbox(of.user()), named("square"), Rendezvous::Shared(Secret::new([5; 32]))]
}

#[test]
fn topics_are_those_of_waku_under_another_label() {
    let (layer, mut party) = (whisper(1, Config::default()), Party::new(1));

    let topics = party.run(|cx| layer.watch(cx, &named("status"), Interest::Listen)).unwrap();

    assert_eq!(topics, [Topic::new("/whisper/6/0xcd423760/rlp")]);
}

#[test]
fn the_sealed_bytes_are_those_of_waku() {
    let (whisper, waku) =
        (whisper(1, Config::default()), Waku::new(SecretKey::from_bytes(&[1; 32]).unwrap()));
    let sent = parcel(whisper.user(), &named("square"), b"hello");

    let ours = Party::new(7).run(|cx| whisper.wrap(cx, sent.clone())).unwrap().remove(0);
    let theirs = Party::new(7).run(|cx| waku.wrap(cx, sent)).unwrap().remove(0);

    assert_eq!(Envelope::decode(&ours.bytes).unwrap().data, theirs.bytes);
}

#[test]
fn an_envelope_leaves_with_the_work_that_deployed_nodes_ask_for() {
    let [(alice, mut hers), (bob, mut his)] = pair(Config::default());
    for meet in places(&bob) {
        for size in [1, 1_000, 49_000] {
            let sent = parcel(alice.user(), &meet, &vec![1; size]);

            let frame = published(&alice, &mut hers, sent.clone());
            let envelope = Envelope::decode(&frame.bytes).unwrap();

            assert!(pow::value(&envelope, 0) >= 0.002, "{meet:?}, {size} bytes");
            assert_eq!((envelope.ttl, u64::from(envelope.sent())), (15, hers.now.millis() / 1_000));
            assert_eq!(his.run(|cx| bob.peel(cx, frame)).unwrap(), Some(sent));
        }
    }
}

#[test]
fn a_large_payload_needs_a_thousandth_of_the_work() {
    let (alice, mut hers) = (whisper(1, Config::default()), Party::new(1));
    let mut zeros = |size: usize| {
        let sent = parcel(alice.user(), &named("square"), &vec![1; size]);
        let frame = hers.run(|cx| alice.wrap(cx, sent)).unwrap().remove(0);
        hers.run(|cx| alice.ready(cx, frame)).unwrap().work.unwrap().zeros
    };

    assert_eq!(zeros(50_000), 11);
    assert_eq!(zeros(60_000), 1);
}

#[test]
fn a_frame_that_is_sent_again_runs_out_later_and_is_worked_for_anew() {
    let [(alice, mut hers), (bob, mut his)] = pair(Config::default());
    let sent = parcel(alice.user(), &named("square"), b"hello");
    let wrapped = hers.run(|cx| alice.wrap(cx, sent.clone())).unwrap().remove(0);
    let first = publish(&alice, &mut hers, wrapped.clone());
    hers.wait(Duration::from_secs(60));
    his.wait(Duration::from_secs(60));

    let late = his.run(|cx| bob.peel(cx, first.clone()));
    let from_the_outbox = publish(&alice, &mut hers, wrapped);
    let from_what_left = publish(&alice, &mut hers, first.clone());

    assert!(matches!(late, Err(Error::Peel(PeelError::Refused(Refusal::VeryOld)))), "{late:?}");
    assert_eq!(from_the_outbox, from_what_left);
    assert_eq!(
        Envelope::decode(&from_the_outbox.bytes).unwrap().data,
        Envelope::decode(&first.bytes).unwrap().data,
        "the sealed bytes stay"
    );
    assert_eq!(his.run(|cx| bob.peel(cx, from_the_outbox)).unwrap(), Some(sent));
}

#[test]
fn a_number_that_is_worth_too_little_is_not_put_in() {
    let pow = Pow::Target { usual: 100.0, large: 1.0, within: Duration::from_secs(1) };
    let (alice, mut hers) = (whisper(1, Config { pow, ..Config::default() }), Party::new(1));
    let sent = parcel(alice.user(), &named("square"), b"hello");
    let frame = hers.run(|cx| alice.wrap(cx, sent)).unwrap().remove(0);
    let Ready { frame, work } = hers.run(|cx| alice.ready(cx, frame)).unwrap();
    let work = work.unwrap();
    let search = Search::new(&work.prefix);
    let short = (0..).find(|number| search.zeros(*number) + 1 == work.zeros).unwrap();

    let why = assert_unchanged(&mut hers, "too little work", |cx| alice.prove(cx, frame.clone(), short));
    let proved = hers.run(|cx| alice.prove(cx, frame, solve(&work))).unwrap();

    assert!(matches!(why, Some(Error::Prove(ProveError::LittleWork))));
    assert!(pow::value(&Envelope::decode(&proved.bytes).unwrap(), 0) >= 100.0);
}

#[test]
fn without_a_target_nothing_is_asked_for() {
    let config = Config { pow: Pow::Nothing, ttl: 0, ..Config::default() };
    let (alice, mut hers) = (whisper(1, config), Party::new(1));
    let sent = parcel(alice.user(), &named("square"), b"hello");
    let frame = hers.run(|cx| alice.wrap(cx, sent)).unwrap().remove(0);

    let ready = hers.run(|cx| alice.ready(cx, frame)).unwrap();

    let envelope = Envelope::decode(&ready.frame.bytes).unwrap();
    assert_eq!(ready.work, None);
    assert_eq!((envelope.nonce, envelope.ttl), (0, 50), "no time to live stands for 50 seconds");
}

#[test]
fn the_best_of_a_time_is_taken_and_the_envelope_lives_longer_for_it() {
    let config = Config { pow: Pow::Best { within: Duration::from_secs(3) }, ..Config::default() };
    let (alice, mut hers) = (whisper(1, config), Party::new(1));
    let sent = parcel(alice.user(), &named("square"), b"hello");
    let frame = hers.run(|cx| alice.wrap(cx, sent)).unwrap().remove(0);

    let Ready { frame, work } = hers.run(|cx| alice.ready(cx, frame)).unwrap();
    let work = work.unwrap();
    let proved = hers.run(|cx| alice.prove(cx, frame, 77)).unwrap();

    let envelope = Envelope::decode(&proved.bytes).unwrap();
    assert_eq!((work.zeros, work.within, work.late), (256, Duration::from_secs(3), Late::TakeBest));
    assert_eq!((envelope.nonce, u64::from(envelope.expiry)), (77, hers.now.millis() / 1_000 + 15 + 3));
}

#[test]
fn what_ran_out_is_dropped_silently_then_refused_and_history_may_open_it() {
    let open = Config { expired: Expired::Open, ..Config::default() };
    let [(alice, mut hers), (bob, mut his)] = pair(Config::default());
    let historian = whisper(2, open);
    let sent = parcel(alice.user(), &named("square"), b"hello");
    let frame = published(&alice, &mut hers, sent.clone());
    let mut after = |seconds: u64| {
        his.now = hers.now.after(Duration::from_secs(seconds));
        his.run(|cx| bob.peel(cx, frame.clone())).map_err(|error| match error {
            Error::Peel(PeelError::Refused(why)) => why,
            other => panic!("{other}"),
        })
    };

    let (in_time, just_late, late) = (after(15), after(16), after(36));
    let from_history = his.run(|cx| historian.peel(cx, frame));

    assert_eq!(in_time, Ok(Some(sent.clone())));
    assert_eq!(just_late, Ok(None));
    assert_eq!(late, Err(Refusal::VeryOld));
    assert_eq!(from_history.unwrap(), Some(sent));
}

#[test]
fn the_largest_parcel_arrives_and_its_frames_are_taken() {
    let [(alice, mut hers), (bob, mut his)] = pair(Config::default());
    let largest = parcel(alice.user(), &Rendezvous::Inbox(bob.user()), &vec![1; MAX_SEALED]);

    let frames = hers.run(|cx| alice.wrap(cx, largest.clone())).unwrap();
    let frames: Vec<_> = frames.into_iter().map(|frame| publish(&alice, &mut hers, frame)).collect();
    let fits = frames.iter().all(|frame| frame.bytes.len() <= MAX_FRAME);
    let got: Vec<_> =
        frames.into_iter().filter_map(|frame| his.run(|cx| bob.peel(cx, frame)).unwrap()).collect();

    assert!(fits);
    assert!(got == [largest]);
}

#[test]
fn work_below_the_rules_of_the_receiver_is_refused() {
    let strict = Config { rules: Rules { min_pow: 50.0, ..Rules::default() }, ..Config::default() };
    let [(alice, mut hers), _] = pair(Config::default());
    let [_, (bob, mut his)] = pair(strict);
    let frame = published(&alice, &mut hers, parcel(alice.user(), &named("square"), b"hello"));

    let why = assert_unchanged(&mut his, "a lazy envelope", |cx| bob.peel(cx, frame));

    assert!(matches!(why, Some(Error::Peel(PeelError::Refused(Refusal::LittleWork)))), "{why:?}");
}
