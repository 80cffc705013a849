//! The suite that every security layer must pass.

use std::sync::Arc;

use status_crypto::{Keyring, SecretKey};
use status_layer::DeviceId;
use status_layer::testing::conform;
use status_security::{Bare, Config, Sessions, Transition};

fn conforms(config: Config) {
    conform::security(|seat: u8| {
        let identity = SecretKey::from_bytes(&[seat + 1; 32]).unwrap();
        let user = identity.user();
        let device = DeviceId::new(format!("device-{seat}")).unwrap();
        (Sessions::new(config, Arc::new(identity), device), user)
    });
}

#[test]
fn the_layer_passes_the_suite_of_its_seam() {
    conforms(Config::default());
}

#[test]
fn it_passes_in_each_ratchet_suite_alone() {
    for transition in [Transition::Old, Transition::New] {
        conforms(Config { transition, ..Config::default() });
    }
}

#[test]
fn the_layer_that_seals_nothing_passes_what_a_suite_can_ask_of_it() {
    conform::bare_security(|seat: u8| {
        let user = SecretKey::from_bytes(&[seat + 1; 32]).unwrap().user();
        (Bare::new(user), user)
    });
}
