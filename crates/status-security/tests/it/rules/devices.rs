//! Bundles and devices.

use status_layer::{DeviceId, Grade, Interest, Name, Notice, Parcel, Recipient, Rendezvous, Sealed};
use status_security::hazmat::MAX_STRANGERS;
use status_security::{BundleError, Config, OpenError};

use crate::pair::{HOUR, Person, changed, in_session, introduced, message};

const MOMENT: core::time::Duration = core::time::Duration::from_millis(1);

#[test]
fn a_message_is_sealed_for_each_known_device() {
    let mut alice = Person::new(1);
    let mut devices: Vec<Person> = (1..=3).map(|n| Person::on(2, n, Config::default())).collect();
    for device in &mut devices {
        let keys = device.announcement().unwrap();
        alice.try_open(&keys).unwrap();
    }

    let parcel = alice.seal(&devices[0], "to all");

    assert_eq!(message(&parcel).direct.len(), 3);
    for device in &mut devices {
        assert_eq!(device.open(&parcel), ("to all".to_string(), Grade::Ratcheted));
    }
}

#[test]
fn only_the_three_devices_heard_of_last_are_sealed_for() {
    let mut alice = Person::new(1);
    let silent = Config { answer_every: None, ..Config::default() };
    let mut devices: Vec<Person> = (1..=5).map(|n| Person::on(2, n, silent)).collect();
    for (n, device) in (0..).zip(&mut devices) {
        device.wait(core::time::Duration::from_secs(n));
        let keys = device.announcement().unwrap();
        alice.try_open(&keys).unwrap();
    }

    let parcel = alice.seal(&devices[0], "to three");
    let sealed = message(&parcel);
    let targets: Vec<&String> = sealed.direct.keys().collect();

    assert_eq!(targets, ["device-3", "device-4", "device-5"]);
    assert_eq!(devices[0].refuses(&parcel), OpenError::NotForThisDevice);
}

#[test]
fn an_older_bundle_after_a_newer_one_changes_nothing() {
    let (mut alice, mut bob) = (Person::new(1), Person::new(2));
    let old = bob.announcement().unwrap();
    bob.wait(24 * HOUR);
    let new = bob.announcement().unwrap();
    alice.try_open(&new).unwrap();
    let before = alice.party.store.clone();

    alice.try_open(&old).unwrap();

    assert!(alice.party.store == before);
}

#[test]
fn a_bundle_is_verified_before_it_is_stored() {
    let (mut alice, mut bob) = (Person::new(1), Person::new(2));
    let keys = bob.announcement().unwrap();
    let mut bytes = keys.sealed.as_bytes().to_vec();
    let prekey = message(&keys).bundles[0].prekeys()["device-2"].key.clone();
    // The version follows the prekey.
    let version = bytes.windows(33).position(|window| window == prekey).unwrap() + 34;
    bytes[version] ^= 1;

    let forged = Parcel { sealed: Sealed::new(bytes), ..keys };

    assert_eq!(alice.refuses(&forged), OpenError::Bundle(BundleError::Signature));
}

#[test]
fn a_bundle_carried_by_somebody_else_is_taken() {
    let (mut alice, mut bob, mut carol) = (Person::new(1), Person::new(2), Person::new(3));
    let keys = message(&carol.announcement().unwrap()).bundles.remove(0);
    let parcel = changed(&bob.seal(&alice, "carol's keys"), |message| message.bundles.push(keys));
    alice.open(&parcel);

    let to_carol = alice.seal(&carol, "hello");

    assert_eq!(carol.open(&to_carol), ("hello".to_string(), Grade::Ratcheted));
}

#[test]
fn more_bundles_than_anybody_sends_are_refused() {
    let (mut alice, mut bob) = (Person::new(1), Person::new(2));
    let keys = bob.announcement().unwrap();

    let many = changed(&keys, |message| message.bundles = vec![message.bundles[0].clone(); 9]);

    assert_eq!(alice.refuses(&many), OpenError::TooManyBundles { count: 9, max: 8 });
}

#[test]
fn our_own_echo_is_refused() {
    let (mut alice, bob) = in_session();

    let parcel = alice.seal(&bob, "hello");
    let echo = Parcel { meet: Rendezvous::Inbox(alice.user()), ..parcel };

    assert_eq!(alice.refuses(&echo), OpenError::OwnEcho);
}

#[test]
fn another_device_of_ours_is_known_but_not_sealed_for() {
    let mut phone = Person::on(1, 1, Config::default());
    let mut desk = Person::on(1, 2, Config::default());
    let keys = desk.announcement().unwrap();
    phone.try_open(&keys).unwrap();

    let to_self = phone.seal(&desk, "note");
    let user = phone.user();
    let known = phone.party.run(|cx| phone.layer.devices(&cx.shelf, &user)).unwrap();

    assert_eq!(known.iter().map(|device| device.enabled).collect::<Vec<_>>(), [false]);
    assert!(message(&to_self).direct.contains_key("none"));
}

#[test]
fn devices_of_strangers_are_forgotten_beyond_a_bound() {
    let (mut alice, mut bob) = introduced();
    let keys = Person::new(3).announcement().unwrap();
    alice.expect(&Recipient::User(bob.user()), Interest::Listen);
    alice.try_open(&keys).unwrap();
    let bytes = message(&keys);

    for n in 0..MAX_STRANGERS {
        let mut scalar = [7; 32];
        scalar[..8].copy_from_slice(&n.to_be_bytes());
        let stranger = status_crypto::SecretKey::from_bytes(&scalar).unwrap();
        let prekeys = bytes.bundles[0].prekeys().clone();
        let bundle = status_security::hazmat::Bundle::sign(&stranger, prekeys, alice.party.now);
        let parcel = changed(&keys, |message| message.bundles = vec![bundle]);
        alice.try_open(&parcel).unwrap();
    }
    let (to_carol, to_bob) = (alice.seal(&Person::new(3), "hello"), alice.seal(&bob, "hello"));

    assert!(message(&to_carol).direct.contains_key("none"), "the first stranger is forgotten");
    assert_eq!(bob.open(&to_bob).1, Grade::Ratcheted, "whom we expect is not");
}

/// Hears of a person's keys as they are now.
#[track_caller]
fn hear(person: &mut Person, of: &mut Person) -> Vec<Notice> {
    of.party.now = person.party.now;
    let carol = Person::new(9);
    let parcel = of.clone().seal(&carol, "keys for all");
    let keys = changed(&parcel, |message| message.direct.clear());
    let keys = Parcel { meet: Rendezvous::Named(Name::new("keys").unwrap()), ..keys };
    person.try_open(&keys).unwrap().notices
}

fn targets(person: &mut Person, to: &Person) -> Vec<String> {
    message(&person.seal(to, "for whom?")).direct.into_keys().collect()
}

fn phone_and_desk() -> (Person, Person) {
    (Person::on(2, 21, Config::default()), Person::on(2, 22, Config::default()))
}

#[test]
fn a_new_device_of_somebody_we_know_is_noticed_once_and_written_to() {
    let mut alice = Person::new(1);
    let (mut phone, mut desk) = phone_and_desk();
    alice.expect(&Recipient::User(phone.user()), Interest::Listen);

    let first = hear(&mut alice, &mut phone);
    alice.wait(HOUR);
    let second = hear(&mut alice, &mut desk);
    alice.wait(HOUR);
    let again = hear(&mut alice, &mut desk);

    let device = DeviceId::new("device-22").unwrap();
    assert_eq!(first, [], "the first device is how we get to know them");
    assert_eq!(second, [Notice::NewDevice { user: phone.user(), device, joined: true }]);
    assert_eq!(again, []);
    assert_eq!(targets(&mut alice, &phone), ["device-21", "device-22"]);
}

#[test]
fn a_new_device_of_a_stranger_is_not_noticed() {
    let mut alice = Person::new(1);
    let (mut phone, mut desk) = phone_and_desk();

    hear(&mut alice, &mut phone);
    alice.wait(HOUR);

    assert_eq!(hear(&mut alice, &mut desk), []);
}

#[test]
fn a_new_device_of_our_own_is_noticed() {
    let (mut phone, mut desk) = phone_and_desk();

    let notices = hear(&mut phone, &mut desk);

    let device = DeviceId::new("device-22").unwrap();
    assert_eq!(notices, [Notice::NewDevice { user: phone.user(), device, joined: false }]);
}

#[test]
fn a_device_is_stale_seven_days_after_a_bundle_that_does_not_list_it() {
    let mut alice = Person::new(1);
    let (mut phone, mut desk) = phone_and_desk();
    hear(&mut alice, &mut phone);
    alice.wait(HOUR);
    hear(&mut alice, &mut desk);

    alice.wait(7 * 24 * HOUR - MOMENT);
    let before = targets(&mut alice, &phone);
    alice.wait(MOMENT);
    let after = targets(&mut alice, &phone);

    assert_eq!(before, ["device-21", "device-22"]);
    assert_eq!(after, ["device-22"]);
}

#[test]
fn a_stale_device_is_back_on_its_next_bundle() {
    let mut alice = Person::new(1);
    let (mut phone, mut desk) = phone_and_desk();
    hear(&mut alice, &mut phone);
    alice.wait(HOUR);
    hear(&mut alice, &mut desk);
    alice.wait(8 * 24 * HOUR);

    let notices = hear(&mut alice, &mut phone);

    assert_eq!(notices, [], "it is not new");
    assert_eq!(targets(&mut alice, &phone), ["device-21", "device-22"]);
}

#[test]
fn a_device_that_nobody_leaves_out_never_gets_stale() {
    let mut alice = Person::new(1);
    let (mut phone, _) = phone_and_desk();
    hear(&mut alice, &mut phone);

    alice.wait(365 * 24 * HOUR);

    assert_eq!(targets(&mut alice, &phone), ["device-21"]);
}

#[test]
fn an_older_bundle_that_comes_late_makes_no_device_stale() {
    let mut alice = Person::new(1);
    let (mut phone, mut desk) = phone_and_desk();
    let old = desk.announcement().unwrap();
    alice.wait(HOUR);
    hear(&mut alice, &mut phone);
    alice.try_open(&old).unwrap();

    alice.wait(8 * 24 * HOUR);

    assert!(targets(&mut alice, &phone).contains(&"device-21".to_string()));
}

#[test]
fn at_most_ten_devices_are_sealed_for_whatever_the_configuration_says() {
    for (max_targets, expected) in [(1, 1), (5, 5), (10, 10), (usize::MAX, 10)] {
        let mut alice = Person::on(1, 1, Config { max_targets, ..Config::default() });
        for n in 1..=12 {
            alice.wait(MOMENT);
            hear(&mut alice, &mut Person::on(2, n, Config::default()));
        }

        assert_eq!(targets(&mut alice, &Person::new(2)).len(), expected);
    }
}
