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
    /// Whether we write at the place that we share with a user.
    pub shared_place: SharedPlace,
    /// How long our prekey is used. Default: 24 hours.
    pub rotate_after: Duration,
    /// How often our keys are announced at our contact code. Default: 6 hours.
    pub announce_every: Duration,
    /// How often a user who writes what this device cannot read is told our keys, the first time at once. `None`: never,
    /// and such mail is refused. Default: 2 hours.
    pub answer_every: Option<Duration>,
    /// How long a prekey of ours is kept after it was replaced, for first messages that come late; then it is wiped.
    /// Default: 30 days.
    pub keep_prekeys: Duration,
    /// How long a session is kept after it expired, for messages that come late; then it is deleted with its skipped
    /// keys. Default: 14 days.
    pub keep_sessions: Duration,
    /// The largest gap in one chain that is bridged, in messages. It bounds each gap, not their sum. Default: 25,000.
    pub max_jump: u32,
    /// The most skipped message keys that a session keeps; the oldest go. Default: 2000.
    pub max_skipped: u32,
    /// How many devices of a user a message is sealed for, the most recently active first; at most 10. Default: 3.
    pub max_targets: usize,
    /// How another device of our own comes to belong to us.
    pub joining: Joining,
    /// Which ratchet suites are read and written. Default: Curve25519 with those who announce it.
    pub transition: Transition,
    /// Whether expected users get prekeys made for them alone, and theirs are used.
    pub private_prekeys: PrivatePrekeys,
}

/// Whether devices of expected users get prekeys made for each of them alone, and theirs are taken and used. Only
/// devices that announce suites and this are given any; deployed peers see nothing of it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum PrivatePrekeys {
    /// Yes: from the second session on first messages are as forward secret as all others.
    #[default]
    Use,
    /// No. Sessions that are set up with those given before are answered all the same.
    Off,
}

/// Whether a user may be written to before any of their devices is known.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum FirstMessage {
    /// Yes: such a message is sealed to the identity key and graded `Static`.
    #[default]
    AllowStatic,
    /// Only by an introduction, which is what a contact request is; all else is refused until a bundle has come.
    OnlyIntroductions,
    /// No: sealing is refused, with a reason that says what to do, until a bundle has come.
    RequireForwardSecrecy,
}

/// How another device of our own comes to belong to us. Spec: whitepaper 4.1.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Joining {
    /// It is announced to the application, and belongs to us once it was confirmed with
    /// [`Security::pair`](status_layer::Security::pair). So it does not help a thief to have the words of the account: the
    /// devices that are there do not write to theirs.
    #[default]
    Confirm,
    /// It belongs to us as soon as it is heard of, as in the first version of the whitepaper.
    Automatic,
}

/// What becomes of mail for us that is not sealed at all.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum MailInClear {
    /// It is refused. Deployed peers seal all that they write to a person.
    #[default]
    Refuse,
    /// It is handed up, graded `Clear`, as deployed peers do. Who hears from notification servers needs it: their answers are
    /// bare. Whoever is above must then refuse what should have been sealed.
    Accept,
}

/// Whether we write at the place that we share with a user, once all devices that are written to are known to listen
/// there. We listen there in any case.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum SharedPlace {
    /// No: always to the inbox, where every device of the user listens, also one that was just restored from the words
    /// of the account and knows nobody.
    #[default]
    Listen,
    /// Yes, as deployed peers do: an observer does not see for whom it is. A device that was restored from its words
    /// reads what we write only after it was heard of.
    Use,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            first_message: FirstMessage::default(),
            mail_in_clear: MailInClear::default(),
            shared_place: SharedPlace::default(),
            rotate_after: Duration::from_secs(24 * 60 * 60),
            announce_every: Duration::from_secs(6 * 60 * 60),
            answer_every: Some(Duration::from_secs(2 * 60 * 60)),
            keep_prekeys: Duration::from_secs(30 * 24 * 60 * 60),
            keep_sessions: Duration::from_secs(14 * 24 * 60 * 60),
            max_jump: 25_000,
            max_skipped: 2000,
            max_targets: 3,
            joining: Joining::default(),
            transition: Transition::default(),
            private_prekeys: PrivatePrekeys::default(),
        }
    }
}

impl Config {
    pub(crate) const fn limits(&self) -> Limits {
        Limits { jump: self.max_jump, keep: self.max_skipped }
    }
}
