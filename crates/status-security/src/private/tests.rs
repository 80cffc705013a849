use core::time::Duration;

use status_crypto::{PublicKey, SecretKey};
use status_layer::Cx;
use status_layer::testing::Party;

use super::*;
use crate::expiry;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn key(seed: u8) -> PublicKey {
    SecretKey::from_bytes(&[seed; 32]).unwrap().public()
}

fn prekey(number: u32) -> PrivatePrekey {
    PrivatePrekey { prekey: [2; 33], until: Timestamp::from_millis(77), number }
}

/// Makes as many private prekeys for a device as there are `times`.
fn made(cx: &mut Cx<'_>, peer: &Peer<'_>, times: usize) -> Vec<PrivatePrekey> {
    let mut dealings = load(&cx.shelf, peer).unwrap();
    let all = (0..times).map(|_| give::make(cx, &Config::default(), peer, &mut dealings).unwrap()).collect();
    save(&mut cx.shelf, peer, &dealings);
    all
}

#[test]
fn dealings_are_read_as_they_were_written() {
    let ways = [Way::Unsent, Way::Carried { session: 3, epoch: 4 }, Way::There];
    let outs = ways.map(|way| Some(Out { prekey: prekey(5), way }));
    let key = key(1);
    let peer = Peer { key: &key, device: "device" };
    for out in [None].into_iter().chain(outs) {
        for held in [None, Some(prekey(6))] {
            let dealings = Dealings { made: 1, out, taken: 2, held };

            let read = Party::new(1).run(|cx| {
                save(&mut cx.shelf, &peer, &dealings);
                load(&cx.shelf, &peer)
            });

            assert_eq!(read.unwrap(), dealings);
        }
    }
}

#[test]
fn numbers_rise_and_are_above_those_that_a_lost_store_has_given() {
    let (mut party, key) = (Party::new(1), key(1));
    let peer = Peer { key: &key, device: "device" };
    let mut copy = party.clone();

    let before = party.run(|cx| Ok::<_, StoreError>(made(cx, &peer, 3))).unwrap();
    copy.wait(Duration::from_secs(3 * 60));
    let after = copy.run(|cx| Ok::<_, StoreError>(made(cx, &peer, 1))).unwrap();

    assert!(before.is_sorted_by(|a, b| a.number < b.number));
    assert!(after[0].number > before[2].number);
}

#[test]
fn nothing_is_taken_from_a_device_that_is_not_known() {
    let (mut party, key) = (Party::new(1), key(1));
    let prekey = PrivatePrekey { prekey: key.compressed(), until: party.now.after(DAY), number: 1 };
    let peer = Peer { key: &key, device: "device" };

    party.run(|cx| take::take(cx, &Config::default(), &peer, prekey)).unwrap();

    assert_eq!(party.store.len(), 0);
}

#[test]
fn a_secret_is_found_by_its_device_alone_until_it_ends() {
    let (mut party, ours, other) = (Party::new(1), key(1), key(2));
    let peer = Peer { key: &ours, device: "device" };
    let found = |party: &mut Party, peer: &Peer<'_>, prekey: &Point| {
        party.run(|cx| secret(&cx.shelf, peer, prekey, cx.now)).unwrap().is_some()
    };

    let prekey = party.run(|cx| Ok::<_, StoreError>(made(cx, &peer, 1))).unwrap()[0].prekey;

    assert!(found(&mut party, &peer, &prekey));
    assert!(!found(&mut party, &Peer { device: "device-2", ..peer }, &prekey));
    assert!(!found(&mut party, &Peer { key: &other, ..peer }, &prekey));
    party.wait(Config::default().keep_prekeys);
    assert!(!found(&mut party, &peer, &prekey));
}

#[test]
fn who_is_forgotten_leaves_no_row_of_private_prekeys() {
    let (mut party, ours, other) = (Party::new(1), key(1), key(2));
    let (one, two) = (Peer { key: &ours, device: "device" }, Peer { key: &ours, device: "device-2" });
    let stays = Peer { key: &other, device: "device" };
    let rows = |party: &Party| party.store.len();
    party
        .run(|cx| {
            made(cx, &stays, 1);
            Ok::<_, StoreError>(())
        })
        .unwrap();
    let others = rows(&party);
    let give_all = |party: &mut Party| {
        party
            .run(|cx| {
                [one, two].iter().for_each(|peer| drop(made(cx, peer, 9)));
                Ok::<_, StoreError>(())
            })
            .unwrap();
    };

    give_all(&mut party);
    let given = rows(&party);
    party.run(|cx| forget(&mut cx.shelf, &ours.user(), "device")).unwrap();
    let half = rows(&party);
    give_all(&mut party);
    party.run(|cx| forget_all(&mut cx.shelf, &ours.user())).unwrap();

    assert_eq!(
        given - others,
        2 * (2 * MAX_PRIVATE + 1),
        "each secret with its end, and one row for each device"
    );
    assert_eq!(half - others, 2 * MAX_PRIVATE + 1);
    assert_eq!(rows(&party), others);
}

#[test]
fn many_that_end_at_once_are_wiped_page_by_page() {
    let mut party = Party::new(1);
    let config = Config::default();
    for seed in 1..=40 {
        let key = key(seed);
        let peer = Peer { key: &key, device: "device" };
        party.run(|cx| Ok::<_, StoreError>(made(cx, &peer, 2))).unwrap();
    }
    let all = party.store.len();
    party.wait(config.keep_prekeys);

    let mut calls = 0;
    while let Some(next) = party.run(|cx| expiry::due(cx, &config)).unwrap() {
        party.now = next.max(party.now);
        calls += 1;
    }

    assert_eq!(calls, 1, "and one more that finds the rest");
    assert_eq!(all - party.store.len(), 2 * 80 + 1, "secrets, ends, and when to look again");
}
