//! Our side: the ratchet, and the message that carries what it seals, without a bundle.

use status_layer::testing::SeededRng;
use status_security::hazmat::ratchet::{Header, Ratchet};
use status_security::hazmat::{Direct, Lock, Message};

use crate::ours::LIMITS;

/// The device that a ciphertext is for.
const SLOT: &str = "7e2dc41f-95ab-44e2-a8b4-9d2f6c3c1a11";

/// What a ratchet seals.
pub(crate) type Sealed = (Header, Vec<u8>);

pub(crate) fn encode((header, payload): Sealed) -> Vec<u8> {
    let lock = Lock::Ratchet { session: [2; 33], header };
    let direct = [(SLOT.to_owned(), Direct { handshake: None, lock, payload })].into();
    Message { direct, ..Message::default() }.encode()
}

pub(crate) fn decode(bytes: &[u8]) -> Sealed {
    let direct = Message::decode(bytes).unwrap().direct.remove(SLOT).unwrap();
    let Lock::Ratchet { header, .. } = direct.lock else { panic!("a message of a session") };
    (header, direct.payload)
}

/// Opens in place of what the ratchet was.
pub(crate) fn open(ratchet: &mut Ratchet, rng: &mut SeededRng, (header, payload): &Sealed) -> Vec<u8> {
    let mut turn = ratchet.open(rng, LIMITS, header, payload).unwrap();
    *ratchet = turn.ratchet;
    // What is handed up is not wiped: it belongs to the reader.
    core::mem::take(&mut *turn.plaintext)
}
