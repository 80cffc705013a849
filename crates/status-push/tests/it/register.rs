//! Registrations and questions.

use status_crypto::Keyring as _;
use status_layer::testing::rng;
use status_payload::{
    PushNotificationRegistration, RegistrationError, SealedRegistration, TokenType, grant, granted,
    hash_of_key, open_token, seal_token,
};

use crate::desk::{DEVICE, Desk, Person, TOKEN, key, server};

const OTHER: &str = "6a1b6c4e-9d2f-4f4b-8f0e-3a1d5b7c9e11";

#[test]
fn whoever_asks_about_a_registered_device_is_told_how_to_have_it_notified() {
    let (mut desk, mut alice) = (Desk::new(), Person::new(1));
    let registration = alice.registration(3);

    let before = desk.ask(&alice);
    desk.register(&mut alice, &registration).unwrap();
    let info = desk.ask(&alice).unwrap();

    assert_eq!(before, None, "where nobody is registered, no server listens");
    assert_eq!(info.len(), 1);
    assert_eq!((&*info[0].access_token, &*info[0].installation_id, info[0].version), (TOKEN, DEVICE, 3));
    assert_eq!(info[0].public_key, hash_of_key(&alice.user()));
    assert_eq!(info[0].server_public_key, server().as_bytes());
    assert!(granted(&alice.user(), &server(), TOKEN, &info[0].grant));
    desk.assert_in_order();
}

#[test]
fn only_a_newer_version_replaces_a_registration_and_the_same_one_is_confirmed_again() {
    let (mut desk, mut alice) = (Desk::new(), Person::new(1));
    let second = alice.registration(2);
    desk.register(&mut alice, &second).unwrap();
    let state = desk.state();

    let first = PushNotificationRegistration { device_token: "old".into(), ..alice.registration(1) };
    let changed = PushNotificationRegistration { device_token: "changed".into(), ..second.clone() };
    let old = desk.register(&mut alice, &first);
    let equal = desk.register(&mut alice, &changed);
    let same = desk.register(&mut alice, &second);
    let unchanged = desk.state() == state;
    let zero = desk.register(&mut Person::new(2), &Person::new(2).registration(0));
    let third = PushNotificationRegistration { version: 3, ..changed };
    let newer = desk.register(&mut alice, &third);

    assert_eq!((old, equal), (Err(RegistrationError::Version), Err(RegistrationError::Version)));
    assert_eq!((same, newer), (Ok(()), Ok(())));
    assert_eq!(zero, Err(RegistrationError::Version), "versions begin with one");
    assert!(unchanged, "a refused registration changes nothing");
    assert_eq!(desk.ask(&alice).unwrap()[0].version, 3);
}

#[test]
fn what_is_wrong_with_a_registration_is_said_and_nothing_of_it_is_kept() {
    let (mut desk, mut alice) = (Desk::new(), Person::new(1));
    let good = alice.registration(1);
    let stranger = key(2);
    let wrong: [(&str, PushNotificationRegistration); 12] = [
        ("no installation", PushNotificationRegistration { installation_id: "phone".into(), ..good.clone() }),
        ("no access token", PushNotificationRegistration { access_token: String::new(), ..good.clone() }),
        ("no UUID", PushNotificationRegistration { access_token: "x".repeat(36), ..good.clone() }),
        ("no device token", PushNotificationRegistration { device_token: String::new(), ..good.clone() }),
        ("no sort of token", PushNotificationRegistration { token_type: TokenType::Unset, ..good.clone() }),
        ("a sort of 2030", PushNotificationRegistration { token_type: TokenType::Other(9), ..good.clone() }),
        ("no grant", PushNotificationRegistration { grant: Vec::new(), ..good.clone() }),
        (
            "a grant for another token",
            PushNotificationRegistration { access_token: OTHER.into(), ..good.clone() },
        ),
        (
            "a grant for another server",
            PushNotificationRegistration {
                grant: grant(&*alice.key, &stranger.user(), TOKEN),
                ..good.clone()
            },
        ),
        (
            "a grant of somebody else",
            PushNotificationRegistration { grant: grant(&*stranger, &server(), TOKEN), ..good.clone() },
        ),
        (
            "a device token without end",
            PushNotificationRegistration { device_token: "x".repeat(5_000), ..good.clone() },
        ),
        (
            "too many chats",
            PushNotificationRegistration { muted_chat_list: vec![vec![1; 16]; 1_001], ..good.clone() },
        ),
    ];

    for (what, registration) in wrong {
        assert_eq!(desk.register(&mut alice, &registration), Err(RegistrationError::Malformed), "{what}");
        assert_eq!(desk.state(), [], "{what}");
    }
    desk.register(&mut alice, &good).unwrap();
}

#[test]
fn a_registration_counts_for_whoever_has_signed_and_sealed_it() {
    let (mut desk, mut alice, mut eve) = (Desk::new(), Person::new(1), Person::new(2));
    let of_alice = alice.registration(1);
    let sealed = alice.seal(&of_alice);
    let for_another = SealedRegistration::seal(&of_alice, &*alice.key, &key(3).user(), &mut rng(4)).unwrap();

    let stolen = desk.send_registration(&mut eve, sealed);
    let misled = desk.send_registration(&mut alice, for_another);
    let copied = desk.register(&mut eve, &of_alice);

    let refused = Err(RegistrationError::Malformed);
    assert_eq!((stolen, misled, copied), (refused, refused, refused));
    assert_eq!(desk.state(), []);
}

#[test]
fn of_who_unregisters_the_version_and_the_device_are_kept_and_nothing_else() {
    let (mut desk, mut alice) = (Desk::new(), Person::new(1));
    let (first, second) = (alice.registration(1), alice.unregistration(2));
    let inboxes = desk.topics.len();
    desk.register(&mut alice, &first).unwrap();
    let listening = desk.topics.len();

    desk.register(&mut alice, &second).unwrap();

    assert_eq!((listening, desk.topics.len()), (inboxes + 1, inboxes), "nobody listens for it any more");
    let rows: Vec<u8> = desk.state().concat_bytes();
    for secret in [TOKEN, "the device token"] {
        assert!(!rows.windows(secret.len()).any(|window| window == secret.as_bytes()), "{secret} is kept");
    }
    assert_eq!(desk.register(&mut alice, &first), Err(RegistrationError::Version), "it does not come back");
    assert_eq!(desk.register(&mut alice, &second), Err(RegistrationError::Version));
    desk.assert_in_order();
    let third = alice.registration(3);
    desk.register(&mut alice, &third).unwrap();
    assert_eq!(desk.ask(&alice).unwrap().len(), 1);
}

#[test]
fn an_unregistration_that_overtakes_its_registration_holds() {
    let (mut desk, mut alice) = (Desk::new(), Person::new(1));
    let (first, second) = (alice.registration(1), alice.unregistration(2));

    desk.register(&mut alice, &second).unwrap();
    let late = desk.register(&mut alice, &first);

    assert_eq!(late, Err(RegistrationError::Version));
}

#[test]
fn who_is_for_contacts_alone_has_a_token_that_only_they_can_open() {
    let (mut desk, mut alice) = (Desk::new(), Person::new(1));
    let (friend, stranger) = (key(2), key(3));
    let sealed = seal_token(&*alice.key, &friend.user(), TOKEN, &mut rng(5)).unwrap();
    let registration = PushNotificationRegistration {
        allow_from_contacts_only: true,
        allowed_key_list: vec![sealed.clone()],
        ..alice.registration(1)
    };
    desk.register(&mut alice, &registration).unwrap();

    let info = desk.ask(&alice).unwrap();

    assert_eq!((&*info[0].access_token, &info[0].allowed_key_list), ("", &vec![sealed]));
    assert_eq!(open_token(&*friend, &alice.user(), &info[0].allowed_key_list).as_deref(), Some(TOKEN));
    assert_eq!(open_token(&*stranger, &alice.user(), &info[0].allowed_key_list), None);
}

#[test]
fn after_a_restart_all_is_as_it_was() {
    let (mut desk, mut alice, mut bob) = (Desk::new(), Person::new(1), Person::new(2));
    let (of_alice, of_bob) = (alice.registration(5), bob.registration(1));
    desk.register(&mut alice, &of_alice).unwrap();
    desk.register(&mut bob, &of_bob).unwrap();
    desk.notify_one(bob.notification()).unwrap();
    let (topics, state) = (desk.topics.clone(), desk.state());

    desk.restart();

    assert_eq!((&desk.topics, desk.state()), (&topics, state), "it listens where it did");
    assert_eq!(desk.ask(&alice).unwrap()[0].version, 5);
    assert_eq!(desk.waiting().len(), 1);
    let old = alice.registration(4);
    assert_eq!(desk.register(&mut alice, &old), Err(RegistrationError::Version));
}

/// All bytes of some rows.
trait ConcatBytes {
    fn concat_bytes(self) -> Vec<u8>;
}

impl ConcatBytes for Vec<(Vec<u8>, Vec<u8>)> {
    fn concat_bytes(self) -> Vec<u8> {
        self.into_iter().flat_map(|(key, row)| [key, row].concat()).collect()
    }
}
