//! What we say of ourselves.

use crate::client::Client;
use crate::error::SendError;
use crate::table::profile as rows;

/// What a user says of themselves. It is no secret: it is published where everybody who has the key can read it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct OwnProfile {
    /// The name: 5 to 24 ASCII letters, digits, `_`, `-` and spaces, not ending like a name of ENS. Empty for none; then
    /// nothing at all is published.
    pub name: String,
    /// Some words, at most [`OwnProfile::MAX_BIO`] characters.
    pub bio: String,
    /// A colour by its number in the palette of deployed peers; 0 for none.
    pub colour: u32,
}

impl OwnProfile {
    /// Most characters of the words about oneself.
    pub const MAX_BIO: usize = status_payload::MAX_BIO;
}

/// The profile of a client. Got with [`Client::profile`].
#[derive(Clone, Copy, Debug)]
pub struct Profile<'a>(&'a Client);

impl Client {
    /// What we say of ourselves.
    #[must_use]
    pub const fn profile(&self) -> Profile<'_> {
        Profile(self)
    }
}

impl Profile<'_> {
    /// What we say of ourselves now.
    ///
    /// # Errors
    /// [`SendError::Failed`] if the store fails.
    pub async fn get(&self) -> Result<OwnProfile, SendError> {
        self.0.look(rows::load).await
    }

    /// Says something else from now on. All contacts are told at once; others read it at our contact code, and in chats where
    /// we speak. A name that is taken away is not unsaid: whoever has heard it keeps it.
    ///
    /// # Errors
    /// [`SendError::Invalid`] if the name or the words are not what everybody takes.
    pub async fn set(&self, profile: OwnProfile) -> Result<(), SendError> {
        self.0.wish(move |core, step| core.set_profile(step, &profile)).await
    }

    /// Takes another name; the rest stays.
    ///
    /// # Errors
    /// [`SendError::Invalid`] if it is not what everybody takes.
    pub async fn set_name(&self, name: &str) -> Result<(), SendError> {
        let name = name.trim().to_owned();
        self.set(OwnProfile { name, ..self.get().await? }).await
    }
}
