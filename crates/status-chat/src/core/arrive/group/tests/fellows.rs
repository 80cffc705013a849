//! Whose keys are listened for because of groups.

use std::collections::BTreeSet;

use status_crypto::SecretKey;
use status_layer::UserId;
use status_payload::Change;

use super::reader::Reader;
use super::{BOB, key};
use crate::core::Core;
use crate::table::fellows::{self, MAX_FELLOWS};

/// Members of groups that were made here; our own place is one more.
const OTHERS: usize = 199;

fn crowd(number: u8) -> Vec<UserId> {
    let user = |seat: usize| {
        let mut bytes = [number; 32];
        bytes[31] = u8::try_from(seat).unwrap();
        SecretKey::from_bytes(&bytes).unwrap().public().user()
    };
    (0..OTHERS).map(user).collect()
}

fn set(users: &[UserId]) -> BTreeSet<UserId> {
    users.iter().copied().collect()
}

#[test]
fn groups_make_us_listen_for_no_more_people_than_there_is_room_and_give_it_back() {
    let mut bob = Reader::of(key(BOB), super::NOW);
    let mut made = Vec::new();

    for number in 1..=6 {
        let (group, _) = bob.step(|core, step| core.create_group(step, "crowd", &crowd(number)));
        made.push(group.unwrap_or_else(|_| panic!("group {number} is made")));
    }
    let full = bob.listened();
    let first = made.remove(0);
    bob.wish(move |core, step| core.leave_group(step, &first));
    let left = bob.listened();
    let last = made.pop().unwrap();
    bob.wish(move |core, step| core.change_group(step, &last, &Change::Rename("room".into())));

    assert_eq!(full.len(), MAX_FELLOWS);
    assert_eq!(left.len(), MAX_FELLOWS - OTHERS);
    assert!(left.is_disjoint(&set(&crowd(1))));
    assert!(bob.listened().is_superset(&set(&crowd(6))), "the next change of a group uses the room");
}

#[test]
fn a_group_of_an_earlier_version_is_listened_for_from_the_next_start_on() {
    let mut bob = Reader::of(key(BOB), super::NOW);
    let (group, _) = bob.step(|core, step| core.create_group(step, "crowd", &crowd(1)));
    let group = group.unwrap_or_else(|_| panic!("the group is made"));
    bob.step(|_, step| fellows::set(&mut step.shelf(), &group, None));
    let mut later = bob.again();

    let (done, _) = later.step(Core::listen_for_fellows);

    done.unwrap();
    assert_eq!(later.listened(), set(&crowd(1)));
}
