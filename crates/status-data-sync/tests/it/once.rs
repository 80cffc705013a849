//! A data sync that says each body once.

use std::time::Duration;

use status_data_sync::once::{HOPE, MAX_KEPT, TABLES, examine};
use status_data_sync::{AppendError, Once, ShareError, SyncError};
use status_layer::testing::{Party, assert_unchanged};
use status_layer::{
    Arrival, Audience, Body, DataSync, GroupId, MessageId, Name, Read as _, Recipient, Round,
};

use crate::user::key;

fn id(number: u64) -> MessageId {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    MessageId::new(bytes)
}

fn append(party: &mut Party, number: u64, to: &Audience, body: Body) -> Result<(), SyncError> {
    party.run(|cx| Once::default().append(cx, id(number), to, body))
}

fn due(party: &mut Party) -> Round {
    party.run(|cx| Once::default().due(cx)).unwrap().now
}

#[test]
fn a_body_is_a_datagram_as_it_stands_and_given_up_after_a_while() {
    let mut party = Party::new(1);
    append(&mut party, 1, &Audience::User(key(1)), Body::new(b"hello".to_vec())).unwrap();

    let sent = due(&mut party).datagrams;
    let known = append(&mut party, 1, &Audience::User(key(1)), Body::new(b"hello".to_vec()));
    let again = due(&mut party);
    party.wait(HOPE);
    let end = due(&mut party);

    assert_eq!((sent.len(), &*sent[0].bytes, &sent[0].to), (1, &b"hello"[..], &Recipient::User(key(1))));
    assert!(known.is_ok() && again == Round::default(), "what was sent is not sent again");
    assert_eq!(end.arrivals, [Arrival::GaveUp { id: id(1), to: key(1) }]);
    assert_eq!(party.store.scan(Party::AREA, &[4], None, 9).unwrap(), [], "and its id is free again");
}

#[test]
fn what_is_given_up_ends_also_while_nothing_can_leave() {
    let mut party = Party::new(1);
    append(&mut party, 1, &Audience::User(key(1)), Body::new(Vec::new())).unwrap();
    due(&mut party);

    let before = party.run(|cx| Once::default().lapse(cx)).unwrap();
    party.wait(HOPE - Duration::from_millis(1));
    let still = party.run(|cx| Once::default().lapse(cx)).unwrap();
    party.wait(Duration::from_millis(1));
    let after = party.run(|cx| Once::default().lapse(cx)).unwrap();

    assert_eq!((before.now, before.next), (Vec::new(), Some(party.now)));
    assert_eq!(still.now, Vec::new());
    assert_eq!((after.now.len(), after.next), (1, None));
}

#[test]
fn more_than_it_can_keep_is_refused_and_leaves_no_trace() {
    let mut party = Party::new(1);
    let to = Audience::User(key(1));
    party
        .run(|cx| {
            (0..MAX_KEPT).try_for_each(|n| Once::default().append(cx, id(n), &to, Body::new(Vec::new())))
        })
        .unwrap();

    let refused = assert_unchanged(&mut party, "one too many", |cx| {
        Once::default().append(cx, id(MAX_KEPT), &to, Body::new(Vec::new()))
    });
    let sent = due(&mut party).datagrams.len() as u64;
    party.wait(HOPE);
    due(&mut party);

    assert!(matches!(refused, Some(SyncError::Append(AppendError::TooManyInAll { max: MAX_KEPT }))));
    assert_eq!(sent, MAX_KEPT);
    append(&mut party, MAX_KEPT, &to, Body::new(Vec::new())).unwrap();
}

#[test]
fn closed_chats_and_bodies_that_are_too_large_are_refused() {
    let mut party = Party::new(1);
    let once = Once { max_body: 3, ..Once::default() };
    let group = GroupId::new([1; 32]);

    let shared = assert_unchanged(&mut party, "sharing", |cx| once.share(cx, group, &[key(1)]));
    let said = assert_unchanged(&mut party, "a closed chat", |cx| {
        once.append(cx, id(1), &Audience::Group(group), Body::new(Vec::new()))
    });
    let large = assert_unchanged(&mut party, "four bytes", |cx| {
        once.append(cx, id(1), &Audience::User(key(1)), Body::new(vec![0; 4]))
    });

    assert!(matches!(shared, Some(SyncError::Share(ShareError::NoGroups))));
    assert!(matches!(said, Some(SyncError::Append(AppendError::UnknownGroup))));
    assert!(matches!(large, Some(SyncError::Append(AppendError::BodyTooLarge { len: 4, max: 3 }))));
}

#[test]
fn its_rows_are_in_order_and_what_is_missing_is_found() {
    let mut party = Party::new(1);
    let channel = Audience::Channel(Name::new("a channel").unwrap());
    append(&mut party, 1, &Audience::User(key(1)), Body::introduction(vec![1])).unwrap();
    due(&mut party);
    append(&mut party, 2, &channel, Body::passing(vec![2])).unwrap();

    let whole = examine(&party.store, Party::AREA).unwrap();
    for tag in [1, 2, 3, 4] {
        let mut broken = party.clone();
        let (row, _) = broken.store.scan(Party::AREA, &[tag], None, 1).unwrap().remove(0);
        broken
            .run(|cx| {
                cx.shelf.delete(row);
                Ok::<_, SyncError>(())
            })
            .unwrap();

        let examined = examine(&broken.store, Party::AREA).unwrap();

        assert!(!examined.findings.is_empty(), "nobody misses the row of the table {tag}");
    }

    assert_eq!(whole.findings, []);
    assert_eq!(whole.stock.iter().map(|stock| stock.rows).collect::<Vec<_>>(), [1, 1, 1, 2]);
    assert_eq!(TABLES.len(), 4);
}
