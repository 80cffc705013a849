//! What is left when nobody has written for long: nothing may pile up, and no row may point to nothing.

use std::collections::BTreeSet;

use status_layer::testing::Party;
use status_layer::{Read, Row};

use crate::rules::DAY;
use crate::world::{Checked, World};

impl World {
    /// Two silent months after all that has happened, checks what every device still keeps.
    pub(crate) fn rest(&mut self) -> Checked {
        for span in [61 * DAY, 31 * DAY] {
            self.tick(span);
            for device in self.live() {
                self.due(device)?;
            }
        }
        self.live().into_iter().try_for_each(|device| self.check_rest(device))
    }

    fn rows(&self, device: usize, tag: u8) -> Vec<Row> {
        self.devices[device].party.store.scan(Party::AREA, &[tag], None, usize::MAX).unwrap()
    }

    fn check_rest(&self, device: usize) -> Checked {
        let count = |tag| self.rows(device, tag).len();
        let known = count(b'd');
        let bounds = [
            ("own prekeys", count(b'p'), 2),
            ("handshakes of prekeys that are gone", count(b'g'), 0),
            ("sessions on own prekeys", count(b'b'), 0),
            ("sessions that expired", count(b'x'), 0),
            ("sessions", count(b's'), known),
            ("devices", known, self.devices.len()),
            ("users", count(b'u'), self.rules.users.len() + 1),
        ];
        for (what, found, most) in bounds {
            if found > most {
                return Err(format!("device {device} keeps {found} {what}, at most {most} are of use"));
            }
        }
        self.check_references(device)
    }

    /// Skipped keys belong to a session that is there, and every row that leads somewhere leads there.
    pub(crate) fn check_references(&self, device: usize) -> Checked {
        let number = |row: &Row| row.1[1..5].to_vec();
        let sessions = self.rows(device, b's');
        let numbers: BTreeSet<Vec<u8>> = sessions.iter().map(number).collect();
        if numbers.len() != sessions.len() {
            return Err(format!("device {device} has two sessions of one number"));
        }
        for tag in *b"kcl" {
            if self.rows(device, tag).iter().any(|(key, _)| !numbers.contains(&key[1..5])) {
                return Err(format!("device {device} has keys of a session that is gone"));
            }
        }
        let keys: BTreeSet<&[u8]> = sessions.iter().map(|(key, _)| key.as_slice()).collect();
        for tag in *b"bx" {
            if self.rows(device, tag).iter().any(|(_, row)| !keys.contains(&row[1..])) {
                return Err(format!("device {device} remembers a session that is gone"));
            }
        }
        Ok(())
    }
}
