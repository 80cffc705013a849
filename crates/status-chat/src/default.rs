//! The layers of the deployed network.

use std::sync::Arc;

use status_data_sync::Mvds;
use status_privacy::Waku;
use status_security::Sessions;
use status_stack::Stack;

use crate::builder::Us;

/// MVDS over X3DH and Double Ratchet over Waku envelopes.
pub(crate) fn stack(us: &Us) -> Stack<Mvds, Sessions, Waku<Arc<dyn status_crypto::Keyring>>> {
    let keyring = Arc::clone(&us.keyring);
    Stack::new(
        Mvds::new(keyring.user(), status_data_sync::Config::default()),
        Sessions::new(status_security::Config::default(), Arc::clone(&keyring), us.device.clone()),
        Waku::new(keyring),
    )
}
