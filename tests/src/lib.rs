//! What the tests of the whole share: users, what they say, stacks of real layers, a world in which they talk, and
//! ways to look at what left.

use std::fmt::Display;
use std::sync::Arc;

use status_crypto::{Keyring, SecretKey};
use status_data_sync::Mvds;
use status_layer::{Area, DeviceId, Memory, Privacy, Read, Row, UserId};
use status_privacy::Waku;
use status_security::Sessions;
use status_stack::Stack;

pub mod bench;
pub mod bridge;
pub mod diligent;
pub mod journal;
pub mod leak;
pub mod talk;
pub mod town;
pub mod wire;

/// The stack that clients run: MVDS over X3DH and Double Ratchet over Waku envelopes.
pub type RealStack = Stack<Mvds, Sessions, Waku<Arc<dyn Keyring>>>;

/// The identity of the user number `seat`.
#[must_use]
pub fn key(seat: u8) -> Arc<dyn Keyring> {
    let mut bytes = [seat; 32];
    bytes[0] = 1;
    Arc::new(must(SecretKey::from_bytes(&bytes)))
}

/// The user number `seat`.
#[must_use]
pub fn user(seat: u8) -> UserId {
    key(seat).user()
}

/// The device of the user number `seat`.
#[must_use]
pub fn device(seat: u8) -> DeviceId {
    must(DeviceId::new(format!("00000000-0000-4000-8000-0000000000{seat:02x}")))
}

/// Real data sync of the user number `seat`.
#[must_use]
pub fn sync(seat: u8) -> Mvds {
    Mvds::new(user(seat), status_data_sync::Config::default())
}

/// Real security of the user number `seat`.
#[must_use]
pub fn security(seat: u8) -> Sessions {
    Sessions::new(status_security::Config::default(), key(seat), device(seat))
}

/// Real privacy of the user number `seat`.
#[must_use]
pub fn privacy(seat: u8) -> Waku<Arc<dyn Keyring>> {
    Waku::new(key(seat))
}

/// The real stack of the user number `seat`.
#[must_use]
pub fn stack(seat: u8) -> RealStack {
    stack_over(seat, privacy(seat))
}

/// Real data sync and security over another privacy.
#[must_use]
pub fn stack_over<P: Privacy>(seat: u8, privacy: P) -> Stack<Mvds, Sessions, P> {
    Stack::new(sync(seat), security(seat), privacy)
}

/// All rows of an area: 1 data sync, 2 security, 3 privacy, 4 the conductor, 16 the application.
#[must_use]
pub fn rows(store: &Memory, area: u8) -> Vec<Row> {
    must(store.scan(Area(area), &[], None, usize::MAX))
}

/// Takes a value that has to be there, or ends the test with the reason why it is not.
///
/// # Panics
/// If there is none.
#[track_caller]
#[expect(clippy::panic, reason = "this library is for tests alone, and a test ends so")]
pub fn must<T, E: Display>(done: Result<T, E>) -> T {
    match done {
        Ok(value) => value,
        Err(error) => panic!("{error}"),
    }
}
