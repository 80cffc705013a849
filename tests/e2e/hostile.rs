//! What strangers and faulty peers send to a node with a live session: each layer refuses what is its to refuse, says
//! so, and leaves no trace.
//!
//! An outer layer that accepted a frame may have moved when an inner one refuses: the envelope of a friend moves the
//! history cursor (unless the frame is old, as here), and a ratchet's key is used up by the text that it opened. What
//! may never change is a row of the layer that refuses, or of one above it.

mod body;
mod datagram;
mod envelope;
mod mail;

use std::collections::BTreeMap;

use status_e2e::bench::{Bench, OF_OLD};
use status_e2e::talk::{Talk, text};
use status_e2e::{must, user, wire};
use status_layer::testing::{SeededRng, rng};
use status_layer::{CryptoRng, Frame};
use status_security::hazmat::{Direct, Message};

const ALICE: u8 = 1;
const BOB: u8 = 2;
const MALLORY: u8 = 3;
const BOTH: [u8; 2] = [ALICE, BOB];

// The areas of the layers.
const SECURITY: u8 = 2;
const STACK: u8 = 4;

/// Bob with a live session, Alice at its other end, and a genuine frame of hers that he has not seen yet.
struct Scene {
    alice: Bench,
    bob: Bench,
    genuine: Frame,
    rng: SeededRng,
}

const GENUINE: &str = "a genuine word";

fn scene() -> Scene {
    let mut talk = Talk::acquainted(51, ALICE, BOB);
    let mut bob = Bench::of(&talk, BOB);
    talk.say(ALICE, BOB, GENUINE);
    let genuine = talk.world.wire.last().map(|(_, frame)| frame.clone());
    let genuine = Frame { at: OF_OLD, ..must(genuine.ok_or("nothing was sent")) };
    let mut alice = Bench::of(&talk, ALICE);
    // Bob has heard Alice's keys of that moment: what comes is nothing new. What is new and does not fit would be taken
    // for a loss of keys, see `recovery`.
    let message = must(wire::mail(&genuine, &BOTH).ok_or("no mail"));
    let keys = Message { direct: BTreeMap::new(), ..message };
    bob.take(&alice.wrap(user(BOB), keys.encode()));
    Scene { alice, bob, genuine, rng: rng(52) }
}

impl Scene {
    /// The message of security in the genuine frame.
    fn message(&self) -> Message {
        must(wire::mail(&self.genuine, &BOTH).ok_or("no mail"))
    }

    /// The ciphertext in the genuine frame, changed, in a genuine envelope of Alice's.
    fn changed(&mut self, change: impl FnOnce(&mut Direct)) -> Frame {
        let mut message = self.message();
        let direct = must(message.direct.values_mut().next().ok_or("no ciphertext"));
        change(direct);
        self.alice.wrap(user(BOB), message.encode())
    }

    /// Checks that the genuine frame still opens, once.
    #[track_caller]
    fn assert_unharmed(&mut self) {
        let verdict = self.bob.take(&self.genuine);
        assert_eq!(verdict.bodies.iter().map(text).collect::<Vec<_>>(), [GENUINE], "{verdict:?}");
    }
}

fn random(rng: &mut dyn CryptoRng, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    rng.fill_bytes(&mut bytes);
    bytes
}
