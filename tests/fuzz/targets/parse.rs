//! Security: what a stranger says to be a bundle, a message or a ciphertext is one or refused, and what is one reads the
//! same after it was written.
//!
//! Cheap, so that it sees many inputs; whether signatures and keys are believed is what `bundle` and `open` are for.
#![no_main]

use libfuzzer_sys::fuzz_target;
use status_security::hazmat::{Bundle, Direct, Message};

fuzz_target!(|input: &[u8]| {
    let Some((which, bytes)) = input.split_first() else { return };
    match which % 3 {
        0 => {
            if let Ok(bundle) = Bundle::decode(bytes) {
                let again = Bundle::decode(&bundle.clone().encode());
                assert!(again == Ok(bundle), "a bundle reads differently the second time");
            }
        }
        1 => {
            if let Ok(message) = Message::decode(bytes) {
                let again = Message::decode(&message.clone().encode()).expect("what was written can be read");
                let same = again.device == message.device
                    && again.bundles == message.bundles
                    && again.direct == message.direct
                    && again.public == message.public;
                assert!(same, "a message reads differently the second time");
            }
        }
        _ => {
            if let Ok(direct) = Direct::decode(bytes) {
                let again = Direct::decode(&direct.clone().encode());
                assert!(again == Ok(direct), "a ciphertext reads differently the second time");
            }
        }
    }
});
