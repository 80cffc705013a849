//! Where peers differ, and whom this one behaves like.

use status_layer::Timestamp;

use crate::config::Resend;
use crate::table::record::Record;

/// Whose habits an exchange has.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Habits {
    /// Ours: those of deployed peers without the ones that lose messages.
    #[default]
    Ours,
    /// Those of a peer of the year 2020, so that its recorded traces can be replayed.
    #[cfg(feature = "hazmat")]
    Of2020(crate::hazmat::Storage),
}

impl Habits {
    /// When something queued at `now` is sent for the first time.
    pub(crate) fn first(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Ours => now,
            #[cfg(feature = "hazmat")]
            Self::Of2020(_) => now.after(crate::EPOCH),
        }
    }

    /// When `record`, which was just sent, is due again. `draw` is random.
    pub(crate) fn next(self, resend: &Resend, record: &Record, draw: u32) -> Timestamp {
        let next = match self {
            Self::Ours => resend.next(record.sent, record.sends, draw),
            #[cfg(feature = "hazmat")]
            Self::Of2020(_) => crate::hazmat::next_in_2020(record.due, record.sent, record.sends),
        };
        // Invariant: what was sent is due later, whatever was configured.
        next.max(Timestamp::from_millis(record.sent.millis().saturating_add(1)))
    }

    /// Whether a message that was here before is acknowledged once more. If not, a lost ack is never repaired.
    pub(crate) const fn acknowledges_copies(self) -> bool {
        match self {
            Self::Ours => true,
            #[cfg(feature = "hazmat")]
            Self::Of2020(storage) => matches!(storage, crate::hazmat::Storage::Memory),
        }
    }

    /// Whether an offer of a message that is here is acknowledged. If not, it is repeated for ever.
    pub(crate) const fn acknowledges_offers(self) -> bool {
        match self {
            Self::Ours => true,
            #[cfg(feature = "hazmat")]
            Self::Of2020(_) => false,
        }
    }

    /// Whether what waits is sent again when its reader is heard from, and given up when they never are.
    pub(crate) const fn wakes(self) -> bool {
        match self {
            Self::Ours => true,
            #[cfg(feature = "hazmat")]
            Self::Of2020(_) => false,
        }
    }

    /// Whether a message is offered on to the other members of its group. Ours go to each member directly.
    pub(crate) const fn relays(self) -> bool {
        match self {
            Self::Ours => false,
            #[cfg(feature = "hazmat")]
            Self::Of2020(_) => true,
        }
    }
}
