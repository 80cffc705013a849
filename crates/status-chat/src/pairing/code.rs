//! What an invitation says: where the two devices meet, and the secret by which they know each other.

use std::fmt;
use std::str::FromStr;

use rand_core::CryptoRng;
use status_crypto::account::{Mnemonic, MnemonicError};
use status_layer::Name;
use zeroize::Zeroizing;

use super::PairingError;

/// What a QR text begins with.
const QR: &str = "status-pair:1:";
/// Bytes of the place in a QR text, and of its secret.
const QR_PART: usize = 16;
/// Digits of the place in a short code.
const DIGITS: u32 = 6;
/// Words of the secret in a short code: 22 bits.
const WORDS: usize = 2;
/// Longest text that is looked at, in bytes.
const MAX_TEXT: usize = 128;

/// The code of an invitation, short (`482193-guitar-velvet`) or as a QR code carries it. Printed only on purpose.
#[derive(Clone)]
pub(super) struct Code {
    /// Where the two meet. No secret: whoever listens there learns nothing, and may at most make the pairing fail.
    place: String,
    secret: Zeroizing<String>,
    short: bool,
}

impl Code {
    /// A code to be read out and typed: 22 bits of secret, of which an invitation allows one guess.
    pub(super) fn short(rng: &mut dyn CryptoRng) -> Result<Self, PairingError> {
        let mut number = [0; 8];
        rng.fill_bytes(&mut number);
        // The remainder of 64 bits is as good as even.
        let place = u64::from_be_bytes(number) % 10_u64.pow(DIGITS);
        let words = Mnemonic::generate(rng).map_err(|_| PairingError::Randomness)?;
        let secret = words.expose().split(' ').take(WORDS).collect::<Vec<_>>().join("-");
        Ok(Self { place: format!("{place:06}"), secret: Zeroizing::new(secret), short: true })
    }

    /// A code to be shown as an image: 128 bits of secret, at a place that nobody can guess.
    pub(super) fn long(rng: &mut dyn CryptoRng) -> Self {
        let mut bytes = Zeroizing::new([0; 2 * QR_PART]);
        rng.fill_bytes(bytes.as_mut_slice());
        let (place, secret) = bytes.split_at(QR_PART);
        Self { place: hex(place), secret: Zeroizing::new(hex(secret)), short: false }
    }

    /// The channel at which the two meet.
    pub(super) fn channel(&self) -> Result<Name, PairingError> {
        Name::new(format!("status-pairing-{}", self.place)).map_err(|_| PairingError::NoCode)
    }

    /// What both know and nobody else.
    pub(super) fn secret(&self) -> &str {
        &self.secret
    }

    /// The code as it is shown.
    pub(super) fn text(&self) -> Zeroizing<String> {
        Zeroizing::new(match self.short {
            true => format!("{}-{}", self.place, &*self.secret),
            false => format!("{QR}{}:{}", self.place, &*self.secret),
        })
    }
}

impl FromStr for Code {
    type Err = PairingError;

    /// Reads either form. A short one may be typed with spaces for hyphens, and in capitals; a misspelt word is found
    /// here, and costs no guess.
    fn from_str(text: &str) -> Result<Self, PairingError> {
        let text = Zeroizing::new(text.trim().to_ascii_lowercase());
        if text.len() > MAX_TEXT {
            return Err(PairingError::NoCode);
        }
        if let Some(parts) = text.strip_prefix(QR) {
            let (place, secret) = parts.split_once(':').ok_or(PairingError::NoCode)?;
            let legal = |part: &str| part.len() == 2 * QR_PART && part.chars().all(|c| c.is_ascii_hexdigit());
            if !legal(place) || !legal(secret) {
                return Err(PairingError::NoCode);
            }
            return Ok(Self { place: place.into(), secret: Zeroizing::new(secret.into()), short: false });
        }
        let split = |c: char| c == '-' || c.is_whitespace();
        let mut parts = text.split(split).filter(|part| !part.is_empty());
        let place = parts.next().unwrap_or_default();
        let words: Vec<&str> = parts.collect();
        if place.len() != DIGITS as usize
            || !place.chars().all(|c| c.is_ascii_digit())
            || words.len() != WORDS
        {
            return Err(PairingError::NoCode);
        }
        known(&words)?;
        Ok(Self { place: place.into(), secret: Zeroizing::new(words.join("-")), short: true })
    }
}

/// Whether all words are words of codes.
fn known(words: &[&str]) -> Result<(), PairingError> {
    // A phrase of twelve; only whether its words exist is of interest.
    let phrase = Zeroizing::new(words.iter().copied().cycle().take(12).collect::<Vec<_>>().join(" "));
    match Mnemonic::parse(&phrase) {
        Err(MnemonicError::UnknownWord { number }) => Err(PairingError::Misspelt { word: number }),
        _ => Ok(()),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Code({}, ..)", self.place)
    }
}

#[cfg(test)]
mod tests {
    use status_layer::testing::rng;

    use super::*;

    #[test]
    fn a_code_reads_as_it_is_written() {
        for code in [Code::short(&mut rng(1)).unwrap(), Code::long(&mut rng(2))] {
            let read: Code = code.text().parse().unwrap();

            assert_eq!((read.channel().unwrap(), read.secret()), (code.channel().unwrap(), code.secret()));
            assert_eq!(*read.text(), *code.text());
            assert!(!format!("{code:?}").contains(code.secret()));
        }
    }

    #[test]
    fn a_short_code_may_be_typed_as_people_type() {
        let written: Code = "482193-guitar-velvet".parse().unwrap();

        for typed in ["482193 guitar velvet", " 482193-Guitar-VELVET\n", "482193  guitar - velvet"] {
            assert_eq!(typed.parse::<Code>().unwrap().secret(), written.secret(), "{typed}");
        }
    }

    #[test]
    fn what_is_no_code_is_refused_and_a_misspelt_word_is_named() {
        let qr = Code::long(&mut rng(2)).text();
        for text in [
            "",
            "482193",
            "48219-guitar-velvet",
            "482193-guitar",
            "a-b-c",
            &qr[..qr.len() - 1],
            &"x".repeat(999),
        ] {
            assert!(matches!(text.parse::<Code>(), Err(PairingError::NoCode)), "{text}");
        }
        assert!(matches!("482193-guitar-velwet".parse::<Code>(), Err(PairingError::Misspelt { word: 2 })));
    }
}
