//! Devices of one user: how they join, what they get, and how they are removed.

use status_layer::{DeviceId, Interest, LayerError, Notice, Parcel, Security};
use status_security::hazmat::Device;
use status_security::{Config, Error, Joining, OpenError, PairError, SealError};

use crate::pair::{HOUR, Person, changed, message, seal_refused};

const DAY: core::time::Duration = core::time::Duration::from_secs(24 * 60 * 60);

/// Device `n` of user 2.
fn device(n: u8) -> Person {
    Person::on(2, n, Config::default())
}

fn id(n: u8) -> DeviceId {
    DeviceId::new(format!("device-{n}")).unwrap()
}

impl Person {
    fn pair(&mut self, device: u8, how: Interest) -> Result<(), Error> {
        self.party.run(|cx| self.layer.pair(cx, &id(device), how))
    }

    #[track_caller]
    fn confirms(&mut self, device: u8) {
        self.pair(device, Interest::Listen).unwrap();
    }

    #[track_caller]
    fn removes(&mut self, device: u8) {
        self.pair(device, Interest::Ignore).unwrap();
    }

    /// What a parcel tells besides mail.
    #[track_caller]
    fn hears(&mut self, parcel: &Parcel) -> Vec<Notice> {
        self.try_open(parcel).unwrap().notices
    }

    /// Its keys as they are now, left where `whom` reads them.
    fn keys_at(&mut self, whom: &Self) -> Parcel {
        let parcel = self.seal(whom, "hello");
        changed(&parcel, |message| message.direct.clear())
    }

    fn knows(&mut self, whom: &Self) -> Vec<Device> {
        let user = whom.user();
        self.party.run(|cx| self.layer.devices(&cx.shelf, &user)).unwrap()
    }
}

/// Which devices a parcel is sealed for.
fn targets(parcel: &Parcel) -> Vec<String> {
    message(parcel).direct.into_keys().collect()
}

/// Which devices the bundle in a parcel lists.
fn listed(parcel: &Parcel) -> Vec<String> {
    message(parcel).bundles[0].prekeys().keys().cloned().collect()
}

/// Two devices of one user that have heard of each other.
fn acquainted() -> (Person, Person) {
    let (mut phone, mut desk) = (device(21), device(22));
    let (from_phone, from_desk) = (phone.announcement().unwrap(), desk.announcement().unwrap());
    phone.try_open(&from_desk).unwrap();
    desk.try_open(&from_phone).unwrap();
    (phone, desk)
}

/// Two devices of one user, each of which has confirmed the other.
fn paired() -> (Person, Person) {
    let (mut phone, mut desk) = acquainted();
    phone.confirms(22);
    desk.confirms(21);
    (phone, desk)
}

#[track_caller]
fn refused(result: Result<(), Error>) -> PairError {
    match LayerError::from(result.expect_err("it is refused")) {
        LayerError::Reject(reason) => *reason.get::<PairError>().expect("an error of pairing"),
        LayerError::Fault(reason) => panic!("our own failure: {reason}"),
    }
}

#[test]
fn a_device_of_our_own_gets_nothing_before_it_is_confirmed() {
    let (mut phone, desk) = acquainted();
    let (before, bundle) = (phone.seal(&desk, "note"), phone.seal(&Person::new(1), "hello"));

    phone.confirms(22);
    let after = phone.seal(&desk, "note");

    assert_eq!((targets(&before), listed(&bundle)), (vec!["none".into()], vec!["device-21".into()]));
    assert_eq!(targets(&after), ["device-22"]);
    assert_eq!(listed(&after), ["device-21", "device-22"]);
}

#[test]
fn paired_devices_send_each_other_copies_with_forward_secrecy() {
    let (mut phone, mut desk) = paired();

    let copy = phone.seal(&desk, "what I wrote to somebody");
    let heard = desk.open(&copy);
    let answer = desk.seal(&phone, "confirmed");

    assert_eq!(heard, ("what I wrote to somebody".to_string(), status_layer::Grade::Ratcheted));
    assert_eq!(phone.open(&answer).0, "confirmed");
}

#[test]
fn with_the_first_version_of_the_whitepaper_a_device_joins_at_once() {
    let config = Config { joining: Joining::Automatic, ..Config::default() };
    let (mut phone, mut desk) = (Person::on(2, 21, config), Person::on(2, 22, config));
    let keys = desk.announcement().unwrap();

    let notices = phone.hears(&keys);

    assert_eq!(notices, [Notice::NewDevice { user: phone.user(), device: id(22), joined: true }]);
    assert_eq!(targets(&phone.seal(&desk, "note")), ["device-22"]);
}

#[test]
fn a_device_that_joins_at_once_is_read_at_once() {
    let config = Config { joining: Joining::Automatic, ..Config::default() };
    let (mut phone, mut desk) = (Person::on(2, 21, config), Person::on(2, 22, config));
    let keys = phone.announcement().unwrap();
    desk.try_open(&keys).unwrap();
    let copy = desk.seal(&phone, "from the desk");

    let heard = phone.open(&copy);

    assert_eq!(heard.0, "from the desk");
    assert_eq!(phone.refuses(&copy), OpenError::Replayed);
}

#[test]
fn mail_of_a_device_that_is_not_confirmed_here_is_taken_after_it_was() {
    let (mut phone, mut desk) = acquainted();
    desk.confirms(21);
    let copy = desk.seal(&phone, "from the desk");

    let before = phone.refuses(&copy);
    phone.confirms(22);
    let after = phone.open(&copy);

    assert_eq!((before, after.0.as_str()), (OpenError::NotPaired, "from the desk"));
}

#[test]
fn mail_of_an_unknown_device_of_ours_makes_it_known_and_is_not_read() {
    let (mut phone, mut desk) = (device(21), device(22));
    let keys = phone.announcement().unwrap();
    desk.try_open(&keys).unwrap();
    desk.confirms(21);
    let copy = desk.seal(&phone, "from the desk");

    let opened = phone.try_open(&copy).unwrap();

    assert_eq!(opened.notices, [Notice::NewDevice { user: phone.user(), device: id(22), joined: false }]);
    assert!(opened.mail.is_empty());
}

#[test]
fn contacts_learn_of_a_paired_device_from_the_bundle_of_the_other() {
    let (mut alice, (mut phone, mut desk)) = (Person::new(1), paired());

    let keys = phone.announcement().expect("the change of devices is announced");
    alice.try_open(&keys).unwrap();
    let parcel = alice.seal(&phone, "to both");

    assert_eq!(targets(&parcel), ["device-21", "device-22"]);
    assert_eq!((phone.open(&parcel).0, desk.open(&parcel).0), ("to both".into(), "to both".into()));
}

#[test]
fn a_higher_version_of_another_device_is_taken_from_a_bundle_and_a_lower_one_is_not() {
    let (mut phone, mut desk) = paired();
    let old = desk.announcement().unwrap();
    desk.wait(DAY);
    phone.wait(DAY);
    let new = desk.announcement().unwrap();

    phone.try_open(&new).unwrap();
    let newer = phone.knows(&desk)[0].clone();
    phone.try_open(&old).unwrap();

    assert_eq!(phone.knows(&desk), std::slice::from_ref(&newer));
    assert_eq!(newer.version, message(&new).bundles[0].prekeys()["device-22"].version);
}

#[test]
fn a_bundle_of_our_own_that_lacks_this_device_is_answered_with_ours_once_an_hour() {
    let (mut phone, mut desk) = (device(21), device(22));
    phone.announcement().unwrap();
    let keys = desk.announcement().unwrap();

    phone.try_open(&keys).unwrap();
    let at_once = phone.announcement();
    let mut later = Vec::new();
    for _ in 0..4 {
        phone.wait(HOUR / 2);
        desk.wait(HOUR / 2);
        let keys = desk.keys_at(&phone);
        phone.try_open(&keys).unwrap();
        later.push(phone.announcement().is_some());
    }

    assert!(at_once.is_some(), "a device that was not known is answered at once");
    assert_eq!(later, [false, true, false, true]);
}

#[test]
fn devices_that_do_not_list_each_other_do_not_answer_for_ever() {
    let (mut phone, mut desk) = acquainted();

    let mut said = 0;
    for _ in 0..10 {
        for parcel in phone.announcement().into_iter().chain(desk.announcement()) {
            said += 1;
            // One of the two hears its own echo.
            drop((phone.try_open(&parcel), desk.try_open(&parcel)));
        }
    }

    assert!(said <= 2, "each tells the other of itself, and that is all: {said}");
}

#[test]
fn a_removed_device_gets_nothing_more_from_us_or_from_contacts() {
    let (mut alice, (mut phone, desk)) = (Person::new(1), paired());
    let keys = phone.announcement().unwrap();
    alice.expect(&status_layer::Recipient::User(phone.user()), Interest::Listen);
    alice.try_open(&keys).unwrap();
    assert_eq!(targets(&alice.seal(&phone, "before")), ["device-21", "device-22"]);

    phone.wait(HOUR);
    alice.wait(HOUR);
    phone.removes(22);
    let keys = phone.announcement().expect("the removal is announced at once");
    let notices = alice.hears(&keys);

    assert_eq!(notices, [Notice::RemovedDevice { user: phone.user(), device: id(22) }]);
    assert_eq!(targets(&alice.seal(&phone, "after")), ["device-21"]);
    assert_eq!(targets(&phone.seal(&desk, "note")), ["none"], "no device of the group is left");
}

#[test]
fn a_removed_device_does_not_come_back_by_speaking_for_itself() {
    let (mut alice, (mut phone, mut desk)) = (Person::new(1), paired());
    phone.removes(22);
    let keys = phone.announcement().unwrap();
    alice.try_open(&keys).unwrap();

    desk.wait(DAY);
    alice.wait(DAY);
    let of_desk = desk.announcement().unwrap();
    alice.try_open(&of_desk).unwrap();

    assert_eq!(targets(&alice.seal(&phone, "after")), ["device-21"]);
}

#[test]
fn a_removal_spreads_to_our_other_devices_and_from_there_to_their_contacts() {
    let mut alice = Person::new(1);
    let mut all = [device(21), device(22), device(23)];
    for n in 0..3 {
        let keys = all[n].announcement().unwrap();
        alice.try_open(&keys).unwrap();
        for other in (0..3).filter(|other| *other != n) {
            all[other].try_open(&keys).unwrap();
        }
    }
    let [phone, desk, tablet] = &mut all;
    for (device, others) in [(&mut *phone, [22, 23]), (&mut *tablet, [21, 22])] {
        others.into_iter().for_each(|other| device.confirms(other));
    }

    phone.wait(HOUR);
    phone.removes(22);
    let keys = phone.announcement().unwrap();
    let (at_tablet, at_desk) = (tablet.hears(&keys), desk.hears(&keys));
    let spread = tablet.announcement().expect("the tablet says so too");
    alice.try_open(&spread).unwrap();

    let notice = Notice::RemovedDevice { user: desk.user(), device: id(22) };
    assert_eq!((at_tablet, at_desk), (vec![notice.clone()], vec![notice]));
    assert_eq!(targets(&tablet.seal(desk, "copy")), ["device-21"]);
    assert_eq!(targets(&alice.seal(phone, "hello")), ["device-21", "device-23"]);
}

#[test]
fn a_device_that_is_taken_back_is_written_to_again_although_others_still_name_its_removal() {
    let (mut alice, (mut phone, mut desk)) = (Person::new(1), paired());
    phone.removes(22);
    let removal = phone.announcement().unwrap();
    alice.try_open(&removal).unwrap();
    desk.try_open(&removal).unwrap();

    phone.wait(HOUR);
    phone.confirms(22);
    let back = phone.announcement().unwrap();
    let (at_alice, at_desk) = (alice.try_open(&back), desk.try_open(&back));
    alice.try_open(&removal).unwrap();
    desk.try_open(&removal).unwrap();

    assert!(at_alice.is_ok() && at_desk.is_ok());
    assert_eq!(targets(&alice.seal(&phone, "after")), ["device-21", "device-22"]);
    desk.wait(2 * DAY);
    alice.wait(2 * DAY);
    let of_desk = desk.announcement().unwrap();
    assert!(message(&of_desk).bundles[0].removed().is_empty());
    alice.try_open(&of_desk).unwrap();
    assert_eq!(targets(&alice.seal(&phone, "after")), ["device-21", "device-22"]);
}

#[test]
fn a_removal_is_noticed_once_and_by_the_device_itself() {
    let (mut phone, mut desk) = paired();
    phone.removes(22);
    let keys = phone.announcement().unwrap();

    let first = desk.hears(&keys);
    let second = desk.hears(&keys);

    assert_eq!(first, [Notice::RemovedDevice { user: desk.user(), device: id(22) }]);
    assert_eq!(second, []);
}

#[test]
fn what_cannot_be_paired_is_refused_by_name_and_changes_nothing() {
    let mut phone = device(21);
    phone.announcement().unwrap();
    let before = phone.party.store.clone();

    let this = refused(phone.pair(21, Interest::Ignore));
    let unknown = refused(phone.pair(22, Interest::Listen));

    assert_eq!((this, unknown), (PairError::ThisDevice, PairError::Unknown));
    assert!(phone.party.store == before);
}

#[test]
fn what_is_for_the_group_is_never_static_though_no_device_of_it_is_active() {
    let (mut phone, desk) = paired();
    let mut tablet = device(23);
    phone.wait(HOUR);
    tablet.wait(HOUR);
    let keys = tablet.keys_at(&phone);
    phone.try_open(&keys).unwrap();
    let before = phone.seal(&desk, "note");
    phone.wait(7 * DAY);

    let sealed = phone.try_seal(&desk, "note");

    assert_eq!(targets(&before), ["device-22"]);
    assert_eq!(seal_refused(sealed), SealError::NoOwnDevice, "the desk was silent for a week");
}

#[test]
fn a_message_of_a_removed_device_is_not_answered_when_it_is_brought_again() {
    let (mut phone, mut desk) = paired();
    let (mut alice, mut new) = (Person::new(1), Person::on(1, 11, Config::default()));
    desk.hears(&alice.announcement().unwrap());
    let elsewhere = desk.seal(&alice, "for Alice's first device");
    assert_eq!(new.try_open(&elsewhere).unwrap().then.parcels.len(), 1);
    phone.wait(HOUR);
    phone.removes(22);
    new.wait(HOUR);
    new.hears(&phone.keys_at(&alice));
    new.wait(2 * HOUR);

    assert_eq!(new.refuses(&elsewhere), OpenError::NotForThisDevice);
}

#[test]
fn a_device_whose_id_is_of_another_length_does_not_spoil_the_bundles_of_the_others() {
    let (mut phone, mut other, mut alice) = (device(21), device(100), Person::new(1));
    phone.hears(&other.announcement().unwrap());
    phone.confirms(100);

    let hello = phone.seal(&alice, "hello");

    assert_eq!(listed(&hello), ["device-21"]);
    assert_eq!(alice.open(&hello).0, "hello");
}
