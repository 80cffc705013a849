//! The ids of MVDS.

use core::fmt;

use status_crypto::{keccak256, sha256};
use status_layer::{GroupId, UserId};

/// The id of an MVDS message, 32 bytes. Not the application's id: the same body has another one for each reader.
#[derive(Clone, Copy, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct SyncId([u8; 32]);

impl SyncId {
    /// Spec: MVDS, "Payloads": SHA-256 over `MESSAGE_ID`, the group, the time in seconds as 8 bytes
    /// little-endian, and the body.
    pub(crate) fn of(group: &[u8], timestamp: i64, body: &[u8]) -> Self {
        Self(sha256(&[b"MESSAGE_ID", group, &timestamp.to_le_bytes(), body]))
    }

    /// Reads an id as deployed peers do: a short one is filled with zeros, of a long one the rest is ignored.
    pub(crate) fn padded(bytes: &[u8]) -> Self {
        let mut id = [0; 32];
        for (to, from) in id.iter_mut().zip(bytes) {
            *to = *from;
        }
        Self(id)
    }

    pub(crate) const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub(crate) const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for SyncId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, ..] = self.0;
        write!(f, "SyncId({a:02x}{b:02x}{c:02x}{d:02x})")
    }
}

/// The MVDS group of two users: Keccak-256 over both compressed keys, the one with the smaller X first.
pub(crate) fn pair(a: &UserId, b: &UserId) -> GroupId {
    // Keys of equal X are in reverse order of the arguments, as deployed peers have it.
    let (first, second) = if a.x() < b.x() { (a, b) } else { (b, a) };
    GroupId::new(keccak256(&[first.as_bytes(), second.as_bytes()]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_users_name_their_pair_alike() {
        let key = |hex: &str| UserId::from_compressed(&hex::decode(hex).unwrap()).unwrap();
        let a = key("034f355bdcb7cc0af728ef3cceb9615d90684bb5b2ca5f859ab0f0b704075871aa");
        let b = key("02466d7fcae563e5cb09a0d1870bb580344804617879a14949cf22285f1bae3f27");

        let group = pair(&a, &b);

        assert_eq!(group, pair(&b, &a));
        assert_eq!(group.to_string(), "0xdc89de8da5443321f7861e199ea4373e0ba13fd8eef1401fa3d1d8d65fff7b61");
    }

    #[test]
    fn message_id_covers_group_time_and_body() {
        let group = hex::decode("dc89de8da5443321f7861e199ea4373e0ba13fd8eef1401fa3d1d8d65fff7b61").unwrap();

        let id = SyncId::of(&group, 1_600_000_000, b"hello");

        assert_eq!(
            hex::encode(id.as_bytes()),
            "7edc1c077ea819eeeee2468a0bd826c119790255f3bc24ddc61fbfe5b5cc80de"
        );
    }

    #[test]
    fn an_id_of_wrong_length_is_padded_or_cut() {
        assert_eq!(SyncId::padded(&[1, 2]).as_bytes()[..3], [1, 2, 0]);
        assert_eq!(SyncId::padded(&[3; 40]), SyncId::new([3; 32]));
    }
}
