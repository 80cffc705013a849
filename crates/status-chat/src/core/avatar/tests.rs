//! Pictures of one person as they travel, and what another makes of them, over layers that do nothing.

use std::sync::Arc;

use status_crypto::{Keyring, SecretKey};
use status_layer::testing::rng;
use status_layer::{DeviceId, Memory, Name, Store, Unit};
use status_payload::{ContactState, Relation, Side};
use status_stack::{Engine, Fault, Input, Output};

use super::*;
use crate::event::Event;
use crate::table::contacts::Person;

const NOW: u64 = 1_800_000_000_000;

struct Nothing;

impl Engine for Nothing {
    fn step(&self, _: &mut Unit<'_>, _: Input) -> Result<Output, Fault> {
        Ok(Output::default())
    }
}

struct Somebody {
    core: Core,
    store: Memory,
}

impl Somebody {
    fn new(seed: u8) -> Self {
        let key = Arc::new(SecretKey::from_bytes(&[seed; 32]).unwrap());
        let device = DeviceId::new("device").unwrap();
        Self { core: Core { engine: Box::new(Nothing), keyring: key, device }, store: Memory::new() }
    }

    fn user(&self) -> UserId {
        self.core.keyring.user()
    }

    fn step<T>(&mut self, work: impl FnOnce(&Core, &mut Step<'_, '_>) -> T) -> (T, Vec<Event>) {
        let mut rng = rng(1);
        let mut unit = Unit::new(Timestamp::from_millis(NOW), &mut rng, &self.store);
        let mut step = Step::new(&mut unit);
        let done = work(&self.core, &mut step);
        let events = step.effects.events;
        let batch = unit.into_batch();
        self.store.commit(batch).unwrap();
        (done, events)
    }

    /// Knows somebody: as a contact, or as a stranger.
    fn know(&mut self, user: UserId, added: bool) {
        let state = if added { ContactState::Sent } else { ContactState::None };
        let relation = Relation { local: Side { state, clock: Clock::new(1) }, ..Relation::default() };
        let person = Person { relation, stranger: !added, ..Person::default() };
        self.step(|_, step| people::save(&mut step.shelf(), &user, &person).unwrap());
    }

    fn show(&mut self, to: ShowTo) {
        self.step(|_, step| {
            profile::set_shown_to(&mut step.shelf(), to);
            rows::set_ours(&mut step.shelf(), AvatarSize::Thumbnail, Some(&png(80, 1)));
            rows::set_ours(&mut step.shelf(), AvatarSize::Large, Some(&png(240, 1)));
        });
    }

    fn images(&mut self, chat: &Chat) -> Images {
        self.step(|core, step| core.images(step, chat)).0.unwrap_or_else(|_| panic!("it is made"))
    }

    /// Takes the pictures of somebody; whether that was news.
    fn take(&mut self, of: UserId, clock: u64, images: Images) -> bool {
        let (done, events) = self.step(|core, step| core.take_pictures(step, &of, Clock::new(clock), images));
        done.unwrap();
        !events.is_empty()
    }

    fn sees(&mut self, of: UserId) -> [Vec<u8>; 2] {
        let (kept, _) = self.step(|_, step| {
            AvatarSize::ALL.map(|size| rows::theirs(&step.shelf(), &of, size).unwrap().unwrap_or_default())
        });
        kept.map(|kept| kept.bytes)
    }
}

/// The beginning of a picture so many pixels a side; `face` tells one from another.
fn png(side: u8, face: u8) -> Vec<u8> {
    [b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".as_slice(), &[0, 0, 0, side, 0, 0, 0, side, 8, face]].concat()
}

fn plain(pictures: &[(&str, Vec<u8>)]) -> Images {
    let image = |payload: &Vec<u8>| IdentityImage { payload: payload.clone(), ..IdentityImage::default() };
    pictures.iter().map(|(name, payload)| ((*name).to_owned(), image(payload))).collect()
}

fn room() -> Chat {
    Chat::Channel(Name::new("room").unwrap())
}

#[test]
fn in_public_the_small_picture_alone_is_said_and_to_a_person_and_at_the_contact_code_both() {
    let (mut alice, bob) = (Somebody::new(1), Somebody::new(2));
    alice.show(ShowTo::Everybody);
    let code = Chat::Channel(Name::new("0x04-contact-code").unwrap());

    let names: [Vec<String>; 3] =
        [room(), Chat::User(bob.user()), code].map(|chat| alice.images(&chat).into_keys().collect());

    let both = vec!["large".to_owned(), "thumbnail".to_owned()];
    assert_eq!(names, [vec!["thumbnail".to_owned()], both.clone(), both]);
}

#[test]
fn a_picture_for_contacts_is_opened_by_each_of_them_and_by_nobody_else() {
    let (mut alice, mut bob, mut carol) = (Somebody::new(1), Somebody::new(2), Somebody::new(3));
    for user in [bob.user(), Somebody::new(4).user()] {
        alice.know(user, true);
    }
    alice.know(carol.user(), false);
    bob.know(alice.user(), true);
    carol.know(alice.user(), true);
    alice.show(ShowTo::Contacts);

    let said = alice.images(&room());
    let to_carol = alice.images(&Chat::User(carol.user()));
    let taken = [bob.take(alice.user(), 5, said.clone()), carol.take(alice.user(), 5, said.clone())];

    let image = &said["thumbnail"];
    assert!(image.encrypted && image.encryption_keys.len() == 2 && image.encryption_keys[0].len() == 60);
    assert!(!image.payload.windows(4).any(|bytes| bytes == b"\x89PNG"));
    assert!(to_carol.is_empty());
    assert_eq!(taken, [true, false]);
    assert_eq!(
        (bob.sees(alice.user())[0].clone(), carol.sees(alice.user())),
        (png(80, 1), Default::default())
    );
    alice.show(ShowTo::Nobody);
    assert!(alice.images(&room()).is_empty());
}

#[test]
fn the_newest_picture_is_kept_and_a_large_one_goes_with_the_small_one_it_belonged_to() {
    let (mut bob, alice) = (Somebody::new(2), Somebody::new(1).user());
    bob.know(alice, true);
    let both = |face| plain(&[("thumbnail", png(80, face)), ("large", png(240, face))]);

    let first = bob.take(alice, 5, both(1));
    let again = bob.take(alice, 6, both(1));
    let older = bob.take(alice, 4, both(2));
    let same_small = bob.take(alice, 7, plain(&[("thumbnail", png(80, 1))]));
    let seen = bob.sees(alice);
    let other_small = bob.take(alice, 8, plain(&[("thumbnail", png(80, 3))]));
    let without = bob.sees(alice);
    let gone = bob.take(alice, 9, Images::new());
    let late = bob.take(alice, 8, both(4));

    assert_eq!(
        [first, again, older, same_small, other_small, gone, late],
        [true, false, false, false, true, true, false]
    );
    assert_eq!(seen, [png(80, 1), png(240, 1)]);
    assert_eq!(without, [png(80, 3), Vec::<u8>::new()]);
    assert!(bob.sees(alice).iter().all(Vec::is_empty));
}

#[test]
fn what_is_no_picture_too_large_or_of_nobody_leaves_no_trace_and_a_stranger_has_a_small_one() {
    let (mut bob, alice) = (Somebody::new(2), Somebody::new(1).user());
    let picture = || plain(&[("thumbnail", png(80, 1)), ("large", png(240, 1))]);
    let unknown = bob.take(alice, 5, picture());
    bob.know(alice, false);
    let before = bob.store.clone();

    let huge = [png(80, 1), vec![0; 200_000]].concat();
    let mut sealed = picture();
    for image in sealed.values_mut() {
        image.encrypted = true;
        image.encryption_keys = vec![vec![7; 60], Vec::new()];
    }
    let bad = [
        plain(&[("thumbnail", b"<svg/>".to_vec()), ("large", Vec::new())]),
        plain(&[("thumbnail", png(255, 1)), ("banner", png(80, 1))]),
        plain(&[("thumbnail", huge)]),
        sealed,
    ];
    let taken = bad.map(|images| bob.take(alice, 5, images));
    let ahead = bob.take(alice, NOW * 2, picture());

    assert_eq!((unknown, taken, ahead), (false, [false; 4], false));
    assert!(bob.store == before, "what is dropped left a trace");
    assert!(bob.take(alice, 5, picture()));
    assert_eq!(bob.sees(alice), [png(80, 1), Vec::<u8>::new()]);
    bob.step(|_, step| people::delete(&mut step.shelf(), &alice).unwrap());
    assert_eq!(bob.store.len(), 0, "who is forgotten has no picture any more");
}
