//! The two sides of an exchange, face to face: whatever comes between them, nothing is given away.

use status_layer::testing::{SeededRng, rng};
use status_layer::{DeviceId, Name, Timestamp, UserId};
use zeroize::Zeroizing;

use super::PairingError;
use super::code::Code;
use super::flight::{Account, Flight, Newcomer, Why};
use super::host::{Host, MAX_HEARD, Reaction};
use super::newcomer::Joiner;
use crate::devices::DeviceName;

const NOW: Timestamp = Timestamp::from_secs(1_000);
const END: Timestamp = Timestamp::from_secs(1_600);

fn user(seat: u8) -> UserId {
    let mut key = [seat; 33];
    key[0] = 2;
    UserId::from_compressed(&key).unwrap()
}

fn device(name: &str) -> DeviceId {
    DeviceId::new(name).unwrap()
}

fn account(to: &Newcomer) -> Account {
    Account {
        from: device("old"),
        to: to.device.clone(),
        chat_key: Box::new(Zeroizing::new([7; 32])),
        phrase: Zeroizing::new("the words".into()),
        profile: String::new(),
        devices: vec![(device("old"), DeviceName::default())],
    }
}

/// Both sides, and the channel between them.
struct Table {
    host: Host,
    joiner: Joiner,
    place: Name,
    rng: SeededRng,
}

const OLD: u8 = 1;
const NEW: u8 = 2;
const THIRD: u8 = 3;

impl Table {
    fn new() -> Self {
        Self::with(|code| code)
    }

    /// What was typed is made of the code.
    fn with(typed: impl FnOnce(Code) -> Code) -> Self {
        let mut rng = rng(1);
        let code = Code::short(&mut rng).unwrap();
        let (place, codes) = (code.channel().unwrap(), vec![code.clone(), Code::long(&mut rng)]);
        let host = Host::new(user(OLD), codes, END).unwrap();
        let newcomer = Newcomer { device: device("new"), name: DeviceName::default() };
        let joiner = Joiner::new(user(NEW), &typed(code), newcomer, &mut rng).unwrap();
        Self { host, joiner, place, rng }
    }

    fn host_hears(&mut self, from: u8, flight: &Flight) -> Reaction {
        self.host.hear(&self.place, user(from), flight.clone(), NOW, &mut self.rng).unwrap()
    }

    fn says(&mut self) -> Flight {
        self.joiner.says().clone()
    }

    fn joiner_hears(&mut self, from: u8, flight: Flight) -> Result<Option<Account>, PairingError> {
        self.joiner.hear(user(from), flight, &mut self.rng)
    }

    /// Up to the proof, which is returned.
    fn answered(&mut self) -> Flight {
        let hello = self.says();
        let Reaction::Say(answer) = self.host_hears(NEW, &hello) else { panic!("no answer") };
        assert!(self.joiner_hears(OLD, answer).unwrap().is_none());
        self.says()
    }

    /// Up to the offer, which is returned.
    fn offered(&mut self) -> Flight {
        let proof = self.answered();
        assert!(matches!(self.host_hears(NEW, &proof), Reaction::Proven(_)));
        self.host.offer(account, &mut self.rng).unwrap().1
    }
}

fn nothing(reaction: &Reaction) -> bool {
    matches!(reaction, Reaction::Nothing)
}

#[test]
fn who_knows_the_code_gets_the_account() {
    let mut table = Table::new();

    let offer = table.offered();
    let account = table.joiner_hears(OLD, offer).unwrap().unwrap();

    assert_eq!((account.phrase.as_str(), account.chat_key.as_slice()), ("the words", &[7; 32][..]));
    assert_eq!((account.from, account.to), (device("old"), device("new")));
}

#[test]
fn what_was_lost_is_said_again_and_what_comes_twice_changes_nothing() {
    let mut table = Table::new();
    let hello = table.says();
    let proof = table.answered();

    let Reaction::Say(again) = table.host_hears(NEW, &hello) else { panic!("no answer") };
    assert!(table.joiner_hears(OLD, again).unwrap().is_none(), "an answer that came twice");
    assert_eq!(table.says(), proof);
    assert!(matches!(table.host_hears(NEW, &proof), Reaction::Proven(_)));
    assert!(nothing(&table.host_hears(NEW, &proof)), "while it is being remembered");
    let offer = table.host.offer(account, &mut table.rng).unwrap().1;
    assert!(matches!(table.host_hears(NEW, &proof), Reaction::Say(again) if again == offer));
    assert!(table.host.offer(account, &mut table.rng).is_none());
}

#[test]
fn a_wrong_code_is_one_guess() {
    let other: Code = Code::short(&mut rng(9)).unwrap();
    let mut table = Table::with(|code| {
        let place = code.text().split('-').next().unwrap().to_owned();
        format!("{place}-{}", other.secret()).parse().unwrap()
    });
    let proof = table.answered();

    let Reaction::Void(refusal, PairingError::WrongCode) = table.host_hears(NEW, &proof) else {
        panic!("taken")
    };
    table.joiner_hears(OLD, refusal).unwrap();

    assert_eq!(table.joiner.refused(), Some(Why::WrongCode));
    assert!(nothing(&table.host_hears(NEW, &proof)) && !table.host.has_offered());
    let hello = Table::new().says();
    assert!(matches!(table.host_hears(NEW, &hello), Reaction::Say(Flight::Refusal { why: Why::Taken, .. })));
}

#[test]
fn a_third_party_gets_nothing_and_stops_nobody_who_came_first() {
    let mut table = Table::new();
    let hello = table.says();
    let proof = table.answered();

    assert!(matches!(
        table.host_hears(THIRD, &hello),
        Reaction::Say(Flight::Refusal { to, why: Why::Taken }) if to == user(THIRD)
    ));
    assert!(nothing(&table.host_hears(THIRD, &proof)), "the proof of somebody else");
    let Flight::Proof { mac, sealed, .. } = proof.clone() else { panic!("{proof:?}") };
    let elsewhere = Flight::Proof { to: user(THIRD), mac, sealed: sealed.clone() };
    assert!(nothing(&table.host_hears(NEW, &elsewhere)), "a proof for somebody else");
    assert!(matches!(table.host_hears(NEW, &proof), Reaction::Proven(_)));
    let offer = table.host.offer(account, &mut table.rng).unwrap().1;
    assert!(table.joiner_hears(THIRD, offer.clone()).unwrap().is_none(), "an offer of somebody else");
    let back = Flight::Offer { to: user(NEW), mac, sealed };
    assert!(matches!(table.joiner_hears(OLD, back), Err(PairingError::WrongCode)), "our own proof sent back");
}

#[test]
fn what_was_recorded_opens_nothing_in_another_exchange() {
    let (mut first, mut second) = (Table::new(), Table::new());
    second.rng = rng(5);
    let proof = first.answered();
    let offer = first.offered_after(&proof);
    // The same code and the same passing identities, which never happens, but other openings.
    let newcomer = Newcomer { device: device("new"), name: DeviceName::default() };
    let code = Code::short(&mut rng(1)).unwrap();
    second.joiner = Joiner::new(user(NEW), &code, newcomer, &mut rng(6)).unwrap();
    second.answered();

    assert!(matches!(second.host_hears(NEW, &proof), Reaction::Void(_, PairingError::WrongCode)));
    assert!(matches!(second.joiner_hears(OLD, offer), Err(PairingError::WrongCode)));
}

impl Table {
    fn offered_after(&mut self, proof: &Flight) -> Flight {
        assert!(matches!(self.host_hears(NEW, proof), Reaction::Proven(_)));
        self.host.offer(account, &mut self.rng).unwrap().1
    }
}

#[test]
fn an_offer_for_another_device_is_not_taken() {
    let mut table = Table::new();
    let proof = table.answered();
    assert!(matches!(table.host_hears(NEW, &proof), Reaction::Proven(_)));
    let other = |to: &Newcomer| Account { to: device("another"), ..account(to) };

    let offer = table.host.offer(other, &mut table.rng).unwrap().1;

    assert!(matches!(table.joiner_hears(OLD, offer), Err(PairingError::WrongCode)));
}

#[test]
fn what_is_no_opening_is_no_guess() {
    let mut table = Table::new();

    assert!(nothing(&table.host_hears(THIRD, &Flight::Hello { opening: [0xff; 33] })));

    let offer = table.offered();
    assert!(table.joiner_hears(OLD, offer).unwrap().is_some());
}

#[test]
fn who_comes_too_late_is_told_so_also_in_the_middle() {
    let mut table = Table::new();
    let (hello, proof) = (table.says(), table.answered());

    let late = table.host.hear(&table.place.clone(), user(NEW), proof, END, &mut rng(3)).unwrap();
    let Reaction::Void(Flight::Refusal { why: Why::Expired, .. }, PairingError::Expired) = late else {
        panic!("{late:?}")
    };
    let later = table.host.hear(&table.place.clone(), user(THIRD), hello, END, &mut rng(3)).unwrap();
    assert!(matches!(later, Reaction::Say(Flight::Refusal { why: Why::Expired, .. })));
}

#[test]
fn a_flood_ends_the_invitation() {
    let mut table = Table::new();
    let rubbish = Flight::Refusal { to: user(OLD), why: Why::Taken };
    for _ in 0..MAX_HEARD {
        assert!(nothing(&table.host_hears(THIRD, &rubbish)));
    }
    let hello = table.says();

    let heard = table.host.hear(&table.place.clone(), user(NEW), hello, NOW, &mut rng(3));

    assert!(matches!(heard, Err(PairingError::Flooded)), "{heard:?}");
}

#[test]
fn a_place_of_one_code_does_not_take_the_other() {
    let mut table = Table::new();
    let hello = table.says();
    let elsewhere = Name::new("status-pairing-elsewhere").unwrap();

    let heard = table.host.hear(&elsewhere, user(NEW), hello, NOW, &mut rng(3)).unwrap();

    assert!(nothing(&heard));
}
