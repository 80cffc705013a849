//! Profile pictures: what we publish of ours, and what becomes of those of others.
//!
//! Spec: profile publication of deployed peers. A picture for contacts alone is sealed with a random key, and that key once for
//! each contact, with what the two chat keys agree on.

use std::collections::BTreeMap;

use status_crypto::{PublicKey, aead};
use status_layer::{StoreError, Timestamp, UserId};
use status_payload::{Clock, IdentityImage, SourceType};
use zeroize::Zeroizing;

use super::arrive::Unfit;
use super::{Core, Step, Stop};
use crate::avatar::{Avatar, AvatarSize, ShowTo};
use crate::contacts::is_added;
use crate::error::SendError;
use crate::event::{Chat, ContactChange};
use crate::table::avatar::{self as rows, Kept};
use crate::table::contacts as people;
use crate::table::{self, image_number, profile};

/// For so many contacts a picture is sealed at most; more see none.
const MAX_READERS: usize = 1_024;

/// So many keys of a picture are tried at most.
const MAX_KEYS: usize = 4_096;

/// People that are looked at in one go.
const PAGE: usize = 256;

/// Pictures as they travel, by the names of their sizes.
type Images = BTreeMap<String, IdentityImage>;

impl Core {
    /// Shows another picture from now on, or none.
    pub(crate) fn set_picture(
        &self,
        step: &mut Step<'_, '_>,
        thumbnail: Option<&Avatar>,
        large: Option<&Avatar>,
    ) -> Result<(), Stop> {
        let bytes = |avatar: Option<&Avatar>| avatar.map(|avatar| avatar.bytes.clone());
        let (thumbnail, large) = (bytes(thumbnail), bytes(large));
        self.set_own(step, |shelf| {
            rows::set_ours(shelf, AvatarSize::Thumbnail, thumbnail.as_deref());
            rows::set_ours(shelf, AvatarSize::Large, large.as_deref());
        })?;
        Ok(self.advertise(step)?)
    }

    /// Shows the picture to others than before.
    pub(crate) fn show_picture(&self, step: &mut Step<'_, '_>, to: ShowTo) -> Result<(), Stop> {
        self.set_own(step, |shelf| profile::set_shown_to(shelf, to))?;
        Ok(self.advertise(step)?)
    }

    /// What distinguishes our picture, as it is said at a place, from another. Empty, if none is said there.
    pub(super) fn picture_mark(&self, step: &mut Step<'_, '_>, chat: &Chat) -> Result<Vec<u8>, StoreError> {
        let shelf = step.shelf();
        let to = profile::shown_to(&shelf)?;
        let Some(mut mark) = rows::ours(&shelf, AvatarSize::Thumbnail)?.filter(|_| to != ShowTo::Nobody)
        else {
            return Ok(Vec::new());
        };
        mark.extend(rows::ours(&shelf, AvatarSize::Large)?.unwrap_or_default());
        // Whoever becomes a contact is to see it, and not a day later.
        let sees = match chat {
            Chat::User(user) => u8::from(is_added(&shelf, user)?),
            _ => 0,
        };
        mark.extend([to.byte(), sees]);
        Ok(mark)
    }

    /// Our picture as it is said at a place: in public the small one alone, and sealed unless everybody may see it.
    pub(super) fn images(&self, step: &mut Step<'_, '_>, chat: &Chat) -> Result<Images, Stop> {
        let shelf = step.shelf();
        let to = profile::shown_to(&shelf)?;
        let in_public = matches!(chat, Chat::Channel(name) if !super::profile::is_contact_code(name));
        let mut images = Images::new();
        for size in AvatarSize::ALL {
            if to == ShowTo::Nobody || in_public && size == AvatarSize::Large {
                continue;
            }
            let kept = rows::ours(&shelf, size)?.and_then(|bytes| Avatar::read(size, bytes).ok());
            let image = kept.map(|Avatar { format, bytes, .. }| IdentityImage {
                payload: bytes,
                source_type: SourceType::Raw,
                image_format: image_number(format).into(),
                ..IdentityImage::default()
            });
            images.extend(image.map(|image| (size.name().to_owned(), image)));
        }
        if to == ShowTo::Contacts && !images.is_empty() {
            let readers = self.readers(step, chat)?;
            // Where nobody may open it, nobody is told that there is one.
            if readers.is_empty() {
                return Ok(Images::new());
            }
            for image in images.values_mut() {
                self.seal_image(step, image, &readers)?;
            }
        }
        Ok(images)
    }

    /// Who may open our picture at a place: to a person themselves, elsewhere all whom we have added.
    fn readers(&self, step: &mut Step<'_, '_>, chat: &Chat) -> Result<Vec<PublicKey>, StoreError> {
        let shelf = step.shelf();
        let key = |user: &UserId| PublicKey::from_user(user).ok();
        if let Chat::User(user) = chat {
            return Ok(key(user).filter(|_| is_added(&shelf, user).unwrap_or(false)).into_iter().collect());
        }
        let (mut readers, mut after) = (Vec::new(), None);
        while readers.len() < MAX_READERS {
            let page = people::page(&shelf, after.as_ref(), PAGE)?;
            let Some((last, _)) = page.last() else { break };
            after = Some(*last);
            let added = page.iter().filter(|(_, person)| person.relation.added() && !person.blocked);
            readers.extend(added.filter_map(|(user, _)| key(user)).take(MAX_READERS - readers.len()));
        }
        Ok(readers)
    }

    /// Seals a picture with a key of its own, and that for each reader.
    fn seal_image(
        &self,
        step: &mut Step<'_, '_>,
        image: &mut IdentityImage,
        readers: &[PublicKey],
    ) -> Result<(), Stop> {
        let failed = |why: aead::AeadError| Stop::Refused(SendError::Failed(why.to_string()));
        let rng = step.unit.cx(super::AREA).rng;
        let mut key = Zeroizing::new([0; 32]);
        rng.fill_bytes(key.as_mut_slice());
        image.payload = aead::seal_nonce_first(key.as_slice(), rng, &image.payload).map_err(failed)?;
        image.encrypted = true;
        for reader in readers {
            let shared = self.keyring.agree(reader);
            let sealed = aead::seal_nonce_first(shared.expose(), rng, key.as_slice()).map_err(failed)?;
            image.encryption_keys.push(sealed);
        }
        Ok(())
    }

    /// Takes the pictures that somebody says are theirs, if they are anybody to us and it is news.
    ///
    /// What cannot be opened, or is no picture within bounds, is dropped; the rest is taken. Of strangers only the small one is
    /// kept. Without any picture at all, they have none any more.
    pub(super) fn take_pictures(
        &self,
        step: &mut Step<'_, '_>,
        user: &UserId,
        clock: Clock,
        images: Images,
    ) -> Result<(), Unfit> {
        let shelf = step.shelf();
        let stranger = match people::load(&shelf, user)? {
            Some(person) => person.stranger,
            None if table::joined(&shelf, &Chat::User(*user))? => false,
            None => return Ok(()),
        };
        let known = |size| rows::theirs(&shelf, user, size);
        let (thumbnail, large) = (known(AvatarSize::Thumbnail)?, known(AvatarSize::Large)?);
        let newest = thumbnail.iter().chain(&large).map(|kept| kept.clock).max();
        let ahead = Timestamp::from_millis(clock.value()).since(step.now());
        if newest.is_some_and(|newest| clock.value() <= newest) || ahead > status_payload::MAX_AHEAD {
            return Ok(());
        }
        let gone = images.is_empty();
        let mut images = images;
        let mut opened = |size: AvatarSize| {
            let image = images.remove(size.name())?;
            self.open_image(user, image).and_then(|bytes| Avatar::of_somebody(size, bytes).ok())
        };
        let new = opened(AvatarSize::Thumbnail);
        let new_large = opened(AvatarSize::Large).filter(|_| !stranger);
        let other =
            new.as_ref().is_some_and(|new| thumbnail.as_ref().is_none_or(|old| old.bytes != new.bytes));

        let mut changed = false;
        // A large picture of another face than the small one would be wrong.
        for (size, old, new, drop) in [
            (AvatarSize::Thumbnail, thumbnail, new, gone),
            (AvatarSize::Large, large, new_large, gone || other),
        ] {
            let bytes = match new {
                Some(new) => new.bytes,
                None if drop && old.is_some() => Vec::new(),
                None => continue,
            };
            changed |= bytes != old.map(|old| old.bytes).unwrap_or_default();
            rows::set_theirs(&mut step.shelf(), user, size, &Kept { clock: clock.value(), bytes });
        }
        if changed {
            self.tell_of(step, user, ContactChange::Picture)?;
        }
        Ok(())
    }

    /// The bytes of a picture, if they can be read here.
    fn open_image(&self, from: &UserId, image: IdentityImage) -> Option<Vec<u8>> {
        if !image.encrypted {
            return Some(image.payload);
        }
        let shared = self.keyring.agree(&PublicKey::from_user(from).ok()?);
        let mut keys = image.encryption_keys.iter().take(MAX_KEYS);
        let key = keys.find_map(|sealed| aead::open_nonce_first(shared.expose(), sealed).ok())?;
        aead::open_nonce_first(&key, &image.payload).ok().map(|bytes| bytes.to_vec())
    }
}

#[cfg(test)]
mod tests;
