//! Looking for secrets in bytes, as they are and as text.

use std::collections::HashSet;

/// The shortest piece of a secret whose appearance counts, in bytes. By chance none ever appears.
const PIECE: usize = 12;

/// Everything that was published, cut into all its pieces.
#[derive(Default)]
pub struct Published {
    bytes: HashSet<[u8; PIECE]>,
    hex: HashSet<[u8; 2 * PIECE]>,
    base64: HashSet<[u8; PIECE / 3 * 4]>,
}

impl Published {
    /// Cuts what was published.
    #[must_use]
    pub fn new<'a>(published: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut all = Self::default();
        for bytes in published {
            all.bytes.extend(pieces(bytes));
            all.hex.extend(pieces(bytes));
            all.base64.extend(pieces(bytes));
        }
        all
    }

    /// The encoding in which a piece of `secret` shows. Pieces that `known` has are no secret.
    ///
    /// # Panics
    /// If the secret is too short to be looked for.
    #[must_use]
    #[track_caller]
    pub fn shows(&self, secret: &[u8], known: &Self) -> Option<&'static str> {
        assert!(secret.len() >= PIECE, "too short to be looked for");
        pieces(secret).filter(|piece| !known.bytes.contains(piece)).find_map(|piece| self.has(piece))
    }

    fn has(&self, mut piece: [u8; PIECE]) -> Option<&'static str> {
        let hex = hex::encode(piece);
        let is =
            |set: &HashSet<_>, text: &[u8]| text.try_into().is_ok_and(|text: [u8; 24]| set.contains(&text));
        if self.bytes.contains(&piece) {
            Some("bytes")
        } else if is(&self.hex, hex.as_bytes()) {
            Some("hex")
        } else if is(&self.hex, hex.to_uppercase().as_bytes()) {
            Some("upper hex")
        } else if self.base64.contains(&base64(&piece, b"+/")) {
            Some("base64")
        } else if self.base64.contains(&base64(&piece, b"-_")) {
            Some("base64 for URLs")
        } else {
            piece.reverse();
            self.bytes.contains(&piece).then_some("reversed bytes")
        }
    }
}

fn pieces<const N: usize>(bytes: &[u8]) -> impl Iterator<Item = [u8; N]> {
    bytes.windows(N).filter_map(|piece| piece.try_into().ok())
}

/// Base64 of a piece; `last` are the last two characters of the alphabet. A piece that begins elsewhere in its text
/// than at a multiple of three is found by one of its neighbours.
#[must_use]
pub fn base64(piece: &[u8; PIECE], last: &[u8; 2]) -> [u8; PIECE / 3 * 4] {
    let mut alphabet: Vec<u8> = (b'A'..=b'Z').chain(b'a'..=b'z').chain(b'0'..=b'9').collect();
    alphabet.extend(last);
    let mut out = [0; PIECE / 3 * 4];
    for (group, four) in piece.chunks_exact(3).zip(out.chunks_exact_mut(4)) {
        let number = group.iter().fold(0_usize, |number, byte| (number << 8) | usize::from(*byte));
        for (character, shift) in four.iter_mut().zip([18, 12, 6, 0]) {
            *character = alphabet.get((number >> shift) & 63).copied().unwrap_or_default();
        }
    }
    out
}
