//! The internals, for research and for checking vectors. Nothing here protects from misuse: a ratchet that is put
//! back, a key that is used twice or a session that is copied breaks what the layer promises.

pub mod deployed;
pub mod replay;

pub use crate::answered::MAX_ANSWERED;
pub use crate::bundle::{Bundle, Extension, Listing, MAX_DEVICES, MAX_REMOVED, PROTOCOL_VERSION, Prekey};
pub use crate::device::{Device, MAX_KNOWN, MAX_TARGETS, STALE_AFTER};
pub use crate::key::{Key, Point};
pub use crate::open::MAX_PARCEL;
pub use crate::own::RENEWED_AT_MOST;
pub use crate::people::MAX_STRANGERS;
pub use crate::private::MAX_PRIVATE;
pub use crate::seen::{MAX_SEEN, REMEMBERED};
pub use crate::session::{MAX_HANDSHAKES, MAX_SESSIONS, Private, Session};
pub use crate::suite::RatchetKey;
pub use crate::wire::{Direct, Handshake, Lock, MAX_BUNDLES, Message};

/// Key agreement for a session.
pub mod x3dh {
    pub use crate::x3dh::{initiate, initiate_private, respond, respond_private};
}

/// Sealing to an identity key alone.
pub mod fixed {
    pub use crate::fixed::{SLOT, open, seal};
}

/// The Double Ratchet and its parts.
pub mod ratchet {
    pub use crate::ratchet::{
        Associated, Chain, Form, Header, Limits, OwnKey, Ratchet, RatchetError, Skipped, Turn,
    };

    /// Sealing with a message key.
    pub mod cipher {
        pub use crate::ratchet::cipher::{OVERHEAD, open, open_with, seal, seal_with};
    }

    /// Key derivations.
    pub mod kdf {
        pub use crate::ratchet::kdf::{chain, enclosed, next, root};
    }
}

use alloc::vec::Vec;

use status_crypto::{PublicKey, SecretKey};
use status_layer::{Cx, Shelf, StoreError, UserId};

use crate::Sessions;
use crate::own::OwnPrekey;
use crate::session::{self, Peer};

impl Sessions {
    /// Puts a prekey into use, and retires the one before. Nothing is said of suites beside it, so it stays in use
    /// only under [`Transition::Old`](crate::Transition::Old).
    ///
    /// # Errors
    /// [`StoreError`] if the shelf cannot be read.
    pub fn install_prekey(
        &self,
        cx: &mut Cx<'_>,
        secret: &SecretKey,
        version: u32,
    ) -> Result<(), StoreError> {
        OwnPrekey::install(&mut cx.shelf, secret, None, version, cx.now).map(|_| ())
    }

    /// The session with a device that was set up with `prekey`.
    ///
    /// # Errors
    /// [`StoreError`] if the shelf cannot be read.
    pub fn session(
        &self,
        shelf: &Shelf<'_>,
        (user, device): (&PublicKey, &str),
        prekey: &Point,
    ) -> Result<Option<Session>, StoreError> {
        session::load(shelf, &Peer { key: user, device }, prekey)
    }

    /// Puts a session in place.
    pub fn put_session(
        &self,
        shelf: &mut Shelf<'_>,
        (user, device): (&PublicKey, &str),
        prekey: &Point,
        session: &Session,
    ) {
        session::save(shelf, &Peer { key: user, device }, prekey, session);
    }

    /// The devices that are known of a user, in order of their ids.
    ///
    /// # Errors
    /// [`StoreError`] if the shelf cannot be read.
    pub fn devices(&self, shelf: &Shelf<'_>, user: &UserId) -> Result<Vec<Device>, StoreError> {
        crate::device::all(shelf, user)
    }
}
