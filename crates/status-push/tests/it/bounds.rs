//! What strangers can make a server keep and do.

use status_layer::{Audience, Name};
use status_payload::{
    Content, PushNotificationQuery, PushNotificationRegistration, RegistrationError, ReportError, TokenType,
    hash_of_key,
};
use status_push::{Config, MAX_QUESTIONS, MAX_REQUESTS};

use crate::desk::{DEVICE, Desk, Person, server};

fn on_device(registration: PushNotificationRegistration, number: u8) -> PushNotificationRegistration {
    let installation_id = format!("{number:02x}{}", &DEVICE[2..]);
    PushNotificationRegistration { installation_id, ..registration }
}

#[test]
fn one_device_too_many_takes_the_place_of_the_oldest_of_the_same_person() {
    let mut desk = Desk::with(Config { devices: 3, ..Config::default() });
    let (mut alice, mut bob) = (Person::new(1), Person::new(2));
    let of_bob = bob.registration(1);
    desk.register(&mut bob, &of_bob).unwrap();

    for number in 0..4 {
        desk.wait(1);
        let registration = on_device(alice.registration(1), number);
        desk.register(&mut alice, &registration).unwrap();
    }

    let ids: Vec<String> = desk.ask(&alice).unwrap().into_iter().map(|it| it.installation_id).collect();
    assert_eq!(ids, [1, 2, 3].map(|number| on_device(alice.registration(1), number).installation_id));
    assert_eq!(desk.ask(&bob).unwrap().len(), 1);
    desk.assert_in_order();
}

#[test]
fn a_server_that_is_full_says_so_and_keeps_what_it_has() {
    let mut desk = Desk::with(Config { people: 2, ..Config::default() });
    let mut people = [1, 2, 3].map(Person::new);
    let register = |desk: &mut Desk, person: &mut Person, version| {
        let registration = person.registration(version);
        desk.register(person, &registration)
    };

    let done = people.each_mut().map(|person| register(&mut desk, person, 1));
    let newer = register(&mut desk, &mut people[0], 2);

    assert_eq!(done, [Ok(()), Ok(()), Err(RegistrationError::Internal)]);
    assert_eq!(newer, Ok(()), "who is there may change what they have");
    assert_eq!(desk.ask(&people[2]), None);
    desk.assert_in_order();
}

#[test]
fn registrations_have_a_bound_in_bytes_too() {
    let mut desk = Desk::with(Config { bytes: 1_000, ..Config::default() });
    let (mut alice, mut bob) = (Person::new(1), Person::new(2));
    let large = PushNotificationRegistration { device_token: "x".repeat(600), ..alice.registration(1) };
    let too_large = PushNotificationRegistration { device_token: "x".repeat(600), ..bob.registration(1) };
    let medium = PushNotificationRegistration { device_token: "x".repeat(300), ..bob.registration(1) };
    let small = alice.registration(2);
    let end = alice.unregistration(3);

    let first = desk.register(&mut alice, &large);
    let full = desk.register(&mut bob, &too_large);
    let smaller = desk.register(&mut alice, &small);
    let fits = desk.register(&mut bob, &medium);
    let left = desk.register(&mut alice, &end);

    assert_eq!((first, full), (Ok(()), Err(RegistrationError::Internal)));
    assert_eq!((smaller, fits, left), (Ok(()), Ok(()), Ok(())));
    desk.assert_in_order();
}

#[test]
fn a_push_service_that_is_not_served_is_named() {
    let mut desk = Desk::with(Config { apn: false, ..Config::default() });
    let mut alice = Person::new(1);
    let apn = PushNotificationRegistration { token_type: TokenType::Apn, ..alice.registration(1) };

    assert_eq!(desk.register(&mut alice, &apn), Err(RegistrationError::TokenType));
    assert_eq!(desk.state(), []);
}

#[test]
fn a_device_is_not_notified_more_often_than_may_be_in_a_minute() {
    let mut desk = Desk::with(Config { notifications: 2, ..Config::default() });
    let mut alice = Person::new(1);
    let registration = alice.registration(1);
    desk.register(&mut alice, &registration).unwrap();

    let told = [(); 3].map(|()| desk.notify_one(alice.notification()));
    desk.wait(60);
    let later = desk.notify_one(alice.notification());

    assert_eq!(told, [Ok(()), Ok(()), Err(ReportError::Internal)]);
    assert_eq!(later, Ok(()));
    assert_eq!(desk.waiting().len(), 3);
}

#[test]
fn the_queue_for_the_gateway_has_an_end() {
    let mut desk = Desk::with(Config { queue: 1, ..Config::default() });
    let mut alice = Person::new(1);
    let registration = alice.registration(1);
    desk.register(&mut alice, &registration).unwrap();

    let told = [(); 2].map(|()| desk.notify_one(alice.notification()));

    assert_eq!(told, [Ok(()), Err(ReportError::Internal)]);
    desk.assert_in_order();
}

#[test]
fn beyond_what_may_be_asked_in_a_minute_nobody_is_answered() {
    let config =
        Config { registrations: 1, questions: 3, questions_about: 2, requests: 1, ..Config::default() };
    let mut desk = Desk::with(config);
    let (mut alice, mut bob) = (Person::new(1), Person::new(2));
    let registration = alice.registration(1);
    desk.register(&mut alice, &registration).unwrap();

    let sealed = bob.registration(1);
    let sealed = Content::PushNotificationRegistration(bob.seal(&sealed));
    let second = desk.talk(&mut bob, &Audience::User(server()), &sealed);
    let asked = [(); 4].map(|()| desk.ask(&alice).is_some());
    let requested = [(); 2].map(|()| desk.notify(vec![alice.notification()]).is_some());
    desk.wait(60);
    let later = (desk.ask(&alice).is_some(), desk.notify(vec![alice.notification()]).is_some());

    assert_eq!(second, []);
    assert_eq!((asked, requested), ([true, true, false, false], [true, false]));
    assert_eq!(later, (true, true));
}

#[test]
fn long_lists_are_not_looked_at() {
    let (mut desk, mut alice) = (Desk::new(), Person::new(1));
    let registration = alice.registration(1);
    desk.register(&mut alice, &registration).unwrap();
    let hash = hash_of_key(&alice.user()).to_vec();
    let name = Name::new(hex::encode(&hash)).unwrap();
    let ask = |desk: &mut Desk, count| {
        let query = PushNotificationQuery { public_keys: vec![hash.clone(); count] };
        let content = Content::PushNotificationQuery(query);
        desk.talk(&mut Person::passing(), &Audience::Channel(name.clone()), &content)
    };

    let asked = ask(&mut desk, MAX_QUESTIONS);
    let too_much = ask(&mut desk, MAX_QUESTIONS + 1);
    let requested = desk.notify(vec![alice.notification(); MAX_REQUESTS + 1]);

    let [Content::PushNotificationQueryResponse(answer)] = &asked[..] else { panic!("{asked:?}") };
    assert_eq!(answer.info.len(), 1, "who is named often is told of once");
    assert_eq!((too_much, requested), (Vec::new(), None));
    assert_eq!(desk.waiting(), []);
}
