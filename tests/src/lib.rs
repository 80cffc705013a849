//! What the tests of the whole share: users, bodies, and stacks of real layers.

use std::sync::Arc;

use status_crypto::{Keyring, SecretKey};
use status_layer::{DeviceId, UserId};

/// The identity of the user number `seat`.
#[must_use]
pub fn key(seat: u8) -> Arc<dyn Keyring> {
    let mut bytes = [seat; 32];
    bytes[0] = 1;
    match SecretKey::from_bytes(&bytes) {
        Ok(key) => Arc::new(key),
        Err(error) => std::panic::panic_any(error.to_string()),
    }
}

/// The user number `seat`.
#[must_use]
pub fn user(seat: u8) -> UserId {
    key(seat).user()
}

/// The device of the user number `seat`.
#[must_use]
pub fn device(seat: u8) -> DeviceId {
    match DeviceId::new(format!("00000000-0000-4000-8000-0000000000{seat:02x}")) {
        Ok(device) => device,
        Err(error) => std::panic::panic_any(error.to_string()),
    }
}
