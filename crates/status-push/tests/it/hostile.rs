//! Bytes that no honest peer sends.

use status_layer::{Audience, Body, Frame, Name};
use status_payload::{
    ChatMessage, Clock, Content, Place, PushNotificationQuery, PushNotificationResponse, SealedRegistration,
    encode, hash_of_key,
};

use crate::desk::{Desk, NOW, Person, request, server};

/// Something of each sort that a server takes, from one person about themselves.
fn all(person: &mut Person) -> [Content; 3] {
    let registration = person.registration(2);
    let hash = hash_of_key(&person.user()).to_vec();
    [
        Content::PushNotificationRegistration(person.seal(&registration)),
        Content::PushNotificationQuery(PushNotificationQuery { public_keys: vec![hash] }),
        request(vec![person.notification()]),
    ]
}

#[test]
fn half_a_message_and_one_that_was_changed_do_nothing() {
    let (mut desk, mut alice) = (Desk::new(), Person::new(1));
    let registration = alice.registration(1);
    desk.register(&mut alice, &registration).unwrap();
    let before = desk.state();

    for content in all(&mut alice) {
        let whole = encode(&*alice.key, &content).unwrap().into_bytes();
        for end in (0..whole.len()).step_by(7) {
            let frame = alice.say_body(&Audience::User(server()), Body::new(whole[..end].to_vec()));
            desk.hear(frame);
        }
        for at in (0..whole.len()).step_by(11) {
            let mut changed = whole.clone();
            changed[at] ^= 0x41;
            let frame = alice.say_body(&Audience::User(server()), Body::new(changed));
            desk.hear(frame);
        }
    }

    // A request whose signature was changed is one of somebody else, who knows the token: it is no less than another.
    assert!(desk.state() == before, "no registration is touched");
    desk.assert_in_order();
}

#[test]
fn a_frame_that_was_cut_or_changed_leaves_no_trace() {
    let (mut desk, mut alice) = (Desk::new(), Person::new(1));
    let content = all(&mut alice)[0].clone();
    let frame = alice.say(&Audience::User(server()), &content).remove(0);
    let before = desk.store.clone();

    for end in (0..frame.bytes.len()).step_by(13) {
        desk.hear(vec![Frame { bytes: frame.bytes[..end].to_vec(), ..frame.clone() }]);
        let mut changed = frame.clone();
        changed.bytes[end] ^= 1;
        desk.hear(vec![changed]);
    }

    assert!(desk.store == before);
    assert_eq!(desk.hear(vec![frame]).len(), 1, "the whole frame is answered after all that");
}

#[test]
fn what_nobody_has_signed_and_what_is_for_clients_is_not_answered() {
    let (mut desk, mut alice) = (Desk::new(), Person::new(1));
    let before = desk.state();
    let place = Place::User(server());
    let said = ChatMessage::text(&place, "hello", Clock::new(NOW.millis()), NOW).unwrap();
    let wrong = [Content::from(said), Content::PushNotificationResponse(PushNotificationResponse::default())];

    for content in wrong {
        assert_eq!(desk.talk(&mut alice, &Audience::User(server()), &content), []);
    }
    // Type and payload alone: the signature is field 1.
    let question = all(&mut alice)[1].clone();
    let signed = encode(&*alice.key, &question).unwrap().into_bytes();
    let unsigned = signed[2 + 65..].to_vec();
    let frame = alice.say_body(&Audience::User(server()), Body::new(unsigned));
    let answers = desk.hear(frame);

    assert!(answers.is_empty() && desk.state() == before);
    assert_eq!(desk.tally.refused, 3);
}

#[test]
fn registrations_and_requests_are_not_taken_in_public() {
    let (mut desk, mut alice) = (Desk::new(), Person::new(1));
    let registration = alice.registration(1);
    desk.register(&mut alice, &registration).unwrap();
    let name = Name::new(hex::encode(hash_of_key(&alice.user()))).unwrap();
    let [registration, _, request] = all(&mut alice);
    let before = desk.state();

    for content in [registration, request] {
        assert_eq!(desk.talk(&mut alice, &Audience::Channel(name.clone()), &content), []);
    }

    assert_eq!(desk.state(), before);
}

#[test]
fn a_registration_that_is_no_box_is_answered_and_not_kept() {
    let (mut desk, mut alice) = (Desk::new(), Person::new(1));
    for len in [0, 1, 12, 28, 29, 500] {
        let sealed = SealedRegistration(vec![7; len]);

        let refused = desk.send_registration(&mut alice, sealed);

        assert_eq!(refused, Err(status_payload::RegistrationError::Malformed), "{len} bytes");
    }
    assert_eq!(desk.state(), []);
}
