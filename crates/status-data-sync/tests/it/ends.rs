//! What becomes of a message in the end, and what hastens it.

use core::time::Duration;

use status_data_sync::Config;
use status_data_sync::hazmat::Payload;
use status_layer::{Arrival, DataSync, Datagram, DeviceId, Letter, Recipient};

use crate::user::{DAY, HOUR, User, bodies, letter, pair, user, user_with};

const SECOND: Duration = Duration::from_secs(1);

/// What is told within `span`, and how often something was sent.
fn live(user: &mut User, span: Duration) -> (Vec<Arrival>, usize) {
    let end = user.party.now.after(span);
    let (mut told, mut sent) = (Vec::new(), 0);
    loop {
        let round = user.round();
        told.extend(round.now.arrivals);
        sent += round.now.datagrams.len();
        match round.next {
            Some(next) if next <= end => user.party.now = next,
            _ => break,
        }
    }
    user.party.now = end;
    (told, sent)
}

fn from_device(from: &User, to: &User, device: &str, datagram: &Datagram) -> Letter {
    let mut letter = letter(from.key, Recipient::User(to.key), &datagram.bytes);
    letter.from.device = Some(DeviceId::new(device).unwrap());
    letter
}

#[test]
fn a_body_is_sent_for_30_days_and_then_given_up_visibly() {
    let (mut alice, bob) = pair();
    let id = alice.append(bob.key, b"hi");

    let (early, sendings) = live(&mut alice, 30 * DAY);
    let (late, _) = live(&mut alice, 3 * HOUR);
    let (after, more) = live(&mut alice, 30 * DAY);

    assert_eq!(early, []);
    assert!(sendings > 700, "{sendings}");
    assert_eq!(late, [Arrival::GaveUp { id, to: bob.key }]);
    assert_eq!((after, more), (vec![], 0));
}

#[test]
fn who_was_away_for_a_month_sends_once_more_before_it_gives_up() {
    let (mut alice, mut bob) = pair();
    let id = alice.append(bob.key, b"hi");
    alice.due();
    alice.party.wait(40 * DAY);

    let arrivals = alice.deliver_to(&mut bob);
    let acked = bob.deliver_to(&mut alice);

    assert_eq!(bodies(&arrivals), [b"hi"]);
    assert_eq!(acked, [Arrival::Acked { id, by: bob.key, device: None }]);
}

#[test]
fn what_is_woken_when_it_is_too_old_goes_out_once_more_and_wakes_put_nothing_off() {
    let (mut alice, bob) = pair();
    let id = alice.append(bob.key, b"hi");
    let (early, _) = live(&mut alice, 30 * DAY + 30 * SECOND * 60);
    let (mut told, mut sent) = (Vec::new(), Vec::new());

    for _ in 0..9 {
        alice.party.wait(600 * SECOND);
        alice.online();
        let round = alice.round();
        told.extend(round.now.arrivals);
        sent.push(round.now.datagrams.len());
    }

    assert_eq!(early, []);
    assert_eq!(told, [Arrival::GaveUp { id, to: bob.key }]);
    let last = sent.iter().rposition(|sent| *sent > 0).unwrap();
    assert!(sent[..=last].iter().all(|sent| *sent == 1) && last < 7, "{sent:?}");
}

#[test]
fn what_is_too_old_is_given_up_also_while_nothing_can_be_sent() {
    let (mut alice, mut bob, carol) = (user(1), user(2), user(3));
    let old = alice.append(bob.key, b"sent once");
    alice.due();
    let never = alice.append(carol.key, b"never sent");
    alice.party.wait(10 * DAY);
    let young = alice.append(bob.key, b"young");

    let mut told = Vec::new();
    let end = alice.party.now.after(20 * DAY + 2 * HOUR);
    let mut looks = 0;
    loop {
        let due = alice.run(DataSync::lapse).unwrap();
        told.extend(due.now);
        looks += 1;
        match due.next.filter(|next| *next <= end) {
            Some(next) => {
                assert!(next > alice.party.now, "it is asked for nothing");
                alice.party.now = next;
            }
            None => break,
        }
    }
    let sent = alice.deliver_to(&mut bob);

    let given_up = [(old, bob.key), (never, carol.key)].map(|(id, to)| Arrival::GaveUp { id, to });
    assert!(told.len() == 2 && given_up.iter().all(|end| told.contains(end)), "{told:?}");
    assert!(looks < 22 * 24, "{looks} looks in 20 days");
    assert_eq!(bodies(&sent), [b"young"], "{young:?} waits until it can be sent");
}

#[test]
fn who_opens_a_home_after_a_month_has_an_hour_to_send_what_is_too_old() {
    let (mut alice, mut bob) = pair();
    alice.append(bob.key, b"hi");
    alice.due();
    alice.run(DataSync::lapse).unwrap();
    alice.party.wait(40 * DAY);

    let full = alice.run(DataSync::lapse).unwrap();
    alice.party.wait(HOUR - SECOND);
    let still = alice.run(DataSync::lapse).unwrap();
    let room = alice.deliver_to(&mut bob);

    assert_eq!((full.now, still.now), (vec![], vec![]));
    assert_eq!(bodies(&room), [b"hi"]);
}

#[test]
fn what_was_given_up_may_be_confirmed_still() {
    let (mut alice, mut bob) = pair();
    let id = alice.append(bob.key, b"hi");
    alice.deliver_to(&mut bob);
    let late = bob.due().now.remove(0);
    let (given_up, _) = live(&mut alice, 31 * DAY);

    let acked = alice.receive(bob.key, &late.bytes).unwrap();
    let again = alice.receive(bob.key, &late.bytes).unwrap();

    assert_eq!(given_up, [Arrival::GaveUp { id, to: bob.key }]);
    assert_eq!(acked, [Arrival::Acked { id, by: bob.key, device: None }]);
    assert_eq!(again, []);
}

#[test]
fn of_a_chat_only_who_did_not_confirm_is_given_up() {
    let (mut alice, mut bob, carol) = (user(1), user(2), user(3));
    let group = status_layer::GroupId::new([7; 32]);
    alice.share(group, &[bob.key, carol.key]).unwrap();
    let id = status_layer::MessageId::new([5; 32]);
    alice.append_as(id, &status_layer::Audience::Group(group), b"hi").unwrap();
    let to_bob = alice.due().now.into_iter().find(|it| it.to == Recipient::User(bob.key)).unwrap();
    bob.receive(alice.key, &to_bob.bytes).unwrap();
    bob.deliver_to(&mut alice);

    let (told, _) = live(&mut alice, 31 * DAY);

    assert_eq!(told, [Arrival::GaveUp { id, to: carol.key }]);
}

#[test]
fn each_device_that_confirms_is_told_of_once() {
    let (mut alice, mut bob) = pair();
    let id = alice.append(bob.key, b"hi");
    alice.deliver_to(&mut bob);
    let ack = bob.due().now.remove(0);
    let acked = |alice: &mut User, device: &str| {
        let letter = from_device(&bob, alice, device, &ack);
        alice.run(|sync, cx| sync.receive(cx, letter)).unwrap()
    };

    let told = ["phone", "phone", "desktop", "phone"].map(|device| acked(&mut alice, device));

    let by =
        |device: &str| vec![Arrival::Acked { id, by: bob.key, device: Some(DeviceId::new(device).unwrap()) }];
    assert_eq!(told, [by("phone"), vec![], by("desktop"), vec![]]);
}

#[test]
fn who_is_heard_from_after_a_silence_gets_at_once_what_waits() {
    let (mut alice, mut bob) = pair();
    alice.append(bob.key, b"hi");
    live(&mut alice, DAY);
    bob.party.wait(DAY);
    bob.append(alice.key, b"back again");

    bob.deliver_to(&mut alice);
    let arrivals = alice.deliver_to(&mut bob);

    assert_eq!(bodies(&arrivals), [b"hi"]);
}

#[test]
fn who_talks_all_the_time_is_not_sent_more_for_it() {
    let (mut alice, mut bob) = pair();
    alice.append(bob.key, b"lost every time");
    let mut sent = 0;

    for minute in 0..600_u32 {
        bob.append(alice.key, &minute.to_be_bytes());
        bob.deliver_to(&mut alice);
        let payloads = alice.payloads();
        sent += payloads.iter().filter(|(_, payload)| !payload.messages.is_empty()).count();
        alice.party.wait(20 * SECOND);
        bob.party.wait(20 * SECOND);
    }

    assert!(sent < 12, "{sent} sendings in {} minutes", 600 / 3);
}

#[test]
fn a_wake_sends_each_message_once_in_payloads_of_the_usual_size() {
    let (mut alice, mut bob) = (user_with(1, Config { max_payload: 1_000, ..Config::default() }), user(2));
    for number in 0..100_u32 {
        alice.append(bob.key, &[&number.to_be_bytes()[..], &[0; 196]].concat());
    }
    live(&mut alice, 60 * SECOND);
    alice.party.wait(DAY);
    live(&mut alice, 10 * SECOND);

    alice.party.wait(10 * SECOND);
    alice.run(|sync, cx| sync.resend(cx, None)).unwrap();
    let mut numbers = Vec::new();
    let mut sizes = Vec::new();
    for _ in 0..60 {
        for datagram in alice.due().now {
            sizes.push(datagram.bytes.len());
            numbers
                .extend(bodies(&bob.receive(alice.key, &datagram.bytes).unwrap()).iter().map(|body| body[3]));
        }
        alice.party.wait(status_data_sync::EPOCH);
    }

    assert!(sizes.iter().all(|size| *size <= 1_000), "{sizes:?}");
    numbers.sort_unstable();
    assert_eq!(numbers, (0..100).collect::<Vec<u8>>(), "each once, none left out");
}

#[test]
fn a_second_demand_at_once_does_not_repeat_what_the_first_sent() {
    let (mut alice, bob) = pair();
    alice.append(bob.key, b"hi");
    alice.due();
    alice.party.wait(SECOND);
    let mut sent = 0;

    for _ in 0..20 {
        alice.run(|sync, cx| sync.resend(cx, Some(&bob.key))).unwrap();
        sent += alice.due().now.len();
        alice.party.wait(SECOND / 10);
    }

    assert_eq!(sent, 1);
}

#[test]
fn a_clock_that_was_set_back_by_a_year_holds_nothing_back() {
    let (mut alice, mut bob) = pair();
    let right = alice.party.now;
    alice.party.wait(365 * DAY);
    alice.append(bob.key, b"one");
    alice.due();
    alice.party.now = right.after(SECOND);
    alice.append(bob.key, b"two");
    alice.due();
    alice.party.wait(10 * SECOND);

    alice.online();
    let both = alice.payload();
    bob.append(alice.key, b"heard");
    bob.deliver_to(&mut alice);
    let (_, sent) = live(&mut alice, DAY);

    assert_eq!(both.messages.len(), 2, "{both:?}");
    assert!(sent > 10, "{sent}");
}

#[test]
fn one_that_acknowledges_what_it_never_got_stops_only_its_own_copy() {
    let (mut alice, bob, carol) = (user(1), user(2), user(3));
    alice.append(bob.key, b"hi");
    alice.append(carol.key, b"hi");
    let sent = alice.payloads();
    let ids = sent.iter().map(|(_, payload)| payload.messages[0].id().to_vec());
    let acks = ids.chain([vec![7; 32]]).collect();

    let acked = alice.receive_payload(carol.key, &Payload { acks, ..Payload::default() }).unwrap();
    alice.party.wait(HOUR);
    let rest = alice.payloads();

    assert_eq!(acked.len(), 1);
    assert_eq!(rest.iter().map(|(to, _)| to).collect::<Vec<_>>(), [&Recipient::User(bob.key)]);
}
