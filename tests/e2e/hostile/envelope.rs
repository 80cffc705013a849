//! Hostile frames: for privacy to refuse, or to ignore.

use status_e2e::{key, must, user};
use status_layer::{Frame, Timestamp, Topic};
use status_privacy::PeelError;
use status_stack::Layer;

use super::{BOB, OF_OLD, random, scene};

#[test]
fn envelopes_that_are_cut_changed_or_made_up_are_ignored() {
    let mut scene = scene();
    let bytes = scene.genuine.bytes.clone();
    let cut = (0..bytes.len()).step_by(5).map(|len| bytes[..len].to_vec());
    let flipped = (0..bytes.len()).step_by(5).map(|at| {
        let mut bytes = bytes.clone();
        bytes[at] ^= 1 << (at % 8);
        bytes
    });
    let made_up = (0..600).step_by(11).map(|len| random(&mut scene.rng, len)).collect::<Vec<_>>();
    let longer = [bytes.clone(), vec![0]].concat();

    for bytes in cut.chain(flipped).chain(made_up).chain([longer]) {
        let what = format!("an envelope of {} bytes", bytes.len());
        let verdict = scene.bob.take(&Frame { bytes, ..scene.genuine.clone() });
        if let Some((layer, why)) = verdict.refused_by(&what) {
            assert_eq!(layer, Layer::Privacy);
            assert!(matches!(why.get(), Some(PeelError::TooShort { .. })), "{what}: {why}");
        }
    }

    scene.assert_unharmed();
}

#[test]
fn envelopes_in_a_wrong_place_or_of_a_wrong_size_are_refused() {
    let mut scene = scene();
    let contact_code = must(status_crypto::text::key_string(&user(BOB))) + "-contact-code";
    let topic = |short| status_privacy::hazmat::content_topic(short).as_str().to_owned();
    let frame = |topic: &str, bytes: Vec<u8>| Frame { topic: Topic::new(topic), at: OF_OLD, bytes };
    let genuine = scene.genuine.bytes.clone();
    let ours = scene.genuine.topic.as_str().to_owned();
    let elsewhere = topic(status_privacy::hazmat::topic(&contact_code));
    let nowhere = topic([0xde, 0xad, 0xbe, 0xef]);

    let verdicts = [
        ("another of our places", scene.bob.take(&frame(&elsewhere, genuine.clone()))),
        ("no place of ours", scene.bob.take(&frame(&nowhere, genuine.clone()))),
        ("a topic in capitals", scene.bob.take(&frame(&ours.to_uppercase(), genuine.clone()))),
        ("no topic", scene.bob.take(&frame("", genuine))),
        ("nothing", scene.bob.take(&frame(&ours, Vec::new()))),
        ("too much", scene.bob.take(&frame(&ours, vec![7; status_privacy::MAX_FRAME + 1]))),
    ];

    let whys: Vec<_> = verdicts
        .iter()
        .map(|(what, verdict)| verdict.refused_by(what).map(|(layer, why)| (layer, why.get().copied())))
        .collect();
    let max = status_privacy::MAX_FRAME;
    let refused = |why| Some((Layer::Privacy, Some(why)));
    let short = whys[4];
    assert!(matches!(short, Some((Layer::Privacy, Some(PeelError::TooShort { len: 0, .. })))), "{short:?}");
    let expected = [
        None,
        None,
        refused(PeelError::Topic),
        refused(PeelError::Topic),
        short,
        refused(PeelError::TooLarge { len: max + 1, max }),
    ];
    assert_eq!(whys, expected);
    scene.assert_unharmed();
}

#[test]
fn envelopes_to_us_with_nonsense_inside_are_refused() {
    let mut scene = scene();
    let bob = key(BOB).public();

    for len in 0..200 {
        let mut plain = random(&mut scene.rng, len);
        if let Some(flags) = plain.first_mut() {
            // Signed, and with a size of three bytes: much too large for what follows.
            *flags = 0b111;
        }
        let bytes = status_privacy::hazmat::seal_asymmetric(&bob, &mut scene.rng, &plain);
        let verdict = scene.bob.take(&Frame { bytes, ..scene.genuine.clone() });
        let what = format!("{len} bytes of nonsense");
        match verdict.refused_by(&what) {
            Some((Layer::Privacy, why)) => assert!(why.is::<PeelError>(), "{why}"),
            other => panic!("{what}: {other:?}"),
        }
    }

    scene.assert_unharmed();
}

#[test]
fn a_frame_from_the_future_does_not_hide_what_comes_before_it() {
    let mut scene = scene();
    let later = Timestamp::from_millis(u64::MAX);
    scene.bob.take(&Frame { at: scene.bob.now, ..scene.genuine.clone() });
    let before = scene.bob.store.clone();

    scene.bob.take(&Frame { at: later, ..scene.genuine.clone() });

    assert!(scene.bob.store == before, "the cursor ran ahead of the clock");
}
