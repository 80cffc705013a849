//! Parity: any `k` of the pieces and their combinations give all of them.
//!
//! Deployed peers use the Reed–Solomon code of a Vandermonde matrix times the inverse of its top square, over GF(2⁸)
//! with the polynomial 0x11d. That code is this one: for each position within the pieces there is a polynomial of degree
//! below `k` that has the byte of piece `i` at the point `i`; combination `j` is its value at the point `k + j`. So making
//! parity and rebuilding a piece are the same thing: the value at one point from those at `k` others.

use alloc::vec;
use alloc::vec::Vec;

/// The most points there are: the field has no more elements.
pub(crate) const POINTS: usize = 256;

/// The lower eight bits of the field's polynomial.
const POLYNOMIAL: u8 = 0x1d;

/// What is known of the polynomials: their values at some points, which differ from each other.
pub(crate) struct Known<'a>(Vec<Value<'a>>);

struct Value<'a> {
    point: u8,
    bytes: &'a [u8],
    /// The inverse of the product of all differences between this point and the others.
    scale: u8,
}

impl<'a> Known<'a> {
    pub(crate) fn new(values: &[(u8, &'a [u8])]) -> Self {
        let scale = |point: u8| {
            let others = values.iter().map(|(other, _)| *other).filter(|other| *other != point);
            inverse(others.fold(1, |product, other| multiply(product, point ^ other)))
        };
        Self(
            values
                .iter()
                .map(|(point, bytes)| Value { point: *point, bytes, scale: scale(*point) })
                .collect(),
        )
    }

    /// The first `size` bytes at the point `at`, which is none of those known. Bytes that a value lacks are zeros.
    pub(crate) fn value_at(&self, at: u8, size: usize) -> Vec<u8> {
        let mut sum = vec![0; size];
        let all = self.differences(at);
        for value in &self.0 {
            let times = Times::new(value.weight(at, all));
            for (sum, byte) in sum.iter_mut().zip(value.bytes) {
                *sum ^= times.of(*byte);
            }
        }
        sum
    }

    /// The product of the differences between `at` and all points but itself.
    fn differences(&self, at: u8) -> u8 {
        let others = self.0.iter().map(|value| at ^ value.point).filter(|difference| *difference != 0);
        others.fold(1, multiply)
    }
}

impl Value<'_> {
    /// What this value counts for the one at `at` (Lagrange). Adding and subtracting are both XOR. `all` is the product of the
    /// differences between `at` and all points.
    fn weight(&self, at: u8, all: u8) -> u8 {
        multiply(multiply(all, inverse(at ^ self.point)), self.scale)
    }
}

/// The multiples of one number.
struct Times([u8; POINTS]);

impl Times {
    fn new(factor: u8) -> Self {
        let mut multiples = [0; POINTS];
        for (number, multiple) in (0..=u8::MAX).zip(&mut multiples) {
            *multiple = multiply(factor, number);
        }
        Self(multiples)
    }

    fn of(&self, number: u8) -> u8 {
        self.0.get(usize::from(number)).copied().unwrap_or_default()
    }
}

const fn multiply(a: u8, b: u8) -> u8 {
    let (mut a, mut b, mut product) = (a, b, 0);
    while b != 0 {
        if b & 1 != 0 {
            product ^= a;
        }
        a = (a << 1) ^ if a & 0x80 == 0 { 0 } else { POLYNOMIAL };
        b >>= 1;
    }
    product
}

/// The number that gives 1 when multiplied; 0 for 0. The field has 255 numbers but 0, so this is the power of 254.
fn inverse(number: u8) -> u8 {
    let square = |power: u8| multiply(power, power);
    (0..6).fold(square(number), |power, _| square(multiply(power, number)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(data: u8, parity: u8) -> Vec<u8> {
        let known = Known::new(&(0..data).map(|point| (point, &[][..])).collect::<Vec<_>>());
        let at = data + parity;
        known.0.iter().map(|value| value.weight(at, known.differences(at))).collect()
    }

    #[test]
    fn every_number_has_an_inverse() {
        for number in 1..=u8::MAX {
            assert_eq!(multiply(number, inverse(number)), 1, "{number}");
        }
        assert_eq!(inverse(0), 0);
    }

    #[test]
    fn the_matrix_is_that_of_deployed_peers() {
        assert_eq!(hex::encode(row(8, 0)), "1a84ba33e710c627");
        assert_eq!(hex::encode(row(16, 0)), "21b5f685df02b7873edd4aa48dda6130");
        assert_eq!(hex::encode(row(16, 1)), "b52185f602df87b7dd3ea44ada8d3061");
    }

    #[test]
    fn any_eight_of_ten_give_all() {
        let pieces: Vec<Vec<u8>> = (0..8_u8).map(|piece| vec![piece * 29 + 1, piece ^ 0xa5, 7]).collect();
        let data: Vec<(u8, &[u8])> = (0..8).zip(pieces.iter().map(Vec::as_slice)).collect();
        let data = Known::new(&data);
        let parity = (8..10).map(|point| data.value_at(point, 3));
        let all: Vec<Vec<u8>> = pieces.iter().cloned().chain(parity).collect();
        for (lost, also) in (0..10_u8).flat_map(|lost| (0..lost).map(move |also| (lost, also))) {
            let left: Vec<(u8, &[u8])> = (0..10)
                .zip(all.iter().map(Vec::as_slice))
                .filter(|(point, _)| *point != lost && *point != also)
                .collect();

            assert_eq!(Known::new(&left).value_at(lost, 3), all[usize::from(lost)], "{lost} and {also} lost");
        }
    }
}
