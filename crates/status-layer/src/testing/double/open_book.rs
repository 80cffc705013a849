//! A security that seals nothing.

use alloc::vec;
use alloc::vec::Vec;

use super::{DoubleError, pack, unpack, user};
use crate::{
    Cx, Datagram, DeviceId, Due, Grade, Interest, Letter, Name, Opened, Outgoing, Parcel, Proof, Recipient,
    Rendezvous, Sealed, Security, Sender, UserId,
};

/// A security that seals nothing: who holds a parcel can read it. It still opens a parcel only once.
#[derive(Clone, Copy, Debug)]
pub struct OpenBook {
    us: UserId,
}

impl OpenBook {
    /// The layer of `us`.
    #[must_use]
    pub const fn new(us: UserId) -> Self {
        Self { us }
    }
}

const FOR_USER: &[u8] = b"user";
const FOR_CHANNEL: &[u8] = b"channel";

impl Security for OpenBook {
    type Error = DoubleError;

    fn expect(&self, _: &mut Cx<'_>, whom: &Recipient, how: Interest) -> Result<Outgoing, DoubleError> {
        let meet = match whom {
            Recipient::User(user) if *user == self.us => vec![(Rendezvous::Inbox(self.us), how)],
            Recipient::User(_) => Vec::new(),
            Recipient::Channel(name) => vec![(Rendezvous::Named(name.clone()), how)],
        };
        Ok(Outgoing { parcels: Vec::new(), meet })
    }

    fn renew(&self, _: &mut Cx<'_>) -> Result<(), DoubleError> {
        Ok(())
    }

    fn pair(&self, _: &mut Cx<'_>, _: &DeviceId, _: Interest) -> Result<(), DoubleError> {
        Err(DoubleError::NoDevices)
    }

    fn seal(&self, cx: &mut Cx<'_>, datagram: Datagram) -> Result<Outgoing, DoubleError> {
        let mut once = [0; 8];
        cx.rng.fill_bytes(&mut once);
        let (kind, to, meet) = match &datagram.to {
            Recipient::User(user) => (FOR_USER, user.as_bytes().to_vec(), Rendezvous::Inbox(*user)),
            Recipient::Channel(name) => {
                (FOR_CHANNEL, name.as_str().as_bytes().to_vec(), Rendezvous::Named(name.clone()))
            }
        };
        let sealed = Sealed::new(pack(&[&once, self.us.as_bytes(), kind, &to, &datagram.bytes]));
        Ok(Outgoing { parcels: vec![Parcel { meet, sealed, hint: Some(self.us) }], meet: Vec::new() })
    }

    fn open(&self, cx: &mut Cx<'_>, parcel: Parcel) -> Result<Opened, DoubleError> {
        let [once, from, kind, to, bytes] = unpack(parcel.sealed.as_bytes())?;
        let (grade, to) = match kind {
            FOR_USER => (Grade::Static, Recipient::User(user(to)?)),
            FOR_CHANNEL => {
                let name = core::str::from_utf8(to).map_err(|_| DoubleError::Malformed)?;
                (Grade::Clear, Recipient::Channel(Name::new(name)?))
            }
            _ => return Err(DoubleError::Malformed),
        };
        let from = user(from)?;
        let row = [from.as_bytes(), once].concat();
        if cx.shelf.has(&row)? {
            return Err(DoubleError::Again);
        }
        cx.shelf.put(row, Vec::new());
        let from = Sender { user: from, device: None, proof: Proof::Hint };
        let letter = Letter { from, grade, datagram: Datagram::new(to, bytes.to_vec()) };
        Ok(Opened { mail: vec![letter], ..Opened::default() })
    }

    fn due(&self, _: &mut Cx<'_>) -> Result<Due<Outgoing>, DoubleError> {
        Ok(Due::default())
    }
}
