//! What the devices of one user tell each other.

use alloc::string::String;
use alloc::vec::Vec;

use status_layer::Timestamp;

use crate::{Clock, ContactState, Relation, Side};

mirror! {
    /// A device tells its name to the user's other devices.
    pub struct PairInstallation {
        /// Lamport clock of the chat with oneself.
        pub clock: Clock,
        /// The device.
        pub installation_id: String,
        /// The sort of device: `ios`, `android` or `desktop`.
        pub device_type: String,
        /// The device's name.
        pub name: String,
        /// The protocol that the device speaks.
        pub version: u32,
        /// The device that is meant, or empty.
        pub target_installation_id: String,
    }

    /// Everything for a newly paired device, by peers of 2020.
    pub struct SyncInstallation {
        /// The contacts.
        pub contacts: Vec<SyncInstallationContact>,
        /// The public channels.
        pub public_chats: Vec<SyncInstallationPublicChat>,
        /// The profile.
        pub account: Option<SyncInstallationAccount>,
    }

    /// A contact, for the user's other devices. Two messages have this type: see
    /// [`SyncInstallationContact::is_of_2020`].
    pub struct SyncInstallationContact {
        /// Of 2020: Lamport clock. From newer peers: when the contact was last changed on that device, in
        /// milliseconds since the Unix epoch. See [`SyncInstallationContact::changed_at`].
        pub clock: Clock,
        /// The contact's key string.
        pub id: String,
        /// A picture; empty since 2020.
        pub profile_image: String,
        /// A name that the contact claims, not verified.
        pub ens_name: String,
        /// When the contact last sent news of themselves, in milliseconds since the Unix epoch.
        pub last_updated: u64,
        /// What the contact is: `:contact/added`, `:contact/blocked`, `:contact/request-received`. Of 2020 only.
        pub system_tags: Vec<String>,
        /// The name that the user gives them.
        pub local_nickname: String,
        /// Whether the user has added them.
        pub added: bool,
        /// Whether the user has blocked them.
        pub blocked: bool,
        /// Whether the chat with them is muted.
        pub muted: bool,
        /// Whether the user has removed them.
        pub removed: bool,
        /// Whether they have added the user.
        pub has_added_us: bool,
        /// How far a verification has come, in the numbers of peers.
        pub verification_status: i64,
        /// Whether they are trusted, in the numbers of [`TrustStatus`](crate::TrustStatus).
        pub trust_status: i64,
        /// The user's side of the relation, in the numbers of [`ContactState`].
        pub contact_request_local_state: i64,
        /// When that side last changed.
        pub contact_request_local_clock: i64,
        /// Their side of the relation, in the numbers of [`ContactState`].
        pub contact_request_remote_state: i64,
        /// When that side last changed.
        pub contact_request_remote_clock: i64,
        /// The contact's name.
        pub display_name: String,
        /// The contact's colour; 0 if not chosen.
        pub customization_color: u32,
    }

    /// The profile, for the user's other devices, by peers of 2020.
    pub struct SyncInstallationAccount {
        /// Lamport clock.
        pub clock: Clock,
        /// A picture.
        pub profile_image: String,
        /// When it was changed, in milliseconds since the Unix epoch.
        pub last_updated: u64,
    }

    /// A public channel, for the user's other devices, by peers of 2020.
    pub struct SyncInstallationPublicChat {
        /// Lamport clock.
        pub clock: Clock,
        /// The name of the channel.
        pub id: String,
    }
}

impl SyncInstallationContact {
    const ADDED: &str = ":contact/added";
    const BLOCKED: &str = ":contact/blocked";
    const REQUEST_RECEIVED: &str = ":contact/request-received";

    /// Whether a peer of 2020 has written it. They say with tags what newer peers, who set no tags, say with
    /// fields of their own.
    #[must_use]
    pub fn is_of_2020(&self) -> bool {
        !self.system_tags.is_empty()
    }

    /// When the contact was last changed on that device, by the clock of that device. `None` in messages of
    /// 2020, which have a Lamport clock in its place.
    #[must_use]
    pub fn changed_at(&self) -> Option<Timestamp> {
        (!self.is_of_2020()).then(|| Timestamp::from_millis(self.clock.value()))
    }

    /// Whether the user has blocked them.
    #[must_use]
    pub fn is_blocked(&self) -> bool {
        self.blocked || self.has_tag(Self::BLOCKED)
    }

    /// How the user stands with them, for [`Relation::synced`]. Of a message of 2020, which has no clocks for
    /// it, both sides have the clock of the message.
    #[must_use]
    pub fn relation(&self) -> Relation {
        if self.is_of_2020() {
            let side = |holds, state| if holds { Side { state, clock: self.clock } } else { Side::default() };
            return Relation {
                local: side(self.has_tag(Self::ADDED), ContactState::Sent),
                remote: side(self.has_tag(Self::REQUEST_RECEIVED), ContactState::Received),
            };
        }
        Relation {
            local: side(self.contact_request_local_state, self.contact_request_local_clock),
            remote: side(self.contact_request_remote_state, self.contact_request_remote_clock),
        }
    }

    /// Puts in how the user stands with them, and what peers read besides.
    pub fn set_relation(&mut self, relation: &Relation) {
        let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        self.added = relation.added();
        self.has_added_us = relation.has_added_us();
        self.contact_request_local_state = number(relation.local.state.number());
        self.contact_request_local_clock = number(relation.local.clock.value());
        self.contact_request_remote_state = number(relation.remote.state.number());
        self.contact_request_remote_clock = number(relation.remote.clock.value());
    }

    fn has_tag(&self, tag: &str) -> bool {
        self.system_tags.iter().any(|found| found == tag)
    }
}

/// A side by its numbers; with a state that is none, or a clock below 0, it says nothing.
fn side(state: i64, clock: i64) -> Side {
    let state = u64::try_from(state).ok().and_then(ContactState::numbered);
    match (state, u64::try_from(clock)) {
        (Some(state), Ok(clock)) => Side { state, clock: Clock::new(clock) },
        _ => Side::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contact_of_2020_is_told_by_its_tags() {
        let old = SyncInstallationContact {
            clock: Clock::new(7),
            system_tags: vec![":contact/added".into(), ":contact/blocked".into()],
            ..SyncInstallationContact::default()
        };

        assert!(old.is_of_2020() && old.is_blocked());
        assert_eq!(old.changed_at(), None);
        assert_eq!(old.relation().local, Side { state: ContactState::Sent, clock: Clock::new(7) });
        assert_eq!(old.relation().remote, Side::default());
    }

    #[test]
    fn contact_of_newer_peers_carries_the_relation() {
        let mut relation = Relation::default();
        relation.send(Clock::new(5));
        relation.request_received(Clock::new(6));
        let mut new = SyncInstallationContact { clock: Clock::new(9), ..SyncInstallationContact::default() };

        new.set_relation(&relation);

        assert_eq!(new.relation(), relation);
        assert_eq!((new.added, new.has_added_us), (true, true));
        assert_eq!(new.changed_at(), Some(Timestamp::from_millis(9)));
    }

    #[test]
    fn strange_numbers_of_a_relation_say_nothing() {
        let strange = SyncInstallationContact {
            contact_request_local_state: -1,
            contact_request_local_clock: 9,
            contact_request_remote_state: 3,
            contact_request_remote_clock: -9,
            ..SyncInstallationContact::default()
        };

        assert_eq!(strange.relation(), Relation::default());
    }
}
