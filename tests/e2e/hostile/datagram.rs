//! Hostile datagrams under a genuine ratchet: for data sync to refuse. The ratchet has used up its key.

use status_data_sync::ReceiveError;
use status_data_sync::hazmat::{Message as SyncMessage, Payload, Wire};
use status_e2e::bench::Verdict;
use status_e2e::user;
use status_layer::Body;
use status_layer::testing::rng;
use status_stack::Layer;

use super::{ALICE, BOB, MALLORY, SECURITY, Scene, random, scene};

#[test]
fn mail_for_another_group_is_refused_whole() {
    let mut scene = scene();
    let genuine = genuine_payload(&scene);
    let foreign = |group: Vec<u8>| {
        let mut payload = genuine.clone();
        let message = SyncMessage { group_id: group, ..payload.messages[0].clone() };
        payload.messages.push(message);
        payload.encode(Wire::Deployed)
    };
    let others = status_data_sync::hazmat::group_id(&user(ALICE), &user(MALLORY));
    let groups = [others.as_bytes().to_vec(), vec![0; 32], Vec::new(), vec![1; 31], vec![1; 33]];

    for group in groups {
        let verdict = under_the_ratchet(&mut scene, foreign(group));

        assert_eq!(verdict.changed, [SECURITY], "{verdict:?}");
        assert!(verdict.bodies.is_empty());
        assert!(
            matches!(&verdict.dropped[..], [(Layer::Sync, why)]
                if matches!(why.get(), Some(ReceiveError::ForeignGroup))),
            "{verdict:?}"
        );
    }

    scene.assert_unharmed();
}

#[test]
fn nonsense_under_the_ratchet_is_handed_up_as_it_is_and_moves_no_row_of_data_sync() {
    let mut scene = scene();
    let payload = genuine_payload(&scene).encode(Wire::Deployed);
    let cut = (1..payload.len()).step_by(17).map(|len| payload[..len].to_vec()).collect::<Vec<_>>();
    let made_up = (1..300).step_by(23).map(|len| random(&mut scene.rng, len)).collect::<Vec<_>>();

    for datagram in cut.into_iter().chain(made_up) {
        let verdict = under_the_ratchet(&mut scene, datagram.clone());

        // Deployed peers send some bodies bare. Whether it is one is for the reader of bodies to say.
        assert_eq!(verdict.bodies, [Body::new(datagram)]);
        assert_eq!(verdict.changed, [SECURITY], "{verdict:?}");
    }

    scene.assert_unharmed();
}

#[test]
fn confirmations_and_requests_of_what_never_was_do_nothing() {
    let mut scene = scene();
    let ids = |len| (0..50).map(|_| random(&mut rng(len as u64), len)).collect::<Vec<_>>();

    for list in [ids(32), ids(0), ids(5), ids(500)] {
        let payload = Payload { acks: list.clone(), requests: list, ..Payload::default() };
        let verdict = under_the_ratchet(&mut scene, payload.encode(Wire::Deployed));

        assert_eq!(verdict.changed, [SECURITY], "{verdict:?}");
        assert!(verdict.bodies.is_empty() && verdict.other_news == 0 && verdict.dropped.is_empty());
    }

    scene.assert_unharmed();
}

#[test]
fn a_payload_repeated_under_a_new_key_arrives_once() {
    let mut scene = scene();
    let payload = genuine_payload(&scene).encode(Wire::Deployed);

    let first = under_the_ratchet(&mut scene, payload.clone());
    let again = under_the_ratchet(&mut scene, payload);

    assert_eq!((first.bodies.len(), again.bodies.len(), again.other_news), (1, 0, 1), "{again:?}");
    scene.assert_unharmed();
}

/// Has Alice's ratchet seal `datagram`, which her data sync would never make, and checks that Bob's ratchet took it.
#[track_caller]
fn under_the_ratchet(scene: &mut Scene, datagram: Vec<u8>) -> Verdict {
    let sealed = scene.alice.seal(user(BOB), datagram);
    let frame = scene.alice.wrap(user(BOB), sealed);
    let verdict = scene.bob.take(&frame);
    assert!(verdict.changed.contains(&SECURITY), "the key was not used up: {verdict:?}");
    verdict
}

/// The MVDS payload in the genuine frame.
fn genuine_payload(scene: &Scene) -> Payload {
    let mut bob = scene.bob.clone();
    let body = bob.take(&scene.genuine).bodies.remove(0);
    let group_id = status_data_sync::hazmat::group_id(&user(ALICE), &user(BOB)).as_bytes().to_vec();
    let message =
        SyncMessage { group_id, timestamp: 1_700_000_000, body: body.into_bytes(), ..SyncMessage::default() };
    Payload { messages: vec![message], ..Payload::default() }
}
