//! What the devices of one user tell each other.

use alloc::string::String;
use alloc::vec::Vec;

use crate::Clock;

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

    /// A contact, for the user's other devices.
    pub struct SyncInstallationContact {
        /// Lamport clock; from newer peers, when the contact was last changed on that device.
        pub clock: Clock,
        /// The contact's key string.
        pub id: String,
        /// A picture; empty since 2020.
        pub profile_image: String,
        /// A name that the contact claims, not verified.
        pub ens_name: String,
        /// When the contact last sent news of themselves, in milliseconds since the Unix epoch.
        pub last_updated: u64,
        /// What the contact is: `:contact/added`, `:contact/blocked`, `:contact/request-received`.
        pub system_tags: Vec<String>,
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
