//! Numbers as deployed peers read them: the float literals of Go, which are more than those of Rust.

/// Whether a peer reads this text as a 64-bit float that is not too large for one.
pub(super) fn is_number(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if text.eq_ignore_ascii_case("nan")
        || ["inf", "infinity"].iter().any(|w| unsigned.eq_ignore_ascii_case(w))
    {
        return true;
    }
    if !underscores_separate_digits(unsigned) {
        return false;
    }
    let digits = unsigned.bytes().filter(|b| *b != b'_');
    match unsigned.get(..2) {
        Some("0x" | "0X") => Literal::read(digits.skip(2), 16).is_some_and(|literal| literal.fits_base_16()),
        _ => Literal::read(digits.clone(), 10).is_some() && fits_base_10(unsigned),
    }
}

/// The parts of a literal as far as its size depends on them: in base 16 it is about
/// `mantissa * 16^scale * 2^exponent`.
struct Literal {
    /// The first 64 bits, leading zeros apart.
    mantissa: u64,
    /// Digits before the point that found no room in the mantissa, less digits after it that did.
    scale: i64,
    exponent: i64,
}

impl Literal {
    /// Exponents stop counting here; nothing near fits.
    const MAX_EXPONENT: i64 = 10_000;

    fn read(mut bytes: impl Iterator<Item = u8>, base: u8) -> Option<Self> {
        let marker = if base == 16 { b'p' } else { b'e' };
        let mut literal = Self { mantissa: 0, scale: 0, exponent: 0 };
        let (mut digits, mut point) = (false, false);
        loop {
            match bytes.next() {
                Some(b'.') if !point => point = true,
                Some(byte) if digits && byte.to_ascii_lowercase() == marker => {
                    literal.exponent = Self::exponent(bytes)?;
                    return Some(literal);
                }
                Some(byte) => {
                    let digit = char::from(byte).to_digit(base.into())?;
                    digits = true;
                    literal.push(digit, point);
                }
                // A literal in base 16 must have an exponent.
                None => return (digits && base == 10).then_some(literal),
            }
        }
    }

    fn push(&mut self, digit: u32, after_point: bool) {
        if self.mantissa >> 60 == 0 {
            self.mantissa = self.mantissa << 4 | u64::from(digit);
            self.scale -= i64::from(after_point);
        } else {
            self.scale += i64::from(!after_point);
        }
    }

    fn exponent(bytes: impl Iterator<Item = u8>) -> Option<i64> {
        let mut bytes = bytes.peekable();
        let sign = if bytes.peek() == Some(&b'-') { -1 } else { 1 };
        bytes.next_if(|b| matches!(b, b'+' | b'-'));
        bytes.peek()?;
        let mut value = 0;
        for byte in bytes {
            let digit = char::from(byte).to_digit(10)?;
            value = (value * 10 + i64::from(digit)).min(Self::MAX_EXPONENT);
        }
        Some(sign * value)
    }

    /// Whether the value rounds to something below 2^1024.
    fn fits_base_16(&self) -> bool {
        const TOP: i64 = 1_023;
        const ROUNDS_UP: u64 = u64::MAX << 10; // the 53 bits of a float, and the one that decides

        let zeros = self.mantissa.leading_zeros();
        let top = 63 - i64::from(zeros) + 4 * self.scale + self.exponent;
        let carries = self.mantissa.checked_shl(zeros).unwrap_or(0) & ROUNDS_UP == ROUNDS_UP;
        self.mantissa == 0 || top + i64::from(carries) <= TOP
    }
}

/// Whether a literal in base 10 rounds to a finite float.
fn fits_base_10(unsigned: &str) -> bool {
    let digits = unsigned.replace('_', "");
    digits.parse::<f64>().is_ok_and(f64::is_finite)
}

/// Whether every underscore stands between two digits, or between the prefix of base 16 and a digit.
fn underscores_separate_digits(unsigned: &str) -> bool {
    let (digits, base, prefixed) = match unsigned.get(..2) {
        Some("0x" | "0X") => (unsigned.get(2..).unwrap_or(""), 16, true),
        _ => (unsigned, 10, false),
    };
    let mut after_digit = prefixed;
    let mut after_underscore = false;
    for c in digits.chars() {
        let digit = c.is_digit(base);
        if (c == '_' && !after_digit) || (after_underscore && !digit) {
            return false;
        }
        after_digit = digit;
        after_underscore = c == '_';
    }
    !after_underscore
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_peers_are_numbers() {
        let good = [
            "0",
            "1",
            "-3",
            "+0.5",
            "1.",
            ".5",
            "1e10",
            "1E-10",
            "1_000",
            "1_0.0_1e1_0",
            "NaN",
            "inf",
            "-Infinity",
            "0x1p4",
            "0X_1.8P-2",
            "0x.8p0",
            "1e308",
            "1e-999",
            "0e99999",
            "0x0p99999",
            "0x1p1023",
            "-0x1p-9999",
        ];

        for text in good {
            assert!(is_number(text), "{text}");
        }
    }

    #[test]
    fn other_texts_are_no_numbers() {
        let bad = [
            "", " 1", "1 ", "abc", ".", "1e", "1e+", "e5", "--1", "1..2", "_1", "1_", "1__0", "1_.5", "1e_5",
            "-nan", "infi", "0x", "0x1", "0xp4", "0x1p", "0b1", "1f", "١",
        ];

        for text in bad {
            assert!(!is_number(text), "{text}");
        }
    }

    #[test]
    fn numbers_too_large_for_a_float_are_refused() {
        let large = [
            "1e309",
            "-1e99999",
            "1.7976931348623159e308",
            "0x1p1024",
            "0x1.fffffffffffff8p1023",
            "0x10p1020",
        ];
        let just = ["1.7976931348623157e308", "0x1.fffffffffffff7p1023", "0x0.8p1024", "0x.00001p1040"];

        for text in large {
            assert!(!is_number(text), "{text}");
        }
        for text in just {
            assert!(is_number(text), "{text}");
        }
    }
}
