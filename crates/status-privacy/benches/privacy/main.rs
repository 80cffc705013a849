//! What this layer costs beside the primitives that it cannot do without.
//!
//! Each row runs a whole call of the layer and its *kernel*, the bare primitive calls with the same backends, in turns in
//! one process, and prints the median time of one operation of each and the median of the ratios of neighbouring runs.
//! `cargo bench -p status-privacy` prints the table; numbers are looked at by people, no test depends on them.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a bench may stop at what it did not expect"
)]

#[path = "../../../status-security/benches/security/clock.rs"]
#[expect(dead_code, reason = "the other layer's bench uses more of it")]
mod clock;
mod kernel;
mod mining;

use std::hint::black_box;

use clock::{Table, timed};
use kernel::Kernel;
use sha3::{Digest, Keccak256};
use status_crypto::SecretKey;
use status_layer::testing::Party;
use status_layer::{Frame, Interest, Name, Parcel, Privacy, Rendezvous, Sealed, Secret, Topic, UserId};
use status_privacy::whisper::{Config, Pow, Rules};
use status_privacy::{Error, Waku, Whisper, hazmat};

const ALICE: [u8; 32] = [0x11; 32];
const BOB: [u8; 32] = [0x22; 32];
const SIZES: [(usize, &str); 3] = [(256, "256 B"), (1_024, "1 KiB"), (65_536, "64 KiB")];

fn main() {
    // `cargo test --benches` and the like only want to see it build.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let mut table = Table::begin("ours", "kernel");
    let waku = [Waku::new(key(ALICE)), Waku::new(key(BOB))];
    trials(&mut table);
    journeys(&mut table, "waku", waku, Work::Unknown);
    // Without work: what is measured is how long it takes to look at it.
    let rules = Rules { min_pow: 0.0, ..Rules::default() };
    let config = Config { pow: Pow::Nothing, rules, ..Config::default() };
    let whisper = [Whisper::new(key(ALICE), config), Whisper::new(key(BOB), config)];
    journeys(&mut table, "whisper", whisper, Work::Proved);
    mining::rows(&mut table);
}

fn key(bytes: [u8; 32]) -> SecretKey {
    SecretKey::from_bytes(&bytes).unwrap()
}

/// Whether there is proof of work in an envelope.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Work {
    Unknown,
    Proved,
}

/// One more key that is tried in vain, beside the bare AEAD or key agreement.
fn trials(table: &mut Table) {
    let secret = Secret::new([9; 32]);
    for (size, shown) in SIZES {
        for how in ["symmetric", "ecies"] {
            let kernel = Kernel::new(how == "ecies", size);
            let wrong = kernel.wrong();
            let bob = key(BOB);
            let ours = || {
                if how == "ecies" {
                    hazmat::open_asymmetric(&bob, &wrong)
                } else {
                    hazmat::open_symmetric(&secret, &wrong)
                }
            };
            let trying = &mut |n| timed(|| (0..n).for_each(|_| assert!(black_box(ours()).is_none())));
            let bare =
                &mut |n| timed(|| (0..n).for_each(|_| assert!(black_box(kernel.open(&wrong)).is_none())));
            table.row(&format!("{how}, wrong key, {shown}"), "1.3", trying, bare);
        }
    }
}

/// Two users of one carrier; Bob listens at `square` and at his inbox.
struct Scene<P> {
    alice: P,
    bob: P,
    hers: Party,
    his: Party,
    signer: UserId,
    topics: Vec<Topic>,
}

fn journeys<P: Privacy<Error = Error>>(table: &mut Table, name: &str, [alice, bob]: [P; 2], work: Work) {
    use status_crypto::Keyring;
    let mut his = Party::new(2);
    let square = Rendezvous::Named(Name::new("square").unwrap());
    let inbox = Rendezvous::Inbox(key(BOB).user());
    his.run(|cx| bob.watch(cx, &square, Interest::Listen)).unwrap();
    let topics = his.run(|cx| bob.watch(cx, &inbox, Interest::Listen)).unwrap();
    let mut scene = Scene { alice, bob, hers: Party::new(1), his, signer: key(ALICE).user(), topics };
    for (size, shown) in SIZES {
        for (place, how) in [(&square, "symmetric"), (&inbox, "ecies")] {
            let kernel = Kernel::new(how == "ecies", size);
            let parcel = scene.parcel(place, size);
            let frame = scene.wrap(parcel.clone());
            assert!(scene.peel(frame.clone()).is_some());

            let sealing = &mut |n| timed(|| (0..n).for_each(|_| drop(black_box(scene.wrap(parcel.clone())))));
            let bare = &mut |n| timed(|| (0..n).for_each(|_| drop(black_box(kernel.seal()))));
            table.row(&format!("{name}: {how}, wrap, {shown}"), "1.15", sealing, bare);

            let sealed = kernel.seal();
            let opening = &mut |n| timed(|| (0..n).for_each(|_| drop(black_box(scene.peel(frame.clone())))));
            let bare = &mut |n| {
                timed(|| {
                    (0..n).for_each(|_| {
                        // Whoever takes an envelope of Whisper hashes it for the work in it.
                        if work == Work::Proved {
                            black_box(Keccak256::digest(&sealed));
                        }
                        drop(black_box(kernel.open(&sealed).unwrap()));
                    });
                })
            };
            table.row(&format!("{name}: {how}, peel, {shown}"), "1.15", opening, bare);
        }
    }
    let foreign = scene.foreign();
    // A frame has to be given away, so what copying one takes is not ours.
    let looking =
        &mut |n| timed(|| (0..n).for_each(|_| assert!(black_box(scene.peel(foreign.clone())).is_none())));
    let bare = &mut |n| timed(|| (0..n).for_each(|_| drop(black_box(foreign.clone()))));
    table.row(&format!("{name}: not for us, 1 KiB, beside a copy"), "2 µs", looking, bare);
}

impl<P: Privacy<Error = Error>> Scene<P> {
    fn parcel(&self, meet: &Rendezvous, size: usize) -> Parcel {
        Parcel { meet: meet.clone(), sealed: Sealed::new(vec![7; size]), hint: Some(self.signer) }
    }

    fn wrap(&mut self, parcel: Parcel) -> Frame {
        let alice = &self.alice;
        self.hers.run(|cx| alice.wrap(cx, parcel)).unwrap().remove(0)
    }

    fn peel(&mut self, frame: Frame) -> Option<Parcel> {
        let bob = &self.bob;
        self.his.run(|cx| bob.peel(cx, frame)).unwrap()
    }

    fn foreign(&mut self) -> Frame {
        let parcel = self.parcel(&Rendezvous::Named(Name::new("elsewhere").unwrap()), 1_024);
        let frame = self.wrap(parcel);
        assert!(!self.topics.contains(&frame.topic));
        frame
    }
}
