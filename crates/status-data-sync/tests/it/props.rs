//! Whatever the network does: every body arrives once and is confirmed once.

use core::time::Duration;

use status_data_sync::testing::{Action, Fate, Pair, Side};
use status_data_sync::{Config, Mode, Order};
use status_layer::testing::rng;

const SEEDS: u64 = 60;
const ACTIONS: usize = 300;

fn check(seed: u64, config: Config) {
    let mut rng = rng(seed);
    let actions: Vec<_> = (0..ACTIONS).map(|_| Action::random(&mut rng)).collect();
    let mut pair = Pair::new(seed, config).unwrap();

    for action in &actions {
        pair.run(*action).unwrap();
    }
    pair.run(Action::Online(Side::Alice)).unwrap();
    pair.run(Action::Online(Side::Bob)).unwrap();
    pair.settle(Duration::from_secs(1_200)).unwrap();

    let once = Fate { arrived: 1, acked: 1 };
    let lost: Vec<_> = pair.fates().filter(|(_, fate)| *fate != once).collect();
    assert!(lost.is_empty(), "seed {seed}: {lost:?} after {actions:?}");
    for side in [Side::Alice, Side::Bob] {
        // Two notes of each body that arrived, two of each that was confirmed, the user and the counter; if the order is
        // kept, two notes of each of our own, and the last messages of the group.
        let own = pair.fates().filter(|(by, _)| *by == side).count();
        let order = if config.order == Order::Off { 0 } else { 2 * own + 1 };
        let rows = pair.rows(side);
        assert!(
            rows <= 2 * pair.fates().count() + 2 + order,
            "seed {seed}: {rows} rows are left after {actions:?}"
        );
    }
}

#[test]
fn every_body_arrives_once_and_is_confirmed_once() {
    for seed in 0..SEEDS {
        check(seed, Config::default());
    }
}

#[test]
fn small_payloads_lose_nothing() {
    for seed in 0..SEEDS {
        check(seed, Config { max_payload: 150, ..Config::default() });
    }
}

#[test]
fn offering_first_loses_nothing() {
    for seed in 0..SEEDS {
        check(seed, Config { mode: Mode::Interactive, ..Config::default() });
    }
}

#[test]
fn keeping_the_order_loses_nothing() {
    for seed in 0..SEEDS / 2 {
        let order = if seed % 2 == 0 { Order::Eventual } else { Order::Consistent };
        check(seed, Config { order, ..Config::default() });
    }
}

#[test]
fn once_all_is_confirmed_the_network_is_silent() {
    let mut pair = Pair::new(5, Config::default()).unwrap();
    for side in [Side::Alice, Side::Bob, Side::Alice] {
        pair.run(Action::Append(side)).unwrap();
    }
    pair.settle(Duration::from_secs(60)).unwrap();

    pair.run(Action::Wait(1_000_000)).unwrap();
    pair.run(Action::Online(Side::Alice)).unwrap();
    pair.run(Action::Send(Side::Alice)).unwrap();
    pair.run(Action::Send(Side::Bob)).unwrap();

    assert_eq!(pair.under_way(), 0);
}
