//! What has to hold.

use status_layer::UserId;
use status_layer::testing::{Courier, Glass, OpenBook, conform};

fn user(seat: u8) -> UserId {
    let mut key = [seat + 1; 33];
    key[0] = 2;
    UserId::from_compressed(&key).unwrap()
}

#[test]
fn courier_keeps_the_rules_of_data_sync() {
    conform::reliable_data_sync(|seat| (Courier, user(seat)));
}

#[test]
fn open_book_keeps_the_rules_of_security() {
    conform::security(|seat| (OpenBook::new(user(seat)), user(seat)));
}

#[test]
fn glass_keeps_the_rules_of_privacy() {
    conform::privacy(|seat| (Glass, user(seat)));
}
