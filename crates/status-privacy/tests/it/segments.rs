//! Parcels that are too large for one envelope.

use proptest::prelude::*;
use serde_json::Value;
use status_layer::testing::{Party, assert_unchanged, rng};
use status_layer::{Parcel, Privacy, Rendezvous, Sealed, Secret, UserId};
use status_privacy::{
    COMPLETE_FOR, Error, MAX_COMPLETE, MAX_FRAME, MAX_SEALED, MAX_SEGMENT, MAX_UNFINISHED,
    MAX_UNFINISHED_OF_SENDER, MAX_ZEROS_SEARCHED, PeelError, SEGMENT, SegmentError, UNFINISHED_FOR,
    WrapError, hazmat,
};

use crate::support::{inbox, listen, named, signed, waku};

/// Length of the whole, told along with parity: field 16 as a varint of up to 2 bytes.
const LENGTH_TAG: [u8; 2] = [0x80, 0x01];

fn vectors(kind: &str) -> Vec<Value> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors/privacy/segments.json");
    let file: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let cases = file["cases"].as_array().unwrap().iter();
    cases.filter(|case| case["kind"] == kind).cloned().collect()
}

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

fn list(value: &Value) -> Vec<Vec<u8>> {
    value.as_array().unwrap().iter().map(bytes).collect()
}

/// A sender; nothing is sealed to them, so any number will do.
fn sender(number: u8) -> UserId {
    let mut bytes = [number; 33];
    bytes[0] = 2;
    UserId::from_compressed(&bytes).unwrap()
}

/// What arrived of `from` in the square.
fn part(from: Option<UserId>, bytes: &[u8]) -> Parcel {
    Parcel { meet: named("square"), sealed: Sealed::new(bytes.to_vec()), hint: from }
}

fn gather(party: &mut Party, parcel: Parcel) -> Result<Option<Vec<u8>>, SegmentError> {
    match party.run(|cx| hazmat::gather(cx, parcel)) {
        Ok(parcel) => Ok(parcel.map(|parcel| parcel.sealed.as_bytes().to_vec())),
        Err(Error::Peel(PeelError::Segment(why))) => Err(why),
        Err(why) => panic!("{why}"),
    }
}

/// Gathers parts in this order; all that came out.
fn gather_all<'p>(party: &mut Party, parts: impl IntoIterator<Item = &'p Vec<u8>>) -> Vec<Vec<u8>> {
    parts.into_iter().filter_map(|bytes| gather(party, part(Some(sender(1)), bytes)).unwrap()).collect()
}

fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut rng = rng(seed);
    std::iter::repeat_with(|| rng.below(256) as u8).take(len).collect()
}

/// Segments of noise in pieces of ten bytes.
fn segments(seed: u64, len: usize) -> (Vec<u8>, Vec<Vec<u8>>) {
    let whole = noise(seed, len);
    let parts = hazmat::split(&Sealed::new(whole.clone()), 10);
    (whole, parts)
}

/// A segment in the words of the wire; a number 0 is not written.
fn raw(hash: &[u8], index: u32, count: u32, payload: &[u8], parity: (u32, u32)) -> Vec<u8> {
    let mut out = Vec::new();
    let mut field = |tag: u8, value: u32| {
        if value > 0 {
            out.push(tag);
            let mut left = value;
            while left >= 0x80 {
                out.push(left as u8 | 0x80);
                left >>= 7;
            }
            out.push(left as u8);
        }
    };
    field(0x10, index);
    field(0x18, count);
    field(0x28, parity.0);
    field(0x30, parity.1);
    for (tag, text) in [(0x0a, hash), (0x22, payload)] {
        out.extend([tag, text.len() as u8]);
        out.extend(text);
    }
    out
}

#[test]
fn parity_is_that_of_deployed_peers() {
    let cases = vectors("parity");
    for case in &cases {
        let data = list(&case["data"]);
        let pieces: Vec<&[u8]> = data.iter().map(Vec::as_slice).collect();

        let parity = hazmat::parity(&pieces, pieces[0].len());

        assert_eq!(parity, list(&case["parity"]), "{}", case["name"]);
    }
    assert_eq!(cases.len(), 8);
}

#[test]
fn segments_are_those_of_deployed_peers_and_parity_tells_the_length_besides() {
    for case in vectors("split") {
        let size = case["size"].as_u64().unwrap() as usize;

        let ours = hazmat::split(&Sealed::new(bytes(&case["whole"])), size);

        let theirs = list(&case["segments"]);
        assert_eq!(ours.len(), theirs.len(), "{}", case["name"]);
        let pieces = bytes(&case["whole"]).len().div_ceil(size);
        for (number, (ours, theirs)) in ours.iter().zip(&theirs).enumerate() {
            let more = ours.strip_prefix(theirs.as_slice());
            let more = more.unwrap_or_else(|| panic!("{}: segment {number}", case["name"]));
            assert_eq!(more.starts_with(&LENGTH_TAG), number >= pieces, "{}: segment {number}", case["name"]);
            assert!(number >= pieces || more.is_empty());
        }
    }
}

#[test]
fn what_deployed_peers_split_is_whole_again_with_as_many_lost_as_there_is_parity() {
    for case in vectors("split") {
        let (whole, parts) = (bytes(&case["whole"]), list(&case["segments"]));
        let pieces = whole.len().div_ceil(case["size"].as_u64().unwrap() as usize);
        let parity = parts.len() - pieces;
        for first in (0..parts.len()).step_by(if pieces > 40 { 41 } else { 1 }) {
            // A run of losses, around the end; also the short last piece.
            let lost = |at: usize| (at + parts.len() - first) % parts.len() < parity;
            let left: Vec<_> = (0..parts.len()).filter(|at| !lost(*at)).map(|at| &parts[at]).collect();

            let got = gather_all(&mut Party::new(1), left);

            assert_eq!(got, std::slice::from_ref(&whole), "{}: from {first} on", case["name"]);
        }
    }
}

#[test]
fn a_lost_last_piece_is_cut_where_it_ended_also_if_it_ends_with_zeros() {
    for zeros in [0, 1, 3, 4] {
        let whole = [noise(5, 75 - zeros), vec![0; zeros]].concat();
        let parts = hazmat::split(&Sealed::new(whole.clone()), 10);
        let strip = |part: &Vec<u8>| match part.windows(2).rposition(|pair| pair == LENGTH_TAG) {
            Some(at) if at + 3 >= part.len() => part[..at].to_vec(),
            _ => part.clone(),
        };
        let untold: Vec<_> = parts.iter().map(strip).collect();
        assert_ne!(parts.last(), untold.last());
        for parts in [&parts, &untold] {
            let left = parts.iter().enumerate().filter(|(at, _)| *at != 7).map(|(_, part)| part);

            assert_eq!(gather_all(&mut Party::new(1), left), std::slice::from_ref(&whole), "{zeros} zeros");
        }
    }
}

#[test]
fn an_end_of_very_many_zeros_is_found_only_if_the_length_is_told() {
    let size = 2 * MAX_ZEROS_SEARCHED;
    for (zeros, found_untold) in [(MAX_ZEROS_SEARCHED - 1, true), (MAX_ZEROS_SEARCHED + 1, false)] {
        let whole = [noise(5, 7 * size + 1), vec![0; zeros]].concat();
        let parts = hazmat::split(&Sealed::new(whole.clone()), size);
        let mut untold = parts.clone();
        let parity = untold.last_mut().unwrap();
        parity.truncate(parity.windows(2).rposition(|pair| pair == LENGTH_TAG).unwrap());
        let without_last = |parts: &[Vec<u8>]| {
            let left = parts.iter().enumerate().filter(|(at, _)| *at != 7).map(|(_, part)| part);
            gather_all(&mut Party::new(1), left)
        };

        assert_eq!(without_last(&parts), std::slice::from_ref(&whole));
        assert_eq!(without_last(&untold).len(), usize::from(found_untold), "{zeros} zeros");
    }
}

#[test]
fn a_parcel_that_fits_goes_as_it_is_and_one_byte_more_in_two() {
    let (fits, more) = (Sealed::new(noise(1, SEGMENT)), Sealed::new(noise(1, SEGMENT + 1)));

    assert_eq!(hazmat::split(&fits, SEGMENT), [fits.as_bytes().to_vec()]);
    assert_eq!(hazmat::split(&more, SEGMENT).len(), 2);
}

#[test]
fn what_would_be_taken_for_a_segment_arrives_as_it_is() {
    let (_, parts) = segments(1, 25);
    let lookalikes = [parts[0].clone(), raw(&[1; 32], 9, 2, b"x", (0, 0)), raw(b"short", 0, 0, b"", (0, 1))];
    for bytes in lookalikes {
        let sent = hazmat::split(&Sealed::new(bytes.clone()), SEGMENT);

        assert_eq!(sent.len(), 2);
        assert_eq!(gather_all(&mut Party::new(1), &sent), [bytes]);
    }
}

#[test]
fn copies_do_nothing_before_and_after_the_parcel_is_complete() {
    let (mut party, (whole, parts)) = (Party::new(1), segments(2, 95));
    let mut got = Vec::new();
    for bytes in &parts {
        got.extend(gather(&mut party, part(Some(sender(1)), bytes)).unwrap());
        let mut again = None;
        let failed = assert_unchanged(&mut party, "a copy", |cx| {
            again = hazmat::gather(cx, part(Some(sender(1)), bytes))?;
            Ok::<_, Error>(())
        });
        assert!(failed.is_none() && again.is_none());
    }

    assert_eq!(got, [whole]);
    assert_eq!(party.store.len(), 2, "only that it was complete, and until when, is kept");
}

#[test]
fn what_contradicts_is_refused_and_changes_nothing() {
    let hash = [7; 32];
    let mut party = Party::new(1);
    for first in [raw(&hash, 0, 9, &[1; 10], (0, 0)), raw(&hash, 8, 9, &[1; 4], (0, 0))] {
        assert_eq!(gather(&mut party, part(None, &first)), Ok(None));
    }
    let cases = [
        ("other bytes of the same piece", raw(&hash, 0, 9, &[2; 10], (0, 0))),
        ("another count", raw(&hash, 1, 10, &[1; 10], (0, 0))),
        ("a longer piece", raw(&hash, 1, 9, &[1; 11], (0, 0))),
        ("a shorter piece", raw(&hash, 1, 9, &[1; 9], (0, 0))),
        ("a shorter parity", raw(&hash, 0, 0, &[1; 9], (0, 1))),
    ];
    for (what, bytes) in cases {
        let why = assert_unchanged(&mut party, what, |cx| hazmat::gather(cx, part(None, &bytes)));

        let conflict = PeelError::Segment(SegmentError::Conflict);
        assert!(matches!(why, Some(Error::Peel(found)) if found == conflict), "{what}: {why:?}");
    }
}

#[test]
fn a_last_piece_longer_than_the_others_is_refused() {
    let mut party = Party::new(1);
    gather(&mut party, part(None, &raw(&[7; 32], 1, 2, &[1; 5], (0, 0)))).unwrap();

    let why = gather(&mut party, part(None, &raw(&[7; 32], 0, 2, &[1; 4], (0, 0))));

    assert_eq!(why, Err(SegmentError::Conflict));
}

#[test]
fn segments_that_nobody_makes_are_refused() {
    let hash = [7; 32];
    let cases = [
        raw(&hash[..31], 0, 2, b"x", (0, 0)),
        raw(&[], 0, 2, b"x", (0, 0)),
        raw(&hash, 2, 2, b"x", (0, 0)),
        raw(&hash, 0, 257, b"x", (0, 0)),
        raw(&hash, u32::MAX, u32::MAX, b"x", (0, 0)),
        raw(&hash, 0, 2, b"", (0, 0)),
        raw(&hash, 0, 0, b"x", (1, 1)),
        raw(&hash, 0, 0, b"x", (0, 257)),
        raw(&hash, 0, 0, b"x", (u32::MAX, u32::MAX)),
        raw(&hash, 0, 2, b"x", (0, 1)),
        raw(&hash, 0, 1, b"x", (0, 1)),
    ];
    for bytes in cases {
        let mut party = Party::new(1);
        let why = gather(&mut party, part(None, &bytes));

        assert_eq!(why, Err(SegmentError::Malformed), "{}", hex::encode(&bytes));
        assert!(party.store.is_empty());
    }
}

#[test]
fn more_pieces_and_parity_than_the_code_tells_apart_are_refused() {
    let mut party = Party::new(1);
    gather(&mut party, part(None, &raw(&[7; 32], 0, 229, b"x", (0, 0)))).unwrap();

    let why = gather(&mut party, part(None, &raw(&[7; 32], 0, 0, b"x", (0, 28))));

    assert_eq!(why, Err(SegmentError::Malformed));
}

#[test]
fn parcels_too_large_to_keep_are_refused_at_the_first_segment() {
    let (mut party, hash) = (Party::new(1), [7; 32]);
    let tag = |bytes: usize, index: u8, count: u8| {
        let mut out = raw(&hash, index.into(), count.into(), b"", (0, 0));
        out.truncate(out.len() - 1);
        out.extend([(bytes & 0x7f) as u8 | 0x80, (bytes >> 7 & 0x7f) as u8 | 0x80, (bytes >> 14) as u8]);
        out.extend(vec![1; bytes]);
        out
    };

    let piece = gather(&mut party, part(None, &tag(MAX_SEGMENT + 1, 0, 2)));
    let whole = gather(&mut party, part(None, &tag(MAX_SEGMENT, 0, 8)));
    let fits = gather(&mut party, part(None, &tag(MAX_SEGMENT, 0, 5)));

    assert_eq!(piece, Err(SegmentError::TooLarge { len: MAX_SEGMENT + 1, max: MAX_SEGMENT }));
    assert!(matches!(whole, Err(SegmentError::TooLarge { max: MAX_SEALED, .. })));
    assert_eq!(fits, Ok(None));
}

#[test]
fn a_sender_fills_only_their_own_room() {
    let mut party = Party::new(1);
    let (whole, honest) = segments(1, 35);
    gather(&mut party, part(Some(sender(1)), &honest[0])).unwrap();
    let (kept, dropped) = (segments(2, 35), segments(3, 35));
    party.wait(std::time::Duration::from_secs(1));
    gather(&mut party, part(Some(sender(2)), &dropped.1[0])).unwrap();
    for seed in 10..10 + MAX_UNFINISHED_OF_SENDER as u64 {
        party.wait(std::time::Duration::from_secs(1));
        gather(&mut party, part(Some(sender(2)), &segments(seed, 35).1[0])).unwrap();
    }
    gather(&mut party, part(Some(sender(2)), &kept.1[0])).unwrap();

    let finish = |party: &mut Party, from, parts: &[Vec<u8>]| -> Vec<Vec<u8>> {
        let rest = parts[1..].iter();
        rest.filter_map(|bytes| gather(party, part(Some(sender(from)), bytes)).unwrap()).collect()
    };
    assert_eq!(finish(&mut party, 1, &honest), [whole], "another sender's waits on");
    assert_eq!(finish(&mut party, 2, &kept.1), [kept.0], "their newest waits on");
    assert!(finish(&mut party, 2, &dropped.1).is_empty(), "their oldest was given up");
}

#[test]
fn all_senders_together_fill_only_so_much() {
    let mut party = Party::new(1);
    let mut most = 0;
    for number in 0..=u8::try_from(MAX_UNFINISHED).unwrap() {
        party.wait(std::time::Duration::from_secs(1));
        gather(&mut party, part(Some(sender(number + 1)), &segments(number.into(), 35).1[0])).unwrap();
        most = most.max(party.store.len());
    }

    // The parcel, its segment, and when it is forgotten.
    assert_eq!((party.store.len(), most), (3 * MAX_UNFINISHED, 3 * MAX_UNFINISHED));
}

#[test]
fn only_so_many_complete_parcels_are_remembered() {
    let mut party = Party::new(1);
    let parts: Vec<_> = (0..=MAX_COMPLETE as u64).map(|seed| segments(seed, 11).1).collect();
    for parts in &parts {
        party.wait(std::time::Duration::from_millis(1));
        assert_eq!(gather_all(&mut party, parts).len(), 1);
    }

    assert_eq!(party.store.len(), 2 * MAX_COMPLETE);
    assert!(gather_all(&mut party, &parts[1]).is_empty(), "the second is remembered");
    assert_eq!(gather_all(&mut party, &parts[0]).len(), 1, "the first is not");
}

#[test]
fn what_is_old_is_forgotten_when_due_says() {
    let (alice, mut party) = (waku(1), Party::new(1));
    gather(&mut party, part(None, &segments(1, 35).1[0])).unwrap();
    assert_eq!(gather_all(&mut party, &segments(2, 35).1).len(), 1);
    let begun = party.now;

    let first = party.run(|cx| alice.due(cx)).unwrap();
    let all = party.store.len();
    party.now = first.next.unwrap();
    let second = party.run(|cx| alice.due(cx)).unwrap();
    let complete = party.store.len();
    party.now = second.next.unwrap();
    let third = party.run(|cx| alice.due(cx)).unwrap();

    assert_eq!(first.next, Some(begun.after(UNFINISHED_FOR)));
    assert_eq!(second.next, Some(begun.after(COMPLETE_FOR)));
    assert_eq!((all, complete, third.next), (5, 2, None));
    assert!(party.store.is_empty());
}

#[test]
fn what_is_not_what_its_hash_names_is_dropped_and_may_come_again() {
    let (mut party, (whole, parts)) = (Party::new(1), segments(4, 35));
    let mut wrong = parts[1].clone();
    *wrong.last_mut().unwrap() ^= 1;

    let bad = gather_all(&mut party, [&parts[0], &wrong, &parts[2], &parts[3]]);
    let left = party.store.len();
    let good = gather_all(&mut party, &parts);

    assert!(bad.is_empty());
    assert_eq!(left, 0);
    assert_eq!(good, [whole]);
}

#[test]
fn a_parcel_copied_to_another_place_does_not_hide_it_where_it_belongs() {
    let (mut party, (_, parts)) = (Party::new(1), segments(4, 35));
    let mut at = |meet: &Rendezvous, from: Option<UserId>| -> usize {
        let parts = parts.iter().map(|bytes| Parcel {
            meet: meet.clone(),
            sealed: Sealed::new(bytes.clone()),
            hint: from,
        });
        parts.filter_map(|parcel| party.run(|cx| hazmat::gather(cx, parcel)).unwrap()).count()
    };

    let elsewhere = at(&Rendezvous::Shared(Secret::new([5; 32])), Some(sender(1)));
    let unsigned = at(&named("square"), None);
    let in_place = at(&named("square"), Some(sender(1)));

    assert_eq!((elsewhere, unsigned, in_place), (1, 1, 1));
}

#[test]
fn the_largest_parcel_arrives_through_envelopes_in_any_order_and_one_byte_more_is_refused() {
    let (alice, bob) = (waku(1), waku(2));
    let (mut sender, mut reader) = (Party::new(1), Party::new(2));
    listen(&bob, &mut reader, &inbox(&bob));
    for len in [1 << 20, MAX_SEALED] {
        let parcel = signed(&alice, &inbox(&bob), &noise(6, len));

        let mut frames = sender.run(|cx| alice.wrap(cx, parcel.clone())).unwrap();
        let pieces = len.div_ceil(SEGMENT);
        assert_eq!(frames.len(), pieces + pieces / 8);
        assert!(frames.iter().all(|frame| frame.bytes.len() < 150 * 1024 && frame.bytes.len() < MAX_FRAME));
        // The last piece and, of the larger one, some more are lost; the rest comes the other way round.
        frames.drain(pieces - pieces / 8..pieces);
        frames.reverse();
        let got: Vec<_> =
            frames.into_iter().filter_map(|frame| reader.run(|cx| bob.peel(cx, frame)).unwrap()).collect();

        assert!(got == [parcel], "{} parcels of {len} bytes", got.len());
    }
    let larger = signed(&alice, &inbox(&bob), &vec![1; MAX_SEALED + 1]);
    let why = assert_unchanged(&mut sender, "a refused wrap", |cx| alice.wrap(cx, larger));
    assert!(matches!(why, Some(Error::Wrap(WrapError::TooLarge { max: MAX_SEALED, .. }))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Two senders' parcels mixed, each part perhaps lost, doubled, or followed by a spoilt copy in another's name.
    #[test]
    fn any_parts_that_are_enough_give_each_parcel_once(
        lens in prop::array::uniform2(11_usize..420),
        lost in prop::collection::vec(0_u8..10, 100),
        order in any::<u64>(),
    ) {
        let sent: Vec<_> = lens.iter().zip(0_u64..).map(|(len, seed)| segments(seed + 1, *len)).collect();
        let mut parts = Vec::new();
        let mut left = [0, 0];
        for (number, (_, of_one)) in sent.iter().enumerate() {
            for (at, bytes) in of_one.iter().enumerate() {
                let from = sender(number as u8 + 1);
                let fate = lost[(number * 50 + at) % lost.len()];
                if fate > 0 {
                    left[number] += 1;
                    parts.push((from, bytes.clone()));
                }
                if fate > 6 {
                    parts.push((from, bytes.clone()));
                }
                if fate % 3 == 2 {
                    let mut spoilt = bytes.clone();
                    let at = spoilt.len() / 2;
                    spoilt[at] ^= 1;
                    parts.push((sender(9), spoilt));
                }
            }
        }
        let mut rng = rng(order);
        for at in (1..parts.len()).rev() {
            parts.swap(at, rng.below(at as u64 + 1) as usize);
        }

        let mut party = Party::new(1);
        let mut got = [Vec::new(), Vec::new()];
        for (from, bytes) in parts {
            let whole = party.run(|cx| hazmat::gather(cx, part(Some(from), &bytes)));
            if let Ok(Some(parcel)) = whole {
                match (0..2_u8).find(|number| sender(number + 1) == from) {
                    Some(number) => got[usize::from(number)].push(parcel.sealed),
                    // Spoilt so that it is no segment any more: it stands for itself.
                    None => prop_assert!(sent.iter().all(|(whole, _)| parcel.sealed.as_bytes() != whole)),
                }
            }
        }
        for number in 0..2 {
            let enough = left[number] >= lens[number].div_ceil(10);
            let whole = Sealed::new(sent[number].0.clone());
            prop_assert_eq!(&got[number], &if enough { vec![whole] } else { vec![] });
        }
    }
}
