use keyring_core::api::CredentialStoreApi;
use keyring_core::{Entry, Error, mock};
use status_store::{Key, KeyError, OpenError, Sealed};
use tempfile::TempDir;

fn entry() -> Entry {
    mock::Store::new().unwrap().build("status-chat", "alice", None).unwrap()
}

fn fail_once(entry: &Entry, error: Error) {
    entry.as_any().downcast_ref::<mock::Cred>().unwrap().set_error(error);
}

fn locked() -> Error {
    Error::NoStorageAccess("the keyring is locked".into())
}

#[test]
fn a_store_opens_with_the_key_that_the_keyring_keeps() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("s");
    let entry = entry();

    drop(Sealed::open(&path, &Key::from_keyring_or_make(&entry).unwrap().into()).unwrap());
    let again = Sealed::open(&path, &Key::from_keyring(&entry).unwrap().into());

    assert!(again.is_ok(), "{again:?}");
}

#[test]
fn a_key_is_made_once_and_never_replaced() {
    let entry = entry();

    let first = Key::from_keyring_or_make(&entry).unwrap();
    let second = Key::from_keyring_or_make(&entry).unwrap();

    assert_eq!(first, second);
    assert_eq!(entry.get_password().unwrap(), *first.expose(), "it is kept as it would be written down");
}

#[test]
fn a_keyring_without_the_key_says_so_and_stays_as_it_was() {
    let entry = entry();

    let missing = Key::from_keyring(&entry);

    assert!(matches!(missing, Err(OpenError::Keyring(_))), "{missing:?}");
    assert!(matches!(entry.get_secret(), Err(Error::NoEntry)));
}

#[test]
fn a_locked_keyring_is_no_reason_to_make_another_key() {
    let entry = entry();
    let key = Key::from_keyring_or_make(&entry).unwrap();

    fail_once(&entry, locked());
    let refused = Key::from_keyring_or_make(&entry);

    let words = refused.unwrap_err().to_string();
    assert!(words.contains("locked") && words.contains("Unlock it"), "{words}");
    assert_eq!(Key::from_keyring(&entry).unwrap(), key);
}

#[test]
fn what_is_no_key_is_refused_left_alone_and_not_shown() {
    for kept in [b"hunter2".as_slice(), b"", &[0xff; 64]] {
        let entry = entry();
        entry.set_secret(kept).unwrap();

        let refused = Key::from_keyring_or_make(&entry);

        assert!(matches!(refused, Err(OpenError::Key(KeyError::Text))), "{refused:?}");
        assert!(!format!("{refused:?}").contains("hunter2"));
        assert_eq!(entry.get_secret().unwrap(), kept);
    }
    let damaged = entry();
    fail_once(&damaged, Error::BadDataFormat(b"hunter2".to_vec(), "damaged".into()));
    let refused = Key::from_keyring(&damaged);
    assert!(matches!(refused, Err(OpenError::Key(KeyError::Text))), "{refused:?}");
}
