//! The rules by which a case is judged other than by plain equality.

use std::fmt;

/// A rule by which a case was judged other than by plain equality. A rule is chosen by what a case gives, never by its
/// name.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Rule {
    /// The words of three-word names are supplied apart, and not compared.
    ThreeWordNames,
    /// The last 32 bytes of `KDF_RK` are used by nobody, and not derived here.
    UnusedHeaderKey,
    /// The name under which a peer files a negotiated place in its own memory has no counterpart.
    LocalName,
    /// Deployed peers of 2024, whom our default rules follow, judge the message otherwise.
    JudgedAnewIn2024,
    /// The input is longer than the named bounds of the layer allow.
    Bounded,
    /// A message that carries keys and nothing else is no error here; the peer keeps the keys and says that there is
    /// no payload.
    KeysAlone,
    /// A message key is deleted when its message is handed up; the peer keeps it until the application confirms, and
    /// reads the same bytes again until then.
    OnceOnly,
    /// A refused message leaves nothing; the peer has kept its bundles and handshake, and goes on from there.
    RefusedLeavesNothing,
    /// When two users move to the place that they share is not decided here yet; that they agree on it is compared.
    WhenToShare,
    /// What the peer cannot read it passes on to the next layer as it is, and reads there as a message of no type; here
    /// nothing is passed on.
    FallThrough,
    /// Which chats and messages an application shows is decided above the layers.
    AboveTheLayers,
    /// An envelope is recorded when it reaches the wire; its ciphertext is made again where its header belongs in the
    /// chain.
    OrderOfSealing,
    /// What a user says of a message that nobody in the recording reads has nothing to be compared with.
    NeverRead,
    /// The list of fields does not tell an empty signature from an absent one; either must be judged alike.
    EmptyOrAbsentSignature,
    /// We say more than the peer, in fields that it ignores.
    OwnFields,
}

impl Rule {
    /// All rules.
    pub const ALL: &[Self] = &[
        Self::ThreeWordNames,
        Self::UnusedHeaderKey,
        Self::LocalName,
        Self::JudgedAnewIn2024,
        Self::Bounded,
        Self::KeysAlone,
        Self::OnceOnly,
        Self::RefusedLeavesNothing,
        Self::WhenToShare,
        Self::FallThrough,
        Self::AboveTheLayers,
        Self::OrderOfSealing,
        Self::NeverRead,
        Self::EmptyOrAbsentSignature,
        Self::OwnFields,
    ];

    /// The short name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.parts().0
    }

    const fn parts(self) -> (&'static str, &'static str) {
        match self {
            Self::ThreeWordNames => {
                ("three-word-names", "the words of a name are not compared: their lists are supplied apart")
            }
            Self::UnusedHeaderKey => {
                ("unused-header-key", "the header key, which no peer uses, is not derived and not compared")
            }
            Self::LocalName => ("local-name", "a name that stays in the memory of a peer is not compared"),
            Self::JudgedAnewIn2024 => (
                "judged-anew-in-2024",
                "judged as peers of 2020 do; our default, as of 2024, judges otherwise",
            ),
            Self::Bounded => ("bounded", "refused here because it is above a bound of the layer"),
            Self::KeysAlone => {
                ("keys-alone", "a message with keys alone is taken; the peer takes the keys and complains")
            }
            Self::OnceOnly => {
                ("once-only", "the same bytes open once; the peer reads them again until they are confirmed")
            }
            Self::RefusedLeavesNothing => (
                "refused-leaves-nothing",
                "a refused message leaves nothing; the peer keeps its keys and handshake, and what follows differs",
            ),
            Self::WhenToShare => (
                "when-to-share",
                "when two users move to the place they share is not compared: not implemented yet",
            ),
            Self::FallThrough => (
                "fall-through",
                "what cannot be read is not passed on; the peer reads it as a message of no type",
            ),
            Self::AboveTheLayers => {
                ("above-the-layers", "which chats and messages an application shows is not compared")
            }
            Self::OrderOfSealing => (
                "order-of-sealing",
                "an envelope is listed after it was sealed; it is made again where its header belongs",
            ),
            Self::NeverRead => {
                ("never-read", "a message that nobody in the recording reads has nothing to be compared with")
            }
            Self::EmptyOrAbsentSignature => (
                "empty-or-absent-signature",
                "the fields do not tell an empty signature from an absent one; one of the two is judged alike",
            ),
            Self::OwnFields => {
                ("own-fields", "what we say besides, in fields that the peer ignores, is not compared")
            }
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.parts().1)
    }
}
