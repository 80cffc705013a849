//! Parcels that nobody has a right to send.

use std::rc::Rc;

use status_crypto::SecretKey;
use status_layer::testing::Party;
use status_layer::{Memory, Name, Parcel, Read, Rendezvous, Row, Sealed};

use crate::action::{Bytes, Forge, Place, Signer};
use crate::world::{Checked, Origin, World, pick};

/// Tables that what somebody else signed may change: what genuine bundles say of devices, what ends with a replaced prekey,
/// our next announcement if one of our own devices does not list us,
/// the queue of strangers; and what a static message leaves, which anybody may send.
const PUBLIC: &[u8] = b"drjasxhuUeE";

impl World {
    pub(crate) fn forge(&mut self, forge: &Forge) -> Checked {
        if self.seen.is_empty() {
            return Ok(());
        }
        let genuine = Rc::clone(&self.seen[usize::from(forge.of) % self.seen.len()]);
        let to = pick(&self.live(), forge.to);
        let parcel = self.forged(&genuine, to, forge);
        let origin = match (parcel.hint == genuine.hint, parcel.sealed == genuine.sealed) {
            (true, true) => Origin::Replayed,
            (true, false) => Origin::Changed,
            (false, _) => Origin::Foreign,
        };
        let before = self.devices[to].party.store.clone();
        self.open(to, &parcel, origin)?;
        if origin == Origin::Foreign { self.check_public(to, &before) } else { Ok(()) }
    }

    fn forged(&self, genuine: &Parcel, to: usize, forge: &Forge) -> Parcel {
        let reader = self.user(self.devices[to].user);
        let meet = match forge.place {
            Place::Kept => genuine.meet.clone(),
            Place::Inbox => Rendezvous::Inbox(reader),
            Place::ContactCode => {
                Rendezvous::Named(Name::new(format!("{}-contact-code", hex::encode(reader.x()))).unwrap())
            }
        };
        let hint = match forge.signer {
            Signer::Kept => genuine.hint,
            Signer::User(n) => Some(self.user(usize::from(n) % self.rules.users.len())),
            Signer::Stranger => Some(SecretKey::from_bytes(&[0xee; 32]).unwrap().public().user()),
            Signer::Nobody => None,
        };
        let mut bytes = genuine.sealed.as_bytes().to_vec();
        match forge.bytes {
            Bytes::Kept => {}
            Bytes::Flip(bit) => {
                let at = usize::from(bit / 8) % bytes.len();
                bytes[at] ^= 1 << (bit % 8);
            }
            Bytes::Cut(len) => bytes.truncate(usize::from(len) % bytes.len()),
            Bytes::Extend(by) => bytes.extend(core::iter::repeat_n(by, 1 + usize::from(by % 16))),
        }
        Parcel { meet, sealed: Sealed::new(bytes), hint }
    }

    /// What somebody signed who did not make it changes nothing but what anybody may say.
    fn check_public(&self, device: usize, before: &Memory) -> Checked {
        if same_rows(before, &self.devices[device].party.store, |tag| !PUBLIC.contains(&tag)) {
            Ok(())
        } else {
            Err(format!("device {device} changed its own state for what somebody else signed"))
        }
    }
}

/// Whether two stores are the same in the tables of interest.
pub(crate) fn same_rows(one: &Memory, other: &Memory, of_interest: impl Fn(u8) -> bool) -> bool {
    let rows = |store: &Memory| -> Vec<Row> {
        let rows = store.scan(Party::AREA, &[], None, usize::MAX).unwrap();
        rows.into_iter().filter(|(key, _)| of_interest(key[0])).collect()
    };
    one == other || rows(one) == rows(other)
}
