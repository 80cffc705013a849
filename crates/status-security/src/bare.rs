//! The layer of bare messages: it seals nothing.

use alloc::vec;
use alloc::vec::Vec;

use status_crypto::PublicKey;
use status_layer::{
    Cx, Datagram, DeviceId, Due, Grade, Interest, Letter, Opened, Outgoing, Parcel, Proof, Recipient,
    Rendezvous, Sealed, Security, Sender, UserId,
};

use crate::error::{Error, ExpectError, OpenError, PairError, SealError};
use crate::open::MAX_PARCEL;

/// Leaves content as it is, graded [`Grade::Clear`], as deployed peers do with what skips their encryption layer: all that
/// users and notification servers tell each other. There the envelope hides it from whoever does not hold the key of the
/// inbox, and what must stay secret is sealed inside.
///
/// It holds no keys and writes no rows. What is opened says nothing of who wrote it beyond the signature of the envelope; a
/// copy gives its content again. **Never put a conversation on it.**
///
/// ```
/// use status_crypto::{Keyring, SecretKey};
/// use status_layer::testing::Party;
/// use status_layer::{Datagram, Grade, Recipient, Security};
/// use status_security::Bare;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (mut party, [a, b]) = (Party::new(1), [[1; 32], [2; 32]].map(|key| SecretKey::from_bytes(&key).unwrap().user()));
/// let datagram = Datagram::new(Recipient::User(b), b"for everybody to see".to_vec());
///
/// let parcel = party.run(|cx| Bare::new(a).seal(cx, datagram.clone()))?.parcels.remove(0);
/// assert_eq!(parcel.sealed.as_bytes(), datagram.bytes);
///
/// let letter = party.run(|cx| Bare::new(b).open(cx, parcel))?.mail.remove(0);
/// assert_eq!((letter.grade, letter.datagram), (Grade::Clear, datagram));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Bare {
    us: UserId,
}

impl Bare {
    /// The layer of the user `us`, who signs the envelopes: an account, or a throw-away key.
    #[must_use]
    pub const fn new(us: UserId) -> Self {
        Self { us }
    }
}

impl Security for Bare {
    type Error = Error;

    /// Listens at our own inbox, or at a public name. Of another user nothing has to be known.
    ///
    /// # Errors
    /// [`ExpectError::NotAKey`].
    fn expect(&self, _: &mut Cx<'_>, whom: &Recipient, how: Interest) -> Result<Outgoing, Error> {
        let meet = match whom {
            Recipient::Channel(name) => vec![(Rendezvous::Named(name.clone()), how)],
            Recipient::User(user) if *user == self.us => vec![(Rendezvous::Inbox(self.us), how)],
            Recipient::User(user) => {
                PublicKey::from_user(user).map_err(|_| ExpectError::NotAKey)?;
                Vec::new()
            }
        };
        Ok(Outgoing { parcels: Vec::new(), meet })
    }

    /// # Errors
    /// Always [`PairError::Unknown`]: devices are not told apart.
    fn pair(&self, _: &mut Cx<'_>, _: &DeviceId, _: Interest) -> Result<(), Error> {
        Err(PairError::Unknown.into())
    }

    fn renew(&self, _: &mut Cx<'_>) -> Result<(), Error> {
        Ok(())
    }

    /// # Errors
    /// [`SealError::NotAKey`].
    fn seal(&self, _: &mut Cx<'_>, datagram: Datagram) -> Result<Outgoing, Error> {
        let meet = match datagram.to {
            Recipient::User(user) => {
                PublicKey::from_user(&user).map_err(|_| SealError::NotAKey)?;
                Rendezvous::Inbox(user)
            }
            Recipient::Channel(name) => Rendezvous::Named(name),
        };
        let parcel = Parcel { meet, sealed: Sealed::new(datagram.bytes), hint: Some(self.us) };
        Ok(Outgoing { parcels: vec![parcel], meet: Vec::new() })
    }

    /// # Errors
    /// [`OpenError`]: too large, of nobody, or for somebody else.
    fn open(&self, _: &mut Cx<'_>, parcel: Parcel) -> Result<Opened, Error> {
        let bytes = parcel.sealed.as_bytes();
        if bytes.len() > MAX_PARCEL {
            return Err(OpenError::TooLarge { len: bytes.len(), max: MAX_PARCEL }.into());
        }
        let user = parcel.hint.ok_or(OpenError::Unsigned)?;
        PublicKey::from_user(&user).map_err(|_| OpenError::NotAKey)?;
        let to = match parcel.meet {
            Rendezvous::Named(name) => Recipient::Channel(name),
            Rendezvous::Inbox(user) if user != self.us => return Err(OpenError::NotOurs.into()),
            Rendezvous::Inbox(_) | Rendezvous::Shared(_) => Recipient::User(self.us),
        };
        let from = Sender { user, device: None, proof: Proof::Hint };
        let letter = Letter { from, grade: Grade::Clear, datagram: Datagram::new(to, bytes.to_vec()) };
        Ok(Opened { mail: vec![letter], ..Opened::default() })
    }

    fn prospect(&self, _: &mut Cx<'_>, _: &UserId) -> Result<Option<Grade>, Error> {
        Ok(Some(Grade::Clear))
    }

    fn due(&self, _: &mut Cx<'_>) -> Result<Due<Outgoing>, Error> {
        Ok(Due::default())
    }
}
