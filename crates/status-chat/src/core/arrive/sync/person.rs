//! What another device of ours says of people.

use std::time::Duration;

use status_crypto::text;
use status_layer::{Timestamp, UserId};
use status_payload::{
    Clock, ContactUpdate, Content, Invalid, SyncContactRequestDecision, SyncInstallationContact,
    SyncTrustedUser, TrustStatus,
};

use super::super::{Origin, Unfit, judge};
use crate::core::contacts::MAX_NICKNAME;
use crate::core::sync::person::{Learnt, learn, learn_decision, learn_trust};
use crate::core::{Core, Step};
use crate::event::{Chat, ContactChange};
use crate::table::contacts as people;

/// How far the clock of another device of ours may be ahead. What is dated later would stand in the way of all that is decided.
const MAX_AHEAD: Duration = Duration::from_secs(24 * 60 * 60);

/// Longest name on the chain that is kept, in bytes: as long as the system allows.
const MAX_ENS_NAME: usize = 255;

impl Core {
    /// All that another device knows of a person.
    pub(in crate::core::arrive) fn person_synced(
        &self,
        step: &mut Step<'_, '_>,
        origin: &Origin,
        said: SyncInstallationContact,
    ) -> Result<(), Unfit> {
        self.belongs(step, origin)?;
        let user = self.other(&said.id)?;
        let said = self.fitting(step, said)?;
        self.heard_word(step, said.clock.value())?;
        let before = people::load(&step.shelf(), &user)?;
        let was_blocked = before.as_ref().is_some_and(|person| person.blocked);
        let learnt = learn(&mut step.shelf(), &user, &said)?;
        let now = step.now();
        let after = people::load(&step.shelf(), &user)?;
        if let Some(stranger) = after.clone().filter(|person| person.stranger && before.is_none()) {
            // Whoever asks to be a contact has a seat here as they have there.
            people::save(&mut step.shelf(), &user, &people::Person { heard: now, ..stranger })?;
            self.seat(step, now)?;
        }
        let blocked = after.is_some_and(|person| person.blocked);
        if blocked && !was_blocked {
            self.follow(step, &Chat::User(user), said.clock.value(), false)?;
        }
        self.tell_learnt(step, &user, learnt)
    }

    /// What became of a request on another device.
    pub(in crate::core::arrive) fn request_decided(
        &self,
        step: &mut Step<'_, '_>,
        origin: &Origin,
        said: &SyncContactRequestDecision,
    ) -> Result<(), Unfit> {
        self.belongs(step, origin)?;
        let user = self.other(&said.contact_id)?;
        not_ahead(step.now(), said.clock.value())?;
        let learnt = learn_decision(&mut step.shelf(), &user, said.decision_status, said.clock)?;
        self.tell_learnt(step, &user, learnt)
    }

    /// Whether somebody was verified on another device.
    pub(in crate::core::arrive) fn trust_synced(
        &self,
        step: &mut Step<'_, '_>,
        origin: &Origin,
        said: &SyncTrustedUser,
    ) -> Result<(), Unfit> {
        self.belongs(step, origin)?;
        let user = self.other(&said.id)?;
        let (clock, trusted) = (said.clock.value(), said.status == TrustStatus::Trusted);
        not_ahead(step.now(), clock)?;
        self.heard_word(step, clock)?;
        let learnt = learn_trust(&mut step.shelf(), &user, clock, trusted)?;
        self.tell_learnt(step, &user, learnt)
    }

    /// Raises the clock of our own words to one that was heard.
    pub(in crate::core::arrive) fn heard_word(
        &self,
        step: &mut Step<'_, '_>,
        clock: u64,
    ) -> Result<(), Unfit> {
        Ok(step.raise(&Chat::User(self.keyring.user()), clock)?)
    }

    fn tell_learnt(&self, step: &mut Step<'_, '_>, user: &UserId, learnt: Learnt) -> Result<(), Unfit> {
        match learnt {
            Learnt::Nothing => {}
            Learnt::Profile => self.tell_of(step, user, ContactChange::Profile)?,
            Learnt::Decision => self.tell_of(step, user, ContactChange::Elsewhere)?,
        }
        Ok(())
    }

    /// Somebody else than ourselves.
    fn other(&self, id: &str) -> Result<UserId, Unfit> {
        let user = text::parse_user(id).map_err(|_| Unfit::Elsewhere)?;
        if user == self.keyring.user() { Err(Unfit::Elsewhere) } else { Ok(user) }
    }

    /// A word on a person within the bounds of what is kept of people.
    fn fitting(
        &self,
        step: &Step<'_, '_>,
        mut said: SyncInstallationContact,
    ) -> Result<SyncInstallationContact, Unfit> {
        let relation = said.relation();
        let clocks = [said.clock, relation.local.clock, relation.remote.clock, Clock::new(said.last_updated)];
        clocks.iter().try_for_each(|clock| not_ahead(step.now(), clock.value()))?;
        let name = said.display_name.trim().to_owned();
        let shown = ContactUpdate { display_name: name.clone(), ..ContactUpdate::default() };
        if judge(&Content::ContactUpdate(Box::new(shown)), step.now()).is_err()
            || said.ens_name.len() > MAX_ENS_NAME
        {
            // Of what they say of themselves nothing is taken then; what the user decided is.
            said.last_updated = 0;
            said.display_name.clear();
            said.ens_name.clear();
            said.customization_color = 0;
        } else {
            said.display_name = name;
        }
        let nickname = said.local_nickname.trim().chars().filter(|c| !c.is_control()).take(MAX_NICKNAME);
        said.local_nickname = nickname.collect();
        Ok(said)
    }
}

/// Our devices have clocks of their own.
pub(in crate::core::arrive) fn not_ahead(now: Timestamp, clock: u64) -> Result<(), Invalid> {
    match Timestamp::from_millis(clock).since(now) {
        ahead if ahead > MAX_AHEAD => Err(Invalid::ClockAhead { ahead, max: MAX_AHEAD }),
        _ => Ok(()),
    }
}
