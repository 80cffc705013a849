//! What this layer refuses, and how it fails.

use status_layer::{LayerError, StoreError};

/// Why members were not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ShareError {
    /// Every message is sent to each member by itself, so a closed chat stays small.
    #[error("a closed chat of {len} others is too large, at most {max} are kept. Use a channel")]
    TooManyMembers {
        /// Members given, ourselves not counted.
        len: usize,
        /// Most members, ourselves not counted.
        max: usize,
    },
    /// This data sync has no closed chats: [`Once`](crate::Once).
    #[error("a data sync that sends once knows no closed chats. Write to each member, or use a channel")]
    NoGroups,
    /// Our own storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a body was not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AppendError {
    /// The body does not fit.
    #[error("a body of {len} bytes is too large, at most {max} are sent. Shorten it")]
    BodyTooLarge {
        /// Length of the body, in bytes.
        len: usize,
        /// Longest body, in bytes.
        max: usize,
    },
    /// Nobody said who its members are.
    #[error("the members of this closed chat are unknown. Share it first")]
    UnknownGroup,
    /// A reader has confirmed nothing for a very long time.
    #[error("{max} messages wait for one reader already. Try again when some are confirmed")]
    TooManyWaiting {
        /// Most messages that wait for one reader.
        max: u32,
    },
    /// Too much waits to leave, or left too short a time ago: [`Once`](crate::Once).
    #[error("{max} messages wait to leave or have just left. Try again later")]
    TooManyInAll {
        /// Most messages that are kept at a time.
        max: u64,
    },
    /// Our own storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a letter was not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiveError {
    /// No peer sends so much at once.
    #[error("a datagram of {len} bytes is too large, at most {max} are read")]
    TooLarge {
        /// Length of the datagram, in bytes.
        len: usize,
        /// Longest datagram, in bytes.
        max: usize,
    },
    /// It holds a message for a group that we do not share with its sender. Nothing of the letter was used.
    #[error("a message is not meant for its sender and us")]
    ForeignGroup,
    /// Our own storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why this layer refuses or fails.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SyncError {
    /// Members were not taken.
    #[error(transparent)]
    Share(#[from] ShareError),
    /// A body was not taken.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// A letter was not taken.
    #[error(transparent)]
    Receive(#[from] ReceiveError),
    /// Our own storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<SyncError> for LayerError {
    fn from(error: SyncError) -> Self {
        match error {
            SyncError::Store(error)
            | SyncError::Share(ShareError::Store(error))
            | SyncError::Append(AppendError::Store(error))
            | SyncError::Receive(ReceiveError::Store(error)) => Self::fault(error),
            SyncError::Share(error) => Self::reject(error),
            SyncError::Append(error) => Self::reject(error),
            SyncError::Receive(error) => Self::reject(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_store_is_a_fault_and_bad_input_is_refused() {
        let store = || StoreError::Damaged { what: "test" };

        let faults: [SyncError; 4] = [
            store().into(),
            ShareError::Store(store()).into(),
            AppendError::Store(store()).into(),
            ReceiveError::Store(store()).into(),
        ];
        let refused = LayerError::from(SyncError::from(ReceiveError::ForeignGroup));

        for fault in faults {
            assert!(matches!(LayerError::from(fault), LayerError::Fault(_)));
        }
        assert!(matches!(refused, LayerError::Reject(reason) if reason.is::<ReceiveError>()));
    }
}
