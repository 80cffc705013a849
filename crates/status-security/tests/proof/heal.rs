//! What must come true once the network is whole again.

use core::time::Duration;

use status_security::SharedPlace;

use crate::rules::HOUR;
use crate::world::{Checked, World};

/// After which pauses everybody writes to everybody before all must read each other. Two hours are how long nobody is
/// answered twice; six are how long it takes until somebody whom nobody writes to has heard everybody's keys again.
const PAUSES: [Duration; 2] = [HOUR.saturating_mul(2), HOUR.saturating_mul(6)];

/// One more where mail goes to shared places: a device with an old copy of its store listens there only after it has
/// written itself, and answers each user once in two hours, whichever of their devices could not be read.
const SHARED: [Duration; 3] = [HOUR.saturating_mul(2), HOUR.saturating_mul(6), HOUR.saturating_mul(6)];

impl World {
    /// Lets everything arrive, and checks that afterwards every device reads every other one.
    pub(crate) fn heal(&mut self) -> Checked {
        self.deliver_all()?;
        let pauses = match self.rules.shared_place {
            SharedPlace::Use => &SHARED[..],
            SharedPlace::Listen => &PAUSES[..],
        };
        for pause in pauses {
            self.tick(*pause);
            self.live().into_iter().try_for_each(|device| self.due(device))?;
            self.deliver_all()?;
            self.everybody_writes()?;
            self.deliver_all()?;
        }
        self.tick(Duration::from_secs(60));
        for device in self.live() {
            for user in self.others(self.devices[device].user) {
                self.tick(Duration::from_millis(1));
                let text = self.send(device, user, 0)?;
                let text = text.ok_or_else(|| format!("device {device} may not write to user {user}"))?;
                self.deliver_all()?;
                self.check_heard(text, user)?;
            }
        }
        Ok(())
    }

    fn everybody_writes(&mut self) -> Checked {
        for device in self.live() {
            for user in self.others(self.devices[device].user) {
                self.tick(Duration::from_millis(1));
                self.send(device, user, 0)?;
            }
        }
        Ok(())
    }

    /// Every device of a user has heard a text, or as many as are sealed for.
    fn check_heard(&self, text: usize, user: usize) -> Checked {
        let devices = self.devices_of(user);
        let deaf = devices.iter().filter(|d| !self.devices[**d].state.past.heard.contains(&text));
        let deaf: Vec<usize> = deaf.copied().collect();
        let written = devices.len() - deaf.len();
        if written < devices.len().min(self.rules.targets) {
            let from = self.texts[&text].from;
            return Err(format!("of {devices:?} of user {user} {deaf:?} do not hear device {from}"));
        }
        Ok(())
    }
}
