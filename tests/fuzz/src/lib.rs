//! What the fuzz targets share: how an input is read, and what every layer owes to a stranger's bytes.

pub mod carrier;
pub mod mallory;
pub mod ring;
pub mod script;
pub mod seat;
pub mod tree;
pub mod world;

use status_layer::testing::Party;
use status_layer::{Cx, LayerError};

/// What an input asks for. Its first byte says which.
#[derive(Clone, Copy, Debug)]
pub enum Plan<'a> {
    /// The bytes as they are.
    Raw(&'a [u8]),
    /// The bytes inside of what somebody with the right keys could put around them.
    Inside(&'a [u8]),
    /// Valid traffic, changed on its way.
    Changed {
        /// Which message of it.
        which: usize,
        /// The changes, for [`changed`].
        how: &'a [u8],
    },
}

/// Reads an input; `None` if it is too short to ask for anything.
pub fn plan(input: &[u8]) -> Option<Plan<'_>> {
    let (first, rest) = input.split_first()?;
    match first % 3 {
        0 => Some(Plan::Raw(rest)),
        1 => Some(Plan::Inside(rest)),
        _ => {
            let (which, how) = rest.split_first()?;
            Some(Plan::Changed { which: usize::from(*which), how })
        }
    }
}

/// `valid` with changes: each is four bytes, what to do, where (two bytes) and with what.
pub fn changed(valid: &[u8], how: &[u8]) -> Vec<u8> {
    let mut bytes = valid.to_vec();
    for change in how.chunks_exact(4).take(16) {
        let [what, high, low, with] = [change[0], change[1], change[2], change[3]];
        let at = usize::from(u16::from_be_bytes([high, low])) % (bytes.len() + 1);
        match what % 6 {
            0 if at < bytes.len() => bytes[at] ^= with.max(1),
            1 if at < bytes.len() => bytes[at] = with,
            2 => bytes.insert(at, with),
            3 => drop(bytes.drain(at..(at + usize::from(with)).min(bytes.len()))),
            4 => bytes.truncate(at),
            _ => {
                let again = bytes[at..(at + usize::from(with)).min(bytes.len())].to_vec();
                bytes.splice(at..at, again);
            }
        }
    }
    bytes
}

/// Gives a layer input of a stranger. It may take it or refuse it; refused input must be the stranger's fault and
/// leave the store as it was.
pub fn offer<T, E: Into<LayerError>>(
    party: &mut Party,
    call: impl FnOnce(&mut Cx<'_>) -> Result<T, E>,
) -> Option<T> {
    let before = party.store.clone();
    match party.run(call).map_err(Into::into) {
        Ok(taken) => Some(taken),
        Err(LayerError::Reject(_)) => {
            assert!(party.store == before, "refused input changed the store");
            None
        }
        Err(LayerError::Fault(why)) => panic!("a stranger's bytes broke our side: {why}"),
    }
}

/// Runs a call that has to succeed.
pub fn must<T, E: Into<LayerError>>(party: &mut Party, call: impl FnOnce(&mut Cx<'_>) -> Result<T, E>) -> T {
    match party.run(call).map_err(Into::into) {
        Ok(done) => done,
        Err(why) => panic!("this has to succeed: {why}"),
    }
}
