use status_layer::testing::{Party, rng};

use super::*;

fn peer_key() -> PublicKey {
    SecretKey::from_bytes(&[2; 32]).unwrap().public()
}

fn session(number: u32) -> Session {
    let prekey = SecretKey::from_bytes(&[3; 32]).unwrap();
    let secret = Key::new([4; 32]);
    let ratchet = Ratchet::initiate(&mut rng(1), &secret, &prekey.public());
    let handshake = Some([2; 33]);
    Session {
        number,
        rank: rank(&secret),
        handshake,
        private: Private::Repeated([3; 33]),
        handshakes: vec![[1; 8], [2; 8]],
        kept: 3,
        ratchet,
        expired: None,
    }
}

#[test]
fn a_session_is_read_as_it_was_written() {
    for private in [Private::No, Private::Yes, Private::Repeated([3; 33])] {
        let session = Session { private, ..session(7) };

        assert_eq!(row::read(&row::write(&session)).unwrap(), session);
    }
}

#[test]
fn a_session_that_is_under_way_has_at_most_260_bytes() {
    let mut session = session(7);
    session.handshake = None;
    session.private = Private::Yes;
    session.handshakes.truncate(1);

    assert!(row::write(&session).len() <= 260, "{} bytes", row::write(&session).len());
}

#[test]
fn a_session_cut_short_is_said_to_be_damaged() {
    let row = row::write(&session(7));

    for end in 1..row.len() {
        assert!(matches!(row::read(&row[..end]), Err(StoreError::Damaged { what: "session" })), "{end}");
    }
}

#[test]
fn sessions_with_a_user_are_bounded_and_the_oldest_goes() {
    let mut party = Party::new(1);
    let key = peer_key();
    let prekey = |n: usize| {
        let mut prekey = [2; 33];
        prekey[32] = u8::try_from(n).unwrap();
        prekey
    };

    party
        .run(|cx| {
            for n in 0..=MAX_SESSIONS {
                let number = allot(&mut cx.shelf, &key.user())?;
                let peer = Peer { key: &key, device: "device" };
                save(&mut cx.shelf, &peer, &prekey(n), &session(number));
            }
            let peer = Peer { key: &key, device: "device" };
            assert!(load(&cx.shelf, &peer, &prekey(0))?.is_none());
            assert!(load(&cx.shelf, &peer, &prekey(1))?.is_some());
            assert!(load(&cx.shelf, &peer, &prekey(MAX_SESSIONS))?.is_some());
            Ok::<_, StoreError>(())
        })
        .unwrap();
}
