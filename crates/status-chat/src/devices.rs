//! The other devices of our own, as the chat knows them.
//!
//! The security layer decides what each may read; this is what the application is shown of it, and whether there is
//! anybody to send copies to.

use status_crypto::keccak256;
use status_layer::row::{Reader, Writer};
use status_layer::{DeviceId, MessageId, Shelf, StoreError};

const DEVICE: u8 = b'D';
const VERSION: u8 = 1;
const WHAT: &str = "the chat's devices";

/// Most devices of our own that are shown. The security layer remembers 16.
const MAX_DEVICES: usize = 64;

/// Another device of our own.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OwnDevice {
    /// Its installation id.
    pub id: DeviceId,
    /// Whether it belongs to us: it gets copies of what we send, and others write to it as well. One that does not was
    /// never confirmed here, or was removed; [`Client::confirm_device`](crate::Client::confirm_device) takes it in.
    pub joined: bool,
}

/// Keeps what is known of a device.
pub(crate) fn save(shelf: &mut Shelf<'_>, device: &OwnDevice) -> Result<(), StoreError> {
    let key = key(&device.id);
    if shelf.has(&key)? || all(shelf)?.len() < MAX_DEVICES {
        shelf.put(key, Writer::new(VERSION).flag(device.joined).finish());
    }
    Ok(())
}

/// Notes that a device does not belong to us any more, if it was heard of. It stays known, so that it can be taken back.
pub(crate) fn leave(shelf: &mut Shelf<'_>, id: &DeviceId) -> Result<(), StoreError> {
    let known = shelf.has(&key(id))?;
    if known { save(shelf, &OwnDevice { id: id.clone(), joined: false }) } else { Ok(()) }
}

/// Every device, in the order of their ids.
pub(crate) fn all(shelf: &Shelf<'_>) -> Result<Vec<OwnDevice>, StoreError> {
    let rows = shelf.scan(&[DEVICE], None, MAX_DEVICES)?;
    rows.iter().map(|(key, row)| read(key, row)).collect()
}

/// The device in a row.
pub(crate) fn read(key: &[u8], row: &[u8]) -> Result<OwnDevice, StoreError> {
    let text = std::str::from_utf8(key.get(1..).unwrap_or_default()).ok();
    let id = text.and_then(|text| DeviceId::new(text).ok()).ok_or(StoreError::Damaged { what: WHAT })?;
    Ok(OwnDevice { id, joined: Reader::read(WHAT, VERSION, row, Reader::flag)? })
}

/// Whether copies have a reader.
pub(crate) fn any_joined(shelf: &Shelf<'_>) -> Result<bool, StoreError> {
    Ok(all(shelf)?.iter().any(|device| device.joined))
}

/// The name of the copy of a message, which is acknowledged apart from the message itself.
pub(crate) fn copy_of(id: MessageId) -> MessageId {
    MessageId::new(keccak256(&[b"copy for our own devices", id.as_bytes()]))
}

fn key(id: &DeviceId) -> Vec<u8> {
    [&[DEVICE], id.as_str().as_bytes()].concat()
}
