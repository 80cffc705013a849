//! What an operation reads and writes does not depend on how much waits.

use status_data_sync::hazmat::Payload;
use status_data_sync::{Config, Mvds, Resend};
use status_layer::testing::{Counting, Party};
use status_layer::{Audience, Body, Cx, DataSync, Recipient, Unit};

use crate::user::{DAY, User, id, key, letter, user_with};

/// How many rows a call reads, and how many it would write. It is not committed.
fn rows<T>(user: &mut User, call: impl FnOnce(&Mvds, &mut Cx<'_>) -> T) -> (usize, usize) {
    let store = Counting::new(&user.party.store);
    let mut unit = Unit::new(user.party.now, &mut user.party.rng, &store);
    call(&user.sync, &mut unit.cx(Party::AREA));
    (store.read(), unit.into_batch().iter().count())
}

/// A user with so many messages that wait for one reader, and were sent.
fn with(outstanding: u32) -> User {
    let resend = Resend { first: DAY, cap: DAY, ..Resend::default() };
    let mut user = user_with(1, Config { resend, ..Config::default() });
    for number in 0..outstanding {
        user.append(key(2), &number.to_be_bytes());
    }
    for _ in 0..10 {
        user.due();
        user.party.wait(status_data_sync::EPOCH);
    }
    user
}

#[test]
fn no_operation_reads_or_writes_more_rows_when_much_waits() {
    let cost = |outstanding| {
        let mut user = with(outstanding);
        let body = || Body::new(b"one more".to_vec());
        let to = Audience::User(key(2));
        let append = rows(&mut user, |sync, cx| sync.append(cx, id(u64::MAX), &to, body()).unwrap());
        let idle = rows(&mut user, |sync, cx| sync.due(cx).unwrap());
        user.append_as(id(u64::MAX), &to, b"one more").unwrap();
        let due = rows(&mut user, |sync, cx| sync.due(cx).unwrap());
        let sent = user.payload().messages.remove(0);
        let payload = Payload { acks: vec![sent.id().to_vec()], ..Payload::default() };
        let acked = letter(
            key(2),
            Recipient::User(key(1)),
            &payload.encode(status_data_sync::hazmat::Wire::Deployed),
        );
        let receive = rows(&mut user, |sync, cx| sync.receive(cx, acked).unwrap());
        [append, idle, due, receive]
    };

    assert_eq!(cost(10), cost(1_000));
}
