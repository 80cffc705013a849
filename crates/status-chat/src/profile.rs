//! What we say of ourselves.

use crate::avatar::{Avatar, AvatarSize, ShowTo};
use crate::client::Client;
use crate::error::SendError;
use crate::table::{avatar, profile as rows};

/// What a user says of themselves. It is no secret: it is published where everybody who has the key can read it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct OwnProfile {
    /// The name: 5 to 24 ASCII letters, digits, `_`, `-` and spaces, not ending like a name of ENS. Empty for none; then
    /// nothing is published, unless there is a picture.
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

    /// Our picture in one of its sizes, if there is one.
    ///
    /// # Errors
    /// [`SendError::Failed`] if the store fails.
    pub async fn picture(&self, size: AvatarSize) -> Result<Option<Avatar>, SendError> {
        self.0
            .look(move |shelf| Ok(avatar::ours(shelf, size)?.and_then(|it| Avatar::read(size, it).ok())))
            .await
    }

    /// Shows a picture from now on, in a small size of at most 80 pixels a side and 5,632 bytes, and, for pages about us, perhaps
    /// in a large one of 240 and 38,400: those of deployed peers. It is said at our contact code at once, and in chats where we
    /// speak, to those whom [`show_picture_to`](Self::show_picture_to) names; in public channels the small one only.
    ///
    /// # Errors
    /// [`SendError::Picture`] if one of them cannot be sent; then nothing has changed.
    pub async fn set_picture(&self, thumbnail: Vec<u8>, large: Option<Vec<u8>>) -> Result<(), SendError> {
        let thumbnail = Avatar::read(AvatarSize::Thumbnail, thumbnail)?;
        let large = large.map(|large| Avatar::read(AvatarSize::Large, large)).transpose()?;
        self.0.wish(move |core, step| core.set_picture(step, Some(&thumbnail), large.as_ref())).await
    }

    /// Shows no picture any more. Who has seen it may have kept it.
    ///
    /// # Errors
    /// [`SendError::Failed`] if the store fails.
    pub async fn remove_picture(&self) -> Result<(), SendError> {
        self.0.wish(move |core, step| core.set_picture(step, None, None)).await
    }

    /// Who sees our picture. Default: [`ShowTo::Contacts`].
    ///
    /// # Errors
    /// [`SendError::Failed`] if the store fails.
    pub async fn picture_shown_to(&self) -> Result<ShowTo, SendError> {
        self.0.look(rows::shown_to).await
    }

    /// Decides who sees our picture from now on. Who has seen it may have kept it.
    ///
    /// # Errors
    /// [`SendError::Failed`] if the store fails.
    pub async fn show_picture_to(&self, to: ShowTo) -> Result<(), SendError> {
        self.0.wish(move |core, step| core.show_picture(step, to)).await
    }
}
