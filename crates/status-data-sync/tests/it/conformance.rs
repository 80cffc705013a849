use status_data_sync::{Config, Groups, Mvds, Once};
use status_layer::testing::conform;

use crate::user::key;

#[test]
fn the_suite_of_the_seam_passes() {
    conform::reliable_data_sync(|seat| (Mvds::new(key(seat), Config::default()), key(seat)));
}

#[test]
fn the_suite_of_the_seam_passes_with_the_trust_of_deployed_peers() {
    let config = Config { groups: Groups::Any, ..Config::default() };

    conform::reliable_data_sync(|seat| (Mvds::new(key(seat), config), key(seat)));
}

#[test]
fn a_data_sync_that_sends_once_passes_the_suite_of_every_data_sync() {
    conform::data_sync(|seat| (Once::default(), key(seat)));
}
