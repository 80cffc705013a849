//! The other side: sessions of Olm.

use vodozemac::olm::{Account, OlmMessage, Session, SessionConfig};

/// A message as it travels: its kind and its bytes.
pub(crate) type Bytes = (usize, Vec<u8>);

/// Two with a session in which both have written.
pub(crate) struct Pair {
    pub(crate) alice: Session,
    pub(crate) bob: Session,
}

impl Pair {
    pub(crate) fn new() -> Self {
        let (alice, mut bob) = (Account::new(), account());
        let mut alice_session = begin(&alice, &bob);
        let first = seal(&mut alice_session, b"first");
        let mut bob_session = answer(&mut bob, &alice, &first);
        open(&mut alice_session, &seal(&mut bob_session, b"answer"));
        open(&mut bob_session, &seal(&mut alice_session, b"there"));
        Self { alice: alice_session, bob: bob_session }
    }
}

/// An account whose prekey is not used up, as ours.
pub(crate) fn account() -> Account {
    let mut account = Account::new();
    account.generate_fallback_key();
    account
}

pub(crate) fn begin(alice: &Account, bob: &Account) -> Session {
    let prekey = bob.fallback_key().into_values().next().unwrap();
    alice.create_outbound_session(SessionConfig::version_1(), bob.curve25519_key(), prekey).unwrap()
}

/// Sets a session up and opens what came with it.
pub(crate) fn answer(bob: &mut Account, alice: &Account, message: &OlmMessage) -> Session {
    let OlmMessage::PreKey(first) = message else { panic!("the first message sets up the session") };
    let config = SessionConfig::version_1();
    bob.create_inbound_session(config, alice.curve25519_key(), first).unwrap().session
}

pub(crate) fn seal(session: &mut Session, text: &[u8]) -> OlmMessage {
    session.encrypt(text).unwrap()
}

pub(crate) fn open(session: &mut Session, message: &OlmMessage) -> Vec<u8> {
    session.decrypt(message).unwrap()
}

pub(crate) fn encode(message: &OlmMessage) -> Bytes {
    message.to_parts()
}

pub(crate) fn decode((kind, bytes): &Bytes) -> OlmMessage {
    OlmMessage::from_parts(*kind, bytes).unwrap()
}

/// A copy, by way of what would be stored.
pub(crate) fn copy(session: &Session) -> Session {
    Session::from_pickle(session.pickle())
}

/// How many bytes it takes to keep a session.
pub(crate) fn stored(session: &Session) -> usize {
    serde_json::to_vec(&session.pickle()).unwrap().len()
}
