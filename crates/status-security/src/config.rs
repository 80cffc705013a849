//! What may be chosen about this layer.

use core::time::Duration;

use crate::ratchet::Limits;
use crate::transition::Transition;

/// Choices with the defaults of deployed peers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Config {
    /// Whether a user may be written to before any of their devices is known.
    pub first_message: FirstMessage,
    /// What becomes of mail for us that is not sealed at all.
    pub mail_in_clear: MailInClear,
    /// How long our prekey is used. Default: 24 hours.
    pub rotate_after: Duration,
    /// How often our keys are announced at our contact code. Default: 6 hours.
    pub announce_every: Duration,
    /// The largest gap in one chain that is bridged, in messages. Default: 1000.
    pub max_jump: u32,
    /// The most skipped message keys that a session keeps; the oldest go. Default: 2000.
    pub max_skipped: u32,
    /// How many devices of a user a message is sealed for, the most recently active first. Default: 3.
    pub max_targets: usize,
    /// Which ratchet suites are read and written. Default: Curve25519 with those who announce it.
    pub transition: Transition,
}

/// Whether a user may be written to before any of their devices is known.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum FirstMessage {
    /// Yes: such a message is sealed to the identity key and graded `Static`.
    #[default]
    AllowStatic,
    /// No: sealing is refused until a bundle has come.
    RequireForwardSecrecy,
}

/// What becomes of mail for us that is not sealed at all.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum MailInClear {
    /// It is refused. Deployed peers seal all that they write to a person.
    #[default]
    Refuse,
    /// It is handed up, graded `Clear`, as deployed peers do.
    Accept,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            first_message: FirstMessage::default(),
            mail_in_clear: MailInClear::default(),
            rotate_after: Duration::from_secs(24 * 60 * 60),
            announce_every: Duration::from_secs(6 * 60 * 60),
            max_jump: 1000,
            max_skipped: 2000,
            max_targets: 3,
            transition: Transition::default(),
        }
    }
}

impl Config {
    pub(crate) const fn limits(&self) -> Limits {
        Limits { jump: self.max_jump, keep: self.max_skipped }
    }
}
