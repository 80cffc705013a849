//! Push notifications: what is sealed, signed and hashed, and how a server decides.

use status_crypto::{Keyring, SecretKey, aead};
use status_layer::UserId;
use status_layer::testing::rng;
use status_payload::hazmat::{decode_payload, encode_payload};
use status_payload::{
    ChatMark, Content, Filter, Kind, NotificationType, PushNotification, PushNotificationRegistration,
    RegistrationError, SealError, SealedRegistration, TokenType, grant, granted, hash_of_key, hash_of_text,
    open_token, seal_token,
};

use crate::vectors::{bytes, cases, text};

const TOKEN: &str = "0b0a6f3d-6d0e-4a53-9a4e-6f5c9d7f5b1e";

fn key(byte: u8) -> SecretKey {
    SecretKey::from_bytes(&[byte; 32]).unwrap()
}

fn user(byte: u8) -> UserId {
    key(byte).user()
}

/// Alice (1) registers at the server (9).
fn registration() -> PushNotificationRegistration {
    PushNotificationRegistration {
        token_type: TokenType::Firebase,
        device_token: "device".into(),
        installation_id: "e1dbe2ab-405c-4ad9-8b27-605c5de54932".into(),
        access_token: TOKEN.into(),
        enabled: true,
        version: 1,
        grant: grant(&key(1), &user(9), TOKEN),
        ..PushNotificationRegistration::default()
    }
}

#[test]
fn key_is_hashed_as_peers_do() {
    for case in cases("validation.json", "shake256_public_key") {
        let user = UserId::from_compressed(&bytes(&case, "public")).unwrap();

        assert_eq!(hex::encode(hash_of_key(&user)), text(&case, "hash"), "{}", text(&case, "name"));
    }
    // Spec: the computed vector of the facts; the key is 32 times the letter 2.
    assert_eq!(
        hex::encode(hash_of_key(&user(b'2'))),
        "7d22be311f4f75c36e6488cac7cb552cd7da1794c726c5e851884b45f601e492\
         7e5bfe598779f1d1ad3cc685be406e136ff00ecfb2eb5da19c6102bb40c55d41"
    );
}

#[test]
fn registration_is_read_by_its_server_alone() {
    let sealed = SealedRegistration::seal(&registration(), &key(1), &user(9), &mut rng(1)).unwrap();

    assert!(sealed.open(&key(9), &user(1)).unwrap() == registration());
    assert!(matches!(sealed.open(&key(8), &user(1)), Err(SealError::Forged)));
    assert!(matches!(sealed.open(&key(9), &user(2)), Err(SealError::Forged)));
    for len in [0, 11, 27, sealed.0.len() - 1] {
        let cut = SealedRegistration(sealed.0[..len].to_vec());
        assert!(matches!(cut.open(&key(9), &user(1)), Err(SealError::Forged)), "{len}");
    }
}

#[test]
fn payload_of_a_registration_is_the_box_itself() {
    let sealed = SealedRegistration::seal(&registration(), &key(1), &user(9), &mut rng(1)).unwrap();

    let payload = encode_payload(&Content::PushNotificationRegistration(sealed.clone()));
    let read = decode_payload(Kind::from(16), &payload).unwrap();

    assert_eq!(payload, sealed.0);
    assert!(read == Content::PushNotificationRegistration(sealed.clone()));
    assert_eq!(sealed.request_id(), status_crypto::shake256(&[&payload]));
    assert_eq!(format!("{sealed:?}"), format!("SealedRegistration({} bytes)", payload.len()));
}

#[test]
fn box_without_a_registration_in_it_is_refused() {
    let secret = key(1).agree(&key(9).public());
    let sealed = aead::seal_nonce_first(secret.expose(), &mut rng(1), &[0xff]).unwrap();

    assert!(matches!(SealedRegistration(sealed).open(&key(9), &user(1)), Err(SealError::Malformed)));
}

// Spec: the table of push messages.
#[test]
fn registration_has_the_numbers_of_peers() {
    let full = PushNotificationRegistration {
        token_type: TokenType::Apn,
        device_token: "d".into(),
        installation_id: "i".into(),
        access_token: "a".into(),
        enabled: true,
        version: 6,
        allowed_key_list: vec![vec![7]],
        blocked_chat_list: vec![vec![8]],
        unregister: true,
        grant: vec![10],
        allow_from_contacts_only: true,
        apn_topic: "t".into(),
        block_mentions: true,
        allowed_mentions_chat_list: vec![vec![14]],
        muted_chat_list: vec![vec![15]],
    };
    let secret = key(1).agree(&key(9).public());

    let sealed = SealedRegistration::seal(&full, &key(1), &user(9), &mut rng(1)).unwrap();
    let plain = aead::open_nonce_first(secret.expose(), &sealed.0).unwrap();

    assert_eq!(
        hex::encode(&*plain),
        "0801120164 1a0169 220161 2801 3006 3a0107 420108 4801 52010a 5801 620174 6801 72010e 7a010f"
            .replace(' ', "")
    );
}

#[test]
fn token_is_for_contacts_alone() {
    let sealed: Vec<_> =
        [2, 3].iter().map(|to| seal_token(&key(1), &user(*to), TOKEN, &mut rng(5)).unwrap()).collect();

    assert_eq!(open_token(&key(3), &user(1), &sealed).as_deref(), Some(TOKEN));
    assert_eq!(open_token(&key(4), &user(1), &sealed), None);
    assert_eq!(open_token(&key(3), &user(4), &sealed), None);
}

#[test]
fn grant_is_for_one_server_and_one_token() {
    let leave = grant(&key(1), &user(9), TOKEN);

    assert!(granted(&user(1), &user(9), TOKEN, &leave));
    assert!(!granted(&user(2), &user(9), TOKEN, &leave));
    assert!(!granted(&user(1), &user(8), TOKEN, &leave));
    assert!(!granted(&user(1), &user(9), "another", &leave));
    assert!(!granted(&user(1), &user(9), TOKEN, &leave[1..]));
}

#[test]
fn server_judges_registrations_as_peers_do() {
    let check = |change: fn(&mut PushNotificationRegistration), stored| {
        let mut changed = registration();
        change(&mut changed);
        changed.check(&user(1), &user(9), stored)
    };

    assert_eq!(check(|_| (), None), Ok(()));
    assert_eq!(check(|it| it.version = 5, Some(4)), Ok(()));
    assert_eq!(check(|it| it.version = 0, None), Err(RegistrationError::Version));
    assert_eq!(check(|it| it.version = 4, Some(4)), Err(RegistrationError::Version));
    let wrong: [fn(&mut PushNotificationRegistration); 6] = [
        |it| it.installation_id = "none".into(),
        |it| it.access_token = TOKEN.replace('-', "0"),
        |it| it.grant.clear(),
        |it| it.device_token.clear(),
        |it| it.token_type = TokenType::Unset,
        |it| it.token_type = TokenType::Other(7),
    ];
    for (number, change) in wrong.into_iter().enumerate() {
        assert_eq!(check(change, None), Err(RegistrationError::Malformed), "{number}");
    }
    let bare = PushNotificationRegistration {
        unregister: true,
        version: 2,
        installation_id: registration().installation_id,
        ..PushNotificationRegistration::default()
    };
    assert_eq!(bare.check(&user(1), &user(9), Some(1)), Ok(()));
}

#[test]
fn server_sends_what_is_wanted() {
    let hash = |text: &str| hash_of_text(text).to_vec();
    let notify = |r#type, chat: &str, author: &str| PushNotification {
        access_token: TOKEN.into(),
        chat_id: ChatMark(hash(chat)),
        author: hash(author),
        r#type,
        ..PushNotification::default()
    };
    let wishes = PushNotificationRegistration {
        muted_chat_list: vec![hash("muted")],
        blocked_chat_list: vec![hash("blocked"), hash("mallory")],
        block_mentions: true,
        allowed_mentions_chat_list: vec![hash("friends")],
        ..registration()
    };
    let rows = [
        (notify(NotificationType::Message, "chat", "bob"), Filter::Send),
        (notify(NotificationType::Message, "muted", "bob"), Filter::Drop),
        (notify(NotificationType::Message, "blocked", "bob"), Filter::Drop),
        (notify(NotificationType::Message, "chat", "mallory"), Filter::Drop),
        (notify(NotificationType::Mention, "chat", "bob"), Filter::Drop),
        (notify(NotificationType::Mention, "friends", "bob"), Filter::Send),
        (notify(NotificationType::RequestToJoin, "muted", "bob"), Filter::Send),
        (
            PushNotification {
                access_token: "x".into(),
                ..notify(NotificationType::Message, "muted", "bob")
            },
            Filter::WrongToken,
        ),
    ];

    for (number, (notification, verdict)) in rows.into_iter().enumerate() {
        assert_eq!(wishes.filter(&notification), verdict, "{number}");
    }
    let off = PushNotificationRegistration { enabled: false, ..registration() };
    assert_eq!(off.filter(&notify(NotificationType::Message, "chat", "bob")), Filter::Drop);
}
