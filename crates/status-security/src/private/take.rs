//! Private prekeys that devices of others made for us.

use status_crypto::PublicKey;
use status_layer::{Cx, StoreError};

use super::{Dealings, PrivatePrekey, agreed, features, load, save};
use crate::config::Config;
use crate::device::{self, Device};
use crate::session::Peer;

/// Takes a private prekey, if it is newer than all that came from the device.
///
/// Invariant: whatever came late or was brought again, none is taken twice.
pub(super) fn take(
    cx: &mut Cx<'_>,
    config: &Config,
    peer: &Peer<'_>,
    prekey: PrivatePrekey,
) -> Result<(), StoreError> {
    let dealings = load(&cx.shelf, peer)?;
    let newer = prekey.number > dealings.taken && prekey.until > cx.now;
    if newer
        && features(config) != 0
        && PublicKey::from_compressed(&prekey.prekey).is_ok()
        && device::find(&cx.shelf, &peer.key.user(), peer.device)?.is_some()
    {
        let dealings = Dealings { taken: prekey.number, held: Some(prekey), ..dealings };
        save(&mut cx.shelf, peer, &dealings);
    }
    Ok(())
}

/// The private prekey to begin a session with, if there is one; it is used up.
pub(crate) fn take_up(
    cx: &mut Cx<'_>,
    config: &Config,
    peer: &Peer<'_>,
    device: &Device,
) -> Result<Option<PublicKey>, StoreError> {
    if !agreed(config, device) {
        return Ok(None);
    }
    let mut dealings = load(&cx.shelf, peer)?;
    let Some(held) = dealings.held.take() else { return Ok(None) };
    save(&mut cx.shelf, peer, &dealings);
    if held.until <= cx.now {
        return Ok(None);
    }
    let point = PublicKey::from_compressed(&held.prekey);
    point.map(Some).map_err(|_| StoreError::Damaged { what: "private prekeys" })
}
