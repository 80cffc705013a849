//! From the secret of a code to keys that nobody else has: SPAKE2, with confirmation both ways.
//!
//! ```text
//! K  = SPAKE2 over Ed25519, the new device as A, the old one as B, with the secret of the code as password
//! T  = SHA-256("status pairing 1" ‖ channel ‖ passing user of the new device ‖ of the old one ‖ A's message ‖ B's), each part
//!      after its length (2 bytes)
//! keys = HKDF-SHA-256(input K, salt T, info "status pairing keys 1"): 32 bytes each, for sealing and confirming, of the new
//!      device and of the old one
//! ```
//!
//! Whoever does not know the secret gets one guess for each exchange, and finds nothing out from what was exchanged
//! afterwards. A confirmation covers `T` and all that was sealed before it, which has the ids of both devices in it.

use rand_core::CryptoRng;
use spake2::{Ed25519Group, Identity, Password, Spake2};
use status_crypto::aead::{open_nonce_last, seal_nonce_last};
use status_crypto::{hkdf_sha256, hmac_sha256, same, sha256};
use status_layer::{Name, UserId};
use zeroize::Zeroizing;

/// Length of what each side says first, in bytes.
pub(super) const OPENING: usize = 33;
/// Length of a confirmation, in bytes.
pub(super) const MAC: usize = 32;

const NEW: &[u8] = b"new device";
const OLD: &[u8] = b"device of the account";

/// Which of the two devices.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Side {
    /// The one that joins.
    New,
    /// The one that has the account.
    Old,
}

/// One side of the exchange, before it has heard the other. Good for one exchange.
pub(super) struct Opening {
    side: Side,
    spake: Spake2<Ed25519Group>,
    said: [u8; OPENING],
}

/// Who met where.
pub(super) struct Meeting<'a> {
    pub(super) channel: &'a Name,
    /// The passing identity of the new device.
    pub(super) new: &'a UserId,
    /// That of the old one.
    pub(super) old: &'a UserId,
}

/// What both sides have in common after the exchange, if they knew the same secret. Wiped when dropped.
pub(super) struct Keys {
    transcript: [u8; 32],
    keys: Zeroizing<[u8; 4 * 32]>,
}

impl Opening {
    pub(super) fn new(side: Side, secret: &str, rng: &mut dyn CryptoRng) -> Self {
        let (password, a, b) = (Password::new(secret), Identity::new(NEW), Identity::new(OLD));
        let (spake, said) = match side {
            Side::New => Spake2::start_a_with_rng(&password, &a, &b, rng),
            Side::Old => Spake2::start_b_with_rng(&password, &a, &b, rng),
        };
        // It is always that long.
        let said = said.first_chunk().copied().unwrap_or([0; OPENING]);
        Self { side, spake, said }
    }

    /// What is to be said to the other side.
    pub(super) const fn said(&self) -> &[u8; OPENING] {
        &self.said
    }

    /// The keys, once the other side was heard; `None` if what it said is nothing that it could have said.
    pub(super) fn finish(self, heard: &[u8; OPENING], meeting: &Meeting<'_>) -> Option<Keys> {
        let (a, b) = match self.side {
            Side::New => (&self.said, heard),
            Side::Old => (heard, &self.said),
        };
        let parts: [&[u8]; 6] = [
            b"status pairing 1",
            meeting.channel.as_str().as_bytes(),
            meeting.new.as_bytes(),
            meeting.old.as_bytes(),
            a,
            b,
        ];
        let mut bytes = Vec::new();
        for part in parts {
            bytes.extend(u16::try_from(part.len()).ok()?.to_be_bytes());
            bytes.extend(part);
        }
        let transcript = sha256(&[&bytes]);
        let shared = Zeroizing::new(self.spake.finish(heard).ok()?);
        let mut keys = Zeroizing::new([0; 4 * 32]);
        hkdf_sha256(&shared, &transcript, b"status pairing keys 1", keys.as_mut_slice()).ok()?;
        Some(Keys { transcript, keys })
    }
}

impl Keys {
    /// Seals what a side says, and confirms that it has the keys. `before` is what was sealed in the exchange up to now.
    pub(super) fn seal(
        &self,
        side: Side,
        before: &[u8],
        plain: &[u8],
        rng: &mut dyn CryptoRng,
    ) -> Option<([u8; MAC], Vec<u8>)> {
        let (sealing, confirming) = self.of(side);
        let sealed = seal_nonce_last(sealing, rng, plain).ok()?;
        Some((hmac_sha256(confirming, &[&self.transcript, before, &sealed]), sealed))
    }

    /// Opens what a side has sealed; `None` if it does not have the same keys.
    pub(super) fn open(
        &self,
        side: Side,
        before: &[u8],
        mac: &[u8; MAC],
        sealed: &[u8],
    ) -> Option<Zeroizing<Vec<u8>>> {
        let (sealing, confirming) = self.of(side);
        let confirmed = same(&hmac_sha256(confirming, &[&self.transcript, before, sealed]), mac);
        confirmed.then(|| open_nonce_last(sealing, sealed).ok()).flatten()
    }

    fn of(&self, side: Side) -> (&[u8], &[u8]) {
        let (new, old) = self.keys.split_at(64);
        match side {
            Side::New => new.split_at(32),
            Side::Old => old.split_at(32),
        }
    }
}

#[cfg(test)]
mod tests {
    use status_layer::testing::rng;

    use super::*;

    fn user(seat: u8) -> UserId {
        let mut key = [seat; 33];
        key[0] = 2;
        UserId::from_compressed(&key).unwrap()
    }

    fn exchange(secrets: [&str; 2], channels: [&str; 2]) -> (Keys, Keys) {
        let new = Opening::new(Side::New, secrets[0], &mut rng(1));
        let old = Opening::new(Side::Old, secrets[1], &mut rng(2));
        let (a, b) = (*new.said(), *old.said());
        let [here, there] = channels.map(|name| Name::new(name).unwrap());
        let new = new.finish(&b, &Meeting { new: &user(1), old: &user(2), channel: &here });
        let old = old.finish(&a, &Meeting { new: &user(1), old: &user(2), channel: &there });
        (new.unwrap(), old.unwrap())
    }

    #[test]
    fn who_knows_the_secret_reads_the_other_and_nobody_else_does() {
        let (new, old) = exchange(["guitar-velvet"; 2], ["here"; 2]);
        let (mac, sealed) = new.seal(Side::New, b"", b"it is me", &mut rng(3)).unwrap();
        assert_eq!(**old.open(Side::New, b"", &mac, &sealed).unwrap(), *b"it is me");
        assert!(old.open(Side::Old, b"", &mac, &sealed).is_none(), "sent back to where it came from");
        assert!(old.open(Side::New, b"before", &mac, &sealed).is_none(), "after something else");

        for (secrets, channels) in
            [(["guitar-velvet", "guitar-vendor"], ["here"; 2]), (["guitar-velvet"; 2], ["here", "there"])]
        {
            let (new, old) = exchange(secrets, channels);
            let (mac, sealed) = new.seal(Side::New, b"", b"it is me", &mut rng(3)).unwrap();
            assert!(old.open(Side::New, b"", &mac, &sealed).is_none());
        }
    }

    #[test]
    fn what_is_no_opening_gives_no_keys() {
        let meeting = Meeting { channel: &Name::new("here").unwrap(), new: &user(1), old: &user(2) };
        let own = *Opening::new(Side::Old, "x", &mut rng(3)).said();

        for heard in [[0x41; OPENING], [0; OPENING], own] {
            let old = Opening::new(Side::Old, "x", &mut rng(2));

            assert!(old.finish(&heard, &meeting).is_none());
        }
    }

    #[test]
    fn a_changed_byte_is_noticed() {
        let (new, old) = exchange(["guitar-velvet"; 2], ["here"; 2]);
        let (mac, sealed) = new.seal(Side::New, b"", b"it is me", &mut rng(3)).unwrap();

        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(old.open(Side::New, b"", &mac, &changed).is_none(), "byte {at}");
        }
    }
}
