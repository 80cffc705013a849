//! Hostile messages in genuine envelopes: for security to refuse.

use std::collections::BTreeMap;

use status_e2e::bench::{Bench, OF_OLD, Signed};
use status_e2e::talk::{signed, text};
use status_e2e::{device, key, must, user};
use status_layer::{Frame, Name, Reason, Rendezvous, Timestamp};
use status_payload::{Clock, Place};
use status_security::OpenError;
use status_security::hazmat::{Direct, Handshake, Lock, MAX_BUNDLES, Message, RatchetKey};
use status_stack::Layer;

use super::{ALICE, BOB, GENUINE, MALLORY, SECURITY, STACK, random, scene};

#[test]
fn a_replayed_frame_is_refused() {
    let mut scene = scene();
    scene.assert_unharmed();

    for at in [OF_OLD, scene.bob.now, Timestamp::from_millis(u64::MAX)] {
        let verdict = scene.bob.take(&Frame { at, ..scene.genuine.clone() });
        assert!(
            verdict.changed.is_empty() || verdict.changed == [STACK],
            "more than the cursor: {verdict:?}"
        );
        assert!(verdict.bodies.is_empty());
        assert!(matches!(verdict.dropped[..], [(Layer::Security, _)]), "{verdict:?}");
    }
}

#[test]
fn mail_that_was_cut_or_changed_under_a_genuine_envelope_opens_as_it_was_sent_or_not_at_all() {
    let mut scene = scene();
    let sealed = scene.message().encode();
    let cut = (0..sealed.len()).step_by(9).map(|len| sealed[..len].to_vec());
    let flipped = (0..sealed.len()).step_by(3).map(|at| {
        let mut sealed = sealed.clone();
        sealed[at] ^= 1 << (at % 8);
        sealed
    });
    let mut refused = 0;

    for sealed in cut.chain(flipped) {
        let keys_alone = Message::decode(&sealed).is_ok_and(|message| message.direct.is_empty());
        let frame = scene.alice.wrap(user(BOB), sealed);
        let mut bob = scene.bob.clone();
        let verdict = bob.take(&frame);
        match &verdict.bodies[..] {
            // Something around it was changed that nobody needs, for instance the number of a field.
            [body] => assert_eq!(text(body), GENUINE),
            // What was cut off is the mail; what is left are Alice's own keys, which are welcome.
            [] if keys_alone && verdict.dropped.is_empty() => {
                assert!(verdict.changed.iter().all(|area| *area == SECURITY), "{verdict:?}");
                assert_eq!(bob.take(&scene.genuine).bodies.len(), 1);
            }
            _ => {
                by_security(verdict.refused_by("changed mail"));
                refused += 1;
            }
        }
    }

    assert!(refused > 200, "only {refused} were refused");
    scene.assert_unharmed();
}

#[test]
fn nonsense_under_a_genuine_envelope_is_refused() {
    let mut scene = scene();

    for len in (0..400).step_by(7) {
        let sealed = random(&mut scene.rng, len);
        let frame = scene.alice.wrap(user(BOB), sealed);
        let verdict = scene.bob.take(&frame);
        by_security(verdict.refused_by("nonsense"));
    }

    scene.assert_unharmed();
}

#[test]
fn headers_that_lie_are_refused_and_the_session_stays() {
    let mut scene = scene();
    let point = key(MALLORY).public().compressed();
    let mut no_point = [0xff; 33];
    no_point[0] = 2;
    type Lie = (&'static str, fn(&mut Direct, &[u8; 33]), [u8; 33]);
    let lies: [Lie; 12] = [
        ("another number", |direct, _| ratchet(direct, |_, n, _| *n += 1), point),
        ("a number far ahead", |direct, _| ratchet(direct, |_, n, _| *n = 5_000), point),
        ("the largest number", |direct, _| ratchet(direct, |_, n, _| *n = u32::MAX), point),
        ("a long chain before", |direct, _| ratchet(direct, |_, _, pn| *pn = u32::MAX), point),
        (
            "a ratchet key of the other suite",
            |direct, other| ratchet(direct, |key, _, _| *key = (*other).into()),
            point,
        ),
        ("one off the curve", |direct, other| ratchet(direct, |key, _, _| *key = (*other).into()), no_point),
        ("another ratchet key", |direct, _| ratchet(direct, |key, _, _| *key = flipped(key)), point),
        ("another session", |direct, other| session(direct, *other), point),
        ("a static lock", |direct, other| direct.lock = Lock::Fixed { ephemeral: *other }, point),
        (
            "a static lock off the curve",
            |direct, other| direct.lock = Lock::Fixed { ephemeral: *other },
            no_point,
        ),
        (
            "a handshake for a prekey that we never had",
            |direct, other| {
                direct.handshake = Some(Handshake { ephemeral: *other, prekey: *other, private: None });
                session(direct, *other);
            },
            point,
        ),
        ("no ciphertext", |direct, _| direct.payload.clear(), point),
    ];

    for (what, lie, other) in lies {
        let frame = scene.changed(|direct| lie(direct, &other));
        let verdict = scene.bob.take(&frame);
        by_security(verdict.refused_by(what));
    }

    scene.assert_unharmed();
}

fn ratchet(direct: &mut Direct, change: impl FnOnce(&mut RatchetKey, &mut u32, &mut u32)) {
    let Lock::Ratchet { header, .. } = &mut direct.lock else { panic!("not ratcheted") };
    change(&mut header.key, &mut header.n, &mut header.pn);
}

fn flipped(key: &RatchetKey) -> RatchetKey {
    let mut bytes = key.as_bytes().to_vec();
    bytes[9] ^= 1;
    RatchetKey::from_bytes(&bytes).unwrap()
}

fn session(direct: &mut Direct, other: [u8; 33]) {
    let Lock::Ratchet { session, .. } = &mut direct.lock else { panic!("not ratcheted") };
    *session = other;
}

#[test]
fn messages_that_break_the_rules_of_security_are_refused_by_name() {
    let mut scene = scene();
    let mut mallory = Bench::new(MALLORY, scene.bob.now);
    let message = scene.message();
    let bundle = message.bundles[0].clone();
    let with = |change: &dyn Fn(&mut Message)| {
        let mut message = message.clone();
        change(&mut message);
        message.encode()
    };
    let inbox = || Rendezvous::Inbox(user(BOB));
    let public = Rendezvous::Named(must(Name::new(
        must(status_crypto::text::key_string(&user(BOB))) + "-contact-code",
    )));
    let long = "x".repeat(200);
    let mut echo = scene.bob.clone();
    let echoed = with(&|message| message.device = device(BOB).to_string());

    let cases = [
        (scene.alice.wrap_at(inbox(), with(&|_| {}), Signed::No), OpenError::Unsigned),
        (scene.alice.wrap_at(public, with(&|_| {}), Signed::Yes), OpenError::WrongPlace),
        (scene.alice.wrap(user(BOB), b"\x0a\x03key in clear".to_vec()), OpenError::NotSealed),
        (
            scene.alice.wrap(user(BOB), with(&|message| message.device = long.clone())),
            OpenError::FieldLength { field: "installation id", len: 200 },
        ),
        (
            scene
                .alice
                .wrap(user(BOB), with(&|message| message.bundles = vec![bundle.clone(); MAX_BUNDLES + 1])),
            OpenError::TooManyBundles { count: MAX_BUNDLES + 1, max: MAX_BUNDLES },
        ),
        (
            scene.alice.wrap(
                user(BOB),
                with(&|message| {
                    message.direct =
                        message.direct.clone().into_values().map(|d| ("else".into(), d)).collect();
                }),
            ),
            OpenError::NotForThisDevice,
        ),
        (echo.wrap(user(BOB), echoed), OpenError::OwnEcho),
        (mallory.wrap(user(BOB), with(&|_| {})), OpenError::NoSession),
    ];

    for (frame, expected) in cases {
        let verdict = scene.bob.take(&frame);
        assert_eq!(by_security(verdict.refused_by("a broken rule")), expected);
    }
    scene.assert_unharmed();
}

/// Checks that security refused, and returns why.
#[track_caller]
fn by_security(refused: Option<(Layer, &Reason)>) -> OpenError {
    match refused {
        Some((Layer::Security, why)) => *must(why.get().ok_or_else(|| format!("untyped: {why}"))),
        other => must(Err(format!("{other:?}"))),
    }
}

#[test]
fn what_a_friend_signed_for_others_does_not_open_in_our_inbox() {
    let mut scene = scene();
    let lobby = must(Name::new("lobby"));
    let (_, body) = signed(ALICE, &Place::Channel(lobby.clone()), "hear ye", Clock::new(1), scene.alice.now);
    let said_in_public = Message { public: body.into_bytes(), ..scene.message() };
    let said_in_public = Message { direct: BTreeMap::new(), ..said_in_public };
    let public = scene.alice.wrap_at(Rendezvous::Named(lobby), said_in_public.encode(), Signed::Yes);
    let sealed = scene.alice.seal(user(MALLORY), b"only for you".to_vec());
    let private = scene.alice.wrap(user(MALLORY), sealed);

    // Mallory could read both envelopes. She seals what Alice signed once more, now to Bob.
    let lobby_key = status_privacy::hazmat::symmetric_key(b"lobby");
    let plains = [
        status_privacy::hazmat::open_symmetric(&lobby_key, &public.bytes),
        status_privacy::hazmat::open_asymmetric(&*key(MALLORY), &private.bytes),
    ];
    let whys = plains.map(|plain| {
        let plain = plain.unwrap();
        let bytes = status_privacy::hazmat::seal_asymmetric(&key(BOB).public(), &mut scene.rng, &plain);
        by_security(scene.bob.take(&Frame { bytes, ..scene.genuine.clone() }).refused_by("moved mail"))
    });

    assert_eq!(whys, [OpenError::NotSealed, OpenError::Forged]);
    scene.assert_unharmed();
}
