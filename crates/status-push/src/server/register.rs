//! Devices that want to be notified, or do not want it any more.

use status_layer::{Interest, Shelf, StoreError, UserId};
use status_payload::{
    Content, PushNotificationRegistration, PushNotificationRegistrationResponse, RegistrationError,
    SealedRegistration, hash_of_key,
};
use status_stack::Fault;

use super::{Letter, Step, fault};
use crate::config::{Config, MAX_PEOPLE, fits};
use crate::rate::{self, What};
use crate::table::{self, Device, Installation, KeyHash, Totals};

impl Step<'_, '_, '_> {
    /// Takes a registration, and tells its author whether it was taken. One that is refused changes nothing.
    pub(super) fn register(&mut self, letter: Letter, sealed: &SealedRegistration) -> Result<(), Fault> {
        let taken = self.take(&letter.author, sealed)?;
        if taken.is_err() {
            self.out.tally.refused += 1;
        }
        let response = PushNotificationRegistrationResponse {
            success: taken.is_ok(),
            error: taken.err().unwrap_or(RegistrationError::Unset),
            request_id: sealed.request_id().to_vec(),
        };
        self.answer(letter.author, &Content::PushNotificationRegistrationResponse(response));
        Ok(())
    }

    fn take(
        &mut self,
        client: &UserId,
        sealed: &SealedRegistration,
    ) -> Result<Result<(), RegistrationError>, Fault> {
        let Ok(registration) = sealed.open(&*self.server.keyring, client) else {
            return Ok(Err(RegistrationError::Malformed));
        };
        let Some(which) = table::installation(&registration.installation_id) else {
            return Ok(Err(RegistrationError::Malformed));
        };
        let who = hash_of_key(client);
        let stored = Device::load(&self.shelf(), &who, &which).map_err(fault)?;
        // The answer got lost: what is here already is confirmed again.
        let kept = table::registration(&self.shelf(), &who, &which).map_err(fault)?;
        if kept.is_some_and(|kept| kept == registration) {
            return Ok(Ok(()));
        }
        let server = self.server.user();
        if let Err(why) = registration.check(client, &server, stored.map(|device| device.version)) {
            return Ok(Err(why));
        }
        if !fits(&registration) {
            return Ok(Err(RegistrationError::Malformed));
        }
        if registration.unregister {
            let done = self.unregister(&who, &which, registration.version)?;
            return Ok(if done { Ok(()) } else { Err(RegistrationError::Internal) });
        }
        if !self.server.config.serves(registration.token_type) {
            return Ok(Err(RegistrationError::TokenType));
        }
        self.keep(&who, &which, &registration)
    }

    /// Keeps a registration, if there is room.
    fn keep(
        &mut self,
        who: &KeyHash,
        which: &Installation,
        registration: &PushNotificationRegistration,
    ) -> Result<Result<(), RegistrationError>, Fault> {
        let (room, now) = (Room::of(&self.server.config), self.unit.now());
        let bytes = registration.to_bytes();
        let len = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let begins =
            table::person(&self.shelf(), who).map_err(fault)?.is_none_or(|registered| registered == 0);
        let device = Device { version: registration.version, at: now, registered: true, len };
        let shelf = &mut self.shelf();
        if !room.put(shelf, who, which, device).map_err(fault)? {
            return Ok(Err(RegistrationError::Internal));
        }
        table::set_registration(shelf, who, which, Some(&bytes));
        self.out.tally.registered += 1;
        if begins {
            self.listen(who, Interest::Listen);
        }
        Ok(Ok(()))
    }

    /// Forgets a registration but for its version, which no later one may fall behind. `false` if it was never here, and there
    /// is no room to remember it.
    pub(super) fn unregister(
        &mut self,
        who: &KeyHash,
        which: &Installation,
        version: u64,
    ) -> Result<bool, Fault> {
        let device = Device { version, at: self.unit.now(), registered: false, len: 0 };
        let mut room = Room::of(&self.server.config);
        let shelf = &mut self.shelf();
        let before = table::person(shelf, who).map_err(fault)?.unwrap_or(0);
        if Device::load(shelf, who, which).map_err(fault)?.is_some() {
            // It takes less room than it did.
            room = Room { people: u32::MAX, bytes: u64::MAX, ..room };
        }
        if !room.put(shelf, who, which, device).map_err(fault)? {
            return Ok(false);
        }
        forget(shelf, who, which);
        let after = table::person(shelf, who).map_err(fault)?.unwrap_or(0);
        self.out.tally.unregistered += 1;
        if before > 0 && after == 0 {
            self.listen(who, Interest::Ignore);
        }
        Ok(true)
    }
}

/// Forgets what a device has registered, and how often it was notified.
fn forget(shelf: &mut Shelf<'_>, who: &KeyHash, which: &Installation) {
    table::set_registration(shelf, who, which, None);
    rate::forget(shelf, (What::Notifications, &[&who[..], which].concat()));
}

/// How much room there is.
struct Room {
    people: u32,
    devices: u32,
    bytes: u64,
}

impl Room {
    fn of(config: &Config) -> Self {
        Self { people: config.people.min(MAX_PEOPLE), devices: config.devices, bytes: config.bytes }
    }

    /// Writes a device and all that counts it; `false`, and nothing is written, if there is no room for it. A new device of
    /// somebody who has as many as may be takes the place of the one that was heard of least lately.
    fn put(
        &self,
        shelf: &mut Shelf<'_>,
        who: &KeyHash,
        which: &Installation,
        device: Device,
    ) -> Result<bool, StoreError> {
        let mut totals = Totals::load(shelf)?;
        let mut devices = table::devices(shelf, who)?;
        let mut leaves = None;
        let before = devices.iter().find(|(id, _)| id == which).map(|(_, device)| *device);
        if before.is_none() && devices.len() >= self.devices.max(1) as usize {
            leaves = devices.iter().min_by_key(|(_, device)| device.at).copied();
        }
        if table::person(shelf, who)?.is_none() {
            totals.people = totals.people.saturating_add(1);
        }
        if before.is_none() {
            totals.devices = totals.devices.saturating_add(1);
        }
        for gone in before.iter().chain(leaves.iter().map(|(_, device)| device)) {
            totals.bytes = totals.bytes.saturating_sub(gone.len.into());
        }
        totals.bytes = totals.bytes.saturating_add(device.len.into());
        if totals.people > self.people || totals.bytes > self.bytes {
            return Ok(false);
        }
        if let Some((id, _)) = leaves {
            totals.devices = totals.devices.saturating_sub(1);
            shelf.delete(table::key(table::DEVICE, &[who, &id]));
            forget(shelf, who, &id);
            devices.retain(|(other, _)| *other != id);
        }
        devices.retain(|(id, _)| id != which);
        let others = devices.iter().filter(|(_, device)| device.registered).count();
        let registered = u32::try_from(others).unwrap_or(u32::MAX).saturating_add(device.registered.into());
        totals.save(shelf);
        device.save(shelf, who, which);
        table::set_person(shelf, who, registered);
        Ok(true)
    }
}
