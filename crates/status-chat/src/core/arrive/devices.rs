//! What a device of our own says of itself, or of another one.

use status_layer::{DeviceId, Grade};
use status_payload::PairInstallation;

use super::{Origin, Unfit};
use crate::core::{Core, Step, Stop};
use crate::devices::DeviceName;
use crate::table::devices;

impl Core {
    /// Keeps what a device of ours is called. What one that belongs to us says of another, in a session, takes that one in
    /// as well: it was paired there by code.
    pub(super) fn device_named(
        &self,
        step: &mut Step<'_, '_>,
        origin: &Origin,
        said: &PairInstallation,
    ) -> Result<(), Unfit> {
        let id = DeviceId::new(said.installation_id.as_str()).map_err(|_| Unfit::NoDevice)?;
        let name = DeviceName::new(&said.name, &said.device_type).ok_or(Unfit::NoDevice)?;
        if id == self.device {
            return Ok(());
        }
        let by = origin.device.as_ref().filter(|_| origin.grade == Grade::Ratcheted);
        if let Some(by) = by.filter(|by| **by != id)
            && devices::joined(&step.shelf(), by)? == Some(true)
        {
            match self.vouched(step, &id) {
                Ok(()) => {}
                Err(Stop::Fault(fault)) => return Err(fault.into()),
                Err(Stop::Refused(_)) => return Err(Unfit::NoDevice),
            }
        }
        let now = step.now();
        let mut shelf = step.shelf();
        let known = devices::joined(&shelf, &id)?.is_some() || devices::expected(&shelf, &id, now)?.is_some();
        let newer = devices::name(&shelf, &id)?.is_none_or(|(clock, _)| clock < said.clock.value());
        if known && newer {
            devices::save_name(&mut shelf, &id, &name, said.clock.value());
            self.tell_device(step, &id)?;
        }
        Ok(())
    }
}
