//! Other devices of our own: who belongs to us, as far as the chat is concerned, and what they are called.

use status_layer::{Audience, DeviceId, Interest, Notice};
use status_payload::{Content, PairInstallation, encode, message_id};
use status_stack::{Fault, Input};

use super::say::invalid;
use super::step::fault;
use super::{Core, Step, Stop};
use crate::devices::{DeviceName, OwnDevice, copy_of};
use crate::event::{Chat, ContactChange, Event};
use crate::table::devices::{self, Expected};

/// What is said of the protocol beside a name.
const PROTOCOL: u32 = 1;

impl Core {
    /// Takes another device of our own in, or out.
    pub(crate) fn pair(&self, step: &mut Step<'_, '_>, device: &DeviceId, how: Interest) -> Result<(), Stop> {
        self.layers(step, Input::Pair { device: device.clone(), how })?;
        step.unless_refused(None)?;
        let (joins, now) = (how == Interest::Listen, step.now());
        let mut shelf = step.shelf();
        devices::save(&mut shelf, device, joins)?;
        if joins {
            devices::expect_no_more(&mut shelf, device);
            self.tell_name(step, &self.device)?;
            self.tell_everything(step)?;
        } else {
            devices::expect(&mut shelf, device, Expected::Removed, now)?;
        }
        Ok(self.tell_device(step, device)?)
    }

    /// Calls this device by another name.
    pub(crate) fn rename_device(&self, step: &mut Step<'_, '_>, name: &DeviceName) -> Result<(), Stop> {
        let clock = self.tick(step, &Chat::User(self.keyring.user()))?;
        devices::save_name(&mut step.shelf(), &self.device, name, clock.value());
        self.tell_name(step, &self.device)
    }

    /// Remembers that a device gets the account here, before it does.
    pub(crate) fn invite_device(
        &self,
        step: &mut Step<'_, '_>,
        device: &DeviceId,
        name: &DeviceName,
    ) -> Result<(), Stop> {
        let now = step.now();
        let mut shelf = step.shelf();
        devices::save_name(&mut shelf, device, name, 0);
        Ok(devices::expect(&mut shelf, device, Expected::Invited, now)?)
    }

    /// Takes a device in on the word of another one that belongs to us: now, if it was heard of, or else then.
    pub(super) fn vouched(&self, step: &mut Step<'_, '_>, device: &DeviceId) -> Result<(), Stop> {
        let now = step.now();
        let mut shelf = step.shelf();
        match (devices::joined(&shelf, device)?, devices::expected(&shelf, device, now)?) {
            (Some(true), _) | (_, Some(_)) => Ok(()),
            (None, None) => Ok(devices::expect(&mut shelf, device, Expected::Vouched, now)?),
            (Some(false), None) => self.pair(step, device, Interest::Listen),
        }
    }

    /// Keeps what a notice says of our own devices, and does what was to be done when one is heard of. Returns what is to be
    /// told.
    pub(super) fn notice(&self, step: &mut Step<'_, '_>, notice: Notice) -> Result<Notice, Fault> {
        match &notice {
            Notice::NewDevice { user, device, joined } if *user == self.keyring.user() => {
                devices::save(&mut step.shelf(), device, *joined).map_err(fault)?;
                if !joined && self.heard_of(step, device)? {
                    return Ok(Notice::NewDevice { user: *user, device: device.clone(), joined: true });
                }
            }
            Notice::RemovedDevice { user, device } if *user == self.keyring.user() => {
                let now = step.now();
                let mut shelf = step.shelf();
                // It stays known, so that it can be taken back.
                if devices::joined(&shelf, device).map_err(fault)?.is_some() {
                    devices::save(&mut shelf, device, false).map_err(fault)?;
                    devices::expect(&mut shelf, device, Expected::Removed, now).map_err(fault)?;
                    self.tell_device(step, device)?;
                }
            }
            Notice::NewDevice { user, device, .. } => {
                let change = ContactChange::NewDevice { device: device.clone() };
                self.tell_of(step, user, change).map_err(fault)?;
            }
            Notice::RemovedDevice { user, device } => {
                let change = ContactChange::RemovedDevice { device: device.clone() };
                self.tell_of(step, user, change).map_err(fault)?;
            }
            _ => {}
        }
        Ok(notice)
    }

    /// A device of ours has announced itself under the account. Whether it was expected, and is taken in.
    fn heard_of(&self, step: &mut Step<'_, '_>, device: &DeviceId) -> Result<bool, Fault> {
        let now = step.now();
        let why = devices::expected(&step.shelf(), device, now).map_err(fault)?;
        if !matches!(why, Some(Expected::Invited | Expected::Vouched)) {
            return Ok(false);
        }
        let taken = step.attempt(|step| {
            self.pair(step, device, Interest::Listen)?;
            if why == Some(Expected::Invited) { self.tell_name(step, device) } else { Ok(()) }
        });
        match taken {
            Ok(()) => Ok(true),
            Err(Stop::Fault(fault)) => Err(fault),
            Err(Stop::Refused(why)) => {
                step.tell_refusal(&"chat", &why);
                Ok(false)
            }
        }
    }

    /// Tells our other devices what a device is called; of another one than this, that it belongs to us.
    fn tell_name(&self, step: &mut Step<'_, '_>, device: &DeviceId) -> Result<(), Stop> {
        if !devices::any_joined(&step.shelf())? {
            return Ok(());
        }
        let name = devices::name(&step.shelf(), device)?;
        let (said, name) = name.unwrap_or_default();
        let clock = self.tick(step, &Chat::User(self.keyring.user()))?;
        if *device == self.device {
            devices::save_name(&mut step.shelf(), device, &name, clock.value().max(said));
        }
        let content = Content::PairInstallation(PairInstallation {
            clock,
            installation_id: device.as_str().to_owned(),
            device_type: name.said_kind().to_owned(),
            name: name.said().to_owned(),
            version: PROTOCOL,
            target_installation_id: String::new(),
        });
        self.tell_own(step, &content)
    }

    /// Says something to our other devices alone, if there are any that belong to us.
    pub(crate) fn tell_own(&self, step: &mut Step<'_, '_>, content: &Content) -> Result<(), Stop> {
        if !devices::any_joined(&step.shelf())? {
            return Ok(());
        }
        let body = encode(&*self.keyring, content).map_err(|why| invalid(&why))?;
        let id = copy_of(message_id(&self.keyring.public(), &body));
        self.layers(step, Input::Send { id, to: Audience::User(self.keyring.user()), body })?;
        step.unless_refused(Some(id))
    }

    /// Tells the application how it is with a device of ours.
    pub(super) fn tell_device(&self, step: &mut Step<'_, '_>, device: &DeviceId) -> Result<(), Fault> {
        let shelf = step.shelf();
        let joined = devices::joined(&shelf, device).map_err(fault)?.unwrap_or(false);
        let name = devices::name(&shelf, device).map_err(fault)?;
        let name = name.map(|(_, name)| name).unwrap_or_default();
        step.tell(Event::Device(OwnDevice { id: device.clone(), joined, name }));
        Ok(())
    }
}
