//! The layers of the deployed network.

use std::sync::Arc;

use status_data_sync::Mvds;
use status_payload::MAX_BODY;
use status_privacy::Waku;
use status_security::{MailInClear, Sessions};
use status_stack::Stack;

use crate::builder::Us;
use crate::preset::Policy;

/// MVDS over X3DH and Double Ratchet over Waku envelopes.
pub(crate) fn stack(us: &Us, policy: Policy) -> Stack<Mvds, Sessions, Waku<Arc<dyn status_crypto::Keyring>>> {
    let keyring = Arc::clone(&us.keyring);
    let security = status_security::Config {
        first_message: policy.first_message(),
        // Notification servers answer so; the core takes nothing else that came in clear.
        mail_in_clear: MailInClear::Accept,
        ..status_security::Config::default()
    };
    Stack::new(
        Mvds::new(keyring.user(), sync()),
        Sessions::new(security, Arc::clone(&keyring), us.device.clone()),
        Waku::new(keyring),
    )
}

/// Pictures and recordings are larger than texts: the privacy layer splits them.
fn sync() -> status_data_sync::Config {
    status_data_sync::Config { max_body: MAX_BODY, ..status_data_sync::Config::default() }
}
