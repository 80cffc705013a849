//! The keys of places, which many nodes derive from the same names, and which take long to derive.

use std::cell::RefCell;
use std::collections::BTreeMap;

use status_layer::Secret;
use status_privacy::hazmat::symmetric_key;

/// Keys that a thread remembers; then it begins anew.
const MAX_KEYS: usize = 10_000;

thread_local! {
    static KEYS: RefCell<BTreeMap<Vec<u8>, Secret>> = const { RefCell::new(BTreeMap::new()) };
}

/// The key of the place with this name, derived at most once by each thread.
pub(crate) fn key(name: &[u8]) -> Secret {
    KEYS.with_borrow_mut(|keys| {
        if let Some(key) = keys.get(name) {
            return key.clone();
        }
        if keys.len() >= MAX_KEYS {
            keys.clear();
        }
        let key = symmetric_key(name);
        keys.insert(name.to_vec(), key.clone());
        key
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remembered_key_is_the_one_that_is_derived() {
        let first = key(b"a place");
        let again = key(b"a place");

        assert_eq!(again.expose(), first.expose());
        assert_eq!(again.expose(), symmetric_key(b"a place").expose());
        assert_ne!(key(b"another").expose(), first.expose());
    }
}
