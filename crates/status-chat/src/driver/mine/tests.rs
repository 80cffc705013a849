use std::time::Duration;

use status_layer::{Timestamp, Topic};

use super::*;

/// Beyond this a test has failed.
const PATIENCE: Duration = Duration::from_secs(60);

fn frame(byte: u8) -> Frame {
    Frame { topic: Topic::new("/work"), at: Timestamp::from_secs(1), bytes: vec![byte; 300] }
}

fn work(zeros: u32, within: Duration, late: Late) -> Work {
    Work { prefix: vec![7; 300], zeros, within, late }
}

async fn next(miner: &mut Miner) -> Mined {
    tokio::time::timeout(PATIENCE, miner.next()).await.unwrap()
}

#[tokio::test]
async fn work_that_is_done_comes_back_with_its_frame() {
    let mut miner = Miner::new();
    for number in 0..20 {
        miner.start(FrameId(number), frame(number as u8), work(8, PATIENCE, Late::GiveUp));
    }

    for number in 0..20 {
        let Mined::Found(id, back, found) = next(&mut miner).await else { panic!("too late") };

        assert_eq!((id, back), (FrameId(number), frame(number as u8)), "the first comes first");
        assert!(Search::new(&[7; 300]).zeros(found) >= 8);
    }
}

#[tokio::test]
async fn what_cannot_be_found_is_given_up_in_time() {
    let mut miner = Miner::new();
    let begun = Instant::now();

    miner.start(FrameId(1), frame(1), work(256, Duration::from_millis(100), Late::GiveUp));
    let mined = next(&mut miner).await;

    assert!(matches!(mined, Mined::TooLate(FrameId(1), TooLate { wanted: 256, best }) if best > 0));
    assert!(begun.elapsed() >= Duration::from_millis(100));
}

#[tokio::test]
async fn the_best_of_a_time_is_taken_where_that_is_wanted() {
    let mut miner = Miner::new();

    miner.start(FrameId(1), frame(1), work(256, Duration::from_millis(100), Late::TakeBest));
    let Mined::Found(FrameId(1), _, number) = next(&mut miner).await else { panic!("nothing") };

    assert!(Search::new(&[7; 300]).zeros(number) >= 4, "a thousand tries are worth more");
}

#[tokio::test]
async fn time_runs_from_when_the_search_begins() {
    let mut miner = Miner::new();
    let within = Duration::from_millis(200);

    miner.start(FrameId(1), frame(1), work(256, within, Late::GiveUp));
    miner.start(FrameId(2), frame(2), work(0, Duration::from_millis(1), Late::GiveUp));

    assert!(matches!(next(&mut miner).await, Mined::TooLate(FrameId(1), _)));
    assert!(matches!(next(&mut miner).await, Mined::Found(FrameId(2), ..)));
}

#[tokio::test]
async fn a_search_that_is_stopped_has_no_result() {
    let mut miner = Miner::new();
    miner.start(FrameId(1), frame(1), work(256, PATIENCE, Late::GiveUp));

    miner.stop(FrameId(1));
    miner.start(FrameId(2), frame(2), work(4, PATIENCE, Late::GiveUp));

    assert!(matches!(next(&mut miner).await, Mined::Found(FrameId(2), ..)));
}

#[tokio::test]
async fn the_same_frame_again_takes_the_place_of_the_one_before() {
    let mut miner = Miner::new();
    miner.start(FrameId(1), frame(1), work(256, PATIENCE, Late::GiveUp));

    miner.start(FrameId(1), frame(9), work(4, PATIENCE, Late::GiveUp));

    assert!(matches!(next(&mut miner).await, Mined::Found(FrameId(1), made, _) if made == frame(9)));
}

#[tokio::test]
async fn a_miner_that_is_dropped_ends_its_threads_at_once() {
    let mut miner = Miner::new();
    miner.start(FrameId(1), frame(1), work(256, PATIENCE, Late::GiveUp));
    let shared = Arc::downgrade(&miner.shared);
    let begun = Instant::now();

    drop(miner);

    assert!(begun.elapsed() < Duration::from_secs(10));
    assert!(shared.upgrade().is_none(), "no thread holds it any more");
}

#[tokio::test]
async fn threads_and_jobs_are_bounded() {
    let mut miner = Miner::new();
    for number in 0..MAX_JOBS as u64 + 10 {
        miner.start(FrameId(number), frame(0), work(256, PATIENCE, Late::GiveUp));
    }

    assert!(miner.threads.len() <= MAX_MINERS);
    assert_eq!(miner.shared.lock().jobs.len(), MAX_JOBS);
}
