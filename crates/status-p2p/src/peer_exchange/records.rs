//! The records of nodes that are known.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rand::seq::IteratorRandom;

/// Largest record, in bytes. Spec: EIP-778.
pub(crate) const MAX_RECORD: usize = 300;
/// Records that are kept, as deployed nodes do; the oldest makes room.
const MAX_RECORDS: usize = 1000;

/// Signed node records, as RLP. Discovery puts in what it has checked; peer exchange hands some of them on.
#[derive(Debug, Default)]
pub(crate) struct Records(Mutex<VecDeque<Vec<u8>>>);

impl Records {
    /// Whether bytes have the size of a record.
    pub(crate) const fn fits(record: &[u8]) -> bool {
        !record.is_empty() && record.len() <= MAX_RECORD
    }

    /// Keeps a record that was checked. What cannot be one is left out.
    pub(crate) fn keep(&self, record: Vec<u8>) {
        let mut all = self.lock();
        if !Self::fits(&record) || all.contains(&record) {
            return;
        }
        if all.len() >= MAX_RECORDS {
            all.pop_front();
        }
        all.push_back(record);
    }

    /// So many of them by chance, or all if there are not so many.
    pub(crate) fn some(&self, wanted: usize) -> Vec<Vec<u8>> {
        self.lock().iter().cloned().sample(&mut rand::rng(), wanted)
    }

    // Nothing panics while it is held.
    fn lock(&self) -> MutexGuard<'_, VecDeque<Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_kept_once_up_to_a_bound_and_the_oldest_makes_room() {
        let records = Records::default();
        for number in (0..1100_u16).chain(1099..1100) {
            records.keep(number.to_be_bytes().to_vec());
        }
        records.keep(Vec::new());
        records.keep(vec![0; MAX_RECORD + 1]);

        let all = records.some(usize::MAX);
        assert_eq!(all.len(), MAX_RECORDS);
        assert!(!all.contains(&99_u16.to_be_bytes().to_vec()));
        assert!(all.contains(&1099_u16.to_be_bytes().to_vec()));
        assert_eq!(records.some(20).len(), 20);
    }
}
