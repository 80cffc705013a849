//! The suite that every implementation of the seam passes.

use status_crypto::{Keyring, SecretKey};
use status_layer::testing::conform;
use status_privacy::whisper::Config;

use crate::chacha::ChaCha;
use crate::support::waku;
use crate::whisper::{solve, whisper};

#[test]
fn waku_keeps_the_rules_of_the_privacy_seam() {
    conform::privacy(|seat| {
        let waku = waku(seat + 1);
        let user = waku.user();
        (waku, user)
    });
}

#[test]
fn whisper_keeps_the_rules_of_the_privacy_seam() {
    let make = |seat| {
        let whisper = whisper(seat + 1, Config::default());
        let user = whisper.user();
        (whisper, user)
    };
    conform::privacy_with_work(make, solve);
}

#[test]
fn a_carrier_of_sixty_lines_keeps_the_rules_of_the_privacy_seam() {
    conform::privacy(|seat| {
        let key = SecretKey::from_bytes(&[seat + 1; 32]).unwrap();
        let user = key.user();
        (ChaCha(key), user)
    });
}
