//! Where everything is in a sealed file, in bytes.
//!
//! ```text
//! superblock, twice │ head, two slots │ journal │ slots │ group 0 │ group 1 │ …
//! group: marks, two sides │ 4096 blocks
//! ```
//! Parts that were never written are holes.

use super::cipher::{NONCE, TAG};

/// Length of a block, in bytes: the page of redb.
pub(crate) const BLOCK: usize = 4096;
/// Length of a sealed block, in bytes.
pub(crate) const RECORD: usize = NONCE + BLOCK + TAG;

/// The two slots of the head, behind the superblock.
pub(crate) const HEADS: [u64; 2] = [8192, 49_152];
/// The most that a slot of the head holds, in bytes.
pub(crate) const HEAD_ROOM: usize = 40_960;

/// The journal.
pub(crate) const JOURNAL: u64 = 90_112;
/// Sealed blocks in the journal.
pub(crate) const JOURNAL_RECORDS: usize = 256;

/// The slots of secret rows; they begin where a page of the disk begins.
pub(crate) const SLOTS: u64 = 1_150_976;
/// Length of a slot, in bytes. It divides what a disk writes whole, so no slot is ever torn.
pub(crate) const SLOT: usize = 32;
/// The most rows of secret areas that a sealed store keeps: each has a slot of its own.
pub const MAX_SLOTS: u32 = 262_144;

/// Where the groups begin.
pub(crate) const GROUPS: u64 = SLOTS + MAX_SLOTS as u64 * SLOT as u64;
/// Blocks of one group: 16 MiB of the database.
pub(crate) const GROUP: u64 = 4096; // blocks
/// The most groups of a file: 64 GiB of the database.
pub(crate) const MAX_GROUPS: u64 = 4096;
/// Length of the marks of a group, in bytes: eight for each block.
pub(crate) const MARKS: usize = GROUP as usize * 8;
/// Length of the sealed marks of a group, in bytes.
pub(crate) const MARKS_RECORD: usize = NONCE + MARKS + TAG;
const GROUP_LEN: u64 = 2 * MARKS_RECORD as u64 + GROUP * RECORD as u64;

/// Where the block `index` of the database is. The first is not there but in the head.
pub(crate) const fn block_at(index: u64) -> u64 {
    marks_at(index / GROUP, 2).saturating_add((index % GROUP).saturating_mul(RECORD as u64))
}

/// Where one of the two sides of the marks of `group` is; the blocks begin where a third would be.
pub(crate) const fn marks_at(group: u64, side: u64) -> u64 {
    GROUPS
        .saturating_add(group.saturating_mul(GROUP_LEN))
        .saturating_add(side.saturating_mul(MARKS_RECORD as u64))
}

/// Where the slot `number` is.
pub(crate) const fn slot_at(number: u32) -> u64 {
    SLOTS.saturating_add(number as u64 * SLOT as u64)
}

/// How many blocks a database of `len` bytes has.
pub(crate) const fn blocks_of(len: u64) -> u64 {
    len.div_ceil(BLOCK as u64)
}

/// How many groups they make.
pub(crate) const fn groups_of(len: u64) -> u64 {
    blocks_of(len).div_ceil(GROUP)
}

/// Where the file of a database of `len` bytes ends.
pub(crate) const fn end(len: u64) -> u64 {
    match blocks_of(len).checked_sub(1) {
        None | Some(0) => GROUPS,
        Some(last) => block_at(last).saturating_add(RECORD as u64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_parts_of_a_file_meet() {
        let heads = HEAD_ROOM as u64;

        assert!(HEADS[0] + heads <= HEADS[1] && HEADS[1] + heads <= JOURNAL);
        assert!(JOURNAL + (JOURNAL_RECORDS * RECORD) as u64 <= SLOTS);
        assert_eq!((SLOTS % 4096, 512 % SLOT), (0, 0), "a slot may be torn");
        assert_eq!(slot_at(MAX_SLOTS), GROUPS);
        assert_eq!(block_at(0), GROUPS + 2 * MARKS_RECORD as u64);
        assert_eq!(block_at(GROUP - 1) + RECORD as u64, marks_at(1, 0));
        assert_eq!(end(0), GROUPS);
        assert_eq!(end(2 * BLOCK as u64), block_at(1) + RECORD as u64);
    }
}
