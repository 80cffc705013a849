//! Display names.

/// Whether a user may call themselves so. No name at all is fine.
///
/// Peers also refuse the three-word names that they make from keys; their word lists are not known here.
pub(super) fn is_display_name(name: &str) -> bool {
    const LENGTH: core::ops::RangeInclusive<usize> = 5..=24; // characters

    let name = name.trim();
    let plain = |c: char| c.is_ascii_alphanumeric() || "_- \t\n\r\u{c}".contains(c);
    let like_ens = ["_eth", ".eth", "-eth"].iter().any(|end| name.ends_with(end));
    name.is_empty() || (LENGTH.contains(&name.chars().count()) && name.chars().all(plain) && !like_ens)
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
