//! Safety numbers: sixty digits that two people compare.

use core::fmt;

use status_crypto::{PublicKey, keccak256, same};

/// What is hashed first, so that these digits are no other hash of a key.
const DOMAIN: &[u8] = b"status-safety-number-v1\0";

/// Times the hash of a key is hashed again: who searches for a key with somebody's digits pays that for each try.
const ROUNDS: u32 = 5_200;

/// Digits that stand for one key.
const HALF: usize = 30;

/// Digits in all.
const LENGTH: usize = 2 * HALF;

/// Digits between two spaces.
const GROUP: usize = 5;

/// Longest text that is read as one, in bytes: sixty digits and as many spaces again, and some more.
const MAX_TEXT: usize = 256;

/// Sixty digits that follow from the keys of two people, whoever of them computes it. If both see the same, nobody stands
/// between them. Compared in constant time.
///
/// For each key `K`, compressed: `h = keccak256(DOMAIN ‖ K)`, then 5,200 times `h = keccak256(h ‖ K)`; the first 30 bytes of
/// `h` are six numbers of five bytes, big-endian, each taken modulo 100,000 and written with five digits. The half that is
/// smaller in digits comes first. `DOMAIN` is `status-safety-number-v1` and a zero byte.
#[derive(Clone, Copy)]
pub struct SafetyNumber([u8; LENGTH]);

/// Why a text is no safety number.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SafetyNumberError {
    /// The text holds something else than digits and white space.
    #[error("a safety number has digits and spaces alone")]
    Character,
    /// The text has another number of digits.
    #[error("a safety number has 60 digits, this has {found}")]
    Digits {
        /// Number found.
        found: usize,
    },
}

impl SafetyNumber {
    /// The number of two people.
    #[must_use]
    pub fn of(one: &PublicKey, other: &PublicKey) -> Self {
        let (one, other) = (half(one), half(other));
        let (first, second) = if one <= other { (one, other) } else { (other, one) };
        let mut digits = [b'0'; LENGTH];
        for (digit, half) in digits.iter_mut().zip(first.iter().chain(&second)) {
            *digit = *half;
        }
        Self(digits)
    }

    /// Reads a number that somebody has typed or a code has held; white space does not matter.
    ///
    /// # Errors
    /// [`SafetyNumberError`].
    pub fn parse(text: &str) -> Result<Self, SafetyNumberError> {
        if text.len() > MAX_TEXT || !text.chars().all(|c| c.is_ascii_digit() || c.is_whitespace()) {
            return Err(SafetyNumberError::Character);
        }
        let found = text.bytes().filter(u8::is_ascii_digit).count();
        if found != LENGTH {
            return Err(SafetyNumberError::Digits { found });
        }
        let mut digits = [b'0'; LENGTH];
        for (digit, read) in digits.iter_mut().zip(text.bytes().filter(u8::is_ascii_digit)) {
            *digit = read;
        }
        Ok(Self(digits))
    }
}

/// The digits of one key.
fn half(key: &PublicKey) -> [u8; HALF] {
    let key = key.compressed();
    let mut hash = keccak256(&[DOMAIN, &key]);
    for _ in 0..ROUNDS {
        hash = keccak256(&[&hash, &key]);
    }
    let mut digits = [b'0'; HALF];
    let numbers = hash.chunks_exact(GROUP);
    for (group, number) in digits.chunks_exact_mut(GROUP).zip(numbers) {
        let mut number = number.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        for digit in group.iter_mut().rev() {
            *digit = b'0' + (number % 10) as u8;
            number /= 10;
        }
    }
    digits
}

impl PartialEq for SafetyNumber {
    fn eq(&self, other: &Self) -> bool {
        same(&self.0, &other.0)
    }
}

impl Eq for SafetyNumber {}

impl fmt::Display for SafetyNumber {
    /// Twelve groups of five digits with spaces between them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, group) in self.0.chunks(GROUP).enumerate() {
            let space = if at == 0 { "" } else { " " };
            write!(f, "{space}{}", core::str::from_utf8(group).unwrap_or_default())?;
        }
        Ok(())
    }
}

impl fmt::Debug for SafetyNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SafetyNumber(..)")
    }
}

#[cfg(test)]
mod tests {
    use status_crypto::SecretKey;

    use super::*;

    fn key(byte: u8) -> PublicKey {
        SecretKey::from_bytes(&[byte; 32]).unwrap().public()
    }

    #[test]
    fn both_people_see_the_same_number_and_others_see_another() {
        let number = SafetyNumber::of(&key(1), &key(2));

        assert_eq!(number, SafetyNumber::of(&key(2), &key(1)));
        assert_ne!(number, SafetyNumber::of(&key(1), &key(3)));
        assert_ne!(number, SafetyNumber::of(&key(3), &key(2)));
    }

    // Worked out apart, from the text of the documentation.
    #[test]
    fn the_number_is_that_of_its_description() {
        assert_eq!(
            SafetyNumber::of(&key(0x11), &key(0x22)).to_string(),
            "12821 23607 33898 61412 43454 92577 82096 46497 01377 98744 42888 07784"
        );
    }

    #[test]
    fn a_number_is_twelve_groups_of_five_digits_and_reads_back() {
        let number = SafetyNumber::of(&key(1), &key(2));

        let text = number.to_string();

        assert_eq!(text.split(' ').map(str::len).collect::<Vec<_>>(), [5; 12]);
        assert_eq!(SafetyNumber::parse(&text.replace(' ', "\n")), Ok(number));
        assert_eq!(SafetyNumber::parse(&text.replace(' ', "")), Ok(number));
    }

    #[test]
    fn what_is_no_number_is_refused() {
        assert_eq!(SafetyNumber::parse("12345"), Err(SafetyNumberError::Digits { found: 5 }));
        assert_eq!(SafetyNumber::parse("1234x"), Err(SafetyNumberError::Character));
        assert_eq!(SafetyNumber::parse(&" ".repeat(257)), Err(SafetyNumberError::Character));
    }
}
