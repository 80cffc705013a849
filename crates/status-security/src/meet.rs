//! Keys that people carry to each other by other ways than the network.
//!
//! Spec: whitepaper 1.5.2 and 2.2: a prekey bundle in a QR code sets up a secure channel with the first message.

use alloc::vec::Vec;

use status_layer::{Cx, Grade, Opened, UserId};

use crate::bundle::{Bundle, BundleError};
use crate::device;
use crate::error::{Error, MeetError};
use crate::security::Sessions;

/// Largest bundle that is taken, in bytes. One of 16 devices with all that they can say has about half of it.
pub const MAX_KEYS: usize = 8 * 1024;

impl Sessions {
    /// Our bundle, signed now.
    pub(crate) fn give_keys(&self, cx: &mut Cx<'_>) -> Result<Vec<u8>, Error> {
        Ok(self.bundle(cx)?.1.encode())
    }

    /// Takes a bundle, whoever carried it.
    pub(crate) fn take_keys(&self, cx: &mut Cx<'_>, user: &UserId, keys: &[u8]) -> Result<Opened, Error> {
        if keys.len() > MAX_KEYS {
            return Err(MeetError::TooLarge { len: keys.len(), max: MAX_KEYS }.into());
        }
        let bundle = Bundle::decode(keys).map_err(MeetError::Bundle)?;
        if !bundle.has_one_reading() {
            return Err(MeetError::Bundle(BundleError::Ambiguous).into());
        }
        if bundle.identity() != *user {
            return Err(MeetError::OtherUser.into());
        }
        if *user == self.keyring.user() {
            return Err(MeetError::Oneself.into());
        }
        self.learn_bundles(cx, (user, ""), &[bundle])
    }

    /// How well a datagram that is no introduction would be sealed now.
    pub(crate) fn would_seal(&self, cx: &Cx<'_>, user: &UserId) -> Result<Option<Grade>, Error> {
        let devices = device::active(&cx.shelf, user, self.config.max_targets, cx.now)?;
        if devices.is_empty() {
            return match self.check_static(cx, user, false) {
                Ok(()) => Ok(Some(Grade::Static)),
                Err(Error::Seal(_)) => Ok(None),
                Err(error) => Err(error),
            };
        }
        let written = devices.iter().any(|device| self.config.transition.writes(device.suites()).is_some());
        Ok(written.then_some(Grade::Ratcheted))
    }
}
