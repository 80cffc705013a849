//! A key cut into numbers, and numbers written in any base.

use alloc::vec::Vec;

use status_layer::UserId;

/// `N` bytes of a compressed key, taken as a number of 264 bits, from 4 bits after the beginning of byte `start` on.
///
/// Deployed peers drop 12 bits, take 160 for emoji and 80 for colours, and drop the last 12.
pub(crate) fn slice<const N: usize>(user: &UserId, start: usize) -> [u8; N] {
    let mut out = [0; N];
    for (byte, pair) in out.iter_mut().zip(user.as_bytes().windows(2).skip(start)) {
        if let [high, low] = pair {
            *byte = high << 4 | low >> 4;
        }
    }
    out
}

/// A big-endian number in base `base`, the most significant digit first; zero is one digit.
pub(crate) fn digits(number: &[u8], base: u16) -> Vec<u16> {
    let mut number = number.to_vec();
    let mut out = Vec::new();
    loop {
        out.push(divide(&mut number, base));
        if number.iter().all(|byte| *byte == 0) {
            break;
        }
    }
    out.reverse();
    out
}

/// What is left of a big-endian number when it is divided by `by`.
pub(crate) fn remainder(number: &[u8], by: u16) -> u16 {
    divide(&mut number.to_vec(), by)
}

/// Divides a big-endian number in place, and returns the remainder.
fn divide(number: &mut [u8], by: u16) -> u16 {
    let by = u32::from(by.max(1));
    let mut rest = 0;
    for byte in number {
        let whole = rest << 8 | u32::from(*byte);
        // The rest is smaller than the divisor, so the quotient fits one byte.
        *byte = (whole / by) as u8;
        rest = whole % by;
    }
    rest as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_in_any_base() {
        assert_eq!(digits(&[15], 16), [15]);
        assert_eq!(digits(&495_u32.to_be_bytes(), 16), [1, 14, 15]);
        assert_eq!(digits(&495_u32.to_be_bytes(), 30), [16, 15]);
        assert_eq!(digits(&2048_u32.to_be_bytes(), 1024), [2, 0]);
        assert_eq!(digits(&[0; 4], 160), [0]);
        assert_eq!(digits(&[], 160), [0]);
    }

    #[test]
    fn every_number_of_32_bits_comes_back_from_its_digits() {
        for number in [1, 2756, 2757, 2758, 0xff00, 0xffff_fffe, u32::MAX] {
            for base in [2, 11, 160, 2757, u16::MAX] {
                let back = digits(&number.to_be_bytes(), base)
                    .iter()
                    .fold(0_u64, |value, digit| value * u64::from(base) + u64::from(*digit));

                assert_eq!(back, u64::from(number), "base {base}");
            }
        }
    }

    #[test]
    fn a_hundred_and_sixty_bits_are_fourteen_digits_of_base_2757() {
        assert_eq!(digits(&[0xff; 20], 2757).len(), 14);
        assert_eq!(digits(&[0xff; 20], 2756).len(), 15);
    }

    #[test]
    fn a_key_is_cut_at_its_twelfth_bit() {
        let key = "03086138b210f21d41c757ae8a5d2a4cb29c1350f7389517608378ebd9efcf4a55";
        let user = UserId::from_compressed(&hex::decode(key).unwrap()).unwrap();

        assert_eq!(hex::encode(slice::<20>(&user, 1)), "86138b210f21d41c757ae8a5d2a4cb29c1350f73");
        assert_eq!(hex::encode(slice::<10>(&user, 21)), "89517608378ebd9efcf4");
    }
}
