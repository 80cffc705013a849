//! What we say of ourselves, and what others say of themselves.
//!
//! Spec: profile publication of deployed peers: at the contact code, and in each chat with a person or in public in which we
//! speak, whenever it has changed and otherwise once a day.

use std::time::Duration;

use status_crypto::{keccak256, text};
use status_layer::{Name, Recipient, UserId};
use status_payload::{ChatIdentity, ChatMessage, Clock, ContactCodeAdvertisement, ContactUpdate, Content};
use status_stack::Fault;

use super::arrive::{Origin, Unfit, judge};
use super::say::invalid;
use super::{Core, Step, Stop};
use crate::event::{Chat, ContactChange};
use crate::profile::OwnProfile;
use crate::table;
use crate::table::contacts as people;
use crate::table::profile::{self as rows, Published};

/// How often our profile is said again although it has not changed.
const AGAIN: Duration = Duration::from_secs(24 * 60 * 60);

/// Longest name on the chain that is kept, in bytes: as long as the system allows.
const MAX_ENS_NAME: usize = 255;

/// What somebody says of themselves, and when. What they leave out stays as it was.
pub(super) struct Said {
    clock: Clock,
    name: String,
    ens_name: String,
    bio: Option<String>,
    colour: u32,
}

impl Core {
    /// Changes what we say of ourselves, and tells all contacts.
    pub(crate) fn set_profile(&self, step: &mut Step<'_, '_>, profile: &OwnProfile) -> Result<(), Stop> {
        let identity = Content::ChatIdentity(identity(profile, Clock::new(step.now().millis())));
        judge(&identity, step.now()).map_err(|why| invalid(&why))?;
        self.set_own(step, |shelf| rows::save(shelf, profile))?;
        self.update_all(step)?;
        Ok(self.advertise(step)?)
    }

    /// Says in a chat who we are, if that is due there. In a closed group nobody does.
    pub(crate) fn publish_profile(&self, step: &mut Step<'_, '_>, chat: &Chat) -> Result<(), Stop> {
        if matches!(chat, Chat::Group(_)) {
            return Ok(());
        }
        let Some(profile) = self.due_at(step, chat)? else { return Ok(()) };
        let clock = self.tick(step, chat)?;
        let images = self.images(step, chat)?;
        let identity = ChatIdentity { images, ..identity(&profile, clock) };
        self.post(step, chat, &Content::ChatIdentity(identity))?;
        Ok(())
    }

    /// Says at our contact code who we are, if that is due. That it is refused harms nobody; it is tried again.
    pub(super) fn advertise(&self, step: &mut Step<'_, '_>) -> Result<(), Fault> {
        let said = step.attempt(|step| {
            let Some(code) = contact_code(&self.keyring.user()) else { return Ok(()) };
            let code = Chat::Channel(code);
            let (due, infos_due) = (self.due_at(step, &code)?, self.infos_due(step)?);
            if due.is_none() && !infos_due {
                return Ok(());
            }
            // That there is neither name nor picture any more is said once, too.
            let changed = due.is_some();
            let profile = due.map_or_else(|| rows::load(&step.shelf()), Ok)?;
            let clock = Clock::new(step.now().millis());
            let images = self.images(step, &code)?;
            let says = changed || !profile.name.is_empty() || !images.is_empty();
            let chat_identity = says.then(|| ChatIdentity { images, ..identity(&profile, clock) });
            let push_notification_info = self.infos(step)?;
            let advertisement = ContactCodeAdvertisement { push_notification_info, chat_identity };
            self.post(step, &code, &Content::ContactCodeAdvertisement(advertisement)).map(drop)
        });
        match said {
            Err(Stop::Fault(fault)) => Err(fault),
            Ok(()) | Err(Stop::Refused(_)) => Ok(()),
        }
    }

    /// The profile, if it is due at a place; then it is noted as said there.
    fn due_at(&self, step: &mut Step<'_, '_>, chat: &Chat) -> Result<Option<OwnProfile>, Stop> {
        let at = step.now();
        let picture = self.picture_mark(step, chat)?;
        let mut shelf = step.shelf();
        let profile = rows::load(&shelf)?;
        let last = rows::published(&shelf, chat)?;
        // A picture that was taken away is told of once, by a profile without one.
        if profile.name.is_empty() && picture.is_empty() && last.is_none() {
            return Ok(None);
        }
        let colour = profile.colour.to_be_bytes();
        let hash = keccak256(&[&picture, profile.name.as_bytes(), profile.bio.as_bytes(), &colour]);
        if profile.name.is_empty() && picture.is_empty() && last.is_some_and(|last| last.hash == hash) {
            return Ok(None);
        }
        if last.is_some_and(|last| last.hash == hash && at.since(last.at) < AGAIN) {
            return Ok(None);
        }
        rows::set_published(&mut shelf, chat, &Published { at, hash });
        Ok(Some(profile))
    }

    /// Somebody says who they are.
    pub(super) fn identified(
        &self,
        step: &mut Step<'_, '_>,
        origin: &Origin,
        mut identity: ChatIdentity,
    ) -> Result<(), Unfit> {
        let images = std::mem::take(&mut identity.images);
        let us = origin.author == self.keyring.user();
        let elsewhere = matches!(&origin.to, Recipient::Channel(name)
            if is_contact_code(name) && Some(name) != contact_code(&origin.author).as_ref());
        if us || elsewhere {
            return Ok(());
        }
        let content = Content::ChatIdentity(identity);
        judge(&content, step.now())?;
        match content {
            Content::ChatIdentity(identity) => {
                let clock = identity.clock;
                self.take_profile(step, &origin.author, &Said::of_identity(identity))?;
                self.take_pictures(step, &origin.author, clock, images)
            }
            _ => Ok(()),
        }
    }

    /// Takes what somebody says of themselves, if it is newer than what is known, and they are anybody to us.
    pub(super) fn take_profile(
        &self,
        step: &mut Step<'_, '_>,
        user: &UserId,
        said: &Said,
    ) -> Result<(), Unfit> {
        if said.is_empty() {
            return Ok(());
        }
        let shelf = step.shelf();
        let known = match people::load(&shelf, user)? {
            None if table::joined(&shelf, &Chat::User(*user))? => people::Person::default(),
            None => return Ok(()),
            Some(person) => person,
        };
        let fits = status_layer::Timestamp::from_millis(said.clock.value()).since(step.now())
            <= status_payload::MAX_AHEAD;
        if !fits || *user == self.keyring.user() || said.clock.value() <= known.profile_clock {
            return Ok(());
        }
        let mut person = known.clone();
        person.profile_clock = said.clock.value();
        let name = said.name.trim();
        if !name.is_empty() {
            name.clone_into(&mut person.name);
        }
        if !said.ens_name.is_empty() && said.ens_name.len() <= MAX_ENS_NAME {
            person.ens_name.clone_from(&said.ens_name);
        }
        if let Some(bio) = &said.bio {
            person.bio.clone_from(bio);
        }
        if said.colour != 0 {
            person.colour = said.colour;
        }
        people::save(&mut step.shelf(), user, &person)?;
        if !person.says_the_same(&known) {
            self.tell_of(step, user, ContactChange::Profile)?;
        }
        Ok(())
    }
}

impl Said {
    /// Whether it says nothing, as messages do whose author has no name.
    fn is_empty(&self) -> bool {
        self.name.trim().is_empty() && self.ens_name.is_empty() && self.bio.is_none() && self.colour == 0
    }

    pub(super) fn of_message(said: &ChatMessage) -> Self {
        Self {
            clock: said.clock,
            name: said.display_name.clone(),
            ens_name: said.ens_name.clone(),
            bio: None,
            colour: said.customization_color,
        }
    }

    pub(super) fn of_update(update: &ContactUpdate) -> Self {
        Self {
            clock: update.clock,
            name: update.display_name.clone(),
            ens_name: update.ens_name.clone(),
            bio: None,
            colour: update.customization_color,
        }
    }

    fn of_identity(identity: ChatIdentity) -> Self {
        Self {
            clock: identity.clock,
            name: identity.display_name,
            ens_name: identity.ens_name,
            bio: Some(identity.description),
            colour: identity.customization_color,
        }
    }
}

/// How the name of a place ends at which somebody announces their keys and their profile.
const CONTACT_CODE: &str = "-contact-code";

/// Whether somebody announces their keys and their profile at a place of this name.
pub(super) fn is_contact_code(name: &Name) -> bool {
    name.as_str().ends_with(CONTACT_CODE)
}

/// Where somebody announces their keys and their profile.
pub(super) fn contact_code(user: &UserId) -> Option<Name> {
    let key = text::key_string(user).ok()?;
    Name::new(format!("{key}{CONTACT_CODE}")).ok()
}

fn identity(profile: &OwnProfile, clock: Clock) -> ChatIdentity {
    ChatIdentity {
        clock,
        display_name: profile.name.clone(),
        description: profile.bio.clone(),
        customization_color: profile.colour,
        ..ChatIdentity::default()
    }
}
