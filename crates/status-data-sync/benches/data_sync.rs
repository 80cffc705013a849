//! What one message costs while others wait for their confirmation.
//!
//! Three users do the same in turns, in one process, with 10, 1,000 and 100,000 messages outstanding; medians are of single
//! operations, ratios of neighbouring ones, beside the user with 10. The store is in memory, and what a commit to it takes is
//! counted: the last row is that alone. `cargo bench -p status-data-sync` prints the table; numbers are looked at by people,
//! no test depends on them.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench measures, prints, and may stop at what it did not expect"
)]

use std::time::{Duration, Instant};

use status_data_sync::hazmat::{Message, Payload, Wire, group_id};
use status_data_sync::{Config, Mvds, Resend};
use status_layer::testing::Party;
use status_layer::{
    Audience, Body, DataSync, Datagram, Grade, Letter, MessageId, Proof, Recipient, Sender, UserId,
};

const BACKLOGS: [u32; 3] = [10, 1_000, 100_000];
const ROUNDS: u32 = 2_000;
/// The size of a body, in bytes.
const BODY: usize = 200;

const NAMES: [&str; 6] = [
    "append a message",
    "due: it goes out",
    "receive: it is confirmed",
    "receive a message",
    "due: it is confirmed",
    "the same writes to the store alone",
];

fn main() {
    // `cargo test --benches` and the like only want to see it build.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    for readers in [1, 100] {
        table(readers);
    }
}

/// Runs everything with the backlogs spread over so many readers, and prints what it took.
fn table(readers: u8) {
    let mut users = BACKLOGS.map(|backlog| User::with_backlog(backlog, readers));
    let mut times = [(); NAMES.len()].map(|()| [(); BACKLOGS.len()].map(|()| Vec::new()));
    for round in 0..ROUNDS {
        for (user, place) in users.iter_mut().zip(0..) {
            for (time, row) in user.turn(round).into_iter().zip(&mut times) {
                row[place].push(time.as_secs_f64());
            }
        }
    }
    println!(
        "{:36}{:>11} {:>19} {:>19}",
        format!("outstanding, for {readers} readers"),
        "10",
        "1,000",
        "100,000"
    );
    for (name, row) in NAMES.iter().zip(&times) {
        let cells = row.iter().map(|times| {
            let ratios = times.iter().zip(&row[0]).map(|(time, least)| time / least).collect();
            format!("{:>8.1} µs {:>5.2} x", median(times.clone()) * 1e6, median(ratios))
        });
        println!("{name:36}{}", cells.collect::<String>());
    }
}

struct User {
    key: UserId,
    sync: Mvds,
    party: Party,
    readers: u8,
}

impl User {
    /// A user whose messages were all sent, and not confirmed.
    fn with_backlog(backlog: u32, readers: u8) -> Self {
        // No resend and no wake falls into what is measured.
        let resend = Resend {
            first: Duration::from_secs(86_400),
            cap: Duration::from_secs(864_000),
            ..Resend::default()
        };
        let sync = Mvds::new(key(1), Config { resend, ..Config::default() });
        let mut user = Self { key: key(1), sync, party: Party::new(1), readers };
        for number in 0..u32::from(readers) {
            user.hear(number, u32::MAX);
        }
        for start in (0..backlog).step_by(200) {
            // Many in a step, and some time between steps, so that resends spread.
            for number in start..backlog.min(start + 200) {
                user.append(number);
            }
            user.party.wait(Duration::from_millis(20));
            user.due();
        }
        for _ in 0..60 {
            user.party.wait(Duration::from_millis(300));
            user.due();
        }
        user
    }

    /// Everything once; afterwards as many messages are outstanding as before.
    fn turn(&mut self, round: u32) -> [Duration; NAMES.len()] {
        let number = u32::MAX - round;
        let reader = self.reader(number);
        let append = timed(|| self.append(number));
        // Nobody is due but by what happens here: resends are far away.
        let (sent, due) = timed_with(|| self.due());
        let read = sent.iter().map(|it| Payload::decode(Wire::Deployed, &it.bytes).unwrap());
        let acks = read.flat_map(|it| it.messages).filter(|it| it.body == body(number));
        let acks = Payload { acks: acks.map(|it| it.id().to_vec()).collect(), ..Payload::default() };
        assert_eq!(acks.acks.len(), 1, "the message is among {} datagrams", sent.len());
        let confirmed = timed(|| self.receive(reader, &acks));
        let taken = timed(|| self.hear(number, round));
        let confirming = timed(|| self.due());
        [append, due, confirmed, taken, confirming, timed(|| self.store_alone(round))]
    }

    fn reader(&self, number: u32) -> UserId {
        key(2 + u8::try_from(number % u32::from(self.readers)).unwrap())
    }

    fn append(&mut self, number: u32) {
        let mut id = [0; 32];
        id[..4].copy_from_slice(&number.wrapping_mul(0x9e37_79b9).to_be_bytes());
        let to = Audience::User(self.reader(number));
        let sync = self.sync;
        self.party.run(|cx| sync.append(cx, MessageId::new(id), &to, Body::new(body(number)))).unwrap();
    }

    /// Takes a message from a reader.
    fn hear(&mut self, number: u32, text: u32) {
        let reader = self.reader(number);
        let group_id = group_id(&self.key, &reader).as_bytes().to_vec();
        let message = Message { group_id, timestamp: 1, body: body(text), ..Message::default() };
        self.receive(reader, &Payload { messages: vec![message], ..Payload::default() });
    }

    fn due(&mut self) -> Vec<Datagram> {
        let sync = self.sync;
        self.party.run(|cx| sync.due(cx)).unwrap().now.datagrams
    }

    fn receive(&mut self, from: UserId, payload: &Payload) {
        let from = Sender { user: from, device: None, proof: Proof::Session };
        let datagram = Datagram::new(Recipient::User(self.key), payload.encode(Wire::Deployed));
        let letter = Letter { from, grade: Grade::Ratcheted, datagram };
        let sync = self.sync;
        self.party.run(|cx| sync.receive(cx, letter)).unwrap();
    }

    /// As many rows as an append writes, at places as far apart, and away again.
    fn store_alone(&mut self, round: u32) {
        let keys: Vec<Vec<u8>> = (2..9_u8)
            .map(|tag| [&[tag][..], &round.wrapping_mul(0x9e37_79b9).to_be_bytes(), &[7; 60]].concat())
            .collect();
        self.party
            .run(|cx| {
                for key in &keys {
                    assert!(!cx.shelf.has(key)?);
                    cx.shelf.put(key.clone(), vec![1; 40]);
                }
                Ok::<_, status_layer::StoreError>(())
            })
            .unwrap();
        self.party
            .run(|cx| {
                keys.iter().for_each(|key| cx.shelf.delete(key.clone()));
                Ok::<_, status_layer::StoreError>(())
            })
            .unwrap();
    }
}

fn body(number: u32) -> Vec<u8> {
    let mut body = vec![0x55; BODY];
    body[..4].copy_from_slice(&number.to_be_bytes());
    body
}

fn key(number: u8) -> UserId {
    let mut key = [number; 33];
    key[0] = 2;
    UserId::from_compressed(&key).unwrap()
}

fn timed<T>(work: impl FnOnce() -> T) -> Duration {
    timed_with(work).1
}

fn timed_with<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let done = work();
    (done, start.elapsed())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
