use status_layer::testing::Party;

use super::*;

fn user(n: u64) -> UserId {
    let mut bytes = [2; 33];
    bytes[25..].copy_from_slice(&n.to_be_bytes());
    UserId::from_compressed(&bytes).unwrap()
}

fn run<T>(party: &mut Party, call: impl FnOnce(&mut Shelf<'_>) -> Result<T, StoreError>) -> T {
    party.run(|cx| call(&mut cx.shelf)).unwrap()
}

fn crowd(party: &mut Party, from: u64, count: u64) -> Forgotten {
    (from..from + count).flat_map(|n| run(party, |shelf| hear_of(shelf, &user(n)))).collect()
}

#[test]
fn the_stranger_not_met_for_longest_is_forgotten() {
    let mut party = Party::new(1);
    crowd(&mut party, 0, MAX_STRANGERS);
    run(&mut party, |shelf| meet(shelf, &user(0)));

    crowd(&mut party, MAX_STRANGERS, 1);

    assert!(run(&mut party, |shelf| load(shelf, &user(0))).is_some());
    assert!(run(&mut party, |shelf| load(shelf, &user(1))).is_none());
}

#[test]
fn whom_we_expect_is_never_forgotten() {
    let mut party = Party::new(1);
    run(&mut party, |shelf| hear_of(shelf, &user(0)));
    run(&mut party, |shelf| expect(shelf, &user(0)));

    crowd(&mut party, 1, 2 * MAX_STRANGERS);

    assert!(run(&mut party, |shelf| load(shelf, &user(0))).is_some());
}

#[test]
fn the_rows_of_strangers_do_not_grow_without_bound() {
    let mut party = Party::new(1);

    crowd(&mut party, 0, MAX_STRANGERS + 100);

    assert_eq!(party.store.len() as u64, 2 * MAX_STRANGERS + 1);
}

#[test]
fn a_place_shared_with_somebody_forgotten_is_said_to_be_left() {
    let mut party = Party::new(1);
    run(&mut party, |shelf| meet(shelf, &user(0)));
    run(&mut party, |shelf| share(shelf, &user(0)));

    let forgotten = crowd(&mut party, 1, MAX_STRANGERS);

    assert_eq!(forgotten, [user(0)]);
}

#[test]
fn a_place_is_new_once() {
    let mut party = Party::new(1);

    assert!(run(&mut party, |shelf| share(shelf, &user(0))));
    assert!(!run(&mut party, |shelf| share(shelf, &user(0))));
}
