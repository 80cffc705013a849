//! Requests, what becomes of them, and the gateway's word.

use status_layer::Audience;
use status_payload::{
    ChatMark, NotificationType, PushNotification, PushNotificationRegistration, ReportError, hash_of_text,
};
use status_push::{Input, MAX_TRIES, Outcome, Push, Waiting};

use crate::desk::{DEVICE, Desk, Person, request, server};

fn mark(text: &str) -> Vec<u8> {
    hash_of_text(text).to_vec()
}

#[track_caller]
fn only_push(desk: &Desk) -> Push {
    let waiting = desk.waiting();
    let [Waiting::Push(push)] = waiting.as_slice() else { panic!("one notification: {waiting:?}") };
    push.clone()
}

fn hand(desk: &mut Desk, push: &Push, outcome: Outcome) {
    desk.step(Input::Handed { number: push.number, version: push.version, outcome });
}

#[test]
fn a_request_with_the_right_token_waits_for_the_gateway_with_all_that_the_device_needs() {
    let (mut desk, mut alice) = (Desk::new(), Person::new(1));
    let registration = alice.registration(1);
    desk.register(&mut alice, &registration).unwrap();

    desk.notify_one(alice.notification()).unwrap();

    let push = only_push(&desk);
    let asked = alice.notification();
    assert_eq!((push.token.expose(), push.token_type), ("the device token", registration.token_type));
    assert_eq!(
        (push.message, push.chat_id, push.public_key),
        (asked.message, asked.chat_id.0, asked.public_key)
    );
    desk.assert_in_order();
}

#[test]
fn who_knows_no_token_or_no_device_is_told_so() {
    let (mut desk, mut alice) = (Desk::new(), Person::new(1));
    let registration = alice.registration(1);
    let early = desk.notify_one(alice.notification());
    desk.register(&mut alice, &registration).unwrap();
    let asked = alice.notification();

    let wrong = desk.notify_one(PushNotification { access_token: DEVICE.into(), ..asked.clone() });
    let none = desk.notify_one(PushNotification { access_token: String::new(), ..asked.clone() });
    let device = desk.notify_one(PushNotification { installation_id: DEVICE.replace('e', "0"), ..asked });
    let gone = alice.unregistration(2);
    desk.register(&mut alice, &gone).unwrap();
    let late = desk.notify_one(alice.notification());

    assert_eq!((wrong, none), (Err(ReportError::WrongToken), Err(ReportError::WrongToken)));
    for unknown in [early, device, late] {
        assert_eq!(unknown, Err(ReportError::NotRegistered));
    }
    assert_eq!(desk.waiting(), []);
}

#[test]
fn what_its_owner_does_not_want_to_hear_is_reported_as_success_and_goes_nowhere() {
    let (mut desk, mut alice) = (Desk::new(), Person::new(1));
    let registration = PushNotificationRegistration {
        muted_chat_list: vec![mark("muted")],
        blocked_chat_list: vec![mark("blocked"), mark("the author")],
        block_mentions: true,
        allowed_mentions_chat_list: vec![mark("allowed")],
        ..alice.registration(1)
    };
    desk.register(&mut alice, &registration).unwrap();
    let about_alice = alice.notification();
    let asked = |chat: &str, r#type| PushNotification {
        chat_id: ChatMark(mark(chat)),
        r#type,
        ..about_alice.clone()
    };
    let (message, mention) = (NotificationType::Message, NotificationType::Mention);
    let by = |author: &str, asked| PushNotification { author: mark(author), ..asked };

    for unwanted in [
        asked("muted", message),
        asked("blocked", message),
        asked("another", mention),
        by("the author", asked("another", message)),
    ] {
        assert_eq!(desk.notify_one(unwanted), Ok(()));
        assert_eq!(desk.waiting(), []);
    }
    for wanted in
        [asked("another", message), asked("allowed", mention), asked("muted", NotificationType::Unset)]
    {
        assert_eq!(desk.notify_one(wanted), Ok(()));
    }
    assert_eq!(desk.waiting().len(), 3);
    let off = PushNotificationRegistration { enabled: false, version: 2, ..registration };
    desk.register(&mut alice, &off).unwrap();
    assert_eq!(desk.notify_one(by("another", asked("another", message))), Ok(()));
    assert_eq!(desk.waiting().len(), 3, "who is not to be notified is not");
}

#[test]
fn each_device_of_a_request_is_reported_on_by_itself() {
    let (mut desk, mut alice, bob) = (Desk::new(), Person::new(1), Person::new(2));
    let registration = alice.registration(1);
    desk.register(&mut alice, &registration).unwrap();
    let nobody = PushNotification { public_key: vec![1; 3], ..alice.notification() };
    let long = PushNotification { message: vec![1; 4_097], ..alice.notification() };

    let reports = desk.notify(vec![alice.notification(), bob.notification(), nobody, long]).unwrap();

    let told: Vec<_> = reports.iter().map(|report| (report.success, report.error)).collect();
    let expected =
        [(true, ReportError::Unset), (false, ReportError::NotRegistered), (false, ReportError::Internal)];
    assert_eq!(told, expected, "whoever names nobody is told nothing");
    assert_eq!(reports[1].public_key, bob.notification().public_key);
}

#[test]
fn a_request_that_comes_again_is_ignored_in_whatever_envelope() {
    let (mut desk, mut alice, mut bob) = (Desk::new(), Person::new(1), Person::passing());
    let registration = alice.registration(1);
    desk.register(&mut alice, &registration).unwrap();
    let content = request(vec![alice.notification()]);
    let frame = bob.say(&Audience::User(server()), &content);
    let rewrapped = bob.say(&Audience::User(server()), &content);

    let answered = desk.hear(frame.clone()).len();
    let again = [frame.clone(), rewrapped].map(|frame| desk.hear(frame).len());
    desk.restart();
    let after_restart = desk.hear(frame).len();

    assert_eq!((answered, again, after_restart), (1, [0, 0], 0));
    assert_eq!(desk.waiting().len(), 1);
}

#[test]
fn what_the_gateway_took_is_gone() {
    let (mut desk, mut alice) = (Desk::new(), Person::new(1));
    let registration = alice.registration(1);
    desk.register(&mut alice, &registration).unwrap();
    desk.notify_one(alice.notification()).unwrap();
    let push = only_push(&desk);

    hand(&mut desk, &push, Outcome::Accepted);
    hand(&mut desk, &push, Outcome::Gone);

    assert_eq!(desk.waiting(), []);
    assert_eq!((desk.tally.pushed, desk.tally.unregistered), (1, 0), "a second answer counts for nothing");
    assert_eq!(desk.ask(&alice).unwrap().len(), 1);
}

#[test]
fn what_the_gateway_did_not_take_comes_again_ever_later_and_is_given_up() {
    let (mut desk, mut alice) = (Desk::new(), Person::new(1));
    let registration = alice.registration(1);
    desk.register(&mut alice, &registration).unwrap();
    desk.notify_one(alice.notification()).unwrap();
    let began = desk.now;

    let mut tries = 0;
    let mut pauses = Vec::new();
    while tries < 100 && desk.now.since(began).as_secs() < 86_400 {
        if let [Waiting::Push(push)] = desk.waiting().as_slice() {
            let push = push.clone();
            hand(&mut desk, &push, Outcome::TryLater);
            tries += 1;
            pauses.push(desk.now.since(began).as_secs());
        }
        desk.wait(5);
    }

    assert_eq!((tries, desk.tally.given_up), (MAX_TRIES, 1));
    assert_eq!(pauses[..4], [0, 5, 15, 35]);
    assert!((2_400..4_800).contains(pauses.last().unwrap()), "for about an hour: {pauses:?}");
    desk.assert_in_order();
}

#[test]
fn a_device_that_is_gone_is_forgotten_but_not_if_it_registered_anew() {
    let (mut desk, mut alice) = (Desk::new(), Person::new(1));
    let registration = alice.registration(1);
    desk.register(&mut alice, &registration).unwrap();
    desk.notify_one(alice.notification()).unwrap();
    desk.notify_one(alice.notification()).unwrap();
    let [Waiting::Push(first), Waiting::Push(second)] = &desk.waiting()[..] else { panic!("two") };
    let (first, second) = (first.clone(), second.clone());
    let anew = alice.registration(2);
    desk.register(&mut alice, &anew).unwrap();

    hand(&mut desk, &first, Outcome::Gone);
    let kept = desk.ask(&alice).unwrap().len();
    let second = Push { number: second.number, ..only_push(&desk) };
    hand(&mut desk, &second, Outcome::Gone);

    assert_eq!(kept, 1, "that was about the token before");
    assert_eq!(desk.ask(&alice), None);
    assert_eq!(desk.notify_one(alice.notification()), Err(ReportError::NotRegistered));
    desk.assert_in_order();
}

#[test]
fn what_waits_for_a_device_that_unregisters_is_not_sent() {
    let (mut desk, mut alice) = (Desk::new(), Person::new(1));
    let (registration, end) = (alice.registration(1), alice.unregistration(2));
    desk.register(&mut alice, &registration).unwrap();
    desk.notify_one(alice.notification()).unwrap();

    desk.register(&mut alice, &end).unwrap();

    let [Waiting::Unregistered { number }] = desk.waiting()[..] else { panic!("it is not to be sent") };
    desk.step(Input::Handed { number, version: 0, outcome: Outcome::Gone });
    assert_eq!(desk.waiting(), []);
}
