use status_layer::testing::Party;
use status_layer::{MessageId, Store as _};

use super::*;

fn user(byte: u8) -> UserId {
    use status_crypto::Keyring as _;
    status_crypto::SecretKey::from_bytes(&[byte; 32]).unwrap().user()
}

fn run<T>(party: &mut Party, work: impl FnOnce(&mut Shelf<'_>) -> Result<T, StoreError>) -> T {
    party.run(|cx| work(&mut cx.shelf)).unwrap()
}

fn registration() -> Registration {
    Registration {
        device: DeviceToken::apn("token", "topic").unwrap(),
        wishes: PushWishes { contacts_only: true, block_mentions: false },
        access_token: Zeroizing::new("access".into()),
        contacts: vec![user(1), user(2)],
    }
}

fn pending(due: Option<u64>) -> Pending {
    Pending {
        message: MessageId::new([1; 32]),
        user: user(1),
        mention: true,
        chat: [2; 64],
        tries: 3,
        fresh: true,
        due: due.map(Timestamp::from_millis),
        devices: vec!["phone".into(), "desk".into()],
    }
}

#[test]
fn rows_read_as_they_were_written() {
    let states = (0..=5).map(|byte| state_of(byte).unwrap());
    let server = |state| Server {
        state,
        tries: 2,
        due: Timestamp::from_millis(7),
        ids: vec![[3; 64]; 2],
        ..Server::new(true)
    };
    let info =
        Info { server: user(3), version: 4, device: "phone".into(), token: Zeroizing::new("secret".into()) };
    let known = Known { until: Timestamp::from_millis(5), infos: vec![info.clone(), info] };
    let mut party = Party::new(1);

    run(&mut party, |shelf| {
        save_registration(shelf, Some(&registration()));
        assert!(registration() == super::registration(shelf)?.unwrap());
        for state in states {
            save_server(shelf, &user(1), &server(state));
            assert_eq!(super::server(shelf, &user(1))?, Some(server(state)));
        }
        save_known(shelf, &user(2), &known)?;
        assert!(super::known(shelf, &user(2))? == Some(known));
        save_pending(shelf, &pending(Some(9)))?;
        assert_eq!(load_pending(shelf, MessageId::new([1; 32]), &user(1))?, Some(pending(Some(9))));
        Ok(())
    });
}

#[test]
fn a_reader_has_one_place_in_the_order() {
    let mut party = Party::new(1);

    run(&mut party, |shelf| {
        set_notifying(shelf, true)?;
        for due in [None, Some(9), Some(5)] {
            save_pending(shelf, &pending(due))?;
            assert_eq!(next(shelf)?, due.map(Timestamp::from_millis));
        }
        assert_eq!(due_pending(shelf, Timestamp::from_millis(4), 9)?, []);
        assert_eq!(due_pending(shelf, Timestamp::from_millis(5), 9)?.len(), 1);
        drop_pending(shelf, &pending(Some(5)));
        assert_eq!(shelf.scan(&[NOTIFY], None, 9)?.len(), 0);
        Ok(())
    });
}

#[test]
fn a_newer_version_of_a_registration_takes_the_place_of_an_older_one_alone() {
    let info = |version, token: &str| Info {
        server: user(3),
        version,
        device: "phone".into(),
        token: Zeroizing::new(token.into()),
    };
    let mut known = Known::default();

    for (version, token) in [(2, "two"), (1, "one"), (3, "three")] {
        known.take(info(version, token));
    }
    for number in 0..100 {
        known.take(Info { device: format!("device {number}"), ..info(1, "one") });
    }

    assert_eq!((known.infos[0].version, known.infos[0].token.as_str(), known.infos.len()), (3, "three", 32));
}

#[test]
fn people_of_whom_it_is_known_how_they_are_notified_are_bounded() {
    let mut party = Party::new(1);
    let one = |number: u32| {
        let mut bytes = [2; 33];
        bytes[29..].copy_from_slice(&number.to_be_bytes());
        UserId::from_compressed(&bytes).unwrap()
    };
    let known = |until| Known { until: Timestamp::from_millis(until), infos: Vec::new() };

    run(&mut party, |shelf| {
        for number in 0..known::MAX_KNOWN as u32 {
            save_known(shelf, &one(number), &known(u64::from(number) + 10))?;
        }
        save_known(shelf, &one(500), &known(1))?;
        save_known(shelf, &one(1_000_000), &known(5))?;
        assert!(super::known(shelf, &one(500))?.is_none());
        assert!(super::known(shelf, &one(0))?.is_some());
        assert_eq!(shelf.scan(&[KNOWN], None, 5_000)?.len(), known::MAX_KNOWN);
        Ok(())
    });
}

#[test]
fn the_doctor_mends_the_order_and_finds_what_cannot_be_read() {
    let found = |change: fn(&mut Shelf<'_>)| {
        let mut party = Party::new(1);
        run(&mut party, |shelf| {
            save_pending(shelf, &pending(Some(9)))?;
            save_registration(shelf, Some(&registration()));
            change(shelf);
            Ok(())
        });
        let examined = |party: &Party| crate::table::examine(&party.store, Party::AREA).unwrap();
        let of_ours = |found: &status_layer::examine::Finding| found.key[0] != b'I';
        let found: Vec<_> = examined(&party).findings.into_iter().filter(of_ours).collect();
        let mut batch = status_layer::Batch::default();
        for (key, value) in found.iter().flat_map(|found| found.repair.clone()) {
            batch.set(Party::AREA, key, value);
        }
        party.store.commit(batch).unwrap();
        (found.len(), examined(&party).findings.into_iter().filter(of_ours).count())
    };

    assert_eq!(found(|_| {}), (0, 0));
    assert_eq!(
        found(|shelf| pending::order_of(&pending(Some(9))).into_iter().for_each(|key| shelf.delete(key))),
        (1, 0)
    );
    assert_eq!(found(|shelf| shelf.put(pending::order_of(&pending(Some(5))).unwrap(), vec![1])), (1, 0));
    assert_eq!(found(|shelf| shelf.put(*b"Ur", vec![1, 9])), (1, 1));
    assert_eq!(found(|shelf| shelf.put(*b"ux", vec![1])), (1, 1));
    assert_eq!(found(|shelf| shelf.put(*b"Vx", vec![1])), (1, 1));
    assert_eq!(found(|shelf| shelf.put(*b"vx", vec![1])), (1, 1));
}
