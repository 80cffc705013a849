//! Base32 (RFC 4648) without padding, in one case throughout: multibase `b` and `B`.

use alloc::string::String;
use alloc::vec::Vec;

/// Bits of a digit.
const BITS: u32 = 5;

const DIGITS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Upper-case digits; the last is filled up with zero bits.
pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().saturating_mul(8).div_ceil(5));
    let (mut held, mut bits) = (0_u32, 0);
    let mut push = |held: u32| {
        out.push(char::from(DIGITS.get((held & 31) as usize).copied().unwrap_or_default()));
    };
    for byte in bytes {
        held = (held << 8 | u32::from(*byte)) & 0xffff;
        bits += 8;
        while bits >= BITS {
            bits -= BITS;
            push(held >> bits);
        }
    }
    if bits > 0 {
        push(held << (BITS - bits));
    }
    out
}

/// The bytes of upper-case digits; `None` if one is none, if one is too many, or if bits are left that are not zero: every
/// text stands for its own bytes.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len().saturating_mul(5) / 8);
    let (mut held, mut bits) = (0_u32, 0);
    for digit in text.bytes() {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'2'..=b'7' => digit - b'2' + 26,
            _ => return None,
        };
        held = (held << BITS | u32::from(value)) & 0xfff;
        bits += BITS;
        if bits >= 8 {
            bits -= 8;
            out.push((held >> bits & 0xff) as u8);
        }
    }
    let left = held & ((1 << bits) - 1);
    (bits < BITS && left == 0).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    // Spec: RFC 4648, section 10
    #[test]
    fn the_examples_of_the_rfc_are_written_and_read() {
        let examples = [
            ("", ""),
            ("f", "MY"),
            ("fo", "MZXQ"),
            ("foo", "MZXW6"),
            ("foob", "MZXW6YQ"),
            ("fooba", "MZXW6YTB"),
        ];
        for (bytes, text) in examples {
            assert_eq!(encode(bytes.as_bytes()), text);
            assert_eq!(decode(text).as_deref(), Some(bytes.as_bytes()));
        }
    }

    #[test]
    fn a_text_has_no_second_spelling() {
        for other in ["M", "MZ", "MZXWA6", "my", "MY======", "M Y", "M1", "MZXW6YT", "MYA"] {
            assert_eq!(decode(other), None, "{other}");
        }
    }

    #[test]
    fn every_byte_comes_back() {
        for len in 0..64 {
            let bytes: Vec<u8> = (0..len).map(|at: u8| at.wrapping_mul(37) ^ 0x5a).collect();

            assert_eq!(decode(&encode(&bytes)), Some(bytes));
        }
    }
}
