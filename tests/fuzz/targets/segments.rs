//! Privacy: any segments, in any order, of any senders.
//!
//! The first byte chooses. Either the rest is one segment as it stands, or it is a script of steps of three bytes, each of which
//! offers a segment of one of four honest parcels: as it is, copied, changed in one byte, or with its numbers changed.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use status_fuzz::offer;
use status_layer::testing::Party;
use status_layer::{Name, Parcel, Rendezvous, Sealed, UserId};
use status_privacy::hazmat;

/// Whole parcels and their segments: 3, 9 with one of parity, 16 with two, and 12 of which the last ends with zeros.
static PARCELS: LazyLock<Vec<(Vec<u8>, Vec<Vec<u8>>)>> = LazyLock::new(|| {
    [(25, 0), (85, 0), (160, 0), (118, 6)]
        .into_iter()
        .zip(1_u8..)
        .map(|((len, zeros), seed)| {
            let mut whole: Vec<u8> = (0..len).map(|at: u8| at.wrapping_mul(31) ^ seed).collect();
            let end = whole.len() - zeros;
            whole[end..].fill(0);
            let parts = hazmat::split(&Sealed::new(whole.clone()), 10);
            (whole, parts)
        })
        .collect()
});

fn from(sender: u8) -> Option<UserId> {
    let mut key = [sender; 33];
    key[0] = 2;
    (sender > 0).then(|| UserId::from_compressed(&key).expect("a compressed key"))
}

fuzz_target!(|input: &[u8]| {
    let mut party = Party::new(1);
    let meet = Rendezvous::Named(Name::new("square").expect("a name"));
    let parcel = |hint, bytes: Vec<u8>| Parcel { meet: meet.clone(), sealed: Sealed::new(bytes), hint };
    let Some((first, rest)) = input.split_first() else { return };
    if first % 4 == 0 {
        let sent = parcel(None, rest.to_vec());
        let whole = offer(&mut party, |cx| hazmat::gather(cx, sent.clone()));
        let taken = party.store.len();
        assert!(taken == 0 || taken == 2 || taken == 3, "one segment left {taken} rows");
        assert!(!matches!(whole, Some(Some(whole)) if whole != sent), "one segment is no parcel");
    }
    for step in rest.chunks_exact(3) {
        let [how, at, change] = [step[0], step[1], step[2]];
        let (whole, parts) = &PARCELS[usize::from(how % 4)];
        let part = &parts[usize::from(at) % parts.len()];
        let mut bytes = part.clone();
        let honest = how & 0x70 != 0;
        if !honest {
            let place = usize::from(change) % bytes.len();
            bytes[place] ^= at | 1;
        }
        // Who spoils segments has a name of their own: nobody signs in another's.
        let hint = from(if honest { 1 + how / 128 } else { 9 });
        let got = offer(&mut party, |cx| hazmat::gather(cx, parcel(hint, bytes)));
        if let (true, Some(Some(got))) = (honest, got) {
            assert_eq!(got.sealed.as_bytes(), whole.as_slice(), "honest segments give what was split");
        }
    }
});
