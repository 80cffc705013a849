//! The layers of the deployed network.

use std::sync::Arc;

use status_crypto::Keyring;
use status_data_sync::{Mvds, Once};
use status_payload::MAX_BODY;
use status_privacy::{Inbox, Inboxes, Waku};
use status_security::{Bare, MailInClear, Sessions};
use status_stack::{Engine, Stack};

use crate::builder::Us;
use crate::preset::Policy;

/// MVDS over X3DH and Double Ratchet over Waku envelopes.
pub(crate) fn stack(us: &Us, policy: Policy) -> Stack<Mvds, Sessions, Waku<Arc<dyn Keyring>>> {
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

/// Signed messages and nothing around them, over Waku envelopes: how users and notification servers talk.
pub(crate) fn bare(keyring: Arc<dyn Keyring>, leave: Inbox) -> Box<dyn Engine + Send> {
    let (us, inboxes) = (keyring.user(), Inboxes { leave, ..Inboxes::DEPLOYED });
    Box::new(Stack::new(Once::default(), Bare::new(us), Waku::new(keyring).with_inboxes(inboxes)))
}

/// Pictures and recordings are larger than texts: the privacy layer splits them.
fn sync() -> status_data_sync::Config {
    status_data_sync::Config { max_body: MAX_BODY, ..status_data_sync::Config::default() }
}
