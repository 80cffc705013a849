//! The rules of sending, confirming and sending again.

use core::time::Duration;

use status_data_sync::hazmat::{GroupOffer, Payload, group_id};
use status_data_sync::{
    AppendError, Config, EPOCH, Groups, MAX_MEMBERS, ReceiveError, ShareError, SyncError,
};
use status_layer::{Arrival, Audience, GroupId, Name, Recipient};

use crate::user::{DAY, HOUR, bodies, id, key, pair, user, user_with};

const GROUP: GroupId = GroupId::new([0xcc; 32]);

#[test]
fn ack_stops_resending() {
    let (mut alice, mut bob) = pair();
    let id = alice.append(bob.key, b"hi");

    alice.deliver_to(&mut bob);
    let acked = bob.deliver_to(&mut alice);

    assert_eq!(acked, [Arrival::Acked { id, by: bob.key, device: None }]);
    assert_eq!(alice.due().next, None);
    assert!(alice.sendings_until(DAY).is_empty());
}

#[test]
fn a_week_later_nothing_is_left_of_what_was_acknowledged_but_a_counter() {
    let (mut alice, mut bob) = pair();
    for body in 0..20 {
        alice.append(bob.key, &[body]);
    }

    alice.deliver_to(&mut bob);
    bob.deliver_to(&mut alice);
    let rows = alice.rows();
    alice.party.wait(7 * DAY + HOUR);
    alice.due();

    assert_eq!(rows, 2 * 20 + 1, "for a while it is known who confirmed what");
    assert_eq!(alice.rows(), 1);
}

#[test]
fn pauses_double_up_to_an_hour() {
    let (mut alice, bob) = pair();
    alice.append(bob.key, b"hi");

    let sendings = alice.sendings_until(DAY);

    let pauses: Vec<_> = sendings.windows(2).map(|two| two[1].since(two[0]).as_secs()).collect();
    for (pause, least) in pauses.iter().zip([27, 54, 108, 216, 432, 864, 1_728, 3_456, 3_600, 3_600]) {
        assert!((least..least + 9).contains(pause), "{pause} is about {least}: {pauses:?}");
    }
    assert!(pauses.len() > 20, "{pauses:?}");
}

#[test]
fn being_online_again_makes_due_what_waits() {
    let (mut alice, bob) = pair();
    alice.append(bob.key, b"one");
    alice.append(bob.key, b"two");
    alice.due();
    alice.party.wait(Duration::from_secs(6));

    alice.online();
    let messages = alice.payload().messages;

    assert_eq!(messages.iter().map(|message| &message.body[..]).collect::<Vec<_>>(), [b"one", b"two"]);
}

#[test]
fn being_online_again_does_not_repeat_what_was_just_sent() {
    let (mut alice, bob) = pair();
    alice.append(bob.key, b"hi");
    alice.due();
    alice.party.wait(Duration::from_secs(4));

    alice.online();
    let due = alice.due();

    assert!(due.now.is_empty());
    assert!(due.next.is_some_and(|next| next > alice.party.now));
}

#[test]
fn what_waits_for_one_reader_shares_a_payload_in_order() {
    let (mut alice, mut bob) = pair();
    bob.append(alice.key, b"before");
    bob.deliver_to(&mut alice);
    for body in [b"one", b"two", b"six"] {
        alice.append(bob.key, body);
    }

    let payload = alice.payload();

    assert_eq!(payload.acks.len(), 1);
    let bodies: Vec<_> = payload.messages.iter().map(|message| &message.body[..]).collect();
    assert_eq!(bodies, [b"one", b"two", b"six"]);
}

#[test]
fn what_does_not_fit_goes_one_epoch_later() {
    let mut alice = user_with(1, Config { max_payload: 1_000, ..Config::default() });
    for body in 0..10 {
        alice.append(key(2), &[body; 300]);
    }

    let first = alice.due();
    let at_once = alice.due();
    alice.party.wait(EPOCH);
    let second = alice.payload();

    assert!(first.now.len() == 1 && first.now[0].bytes.len() <= 1_000);
    assert!(at_once.now.is_empty(), "asked twice at one instant, it returns nothing the second time");
    assert_eq!(first.next, Some(alice.party.now));
    assert_eq!(second.messages[0].body, [2; 300]);
}

#[test]
fn every_body_goes_although_each_payload_is_bounded() {
    let mut alice = user_with(1, Config { max_payload: 1_000, ..Config::default() });
    let mut bob = user(2);
    for body in 0..50 {
        alice.append(bob.key, &[body; 300]);
    }

    let mut arrivals = Vec::new();
    for _ in 0..25 {
        arrivals.extend(alice.deliver_to(&mut bob));
        alice.party.wait(EPOCH);
    }

    let expected: Vec<_> = (0..50).map(|body| [body; 300]).collect();
    assert_eq!(bodies(&arrivals), expected);
}

#[test]
fn a_body_larger_than_a_payload_goes_alone() {
    let mut alice = user_with(1, Config { max_payload: 1_000, ..Config::default() });
    alice.append(key(2), b"small");
    alice.append(key(2), &[7; 5_000]);
    alice.append(key(2), b"small too");

    let sizes: Vec<_> = (0..3)
        .map(|_| {
            alice.party.wait(EPOCH);
            alice.payload().messages.iter().map(|message| message.body.len()).collect::<Vec<_>>()
        })
        .collect();

    assert_eq!(sizes, [vec![5], vec![5_000], vec![9]]);
}

#[test]
fn a_body_that_is_too_large_is_refused() {
    let mut alice = user(1);
    let max = Config::default().max_body;

    let refused = alice.append_as(id(1), &Audience::User(key(2)), &vec![0; max + 1]);
    let taken = alice.append_as(id(1), &Audience::User(key(2)), &vec![0; max]);

    assert!(matches!(refused, Err(SyncError::Append(AppendError::BodyTooLarge { .. }))));
    assert!(taken.is_ok());
}

#[test]
fn a_closed_chat_is_one_message_for_each_member_in_the_group_of_the_pair() {
    let mut alice = user(1);
    alice.share(GROUP, &[key(1), key(2), key(3), key(3)]).unwrap();

    alice.append_as(id(1), &Audience::Group(GROUP), b"all").unwrap();
    let payloads = alice.payloads();

    let groups: Vec<_> =
        payloads.iter().map(|(to, payload)| (to.clone(), payload.messages[0].group_id.clone())).collect();
    let expected =
        [2, 3].map(|other| (Recipient::User(key(other)), group_id(&key(1), &key(other)).as_bytes().to_vec()));
    assert_eq!(groups, expected);
}

#[test]
fn each_member_of_a_closed_chat_acknowledges_for_themselves() {
    let (mut alice, mut bob, mut carol) = (user(1), user(2), user(3));
    alice.share(GROUP, &[bob.key, carol.key]).unwrap();
    alice.append_as(id(1), &Audience::Group(GROUP), b"all").unwrap();
    for datagram in alice.due().now {
        let reader = if datagram.to == Recipient::User(bob.key) { &mut bob } else { &mut carol };
        reader.receive(alice.key, &datagram.bytes).unwrap();
    }

    let by_bob = bob.deliver_to(&mut alice);
    alice.party.wait(HOUR);
    let readers: Vec<_> = alice.payloads().into_iter().map(|(to, _)| to).collect();
    let by_carol = carol.deliver_to(&mut alice);

    assert_eq!(by_bob, [Arrival::Acked { id: id(1), by: bob.key, device: None }]);
    assert_eq!(readers, [Recipient::User(carol.key)]);
    assert_eq!(by_carol, [Arrival::Acked { id: id(1), by: carol.key, device: None }]);
}

#[test]
fn sharing_again_replaces_the_members() {
    let mut alice = user(1);
    alice.share(GROUP, &[key(2)]).unwrap();
    alice.share(GROUP, &[key(3)]).unwrap();

    alice.append_as(id(1), &Audience::Group(GROUP), b"all").unwrap();

    let readers: Vec<_> = alice.payloads().into_iter().map(|(to, _)| to).collect();
    assert_eq!(readers, [Recipient::User(key(3))]);
}

#[test]
fn an_unknown_or_too_large_closed_chat_is_refused() {
    let mut alice = user(1);
    let many: Vec<_> = (0..=MAX_MEMBERS).map(crowd).collect();

    let unknown = alice.append_as(id(1), &Audience::Group(GROUP), b"all");
    let large = alice.share(GROUP, &many);
    let fits = alice.share(GROUP, &many[1..]);

    assert!(matches!(unknown, Err(SyncError::Append(AppendError::UnknownGroup))));
    assert!(matches!(large, Err(SyncError::Share(ShareError::TooManyMembers { .. }))));
    assert!(fits.is_ok());
}

#[test]
fn a_channel_hears_bare_bodies_once_and_in_order() {
    let (mut alice, mut bob) = pair();
    let channel = Name::new("test").unwrap();
    for number in (0..100).rev() {
        alice.append_as(id(number), &Audience::Channel(channel.clone()), &number.to_be_bytes()).unwrap();
    }

    let due = alice.due();
    let heard: Vec<_> = due
        .now
        .iter()
        .flat_map(|datagram| bob.receive_in(&channel, alice.key, &datagram.bytes).unwrap())
        .collect();

    assert_eq!(bodies(&heard), (0..100).rev().map(u64::to_be_bytes).collect::<Vec<_>>());
    assert_eq!(due.next, None);
    assert!(alice.sendings_until(DAY).is_empty());
    assert_eq!(bob.rows(), 0);
}

#[test]
fn a_payload_in_a_channel_is_a_body_like_any_other() {
    let (mut alice, mut bob) = pair();
    alice.append(bob.key, b"hi");
    let bytes = alice.due().now.remove(0).bytes;

    let heard = bob.receive_in(&Name::new("test").unwrap(), alice.key, &bytes).unwrap();

    assert_eq!(bodies(&heard), [bytes]);
    assert!(bob.due().now.is_empty());
}

#[test]
fn a_private_body_without_data_sync_is_handed_up_as_it_is() {
    let (alice, mut bob) = pair();

    let arrivals = bob.receive(alice.key, b"hello").unwrap();

    assert_eq!(bodies(&arrivals), [b"hello"]);
    assert_eq!(bob.rows(), 0);
}

#[test]
fn a_message_for_another_pair_is_refused() {
    let (mut alice, mut bob) = pair();
    let eve = key(3);
    alice.append(bob.key, b"hi");
    let stolen = alice.due().now.remove(0).bytes;

    let refused = bob.receive(eve, &stolen);

    assert!(matches!(refused, Err(SyncError::Receive(ReceiveError::ForeignGroup))));
    assert_eq!(bob.rows(), 0);
    assert_eq!(bodies(&bob.receive(alice.key, &stolen).unwrap()), [b"hi"]);
}

#[test]
fn a_message_for_a_shared_group_is_taken_from_its_members() {
    let mut bob = user(2);
    let payload = Payload {
        messages: vec![status_data_sync::hazmat::Message {
            group_id: GROUP.as_bytes().to_vec(),
            timestamp: 1,
            body: b"hi".to_vec(),
            ..Default::default()
        }],
        ..Payload::default()
    };
    bob.share(GROUP, &[key(1)]).unwrap();

    let member = bob.receive_payload(key(1), &payload).unwrap();
    let stranger = bob.receive_payload(key(3), &payload);
    let trusting = user_with(4, Config { groups: Groups::Any, ..Config::default() })
        .receive_payload(key(3), &payload)
        .unwrap();

    assert_eq!(bodies(&member), [b"hi"]);
    assert!(stranger.is_err());
    assert_eq!(bodies(&trusting), [b"hi"], "deployed peers take any group");
}

#[test]
fn every_copy_is_acknowledged_and_counted() {
    let (mut alice, mut bob) = pair();
    alice.append(bob.key, b"hi");
    let bytes = alice.due().now.remove(0).bytes;

    let first = bob.receive(alice.key, &bytes).unwrap();
    let acks = [bob.payload().acks, {
        let copy = bob.receive(alice.key, &bytes).unwrap();
        assert_eq!(copy, [Arrival::Again { from: alice.key }]);
        bob.payload().acks
    }];

    assert_eq!(bodies(&first), [b"hi"]);
    assert!(acks[0].len() == 1 && acks[0] == acks[1]);
    assert_eq!(bob.due().next, None, "an acknowledgement is never repeated by itself");
}

#[test]
fn an_unknown_ack_never_stops_the_list() {
    let (mut alice, bob) = pair();
    let id = alice.append(bob.key, b"hi");
    let known = alice.payload().messages[0].id().to_vec();
    let acks = vec![vec![1; 32], vec![2; 5], Vec::new(), vec![3; 99], known];

    let arrivals = alice.receive_payload(bob.key, &Payload { acks, ..Payload::default() }).unwrap();

    assert_eq!(arrivals, [Arrival::Acked { id, by: bob.key, device: None }]);
}

#[test]
fn only_the_reader_can_acknowledge() {
    let (mut alice, bob) = pair();
    alice.append(bob.key, b"hi");
    let ids = vec![alice.payload().messages[0].id().to_vec()];
    let acks = Payload { acks: ids, ..Payload::default() };

    let by_stranger = alice.receive_payload(key(3), &acks).unwrap();
    let by_bob = alice.receive_payload(bob.key, &acks).unwrap();
    let again = alice.receive_payload(bob.key, &acks).unwrap();

    assert!(by_stranger.is_empty());
    assert_eq!(by_bob.len(), 1);
    assert!(again.is_empty(), "what is acknowledged is reported once");
}

#[test]
fn appending_under_an_id_that_waits_changes_nothing() {
    let (mut alice, bob) = pair();
    let to = Audience::User(bob.key);
    alice.append_as(id(1), &to, b"hi").unwrap();
    alice.due();
    alice.party.wait(Duration::from_secs(2));
    let before = alice.party.store.clone();

    alice.append_as(id(1), &to, b"hi").unwrap();

    assert_eq!(alice.party.store, before);
}

#[test]
fn equal_bodies_of_one_second_are_one_message_and_both_are_reported() {
    let (mut alice, mut bob) = pair();
    alice.append(bob.key, b"hi");
    alice.append(bob.key, b"hi");

    let arrivals = alice.deliver_to(&mut bob);
    let acked = bob.deliver_to(&mut alice);

    assert_eq!(bodies(&arrivals), [b"hi"]);
    assert_eq!(acked, [1, 2].map(|number| Arrival::Acked { id: id(number), by: bob.key, device: None }));
}

#[test]
fn group_offers_are_read_and_handed_up() {
    let (alice, mut bob) = pair();
    let group_offers = vec![GroupOffer { group_id: b"chat".to_vec(), message_ids: vec![vec![1; 32]] }];

    let arrivals = bob.receive_payload(alice.key, &Payload { group_offers, ..Payload::default() }).unwrap();

    let ids = vec![status_layer::MessageId::new([1; 32])];
    assert_eq!(arrivals, [Arrival::Offered { from: alice.key, chat: b"chat".to_vec(), ids }]);
    assert_eq!(bob.rows(), 0);
}

#[test]
fn a_note_to_oneself_is_acknowledged_by_another_device() {
    let (mut phone, mut desktop) = (user(1), user(1));
    let id = phone.append(desktop.key, b"hi");

    let arrivals = phone.deliver_to(&mut desktop);
    let acked = desktop.deliver_to(&mut phone);

    assert_eq!(bodies(&arrivals), [b"hi"]);
    assert_eq!(acked, [Arrival::Acked { id, by: phone.key, device: None }]);
}

fn crowd(number: usize) -> status_layer::UserId {
    let mut bytes = [9; 33];
    bytes[0] = 3;
    bytes[1..9].copy_from_slice(&number.to_be_bytes());
    status_layer::UserId::from_compressed(&bytes).unwrap()
}
