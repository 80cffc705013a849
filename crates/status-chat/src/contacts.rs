//! Contacts: whom the user knows, who asks to be known, and how safe it is to talk with them.

mod contact;

use status_crypto::PublicKey;
use status_identity::{Card, SafetyNumber};
use status_layer::{MessageId, Shelf, StoreError, Timestamp, UserId};

pub use contact::{Contact, ContactRequest, How, Safety, Strangers, Verified, Which};

use crate::avatar::{Avatar, AvatarSize};
use crate::client::Client;
use crate::core::Core;
use crate::error::SendError;
use crate::event::{Chat, Message};
use crate::table::contacts::{self as rows, Person};
use crate::table::{self, profile};

/// People that are looked at in one go.
const PAGE: usize = 256;

/// People, as a client deals with them. Got with [`Client::contacts`].
///
/// What strangers write is shown in chats that are not active until the user writes there or adds them. It is bounded: of 512
/// strangers 32 messages and a request each are kept, in two megabytes each and 32 in all; the oldest message goes, and of the
/// strangers who came when there were many the one heard from longest ago.
/// Nothing that the user has decided, and nothing of anybody whom they deal with, ever goes so.
#[derive(Clone, Copy, Debug)]
pub struct Contacts<'a>(&'a Client);

impl Client {
    /// Whom the user knows, and who asks to be known.
    #[must_use]
    pub const fn contacts(&self) -> Contacts<'_> {
        Contacts(self)
    }
}

/// Cards: who somebody is, and the keys for a first message to them that is forward secret, as a text or a QR code.
impl Client {
    /// Our contact card as of now, for somebody to copy or to scan. It is valid for a day. Whoever has it can write to us, and
    /// knows that the key is ours as far as they know that the card is.
    ///
    /// # Errors
    /// [`SendError::Failed`] if our own side fails.
    pub async fn card(&self) -> Result<Card, SendError> {
        self.wish(Core::card).await
    }

    /// Takes the card of somebody: from now on their chat is active, and the first message to them is sealed with the keys on
    /// the card. They are not told; [`Contacts::request`] asks them to be a contact. That the card came from their own hand
    /// nobody but the user knows: [`Contacts::verify`] notes it.
    ///
    /// # Errors
    /// [`SendError::Card`] if it is no card, not genuine or no more valid, [`SendError::Refused`] if the keys on it are not,
    /// [`SendError::Oneself`]. Then nothing of it is kept.
    pub async fn add_card(&self, text: &str) -> Result<UserId, SendError> {
        let text = text.to_owned();
        self.wish(move |core, step| core.add_card(step, &text)).await
    }
}

impl Contacts<'_> {
    /// The number that both people see alike if nobody stands between them: to be compared by voice, or face to face.
    ///
    /// # Errors
    /// [`SendError::Nobody`] if the user id is no key.
    pub fn safety_number(&self, user: UserId) -> Result<SafetyNumber, SendError> {
        let key = |user: &UserId| PublicKey::from_user(user).map_err(|_| SendError::Nobody(user.to_string()));
        Ok(SafetyNumber::of(&key(&self.0.user())?, &key(&user)?))
    }

    /// Asks a user to be a contact, with some words of introduction; without any, with those of deployed peers. It may be
    /// asked again. They are told how well it was sealed; [`safety`](Self::safety) says beforehand how well that is.
    ///
    /// # Errors
    /// [`SendError::Blocked`], [`SendError::Oneself`], [`SendError::Invalid`] if the note is too long.
    pub async fn request(&self, user: UserId, note: &str) -> Result<MessageId, SendError> {
        let note = note.to_owned();
        self.0.wish(move |core, step| core.request(step, user, &note)).await
    }

    /// Takes the request of a user: both are contacts of each other.
    ///
    /// # Errors
    /// [`SendError::NoRequest`], [`SendError::Blocked`].
    pub async fn accept(&self, user: UserId) -> Result<(), SendError> {
        self.0.wish(move |core, step| core.accept(step, user)).await
    }

    /// Does not take the request of a user. They are not told. What they write is dropped unread from now on, but another
    /// request, which is told of as [`RequestedAgain`](crate::ContactChange::RequestedAgain) and may be accepted.
    ///
    /// # Errors
    /// [`SendError::NoRequest`].
    pub async fn deny(&self, user: UserId) -> Result<(), SendError> {
        self.0.wish(move |core, step| core.deny(step, user)).await
    }

    /// Takes back a request that was not answered. They are told.
    ///
    /// # Errors
    /// [`SendError::NotAContact`] if they were not asked.
    pub async fn cancel(&self, user: UserId) -> Result<(), SendError> {
        self.remove(user).await
    }

    /// Gives up a contact, for both. They are told. The chat and what was said stay.
    ///
    /// # Errors
    /// [`SendError::NotAContact`].
    pub async fn remove(&self, user: UserId) -> Result<(), SendError> {
        self.0.wish(move |core, step| core.retract(step, user)).await
    }

    /// Drops unread whatever a user sends from now on, here, in channels and in groups. They are not told. Their chat is left;
    /// what was said stays.
    ///
    /// # Errors
    /// [`SendError::Oneself`].
    pub async fn block(&self, user: UserId) -> Result<(), SendError> {
        self.0.wish(move |core, step| core.block(step, user)).await
    }

    /// Lets a user write again. Whether they are contacts begins anew.
    ///
    /// # Errors
    /// [`SendError::Failed`] if the store fails.
    pub async fn unblock(&self, user: UserId) -> Result<(), SendError> {
        self.0.wish(move |core, step| core.unblock(step, user)).await
    }

    /// Gives a user a name of our own, of at most 64 characters, which nobody else hears of; an empty one takes it away.
    ///
    /// # Errors
    /// [`SendError::Nickname`].
    pub async fn rename(&self, user: UserId, name: &str) -> Result<(), SendError> {
        let name = name.to_owned();
        self.0.wish(move |core, step| core.rename(step, user, &name)).await
    }

    /// Notes that the user does not want to be disturbed by somebody. Their messages come as before; it is for the application
    /// to be quiet about them.
    ///
    /// # Errors
    /// [`SendError::Oneself`].
    pub async fn mute(&self, user: UserId) -> Result<(), SendError> {
        self.0.wish(move |core, step| core.mute(step, user, true)).await
    }

    /// Takes back [`mute`](Self::mute).
    ///
    /// # Errors
    /// [`SendError::Oneself`].
    pub async fn unmute(&self, user: UserId) -> Result<(), SendError> {
        self.0.wish(move |core, step| core.mute(step, user, false)).await
    }

    /// Notes that the user has made sure, now and so, that a key is the key of the person whom they mean.
    ///
    /// # Errors
    /// [`SendError::Oneself`].
    pub async fn verify(&self, user: UserId, how: How) -> Result<(), SendError> {
        self.0.wish(move |core, step| core.verify(step, user, Some(how))).await
    }

    /// Notes that the user is not sure any more.
    ///
    /// # Errors
    /// [`SendError::Oneself`].
    pub async fn doubt(&self, user: UserId) -> Result<(), SendError> {
        self.0.wish(move |core, step| core.verify(step, user, None)).await
    }

    /// What is known of a user, if anything is.
    ///
    /// # Errors
    /// [`SendError::Failed`] if the store fails.
    pub async fn get(&self, user: UserId) -> Result<Option<Contact>, SendError> {
        self.0
            .look(move |shelf| rows::load(shelf, &user)?.map(|it| contact(shelf, user, it)).transpose())
            .await
    }

    /// The people of a kind, in the order of their keys.
    ///
    /// # Errors
    /// [`SendError::Failed`] if the store fails.
    pub async fn list(&self, which: Which) -> Result<Vec<Contact>, SendError> {
        self.0.look(move |shelf| list(shelf, which)).await
    }

    /// The name to show for a user, such as the author of a message: ours for them, theirs, or a short form of their key.
    ///
    /// # Errors
    /// [`SendError::Failed`] if the store fails.
    pub async fn name(&self, user: UserId) -> Result<String, SendError> {
        self.0
            .look(move |shelf| {
                let person = rows::load(shelf, &user)?.unwrap_or_default();
                Ok(contact(shelf, user, person)?.shown_name())
            })
            .await
    }

    /// The picture of a user in one of its sizes, as they show it to us; of strangers only the small one is kept. It was
    /// checked to be small and to begin like a picture, no more: show it with a decoder that stands bad files.
    ///
    /// # Errors
    /// [`SendError::Failed`] if the store fails.
    pub async fn picture(&self, user: UserId, size: AvatarSize) -> Result<Option<Avatar>, SendError> {
        self.0
            .look(move |shelf| {
                let kept = table::avatar::theirs(shelf, &user, size)?;
                Ok(kept.and_then(|kept| Avatar::of_somebody(size, kept.bytes).ok()))
            })
            .await
    }

    /// How safe it is to write to a user now.
    ///
    /// # Errors
    /// [`SendError::Failed`] if our own side fails.
    pub async fn safety(&self, user: UserId) -> Result<Safety, SendError> {
        self.0
            .wish(move |core, step| {
                let grade = core.grade_of(step, user)?;
                Ok(Safety { grade, verified: rows::verified(&step.shelf(), &user)? })
            })
            .await
    }

    /// How safe a message was, with what is known of its author now.
    ///
    /// # Errors
    /// [`SendError::Failed`] if the store fails.
    pub async fn safety_of(&self, message: &Message) -> Result<Safety, SendError> {
        let (grade, user) = (message.grade, message.from);
        self.0.look(move |shelf| Ok(Safety { grade, verified: rows::verified(shelf, &user)? })).await
    }

    /// What becomes of what strangers write.
    ///
    /// # Errors
    /// [`SendError::Failed`] if the store fails.
    pub async fn strangers(&self) -> Result<Strangers, SendError> {
        self.0.look(profile::strangers).await
    }

    /// Decides what becomes of what strangers write from now on.
    ///
    /// # Errors
    /// [`SendError::Failed`] if the store fails.
    pub async fn set_strangers(&self, strangers: Strangers) -> Result<(), SendError> {
        self.0
            .wish(move |core, step| core.set_own(step, |shelf| profile::set_strangers(shelf, strangers)))
            .await
    }
}

/// Whether the user has added somebody: asked them to be a contact, or accepted their request.
pub(crate) fn is_added(shelf: &Shelf<'_>, user: &UserId) -> Result<bool, StoreError> {
    Ok(rows::load(shelf, user)?.is_some_and(|person| person.relation.added() && !person.blocked))
}

fn list(shelf: &Shelf<'_>, which: Which) -> Result<Vec<Contact>, StoreError> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = rows::page(shelf, after.as_ref(), PAGE)?;
        let Some((last, _)) = page.last() else { return Ok(found) };
        after = Some(*last);
        for (user, person) in page {
            let contact = contact(shelf, user, person)?;
            if which.takes(&contact) {
                found.push(contact);
            }
        }
    }
}

fn contact(shelf: &Shelf<'_>, user: UserId, person: Person) -> Result<Contact, StoreError> {
    let named = |name: String| (!name.is_empty()).then_some(name);
    Ok(Contact {
        user,
        state: person.relation.view(),
        added: person.relation.added(),
        name: named(person.name),
        ens_name: named(person.ens_name),
        nickname: named(person.nickname),
        bio: person.bio,
        colour: person.colour,
        heard_at: (person.heard != Timestamp::default()).then_some(person.heard),
        request: person.request.map(|rows::Request { id, at, grade }| ContactRequest { id, at, grade }),
        blocked: person.blocked,
        muted: person.muted,
        active: !person.stranger && table::joined(shelf, &Chat::User(user))?,
        from_card: person.carded,
        verified: rows::verified(shelf, &user)?,
    })
}
