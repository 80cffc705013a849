use alloc::collections::BTreeMap;

use status_crypto::SecretKey;
use status_layer::testing::Party;
use status_layer::{DeviceId, Timestamp};

use super::*;
use crate::bundle::{Bundle, Prekey};
use crate::config::Joining;

fn identity() -> SecretKey {
    SecretKey::from_bytes(&[1; 32]).unwrap()
}

fn point(seed: u8) -> Vec<u8> {
    SecretKey::from_bytes(&[seed; 32]).unwrap().public().compressed().to_vec()
}

fn bundle(entries: &[(&str, Vec<u8>, u32)], millis: u64) -> Bundle {
    let prekeys: BTreeMap<_, _> = entries
        .iter()
        .map(|(id, key, version)| {
            let (joined, extension) = (Timestamp::default(), None);
            (id.to_string(), Prekey { key: key.clone(), version: *version, protocol: 1, joined, extension })
        })
        .collect();
    Bundle::sign(&identity(), prekeys, Timestamp::from_millis(millis))
}

fn learnt(bundles: &[Bundle]) -> Vec<Device> {
    let stranger = UserId::from_compressed(&point(9)).unwrap();
    learnt_by(&stranger, "ours", bundles)
}

fn learnt_by(own: &UserId, device: &str, bundles: &[Bundle]) -> Vec<Device> {
    let (user, device) = (identity().public().user(), DeviceId::new(device).unwrap());
    let joining = Joining::Confirm;
    Party::new(1)
        .run(|cx| {
            for bundle in bundles {
                let learner = Learner { own, device: &device, joining, sender: (&user, "nobody") };
                learn(&mut cx.shelf, bundle, learner, cx.now)?;
            }
            all(&cx.shelf, &identity().public().user())
        })
        .unwrap()
}

#[test]
fn the_highest_version_wins_in_any_order() {
    let (old, new) = (bundle(&[("a", point(3), 1)], 1), bundle(&[("a", point(4), 2)], 2));

    for order in [[old.clone(), new.clone()], [new, old]] {
        let devices = learnt(&order);

        assert_eq!((devices[0].version, devices[0].prekey.to_vec()), (2, point(4)));
    }
}

#[test]
fn a_lower_version_in_a_newer_bundle_shows_that_the_device_is_there() {
    let devices = learnt(&[bundle(&[("a", point(4), 2)], 1), bundle(&[("a", point(3), 1)], 2)]);

    assert_eq!((devices[0].version, devices[0].prekey.to_vec()), (2, point(4)));
    assert_eq!(devices[0].timestamp, 2_000_000);
}

#[test]
fn the_same_version_with_another_key_counts_if_it_is_newer() {
    let devices = learnt(&[bundle(&[("a", point(3), 1)], 1), bundle(&[("a", point(4), 1)], 2)]);

    assert_eq!(devices[0].prekey.to_vec(), point(4));
}

#[test]
fn entries_that_nobody_could_use_are_left_out() {
    let long = "x".repeat(129);
    let entries =
        [("", point(3), 1), (long.as_str(), point(3), 1), ("bad", vec![2; 32], 1), ("good", point(3), 1)];

    let devices = learnt(&[bundle(&entries, 1)]);

    assert_eq!(devices.iter().map(|device| device.id.as_str()).collect::<Vec<_>>(), ["good"]);
}

#[test]
fn our_own_entry_is_left_out_and_other_devices_of_ours_start_disabled() {
    let own = identity().public().user();

    let devices = learnt_by(&own, "this", &[bundle(&[("this", point(3), 1), ("other", point(4), 1)], 1)]);

    assert_eq!(devices.len(), 1);
    assert_eq!((devices[0].id.as_str(), devices[0].enabled), ("other", false));
}

#[test]
fn the_device_heard_of_longest_ago_makes_room() {
    let bundles: Vec<Bundle> =
        (0..=MAX_KNOWN as u64).map(|n| bundle(&[(&format!("device {n:02}"), point(3), 1)], n + 1)).collect();

    let devices = learnt(&bundles);

    assert_eq!(devices.len(), MAX_KNOWN);
    assert_eq!(devices[0].id, "device 01");
}

#[test]
fn rows_of_earlier_layouts_are_read() {
    let (user, key) =
        (identity().public().user(), SecretKey::from_bytes(&[3; 32]).unwrap().public().compressed());
    let first = || writer().bytes(&key).u32(7).bytes(&9_i64.to_be_bytes()).u32(1).flag(true);
    let first = || write_extension(first(), None);
    let rows = [first(), first().flag(true), first().flag(true).u64(5)];

    let read = rows.map(|row| {
        let mut party = Party::new(1);
        party.run(|cx| {
            cx.shelf.put(table::device(&user, "a"), row.finish());
            find(&cx.shelf, &user, "a")
        })
    });

    let read = read.map(|row| row.unwrap().unwrap());
    assert!(
        read.iter()
            .all(|device| (device.version, device.heard, device.joined) == (7, 0, Timestamp::default()))
    );
    assert_eq!(read.each_ref().map(|device| device.shares), [false, true, true]);
    assert_eq!(read.map(|device| device.missed), [None, None, Some(Timestamp::from_millis(5))]);
}
