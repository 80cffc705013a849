//! Display names.

use status_layer::judge_display_name;

/// Whether a user may call themselves so. No name at all is fine, and white space at the ends is of no account.
pub(super) fn is_display_name(name: &str) -> bool {
    let name = name.trim();
    name.is_empty() || judge_display_name(name).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn display_name_has_5_to_24_plain_characters() {
        for good in ["", "  ", "alice", "  alice  ", "Alice B-2_", &"a".repeat(24)] {
            assert!(is_display_name(good), "{good:?}");
        }
        for bad in ["bob", "a b ", "alice!", "alicé", "alice.b", &"a".repeat(25)] {
            assert!(!is_display_name(bad), "{bad:?}");
        }
    }

    #[test]
    fn display_name_does_not_look_like_a_name_of_ens() {
        assert!(!is_display_name("alice-eth"));
        assert!(!is_display_name("alice_eth "));
        assert!(is_display_name("aliceeth"));
    }
}
