//! What our devices tell each other of people: each side of the relation by its clock, what the user calls them and whether
//! they are blocked and muted by the clock of that decision, whether they were verified by another, and what they say of
//! themselves by theirs.
//!
//! Of each of these the newer one counts, and of two with the same clock the same one on every device. So what a device knows
//! follows from what it has heard, not from the order in which it has heard it.

use status_crypto::{KeyError, text};
use status_layer::{Shelf, StoreError, Timestamp, UserId};
use status_payload::{
    Backup, BackupPart, Clock, ContactState, Content, Decision, Relation, Side, SyncContactRequestDecision,
    SyncInstallationContact, SyncTrustedUser, TrustStatus,
};

use super::super::say::invalid;
use super::super::{Core, Step, Stop};
use crate::contacts::{How, Verified};
use crate::event::Chat;
use crate::table;
use crate::table::contacts::{self as people, Person};
use crate::table::devices;
use crate::table::word::{self, Subject};

/// People in one message for a device that joins.
const PEOPLE_AT_ONCE: usize = 25;
/// People of whom a device that joins is told, in the order of their keys. Of others it hears with the next decision.
const MAX_PEOPLE: usize = 4_096;
/// Verified people of whom a device that joins is told when that was.
const MAX_TRUST: usize = 1_024;
/// People that are read in one go.
const PAGE: usize = 256;

/// What is new about a person after a word on them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Learnt {
    /// Nothing.
    Nothing,
    /// Only what they say of themselves.
    Profile,
    /// What the user decided, or how the two stand.
    Decision,
}

impl Core {
    /// The next clock for a word of ours that is to be newer than `known`.
    pub(in crate::core) fn next_word(&self, step: &mut Step<'_, '_>, known: u64) -> Result<Clock, Stop> {
        let clock = self.tick(step, &Chat::User(self.keyring.user()))?;
        Ok(clock.max(Clock::new(known.saturating_add(1))))
    }

    /// Tells our other devices all that we know of a person.
    pub(in crate::core) fn tell_person(&self, step: &mut Step<'_, '_>, user: &UserId) -> Result<(), Stop> {
        if !devices::any_joined(&step.shelf())? {
            return Ok(());
        }
        let Some(person) = people::load(&step.shelf(), user)? else { return Ok(()) };
        let said = known(&step.shelf(), user, &person)?.map_err(|why| invalid(&why))?;
        self.tell_own(step, &Content::SyncInstallationContact(Box::new(said)))
    }

    /// Tells our other devices what became of a request.
    pub(in crate::core) fn tell_decision(
        &self,
        step: &mut Step<'_, '_>,
        user: &UserId,
        request_id: String,
        (decision_status, clock): (Decision, Clock),
    ) -> Result<(), Stop> {
        let contact_id = text::key_string(user).map_err(|why| invalid(&why))?;
        let said = SyncContactRequestDecision { clock, request_id, decision_status, contact_id };
        self.tell_own(step, &Content::SyncContactRequestDecision(said))
    }

    /// Tells our other devices whether somebody was verified.
    pub(in crate::core) fn tell_trust(
        &self,
        step: &mut Step<'_, '_>,
        user: &UserId,
        (clock, trusted): (u64, bool),
    ) -> Result<(), Stop> {
        let id = text::key_string(user).map_err(|why| invalid(&why))?;
        let status = if trusted { TrustStatus::Trusted } else { TrustStatus::Unset };
        self.tell_own(
            step,
            &Content::SyncTrustedUser(SyncTrustedUser { clock: Clock::new(clock), id, status }),
        )
    }

    /// Tells a device that joins of everybody whom the user has to do with.
    pub(super) fn tell_people(&self, step: &mut Step<'_, '_>) -> Result<(), Stop> {
        let (mut said, mut trust, mut after) = (Vec::new(), Vec::new(), None);
        while said.len() < MAX_PEOPLE {
            let shelf = step.shelf();
            let page = people::page(&shelf, after.as_ref(), PAGE)?;
            let Some((last, _)) = page.last() else { break };
            after = Some(*last);
            // Of strangers those who ask to be a contact.
            let told = |person: &Person| !person.stranger || person.relation.has_added_us();
            for (user, person) in page.iter().filter(|(_, person)| told(person)) {
                // A row whose user is no key says nothing to anybody.
                said.extend(known(&shelf, user, person)?.ok());
                if people::verified(&shelf, user)?.is_some() && trust.len() < MAX_TRUST {
                    trust.push((*user, word::said_at(&shelf, Subject::Trust(user), true)?));
                }
            }
        }
        said.truncate(MAX_PEOPLE);
        let parts = u32::try_from(said.len().div_ceil(PEOPLE_AT_ONCE)).unwrap_or(u32::MAX);
        for (number, contacts) in (1..).zip(said.chunks(PEOPLE_AT_ONCE)) {
            let clock = self.tick(step, &Chat::User(self.keyring.user()))?;
            let details = BackupPart { data_number: number, total_number: parts };
            let contacts = contacts.to_vec();
            let backup = Backup { clock, contacts, contacts_details: Some(details), ..Backup::default() };
            self.tell_own(step, &Content::Backup(Box::new(backup)))?;
        }
        trust.into_iter().try_for_each(|(user, clock)| self.tell_trust(step, &user, (clock, true)))
    }
}

/// All that is known of a person, for our other devices.
fn known(
    shelf: &Shelf<'_>,
    user: &UserId,
    person: &Person,
) -> Result<Result<SyncInstallationContact, KeyError>, StoreError> {
    let id = match text::key_string(user) {
        Ok(id) => id,
        Err(why) => return Ok(Err(why)),
    };
    let trusted = people::verified(shelf, user)?.is_some();
    let local = person.relation.local;
    let mut said = SyncInstallationContact {
        clock: Clock::new(decided_at(shelf, user, person)?),
        id,
        ens_name: person.ens_name.clone(),
        last_updated: person.profile_clock,
        local_nickname: person.nickname.clone(),
        blocked: person.blocked,
        muted: person.muted,
        removed: !person.blocked && local.state == ContactState::None && local.clock != Clock::default(),
        trust_status: i64::from(if trusted { TrustStatus::Trusted } else { TrustStatus::Unset }.number()),
        display_name: person.name.clone(),
        customization_color: person.colour,
        ..SyncInstallationContact::default()
    };
    said.set_relation(&person.relation);
    Ok(Ok(said))
}

/// Takes what another device of ours knows of a person, as far as it is newer than what is known here.
pub(crate) fn learn(
    shelf: &mut Shelf<'_>,
    user: &UserId,
    said: &SyncInstallationContact,
) -> Result<Learnt, StoreError> {
    let before = people::load(shelf, user)?;
    let mut person = before.clone().unwrap_or_default();
    person.relation.synced(&said.relation());

    let ours = (decided_at(shelf, user, &person)?, decided(&person));
    let theirs = (said.clock.value(), (said.is_blocked(), said.muted, said.local_nickname.clone()));
    let decided_anew = theirs > ours;
    if decided_anew {
        word::set_said_at(shelf, Subject::Person(user), theirs.0);
        (person.blocked, person.muted, person.nickname) = theirs.1;
    }
    let ours = (person.profile_clock, &person.name, &person.ens_name, person.colour);
    let theirs = (said.last_updated, &said.display_name, &said.ens_name, said.customization_color);
    if theirs > ours {
        person.profile_clock = said.last_updated;
        person.name.clone_from(&said.display_name);
        person.ens_name.clone_from(&said.ens_name);
        person.colour = said.customization_color;
    }
    // Older than any word on it: peers say when that was in a message of its own, if at all.
    let trusted = said.trust_status == i64::from(TrustStatus::Trusted.number());
    let trust = if trusted { learn_trust(shelf, user, 1, true)? } else { Learnt::Nothing };

    let word_on_trust = word::said_at(shelf, Subject::Trust(user), people::verified(shelf, user)?.is_some())?;
    let any_decision =
        person.relation.local.clock.value().max(decided_at(shelf, user, &person)?).max(word_on_trust) > 0;
    person.stranger = !any_decision
        && match &before {
            Some(before) => before.stranger,
            None => !table::joined(shelf, &Chat::User(*user))?,
        };
    let old = before.clone().unwrap_or_default();
    if before.is_some() || person != (Person { stranger: person.stranger, ..Person::default() }) {
        people::save(shelf, user, &person)?;
    }
    if decided(&person) != decided(&old) || person.relation != old.relation || trust == Learnt::Decision {
        return Ok(Learnt::Decision);
    }
    Ok(if person.says_the_same(&old) { Learnt::Nothing } else { Learnt::Profile })
}

/// Takes the word of another device of ours on whether somebody was verified. With the same clock they were not.
pub(crate) fn learn_trust(
    shelf: &mut Shelf<'_>,
    user: &UserId,
    clock: u64,
    trusted: bool,
) -> Result<Learnt, StoreError> {
    let was = people::verified(shelf, user)?.is_some();
    let known = (word::said_at(shelf, Subject::Trust(user), was)?, !was);
    if (clock, !trusted) <= known {
        return Ok(Learnt::Nothing);
    }
    word::set_said_at(shelf, Subject::Trust(user), clock);
    people::welcome(shelf, user)?;
    let at = Timestamp::from_millis(clock);
    people::set_verified(shelf, user, trusted.then_some(Verified { at, how: How::Elsewhere }));
    Ok(if was == trusted { Learnt::Nothing } else { Learnt::Decision })
}

/// Takes what became of a request on another device of ours.
pub(crate) fn learn_decision(
    shelf: &mut Shelf<'_>,
    user: &UserId,
    decision: Decision,
    clock: Clock,
) -> Result<Learnt, StoreError> {
    let state = match decision {
        Decision::Accepted => ContactState::Sent,
        Decision::Declined => ContactState::Dismissed,
        _ => return Ok(Learnt::Nothing),
    };
    let mut person = people::load(shelf, user)?.unwrap_or_default();
    let known = Relation { local: Side { state, clock }, remote: Side::default() };
    if !person.relation.synced(&known).changed {
        return Ok(Learnt::Nothing);
    }
    people::save(shelf, user, &Person { stranger: false, ..person })?;
    Ok(Learnt::Decision)
}

/// What the user decided of a person by one word.
pub(in crate::core) fn decided(person: &Person) -> (bool, bool, String) {
    (person.blocked, person.muted, person.nickname.clone())
}

/// When that word was said.
pub(in crate::core) fn decided_at(
    shelf: &Shelf<'_>,
    user: &UserId,
    person: &Person,
) -> Result<u64, StoreError> {
    let any = decided(person) != decided(&Person::default());
    word::said_at(shelf, Subject::Person(user), any)
}

#[cfg(test)]
mod tests;
