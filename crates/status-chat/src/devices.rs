//! The other devices of our own, as an application sees them.
//!
//! The security layer decides what each may read; this is what the application is shown of it, and the names by which a
//! person tells them apart.

mod history;

use serde::{Deserialize, Serialize};
use status_crypto::keccak256;
use status_layer::row::{Reader, Writer};
use status_layer::{DeviceId, Interest, MessageId};

use crate::client::Client;
use crate::error::SendError;
use crate::pairing::{Invitation, PairingError};
use crate::table::devices as rows;

pub(crate) use crate::table::devices::any_joined;
pub use history::{HistoryGiver, HistoryId, HistoryProgress, HistoryRange, MAX_HISTORY_CHATS};

/// Longest name of a device, in bytes.
pub const MAX_DEVICE_NAME: usize = 100;
/// Longest kind of a device, in bytes.
const MAX_KIND: usize = 30;

/// Another device of our own.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct OwnDevice {
    /// Its installation id.
    pub id: DeviceId,
    /// Whether it belongs to us: it gets copies of what we send, and others write to it as well. One that does not was
    /// never confirmed here, or was removed; [`Devices::confirm`] takes it in.
    pub joined: bool,
    /// What it says it is called. Nothing, until it has said so.
    pub name: DeviceName,
}

/// What a device is called, and what kind it is.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct DeviceName {
    name: String,
    kind: String,
}

/// The devices of the user: [`Client::devices`].
#[derive(Clone, Debug)]
pub struct Devices(Client);

impl Devices {
    pub(crate) fn of(client: &Client) -> Self {
        Self(client.clone())
    }

    /// The other devices of our own that were heard of, those that belong to us and those that do not, in the order of
    /// their ids.
    ///
    /// # Errors
    /// [`SendError::Failed`] if the store fails.
    pub async fn list(&self) -> Result<Vec<OwnDevice>, SendError> {
        self.0.look(rows::all).await
    }

    /// Invites a new device: it gets the account by the code or the QR text of the invitation, with
    /// [`pairing::join`](crate::pairing::join), over the network and wherever it is. An earlier invitation of this client is
    /// void.
    ///
    /// # Errors
    /// [`PairingError`] if the client was closed or the system gives no randomness.
    pub async fn invite(&self) -> Result<Invitation, PairingError> {
        crate::pairing::invite(&self.0).await
    }

    /// What this device is called.
    ///
    /// # Errors
    /// [`SendError::Failed`] if the store fails.
    pub async fn name(&self) -> Result<DeviceName, SendError> {
        let id = self.0.device().clone();
        let kept = self.0.look(move |shelf| rows::name(shelf, &id)).await?;
        Ok(kept.map(|(_, name)| name).unwrap_or_default())
    }

    /// Calls this device by another name, and tells our other devices. At most [`MAX_DEVICE_NAME`] bytes, without control
    /// characters; empty for none.
    ///
    /// # Errors
    /// [`SendError::Invalid`] if no device may be called so.
    pub async fn rename(&self, name: &str) -> Result<(), SendError> {
        let name = DeviceName::new(name.trim(), DeviceName::KIND)
            .ok_or_else(|| SendError::Invalid("no device may be called so".into()))?;
        self.0.wish(move |core, step| core.rename_device(step, &name)).await
    }

    /// Confirms that another device is ours: from now on it gets copies of what we send to people, and others write to it
    /// as well. To read what it sends, it has to be confirmed here; to read what we send, we have to be confirmed there.
    /// Devices that were paired by code need none of it.
    ///
    /// # Errors
    /// [`SendError::Refused`] if nothing was heard of such a device.
    pub async fn confirm(&self, device: &DeviceId) -> Result<(), SendError> {
        let device = device.clone();
        self.0.wish(move |core, step| core.pair(step, &device, Interest::Listen)).await
    }

    /// Removes a device of ours: nothing is sealed for it any more, neither by us nor by our other devices nor by those who
    /// write to us, as soon as they hear of it. It does not take the words of the account away from it.
    ///
    /// # Errors
    /// [`SendError::Refused`] if nothing was heard of such a device, or it is this one.
    pub async fn remove(&self, device: &DeviceId) -> Result<(), SendError> {
        let device = device.clone();
        self.0.wish(move |core, step| core.pair(step, &device, Interest::Ignore)).await
    }
}

impl DeviceName {
    /// What kind of device this is.
    pub(crate) const KIND: &'static str = if cfg!(target_os = "android") {
        "android"
    } else if cfg!(target_os = "ios") {
        "ios"
    } else {
        "desktop"
    };

    /// `None` if no device may be called so: too long, or with control characters.
    pub(crate) fn new(name: &str, kind: &str) -> Option<Self> {
        let legal = |text: &str, max| text.len() <= max && !text.chars().any(char::is_control);
        let fits = legal(name, MAX_DEVICE_NAME) && legal(kind, MAX_KIND);
        fits.then(|| Self { name: name.to_owned(), kind: kind.to_owned() })
    }

    /// The name; empty if it has none.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.name
    }

    /// `android`, `ios` or `desktop`, as the device says; empty if it has not said so.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The name as others are told it, who refuse an empty one.
    pub(crate) fn said(&self) -> &str {
        if self.name.trim().is_empty() { self.said_kind() } else { &self.name }
    }

    /// The kind as others are told it, who refuse an empty one.
    pub(crate) fn said_kind(&self) -> &str {
        if self.kind.trim().is_empty() { Self::KIND } else { &self.kind }
    }

    pub(crate) fn write(&self, row: Writer) -> Writer {
        row.sized(self.name.as_bytes()).sized(self.kind.as_bytes())
    }

    pub(crate) fn read(r: &mut Reader<'_>) -> Option<Self> {
        let (name, kind) = (std::str::from_utf8(r.sized()?).ok()?, std::str::from_utf8(r.sized()?).ok()?);
        Self::new(name, kind)
    }
}

/// The name of the copy of a message, which is acknowledged apart from the message itself.
pub(crate) fn copy_of(id: MessageId) -> MessageId {
    MessageId::new(keccak256(&[b"copy for our own devices", id.as_bytes()]))
}
