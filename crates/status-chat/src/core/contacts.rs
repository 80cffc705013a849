//! What may be wished for with people: asking them to be contacts, answering them, blocking them, and making sure of them.
//!
//! Spec: the flows of deployed peers. A request is a chat message of its own type; an acceptance and a retraction are
//! messages of their own; a denial is not told. How we see the two sides goes out with every chat message.

use status_crypto::text;
use status_layer::{Grade, MessageId, Timestamp, UserId};
use status_payload::{
    AcceptContactRequest, ChatMessage, Clock, ContactUpdate, Content, ContentType, Decision,
    RetractContactRequest,
};
use status_stack::Input;

use super::say::{invalid, place};
use super::sync::person::{decided, decided_at};
use super::{Core, Step, Stop, promised};
use crate::contacts::{How, Verified};
use crate::error::SendError;
use crate::event::Chat;
use crate::table;
use crate::table::contacts::{self as people, Person};
use crate::table::word::{self, Subject};

/// What deployed peers say who have nothing to say.
const DEFAULT_NOTE: &str = "Please add me to your contacts";

/// Longest name that the user may give to somebody, in characters.
pub(crate) const MAX_NICKNAME: usize = 64;

/// People that are looked at in one go.
const PAGE: usize = 256;

impl Core {
    /// Asks somebody to be a contact.
    pub(crate) fn request(
        &self,
        step: &mut Step<'_, '_>,
        user: UserId,
        note: &str,
    ) -> Result<MessageId, Stop> {
        let chat = Chat::User(user);
        self.not_oneself(&chat)?;
        let mut person = self.person(step, &user)?;
        if person.blocked {
            return Err(SendError::Blocked.into());
        }
        self.join(step, &chat)?;
        self.publish_profile(step, &chat)?;
        let (now, clock) = (step.now(), self.tick_past(step, &user, &person)?);
        person.relation.send(clock);
        self.decide(step, &user, person)?;

        let note = if note.trim().is_empty() { DEFAULT_NOTE } else { note };
        let mut said = ChatMessage::text(&place(&chat), note, clock, now).map_err(|why| invalid(&why))?;
        said.content_type = ContentType::ContactRequest;
        self.sign_off(step, &chat, &mut said)?;
        self.speak(step, &chat, &said)
    }

    /// Takes somebody's request.
    pub(crate) fn accept(&self, step: &mut Step<'_, '_>, user: UserId) -> Result<(), Stop> {
        let mut person = self.person(step, &user)?;
        if person.blocked {
            return Err(SendError::Blocked.into());
        }
        if !person.relation.has_added_us() || person.relation.added() {
            return Err(SendError::NoRequest.into());
        }
        let chat = Chat::User(user);
        self.join(step, &chat)?;
        self.publish_profile(step, &chat)?;
        let clock = self.tick_past(step, &user, &person)?;
        person.relation.send(clock);
        let id = person.request.map_or_else(|| default_id(&user), |request| Ok(id_text(request.id)))?;
        self.decide(step, &user, person)?;
        self.tell_decision(step, &user, id.clone(), (Decision::Accepted, clock))?;
        self.post(step, &chat, &Content::AcceptContactRequest(AcceptContactRequest { id, clock }))?;
        Ok(())
    }

    /// Does not take somebody's request. They are not told.
    pub(crate) fn deny(&self, step: &mut Step<'_, '_>, user: UserId) -> Result<(), Stop> {
        let mut person = self.person(step, &user)?;
        if !person.relation.has_added_us() || person.relation.added() {
            return Err(SendError::NoRequest.into());
        }
        let clock = self.tick_past(step, &user, &person)?;
        person.relation.dismiss(clock);
        let id = person.request.map_or_else(|| default_id(&user), |request| Ok(id_text(request.id)))?;
        self.decide(step, &user, person)?;
        self.tell_decision(step, &user, id, (Decision::Declined, clock))
    }

    /// Takes back a request of ours, or gives up a contact. They are told, if there is anything to tell.
    pub(crate) fn retract(&self, step: &mut Step<'_, '_>, user: UserId) -> Result<(), Stop> {
        let chat = Chat::User(user);
        let mut person = self.person(step, &user)?;
        if !person.relation.added() {
            return Err(SendError::NotAContact.into());
        }
        let clock = self.tick_past(step, &user, &person)?;
        person.relation.retract(clock);
        self.decide(step, &user, person)?;
        let retract = RetractContactRequest { id: String::new(), clock };
        self.post(step, &chat, &Content::RetractContactRequest(retract))?;
        Ok(())
    }

    /// From now on whatever they send is dropped unread.
    pub(crate) fn block(&self, step: &mut Step<'_, '_>, user: UserId) -> Result<(), Stop> {
        let chat = Chat::User(user);
        self.not_oneself(&chat)?;
        let mut person = self.person(step, &user)?;
        let clock = self.tick_past(step, &user, &person)?;
        person.relation.dismiss(clock);
        person.blocked = true;
        self.decide(step, &user, person)?;
        // Also if the chat is none here: on another device it may be one.
        self.tell_part(step, &chat, false)?;
        Ok(self.take_part(step, &chat, false)?)
    }

    /// They may write again. All else between the two begins anew.
    pub(crate) fn unblock(&self, step: &mut Step<'_, '_>, user: UserId) -> Result<(), Stop> {
        let mut person = self.person(step, &user)?;
        if person.blocked {
            let clock = self.tick_past(step, &user, &person)?;
            person.relation.retract(clock);
            person.blocked = false;
            self.decide(step, &user, person)?;
        }
        Ok(())
    }

    /// Gives somebody a name that nobody else hears of; none takes it back.
    pub(crate) fn rename(&self, step: &mut Step<'_, '_>, user: UserId, name: &str) -> Result<(), Stop> {
        self.not_oneself(&Chat::User(user))?;
        let (name, len) = (name.trim(), name.trim().chars().count());
        if len > MAX_NICKNAME || name.chars().any(char::is_control) {
            return Err(SendError::Nickname { max: MAX_NICKNAME }.into());
        }
        let person = self.person(step, &user)?;
        self.decide(step, &user, Person { nickname: name.to_owned(), ..person })
    }

    /// Whether the user wants to be disturbed by somebody.
    pub(crate) fn mute(&self, step: &mut Step<'_, '_>, user: UserId, muted: bool) -> Result<(), Stop> {
        self.not_oneself(&Chat::User(user))?;
        let person = self.person(step, &user)?;
        self.decide(step, &user, Person { muted, ..person })
    }

    /// Notes that the user made sure whose key it is, or is sure no more.
    pub(crate) fn verify(&self, step: &mut Step<'_, '_>, user: UserId, how: Option<How>) -> Result<(), Stop> {
        self.not_oneself(&Chat::User(user))?;
        let person = self.person(step, &user)?;
        people::save(&mut step.shelf(), &user, &Person { stranger: false, ..person })?;
        let was = people::verified(&step.shelf(), &user)?.is_some();
        let known = word::said_at(&step.shelf(), Subject::Trust(&user), was)?;
        let clock = self.next_word(step, known)?.value();
        word::set_said_at(&mut step.shelf(), Subject::Trust(&user), clock);
        // The same time on all devices.
        let verified = how.map(|how| Verified { at: Timestamp::from_millis(clock), how });
        people::set_verified(&mut step.shelf(), &user, verified);
        self.tell_trust(step, &user, (clock, verified.is_some()))
    }

    /// How well something for somebody would be sealed now; nothing is worse than what the chat promises.
    pub(crate) fn grade_of(&self, step: &mut Step<'_, '_>, user: UserId) -> Result<Grade, Stop> {
        let prospect = self.ask(step, Input::Prospect(user))?.prospect;
        Ok(prospect.unwrap_or_else(|| promised(&Chat::User(user))))
    }

    /// Puts under a chat message what goes with every one: how we call ourselves, and to a person how we see the two sides.
    pub(crate) fn sign_off(
        &self,
        step: &mut Step<'_, '_>,
        chat: &Chat,
        said: &mut ChatMessage,
    ) -> Result<(), Stop> {
        let shelf = step.shelf();
        let ours = table::profile::load(&shelf)?;
        said.display_name = ours.name;
        said.customization_color = ours.colour;
        if let Chat::User(user) = chat {
            let person = people::load(&shelf, user)?.unwrap_or_default();
            said.contact_request_propagated_state = Some(person.relation.shown());
        }
        Ok(())
    }

    /// Tells a contact how we call ourselves, and how we see the two sides.
    pub(super) fn update(&self, step: &mut Step<'_, '_>, user: &UserId) -> Result<(), Stop> {
        let person = self.person(step, user)?;
        let ours = table::profile::load(&step.shelf())?;
        let clock = self.tick_past(step, user, &person)?;
        let ours_at = person.relation.local.clock;
        let asked = if person.relation.added() { ours_at } else { Clock::default() };
        let update = ContactUpdate {
            clock,
            display_name: ours.name,
            contact_request_clock: asked,
            contact_request_propagated_state: Some(person.relation.shown()),
            public_key: text::key_string(user).map_err(|_| SendError::Nobody(user.to_string()))?,
            customization_color: ours.colour,
            ..ContactUpdate::default()
        };
        self.post(step, &Chat::User(*user), &Content::ContactUpdate(Box::new(update)))?;
        Ok(())
    }

    /// Tells all whom we have added.
    pub(super) fn update_all(&self, step: &mut Step<'_, '_>) -> Result<(), Stop> {
        let mut after = None;
        loop {
            let page = people::page(&step.shelf(), after.as_ref(), PAGE)?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            after = Some(*last);
            let added = page.iter().filter(|(_, person)| person.relation.added() && !person.blocked);
            for (user, _) in added {
                self.update(step, user)?;
            }
        }
    }

    /// The next clock of a chat with somebody, newer than all that was done about being contacts.
    fn tick_past(&self, step: &mut Step<'_, '_>, user: &UserId, person: &Person) -> Result<Clock, Stop> {
        let chat = Chat::User(*user);
        let clock = person.relation.clock(self.tick(step, &chat)?);
        table::set_clock(&mut step.shelf(), &chat, clock.value());
        Ok(clock)
    }

    fn person(&self, step: &mut Step<'_, '_>, user: &UserId) -> Result<Person, Stop> {
        Ok(people::load(&step.shelf(), user)?.unwrap_or_default())
    }

    /// Keeps a person about whom the user has decided something, and tells our other devices: they are no stranger any more.
    fn decide(&self, step: &mut Step<'_, '_>, user: &UserId, person: Person) -> Result<(), Stop> {
        let before = self.person(step, user)?;
        if decided(&before) != decided(&person) {
            let known = decided_at(&step.shelf(), user, &before)?;
            let clock = self.next_word(step, known)?;
            word::set_said_at(&mut step.shelf(), Subject::Person(user), clock.value());
        }
        people::save(&mut step.shelf(), user, &Person { stranger: false, ..person })?;
        self.tell_person(step, user)
    }
}

/// The id of a message as messages name it.
pub(super) fn id_text(id: MessageId) -> String {
    let digits: String = id.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("0x{digits}")
}

/// What stands for the message of a request that came without one. Spec: the uncompressed key of who asked, and 0x20.
pub(super) fn default_id(user: &UserId) -> Result<String, Stop> {
    let key = text::key_string(user).map_err(|_| SendError::Nobody(user.to_string()))?;
    Ok(format!("{key}20"))
}
