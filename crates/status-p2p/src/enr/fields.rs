//! The values that Waku nodes put into a record, as bytes. Spec: 31/WAKU2-ENR.

use std::collections::BTreeSet;
use std::ops::BitOr;

use libp2p::Multiaddr;

use crate::config::SHARD_END;

/// From so many shards on they are written as bits instead of numbers.
const BITS_FROM: usize = 64;
/// Length of the bit form: a cluster, and one bit for each shard that can be.
const BITS_LEN: usize = 2 + SHARD_END as usize / 8;

/// What a node does for others, as it says in its record: one bit each. Unknown bits are kept.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Capabilities(u8);

impl Capabilities {
    /// It gossips.
    pub const RELAY: Self = Self(1);
    /// It keeps history and answers questions about it.
    pub const STORE: Self = Self(1 << 1);
    /// It sends chosen messages to nodes that do not gossip.
    pub const FILTER: Self = Self(1 << 2);
    /// It publishes for nodes that do not gossip.
    pub const LIGHTPUSH: Self = Self(1 << 3);
    /// It compares its history with other nodes that keep one.
    pub const SYNC: Self = Self(1 << 4);

    /// From the byte of a record.
    #[must_use]
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits)
    }

    /// The byte for a record.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Whether all of `other` are among these.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether it does nothing. Such nodes are of no use to anybody and are left out of all searches.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl BitOr for Capabilities {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// Shards of one cluster.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ClusterShards {
    /// The cluster.
    pub cluster: u16,
    /// The shards, each below 1024.
    pub shards: BTreeSet<u16>,
}

impl ClusterShards {
    /// Whether it is the same cluster and at least one shard is in both.
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        self.cluster == other.cluster && !self.shards.is_disjoint(&other.shards)
    }

    /// Whether they are written as bits (`rsv`) or as a list of numbers (`rs`).
    pub(super) fn form(&self) -> Form {
        if self.shards.len() < BITS_FROM { Form::List } else { Form::Bits }
    }

    /// The value of the field that [`ClusterShards::form`] names. Shards that cannot be are left out.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = self.cluster.to_be_bytes().to_vec();
        let shards = || self.shards.iter().copied().filter(|shard| *shard < SHARD_END);
        match self.form() {
            Form::List => {
                // Invariant: fewer than BITS_FROM, which is less than a byte holds.
                bytes.push(u8::try_from(shards().count()).unwrap_or_default());
                bytes.extend(shards().flat_map(u16::to_be_bytes));
            }
            Form::Bits => {
                bytes.resize(BITS_LEN, 0);
                for shard in shards() {
                    if let Some(byte) = bytes.get_mut(2 + usize::from(shard / 8)) {
                        *byte |= 1 << (shard % 8);
                    }
                }
            }
        }
        bytes
    }

    /// Reads a list (`rs`): cluster, how many, and the shards. `None` if the length is another or a shard cannot be.
    pub(super) fn from_list(bytes: &[u8]) -> Option<Self> {
        let (cluster, rest) = bytes.split_first_chunk()?;
        let (count, rest) = rest.split_first()?;
        let (shards, []) = rest.as_chunks() else { return None };
        if shards.len() != usize::from(*count) {
            return None;
        }
        let shards: BTreeSet<u16> = shards.iter().copied().map(u16::from_be_bytes).collect();
        let known = shards.iter().all(|shard| *shard < SHARD_END);
        known.then_some(Self { cluster: u16::from_be_bytes(*cluster), shards })
    }

    /// Reads bits (`rsv`). Within a byte the lowest bit stands for the lowest shard: the text of the specification can
    /// be read otherwise, deployed nodes all do it so.
    pub(super) fn from_bits(bytes: &[u8]) -> Option<Self> {
        if bytes.len() != BITS_LEN {
            return None;
        }
        let (cluster, bits) = bytes.split_first_chunk()?;
        let set = |shard: &u16| {
            let byte = bits.get(usize::from(shard / 8)).copied().unwrap_or_default();
            byte & (1 << (shard % 8)) != 0
        };
        let shards = (0..SHARD_END).filter(set).collect();
        Some(Self { cluster: u16::from_be_bytes(*cluster), shards })
    }
}

/// How shards are written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Form {
    List,
    Bits,
}

/// Writes addresses: before each one its length in two bytes. Whatever is longer than two bytes can say is left out.
pub(super) fn encode_addresses<'a>(addresses: impl IntoIterator<Item = &'a Multiaddr>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for address in addresses {
        if let Ok(len) = u16::try_from(address.len()) {
            bytes.extend(len.to_be_bytes());
            bytes.extend_from_slice(address.as_ref());
        }
    }
    bytes
}

/// Reads addresses up to where the bytes make no sense. What is not an address that we know of is passed over.
pub(super) fn decode_addresses(mut bytes: &[u8]) -> Vec<Multiaddr> {
    let mut addresses = Vec::new();
    while let Some((len, rest)) = bytes.split_first_chunk() {
        let Some((address, rest)) = rest.split_at_checked(usize::from(u16::from_be_bytes(*len))) else {
            break;
        };
        addresses.extend(Multiaddr::try_from(address.to_vec()).ok().filter(|address| !address.is_empty()));
        bytes = rest;
    }
    addresses
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shards(cluster: u16, shards: impl IntoIterator<Item = u16>) -> ClusterShards {
        ClusterShards { cluster, shards: shards.into_iter().collect() }
    }

    #[test]
    fn few_shards_are_a_list() {
        let status = shards(16, [32, 64]);

        assert_eq!(status.form(), Form::List);
        assert_eq!(hex::encode(status.encode()), "00100200200040");
        assert_eq!(ClusterShards::from_list(&status.encode()), Some(status));
    }

    #[test]
    fn many_shards_are_bits_and_the_lowest_bit_is_the_lowest_shard() {
        let many = shards(16, (0..64).chain([1023]));
        let bytes = many.encode();

        assert_eq!(many.form(), Form::Bits);
        assert_eq!(bytes.len(), 130);
        assert_eq!((bytes[2], bytes[9], bytes[10], bytes[129]), (0xff, 0xff, 0, 0x80));
        assert_eq!(ClusterShards::from_bits(&bytes), Some(many));
    }

    #[test]
    fn lists_of_a_wrong_length_and_shards_that_cannot_be_are_refused() {
        for text in ["", "0010", "001002", "0010020020", "001001002000", "00100100200040", "0010010400"] {
            assert_eq!(ClusterShards::from_list(&hex::decode(text).unwrap()), None, "{text}");
        }
        assert_eq!(ClusterShards::from_bits(&[0; 129]), None);
        assert_eq!(ClusterShards::from_list(&[0, 16, 0]), Some(shards(16, [])));
    }

    #[test]
    fn shards_meet_in_one_cluster_only() {
        assert!(shards(16, [1, 32]).meets(&shards(16, [32, 64])));
        assert!(!shards(1, [32]).meets(&shards(16, [32])));
        assert!(!shards(16, [1]).meets(&shards(16, [32])));
    }

    #[test]
    fn addresses_are_read_as_far_as_they_make_sense() {
        let one: Multiaddr = "/ip4/192.0.2.1/tcp/1".parse().unwrap();
        let two: Multiaddr = "/dns4/example.org/tcp/443/wss".parse().unwrap();
        let bytes = encode_addresses([&one, &two]);
        let strange = [&[0, 2, 0xff, 0x7f][..], &bytes, &[0, 9, 1]].concat();

        assert_eq!(decode_addresses(&bytes), [one.clone(), two.clone()]);
        assert_eq!(decode_addresses(&strange), [one, two]);
        assert_eq!(decode_addresses(&[0]), []);
    }
}
