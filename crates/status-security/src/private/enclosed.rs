//! What is inside a ciphertext that encloses more than content.

use alloc::vec::Vec;

use prost::Message as _;
use status_layer::{Cx, Timestamp};
use zeroize::{Zeroize, Zeroizing};

use super::{PrivatePrekey, take};
use crate::config::Config;
use crate::error::{Error, OpenError};
use crate::generated as raw;
use crate::session::Peer;

/// Puts a private prekey and content together.
pub(crate) fn enclose(prekey: &PrivatePrekey, text: &[u8]) -> Zeroizing<Vec<u8>> {
    let PrivatePrekey { prekey, until, number } = prekey;
    let prekey = raw::PrivatePrekey { prekey: prekey.to_vec(), until: until.millis(), number: *number };
    let mut enclosed = raw::Enclosed { prekey: Some(prekey), text: text.to_vec() };
    let bytes = Zeroizing::new(enclosed.encode_to_vec());
    enclosed.text.zeroize();
    bytes
}

/// Takes a private prekey out of what a session opened; returns the content.
///
/// One that cannot be used is passed over: its maker is who wrote the content, and loses nothing but its good.
pub(crate) fn unpack(
    cx: &mut Cx<'_>,
    config: &Config,
    peer: &Peer<'_>,
    enclosed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let enclosed = raw::Enclosed::decode(enclosed).map_err(|_| OpenError::Enclosed)?;
    let text = Zeroizing::new(enclosed.text);
    if let Some(prekey) = enclosed.prekey.and_then(checked) {
        take::take(cx, config, peer, prekey)?;
    }
    Ok(text)
}

fn checked(raw: raw::PrivatePrekey) -> Option<PrivatePrekey> {
    let prekey = raw.prekey.try_into().ok()?;
    Some(PrivatePrekey { prekey, until: Timestamp::from_millis(raw.until), number: raw.number })
}
