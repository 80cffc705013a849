//! Two contacts under whatever may happen: in the end both write in one session.

use status_layer::testing::rng;
use status_layer::{Opened, Parcel};

use super::super::recovery::{MINUTE, assert_at_one, wait};
use super::{contacts, session, used};
use crate::pair::{HOUR, Person};

/// Two people, copies of their stores, and what is on its way to each.
struct Storm {
    people: [Person; 2],
    copies: [Person; 2],
    mail: [Vec<Parcel>; 2],
    random: status_layer::testing::SeededRng,
    /// How many sessions were begun with a private prekey.
    private: usize,
    /// How many messages nobody had the keys for.
    unreadable: usize,
}

impl Storm {
    fn new(seed: u64) -> Self {
        let (alice, bob) = contacts();
        let people = [alice, bob];
        let (copies, mail) = (people.clone(), [Vec::new(), Vec::new()]);
        Self { people, copies, mail, random: rng(seed), private: 0, unreadable: 0 }
    }

    fn any(&mut self, below: u64) -> usize {
        usize::try_from(self.random.below(below)).unwrap()
    }

    fn say(&mut self, who: usize) {
        let to = self.people[1 - who].clone();
        let parcel = self.people[who].seal(&to, "text");
        self.private += usize::from(used(&parcel).is_some());
        self.mail[1 - who].push(parcel);
    }

    fn announce(&mut self, who: usize) {
        let keys = self.people[who].announcement();
        self.mail[1 - who].extend(keys);
    }

    /// Opens a parcel; what cannot be read may be answered, and is never our own fault.
    fn open(&mut self, who: usize, parcel: &Parcel) {
        let opened = match self.people[who].try_open(parcel) {
            Ok(Opened { then, notices, .. }) => {
                self.unreadable += notices.len();
                then.parcels
            }
            Err(status_security::Error::Open(_)) => Vec::new(),
            Err(error) => panic!("our own fault: {error}"),
        };
        self.mail[1 - who].extend(opened);
    }

    fn deliver(&mut self, who: usize, at: usize) {
        let parcel = self.mail[who].remove(at);
        self.open(who, &parcel);
    }

    fn pass(&mut self, span: core::time::Duration) {
        let [alice, bob] = &mut self.people;
        wait([alice, bob], span);
    }

    /// Puts the store of somebody back to an older copy, with other randomness.
    fn put_back(&mut self, who: usize) {
        let mut old = self.copies[who].clone();
        old.party.now = self.people[who].party.now;
        old.party.rng = rng(self.random.below(u64::MAX));
        self.people[who] = old;
    }

    fn step(&mut self, restores: bool) {
        let who = self.any(2);
        let waiting = self.mail[who].len();
        match self.any(20) {
            0..=6 => self.say(who),
            7..=13 if waiting > 0 => {
                let at = self.any(waiting.min(3) as u64);
                self.deliver(who, at);
            }
            14 if waiting > 0 => {
                let at = self.any(waiting as u64);
                let copy = self.mail[who][at].clone();
                self.open(who, &copy);
            }
            15 if waiting > 0 => drop(self.mail[who].remove(0)),
            16 => self.announce(who),
            17 => {
                let span = [MINUTE, HOUR, 13 * HOUR, 25 * HOUR][self.any(4)];
                self.pass(span);
            }
            18 if restores => self.copies[who] = self.people[who].clone(),
            19 if restores && self.any(4) == 0 => self.put_back(who),
            _ => self.pass(core::time::Duration::from_secs(1)),
        }
    }

    /// Lets all that is on its way arrive, then has both speak now and then.
    fn calm(&mut self) {
        for _ in 0..4 {
            self.pass(3 * HOUR);
            for who in [0, 1] {
                self.say(who);
                for _ in 0..100 {
                    let Some(to) = (0..2).find(|to| !self.mail[*to].is_empty()) else { break };
                    self.deliver(to, 0);
                    self.pass(core::time::Duration::from_secs(1));
                }
            }
        }
    }
}

#[track_caller]
fn ends_at_one(seed: u64, restores: bool) -> Storm {
    let mut storm = Storm::new(seed);
    (0..120).for_each(|_| storm.step(restores));
    storm.calm();
    let [mut alice, mut bob] = storm.people.clone();
    assert_at_one(&mut alice, &mut bob);
    let sessions = [alice.seal(&bob, "which?"), bob.seal(&alice, "which?")];
    assert_eq!(session(&sessions[0]), session(&sessions[1]), "seed {seed}");
    storm
}

#[test]
fn through_loss_disorder_and_rotations_all_is_read_and_both_end_in_one_session() {
    let storms: Vec<Storm> = (0..20).map(|seed| ends_at_one(seed, false)).collect();

    let private: usize = storms.iter().map(|storm| storm.private).sum();
    let unreadable: usize = storms.iter().map(|storm| storm.unreadable).sum();
    assert!(private > 20, "{private} messages with a private prekey");
    assert_eq!(unreadable, 0);
}

#[test]
fn after_old_copies_of_either_store_both_end_in_one_session() {
    let storms: Vec<Storm> = (1000..1020).map(|seed| ends_at_one(seed, true)).collect();

    let private: usize = storms.iter().map(|storm| storm.private).sum();
    assert!(private > 20, "{private} messages with a private prekey");
}
