//! Other devices of our own: who belongs to us, as far as the chat is concerned.

use status_layer::{DeviceId, Interest, Notice, StoreError};
use status_stack::Input;

use super::{Core, Step, Stop};
use crate::devices::{self, OwnDevice};

impl Core {
    /// Takes another device of our own in, or out.
    pub(crate) fn pair(&self, step: &mut Step<'_, '_>, device: &DeviceId, how: Interest) -> Result<(), Stop> {
        self.layers(step, Input::Pair { device: device.clone(), how })?;
        step.unless_refused(None)?;
        let device = OwnDevice { id: device.clone(), joined: how == Interest::Listen };
        Ok(devices::save(&mut step.shelf(), &device)?)
    }

    /// Keeps what a notice says of our own devices.
    pub(super) fn notice(&self, step: &mut Step<'_, '_>, notice: &Notice) -> Result<(), StoreError> {
        let mut shelf = step.shelf();
        match notice {
            Notice::NewDevice { user, device, joined } if *user == self.keyring.user() => {
                let device = OwnDevice { id: device.clone(), joined: *joined };
                devices::save(&mut shelf, &device)
            }
            Notice::RemovedDevice { user, device } if *user == self.keyring.user() => {
                devices::leave(&mut shelf, device)
            }
            _ => Ok(()),
        }
    }
}
