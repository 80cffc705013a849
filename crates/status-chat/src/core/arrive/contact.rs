//! What arrives of people: their requests and answers, and how they see the two sides.

use std::time::Duration;

use status_layer::{MessageId, Recipient, StoreError, Timestamp, UserId};
use status_payload::{
    AcceptContactRequest, ChatMessage, Clock, ContactRequestPropagatedState, ContactState, ContactUpdate,
    ContentType, Invalid, MAX_AHEAD, Relation, RetractContactRequest, Side,
};

use super::{Origin, Unfit};
use crate::core::profile::Said;
use crate::core::{Core, Step, Stop, promised};
use crate::event::{Chat, ContactChange, Event};
use crate::table;
use crate::table::contacts::{self as people, Person, Request};

/// How often at most somebody is told how we see the two sides because they see them otherwise.
const TOLD_AT_MOST: Duration = Duration::from_secs(60);

impl Core {
    /// Whether anything of an author is let in.
    pub(super) fn is_blocked(&self, step: &mut Step<'_, '_>, author: &UserId) -> Result<bool, Unfit> {
        Ok(people::load(&step.shelf(), author)?.is_some_and(|person| person.blocked))
    }

    /// Takes what a chat message says of its author and of the two sides; whether it is shown.
    pub(super) fn met(
        &self,
        step: &mut Step<'_, '_>,
        origin: &Origin,
        chat: &Chat,
        said: &ChatMessage,
    ) -> Result<bool, Unfit> {
        let asks = said.content_type == ContentType::ContactRequest;
        let Chat::User(user) = chat else {
            self.take_profile(step, &origin.author, &Said::of_message(said))?;
            return Ok(true);
        };
        let known = people::load(&step.shelf(), user)?;
        let stranger = self.is_stranger(step, user, known.as_ref())?;
        let mut person = known.unwrap_or_default();
        let state = fitting(said.contact_request_propagated_state.as_ref(), step.now());
        if origin.author == self.keyring.user() {
            if asks {
                person.relation.send(said.clock);
            }
            if let Some(known) = state.and_then(relation) {
                person.relation.synced(&known);
            }
            self.decided_elsewhere(step, user, &person)?;
            return Ok(true);
        }
        let before = person.relation;
        person.stranger = stranger;
        let tell = state.is_some_and(|state| person.relation.propagated(state).send_back);
        let dismissed = before.dismissed();
        if asks && !before.mutual() && !dismissed {
            person.relation.request_received(said.clock);
        }
        if asks {
            let request = Request { id: origin.id, at: step.now(), grade: origin.grade };
            if let Some(last) = person.request.replace(request).filter(|_| dismissed) {
                self.forget_message(step, last.id)?;
            }
        }
        let note = if asks { said.text.as_str() } else { "" };
        self.note(step, origin, (before, person), tell, note)?;
        self.take_profile(step, user, &Said::of_message(said))?;
        if asks && dismissed {
            let (request, note, grade) = (origin.id, said.text.clone(), origin.grade);
            self.tell_of(step, user, ContactChange::RequestedAgain { request, note, grade })?;
        }
        Ok(!dismissed)
    }

    /// News of a contact's name, and how they see the two sides.
    pub(super) fn updated(
        &self,
        step: &mut Step<'_, '_>,
        origin: &Origin,
        update: &ContactUpdate,
    ) -> Result<(), Unfit> {
        self.private(step, origin, update.clock)?;
        let asked = update.contact_request_clock;
        check_clock(asked, step.now())?;
        let user = origin.author;
        if user == self.keyring.user() {
            return Ok(());
        }
        let known = people::load(&step.shelf(), &user)?;
        let stranger = self.is_stranger(step, &user, known.as_ref())?;
        let mut person = known.clone().unwrap_or_default();
        let state = fitting(update.contact_request_propagated_state.as_ref(), step.now());
        let tell = state.is_some_and(|state| person.relation.propagated(state).send_back);
        if asked != Clock::default() {
            person.relation.request_received(asked);
        }
        let asks = person.relation.has_added_us();
        // Of somebody who wants nothing of us nothing is kept.
        let wanted = known.is_some() || table::joined(&step.shelf(), &Chat::User(user))? || asks;
        let before = known.unwrap_or_default();
        if !wanted || !self.wants(step, &user, &before, asks)? {
            return Ok(());
        }
        person.stranger = stranger;
        self.note(step, origin, (before.relation, person), tell, "")?;
        self.take_profile(step, &user, &Said::of_update(update))
    }

    /// A request of ours was accepted, or one was that we have not made.
    pub(super) fn accepted(
        &self,
        step: &mut Step<'_, '_>,
        origin: &Origin,
        accept: &AcceptContactRequest,
    ) -> Result<(), Unfit> {
        self.private(step, origin, accept.clock)?;
        let about = self.about(step, origin, &accept.id)?;
        let Some(user) = about else { return Ok(()) };
        let known = people::load(&step.shelf(), &user)?;
        let stranger = self.is_stranger(step, &user, known.as_ref())?;
        let mut person = known.unwrap_or_default();
        if origin.author == self.keyring.user() {
            person.relation.accept(accept.clock);
            return self.decided_elsewhere(step, &user, &person);
        }
        if !self.wants(step, &user, &person, true)? {
            return Ok(());
        }
        person.stranger = stranger;
        let before = person.relation;
        person.relation.accept_received(accept.clock);
        self.note(step, origin, (before, person), false, "")
    }

    /// A request was taken back, or a contact given up.
    pub(super) fn retracted(
        &self,
        step: &mut Step<'_, '_>,
        origin: &Origin,
        retract: &RetractContactRequest,
    ) -> Result<(), Unfit> {
        self.private(step, origin, retract.clock)?;
        // What another device of ours has retracted it does not say; the next message from there does.
        let Some(mut person) = people::load(&step.shelf(), &origin.author)? else { return Ok(()) };
        let before = person.relation;
        person.relation.retract_received(retract.clock);
        self.note(step, origin, (before, person), false, "")
    }

    /// Keeps what became of a person, and tells of it. Strangers too many are forgotten.
    fn note(
        &self,
        step: &mut Step<'_, '_>,
        origin: &Origin,
        (before, mut person): (Relation, Person),
        tell: bool,
        note: &str,
    ) -> Result<(), Unfit> {
        let (user, now) = (origin.author, step.now());
        person.heard = now;
        let tell = tell && now.since(person.answered) >= TOLD_AT_MOST;
        if tell {
            person.answered = now;
        }
        people::save(&mut step.shelf(), &user, &person)?;
        self.seat(step, now)?;
        let after = person.relation;
        let stood = before.added() || before.has_added_us();
        if stood && !after.added() && !after.has_added_us() {
            self.tell_of(step, &user, ContactChange::Retracted)?;
        } else if after.mutual() && !before.mutual() {
            self.tell_of(step, &user, ContactChange::Accepted)?;
        } else if after.view() == ContactState::Received && !before.has_added_us() {
            let request = person.request.map(|request| request.id).filter(|id| *id == origin.id);
            let requested = ContactChange::Requested { request, note: note.to_owned(), grade: origin.grade };
            self.tell_of(step, &user, requested)?;
        }
        if tell { self.try_update(step, &user) } else { Ok(()) }
    }

    /// Tells somebody how we see the two sides, unless the layers refuse.
    fn try_update(&self, step: &mut Step<'_, '_>, user: &UserId) -> Result<(), Unfit> {
        match step.attempt(|step| self.update(step, user)) {
            Err(Stop::Fault(fault)) => Err(fault.into()),
            // What was refused was told; the next message says it.
            Ok(()) | Err(Stop::Refused(_)) => Ok(()),
        }
    }

    /// What another device of ours did.
    fn decided_elsewhere(
        &self,
        step: &mut Step<'_, '_>,
        user: &UserId,
        person: &Person,
    ) -> Result<(), Unfit> {
        let mut shelf = step.shelf();
        let before = people::load(&shelf, user)?.unwrap_or_default();
        people::save(&mut shelf, user, &Person { stranger: false, ..person.clone() })?;
        if before.relation != person.relation {
            self.tell_of(step, user, ContactChange::Elsewhere)?;
        }
        Ok(())
    }

    /// Tells of a person.
    pub(in crate::core) fn tell_of(
        &self,
        step: &mut Step<'_, '_>,
        user: &UserId,
        change: ContactChange,
    ) -> Result<(), StoreError> {
        let verified = people::verified(&step.shelf(), user)?;
        step.tell(Event::Contact { user: *user, change, verified_since: verified.map(|it| it.at) });
        Ok(())
    }

    /// Makes sure that something was said to us alone, and takes its clock for that of the chat.
    fn private(&self, step: &mut Step<'_, '_>, origin: &Origin, clock: Clock) -> Result<(), Unfit> {
        let chat = Chat::User(origin.author);
        if !matches!(origin.to, Recipient::User(_)) {
            return Err(Unfit::Elsewhere);
        }
        if origin.grade < promised(&chat) {
            return Err(Unfit::Unsealed);
        }
        check_clock(clock, step.now())?;
        if people::load(&step.shelf(), &origin.author)?.is_some() {
            let mut shelf = step.shelf();
            let seen = table::clock(&shelf, &chat)?;
            table::set_clock(&mut shelf, &chat, seen.max(clock.value()));
        }
        Ok(())
    }

    /// Whose request an acceptance is about: who sent it, or, from a device of our own, whom that accepted.
    fn about(&self, step: &mut Step<'_, '_>, origin: &Origin, id: &str) -> Result<Option<UserId>, Unfit> {
        let message = match id_of(id) {
            Some(id) => table::load_message(&step.shelf(), id)?,
            None => None,
        };
        let chat = message.map(|message| message.chat);
        if origin.author == self.keyring.user() {
            return Ok(match chat {
                Some(Chat::User(user)) => Some(user),
                Some(_) => return Err(Unfit::Elsewhere),
                None => asked_by_default(id),
            });
        }
        match chat {
            Some(chat) if chat != Chat::User(origin.author) => Err(Unfit::Elsewhere),
            _ => Ok(Some(origin.author)),
        }
    }

    /// Whether somebody of whom something came is a stranger: until then nothing was known of them, and their chat was not
    /// wished for.
    fn is_stranger(
        &self,
        step: &mut Step<'_, '_>,
        user: &UserId,
        known: Option<&Person>,
    ) -> Result<bool, Unfit> {
        match known {
            Some(person) => Ok(person.stranger),
            None => Ok(!table::joined(&step.shelf(), &Chat::User(*user))?),
        }
    }

    fn forget_message(&self, step: &mut Step<'_, '_>, id: MessageId) -> Result<(), Unfit> {
        let mut shelf = step.shelf();
        if let Some(message) = table::load_message(&shelf, id)? {
            table::forget_message(&mut shelf, &message)?;
        }
        Ok(())
    }
}

/// Clocks of the future would stand in the way of everything that is done later.
fn check_clock(clock: Clock, now: Timestamp) -> Result<(), Invalid> {
    match Timestamp::from_millis(clock.value()).since(now) {
        ahead if ahead > MAX_AHEAD => Err(Invalid::ClockAhead { ahead, max: MAX_AHEAD }),
        _ => Ok(()),
    }
}

/// A state whose clocks may be.
fn fitting(
    state: Option<&ContactRequestPropagatedState>,
    now: Timestamp,
) -> Option<&ContactRequestPropagatedState> {
    let fits = |clock| check_clock(clock, now).is_ok();
    state.filter(|state| fits(state.local_clock) && fits(state.remote_clock))
}

/// How another device of ours sees the two sides.
fn relation(state: &ContactRequestPropagatedState) -> Option<Relation> {
    let side = |state, clock| Some(Side { state: ContactState::numbered(state)?, clock });
    Some(Relation {
        local: side(state.local_state, state.local_clock)?,
        remote: side(state.remote_state, state.remote_clock)?,
    })
}

/// A message as messages name it.
fn id_of(text: &str) -> Option<MessageId> {
    let digits = text.strip_prefix("0x").filter(|digits| digits.len() == 64)?;
    let mut id = [0; 32];
    for (byte, pair) in id.iter_mut().zip(digits.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(MessageId::new(id))
}

/// The user in the name of a request that came without a message.
fn asked_by_default(id: &str) -> Option<UserId> {
    status_crypto::text::parse_user(id.strip_suffix("20")?).ok()
}
