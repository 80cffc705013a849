//! The suite that every security layer must pass.

use std::sync::Arc;

use status_crypto::{Keyring, SecretKey};
use status_layer::DeviceId;
use status_layer::testing::conform;
use status_security::{Config, Sessions};

#[test]
fn the_layer_passes_the_suite_of_its_seam() {
    conform::security(|seat: u8| {
        let identity = SecretKey::from_bytes(&[seat + 1; 32]).unwrap();
        let user = identity.user();
        let device = DeviceId::new(format!("device-{seat}")).unwrap();
        (Sessions::new(Config::default(), Arc::new(identity), device), user)
    });
}
