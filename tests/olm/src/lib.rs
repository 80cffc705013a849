//! The security layer swapped for Olm, the ratchet of Matrix, by the crate `vodozemac`.
//!
//! Users find each other's keys in an address book that is given; how it is filled (announcements, codes, a server) is
//! another matter. Each message carries no more than what Olm makes of it: the sender is known from the envelope's
//! signature, and proved by the session.
//!
//! Olm draws its own randomness, so runs with it do not repeat from a seed.

use std::collections::BTreeMap;

use status_layer::row::{Reader, Writer};
use status_layer::{
    Cx, Datagram, DeviceId, Due, Grade, Interest, LayerError, Letter, Opened, Outgoing, Parcel, Proof, Recipient,
    Rendezvous, Sealed, Secret, Security, Sender, StoreError, UserId,
};
use vodozemac::Curve25519PublicKey;
use vodozemac::olm::{Account, OlmMessage, Session, SessionConfig, SessionPickle};

/// Sessions kept with one user; of more, the one unused for longest goes.
const MAX_SESSIONS: usize = 4;
/// The schema of a row.
const VERSION: u8 = 1;
/// First byte of content that is for everybody; Olm's own kinds are 0 and 1.
const IN_CLEAR: u8 = 2;

/// The keys under which a user is known.
#[derive(Clone, Copy, Debug)]
pub struct Card {
    /// Who they are.
    pub identity: Curve25519PublicKey,
    /// With what a session with them begins.
    pub fallback: Curve25519PublicKey,
}

/// One user's Olm account, with the address book.
pub struct Olm {
    us: UserId,
    /// The account as it was made: fallback keys are not used up, so it does not change.
    account: Secret,
    book: BTreeMap<UserId, Card>,
}

/// Why this layer refuses or fails.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OlmError {
    /// The reader or the sender is in no address book.
    #[error("this user is not in the address book; add their card")]
    Stranger,
    /// The envelope has no signature, so nobody knows whose session to take.
    #[error("nobody has signed the envelope")]
    Unsigned,
    /// The bytes are not what this layer makes, or come from no session.
    #[error("it does not open: malformed, forged, replayed, or of a lost session")]
    Unreadable,
    /// Olm cannot seal.
    #[error("it cannot be sealed: the keys of the card are not usable")]
    Unsealable,
    /// Users have one device each.
    #[error("a user of this layer has one device")]
    OneDevice,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<OlmError> for LayerError {
    fn from(error: OlmError) -> Self {
        match error {
            OlmError::Store(_) => Self::fault(error),
            _ => Self::reject(error),
        }
    }
}

impl Olm {
    /// Makes an account for `us`, and the card to hand to others.
    pub fn account(us: UserId) -> Result<(Self, Card), OlmError> {
        let mut account = Account::new();
        account.generate_fallback_key();
        let fallback = account.fallback_key().into_values().next().ok_or(OlmError::Unsealable)?;
        let card = Card { identity: account.curve25519_key(), fallback };
        let pickle = serde_json::to_vec(&account.pickle()).map_err(|_| OlmError::Unsealable)?;
        Ok((Self { us, account: Secret::new(pickle), book: BTreeMap::new() }, card))
    }

    /// Adds a user to the address book.
    #[must_use]
    pub fn knowing(mut self, user: UserId, card: Card) -> Self {
        self.book.insert(user, card);
        self
    }

    fn own(&self) -> Result<Account, OlmError> {
        let pickle = serde_json::from_slice(self.account.expose()).map_err(|_| OlmError::Unsealable)?;
        Ok(Account::from_pickle(pickle))
    }

    fn card(&self, user: &UserId) -> Result<&Card, OlmError> {
        self.book.get(user).ok_or(OlmError::Stranger)
    }

    fn parcel(&self, meet: Rendezvous, kind: u8, bytes: &[u8]) -> Outgoing {
        let sealed = Sealed::new([&[kind], bytes].concat());
        Outgoing { parcels: vec![Parcel { meet, sealed, hint: Some(self.us) }], meet: Vec::new() }
    }

    fn open_from(&self, cx: &mut Cx<'_>, from: UserId, message: &OlmMessage) -> Result<Vec<u8>, OlmError> {
        let mut sessions = load(cx, &from)?;
        for at in 0..sessions.len() {
            // On a copy: a session that does not open it must not be changed by the attempt.
            let Some(mut session) = sessions.get(at).map(|session| Session::from_pickle(session.pickle()))
            else {
                break;
            };
            match message {
                OlmMessage::PreKey(first) if first.session_id() != session.session_id() => continue,
                _ => {}
            }
            if let Ok(text) = session.decrypt(message) {
                sessions.remove(at);
                sessions.insert(0, session);
                save(cx, &from, &sessions)?;
                return Ok(text);
            }
            if matches!(message, OlmMessage::PreKey(_)) {
                return Err(OlmError::Unreadable);
            }
        }
        let OlmMessage::PreKey(first) = message else { return Err(OlmError::Unreadable) };
        let identity = self.card(&from)?.identity;
        let begun = self.own()?.create_inbound_session(SessionConfig::version_1(), identity, first);
        let begun = begun.map_err(|_| OlmError::Unreadable)?;
        sessions.insert(0, begun.session);
        sessions.truncate(MAX_SESSIONS);
        save(cx, &from, &sessions)?;
        Ok(begun.plaintext)
    }
}

impl Security for Olm {
    type Error = OlmError;

    fn expect(&self, _: &mut Cx<'_>, whom: &Recipient, how: Interest) -> Result<Outgoing, OlmError> {
        let meet = match whom {
            Recipient::User(user) if *user == self.us => vec![(Rendezvous::Inbox(self.us), how)],
            Recipient::User(_) => Vec::new(),
            Recipient::Channel(name) => vec![(Rendezvous::Named(name.clone()), how)],
        };
        Ok(Outgoing { parcels: Vec::new(), meet })
    }

    fn pair(&self, _: &mut Cx<'_>, _: &DeviceId, _: Interest) -> Result<(), OlmError> {
        Err(OlmError::OneDevice)
    }

    fn renew(&self, cx: &mut Cx<'_>) -> Result<(), OlmError> {
        // Sessions name no state of their own that could be kept for reading alone, so they go.
        for (key, _) in cx.shelf.scan(&[], None, usize::MAX)? {
            cx.shelf.delete(key);
        }
        Ok(())
    }

    fn seal(&self, cx: &mut Cx<'_>, datagram: Datagram) -> Result<Outgoing, OlmError> {
        let user = match datagram.to {
            Recipient::Channel(name) => {
                return Ok(self.parcel(Rendezvous::Named(name), IN_CLEAR, &datagram.bytes));
            }
            Recipient::User(user) => user,
        };
        let mut sessions = load(cx, &user)?;
        if sessions.is_empty() {
            let card = self.card(&user)?;
            let begun =
                self.own()?.create_outbound_session(SessionConfig::version_1(), card.identity, card.fallback);
            sessions.push(begun.map_err(|_| OlmError::Unsealable)?);
        }
        let session = sessions.first_mut().ok_or(OlmError::Unsealable)?;
        let sealed = session.encrypt(&datagram.bytes).map_err(|_| OlmError::Unsealable)?;
        save(cx, &user, &sessions)?;
        let (kind, bytes) = sealed.to_parts();
        let kind = u8::try_from(kind).map_err(|_| OlmError::Unsealable)?;
        Ok(self.parcel(Rendezvous::Inbox(user), kind, &bytes))
    }

    fn open(&self, cx: &mut Cx<'_>, parcel: Parcel) -> Result<Opened, OlmError> {
        let user = parcel.hint.ok_or(OlmError::Unsigned)?;
        let (kind, bytes) = parcel.sealed.as_bytes().split_first().ok_or(OlmError::Unreadable)?;
        let (to, grade, proof, bytes) = match (parcel.meet, *kind) {
            (Rendezvous::Named(name), IN_CLEAR) => {
                (Recipient::Channel(name), Grade::Clear, Proof::Hint, bytes.to_vec())
            }
            (Rendezvous::Inbox(us), kind) if us == self.us => {
                let message =
                    OlmMessage::from_parts(usize::from(kind), bytes).map_err(|_| OlmError::Unreadable)?;
                let text = self.open_from(cx, user, &message)?;
                (Recipient::User(us), Grade::Ratcheted, Proof::Session, text)
            }
            _ => return Err(OlmError::Unreadable),
        };
        let from = Sender { user, device: None, proof };
        let letter = Letter { from, grade, datagram: Datagram::new(to, bytes) };
        Ok(Opened { mail: vec![letter], ..Opened::default() })
    }

    fn due(&self, _: &mut Cx<'_>) -> Result<Due<Outgoing>, OlmError> {
        Ok(Due::default())
    }
}

/// The sessions with a user, the one used last first.
fn load(cx: &Cx<'_>, user: &UserId) -> Result<Vec<Session>, OlmError> {
    let Some(row) = cx.shelf.get(user.as_bytes())? else { return Ok(Vec::new()) };
    let pickles: Vec<SessionPickle> =
        Reader::read("sessions of Olm", VERSION, &row, |r| serde_json::from_slice(r.rest()).ok())?;
    Ok(pickles.into_iter().map(Session::from_pickle).collect())
}

fn save(cx: &mut Cx<'_>, user: &UserId, sessions: &[Session]) -> Result<(), OlmError> {
    let pickles: Vec<SessionPickle> = sessions.iter().map(Session::pickle).collect();
    let row = Secret::new(serde_json::to_vec(&pickles).map_err(|_| OlmError::Unsealable)?);
    cx.shelf.put(*user.as_bytes(), Writer::new(VERSION).bytes(row.expose()).finish());
    Ok(())
}
