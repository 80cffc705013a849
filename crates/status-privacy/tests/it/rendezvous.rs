//! Where parcels are left and looked for, what the network is told of it, and what a frame costs that is not for us.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;
use status_crypto::{Keyring, PublicKey, SecretKey, Signature};
use status_layer::testing::Party;
use status_layer::{Frame, Interest, Parcel, Privacy, Rendezvous, Secret, Timestamp, Topic, UserId};
use status_privacy::{Inbox, Inboxes, Waku, hazmat};

use crate::support::{Layer, ignore, inbox, listen, named, peel, signed, waku, wrap};

/// A key that counts how often it agrees on a secret.
#[derive(Clone, Debug)]
struct Counting {
    key: SecretKey,
    agreements: Arc<AtomicUsize>,
}

impl Keyring for Counting {
    fn public(&self) -> PublicKey {
        self.key.public()
    }

    fn sign(&self, digest: &[u8; 32]) -> Signature {
        self.key.sign(digest)
    }

    fn agree(&self, with: &PublicKey) -> Secret {
        self.agreements.fetch_add(1, Ordering::Relaxed);
        self.key.agree(with)
    }
}

/// Bob, who counts; he listens at his inbox, a channel and a shared place.
struct Bob {
    layer: Waku<Counting>,
    party: Party,
    agreements: Arc<AtomicUsize>,
}

impl Bob {
    fn new(inboxes: Inboxes) -> Self {
        let key = SecretKey::from_bytes(&[2; 32]).unwrap();
        let agreements = Arc::new(AtomicUsize::new(0));
        let layer = Waku::new(Counting { key, agreements: Arc::clone(&agreements) }).with_inboxes(inboxes);
        let mut party = Party::new(2);
        for meet in [Rendezvous::Inbox(layer.user()), named("square"), shared(5)] {
            party.run(|cx| layer.watch(cx, &meet, Interest::Listen)).unwrap();
        }
        agreements.store(0, Ordering::Relaxed);
        Self { layer, party, agreements }
    }

    /// Peels a frame; how many agreements it took, and whether something came out.
    fn cost(&mut self, frame: Frame) -> (usize, bool) {
        self.agreements.store(0, Ordering::Relaxed);
        let got = self.party.run(|cx| self.layer.peel(cx, frame));
        (self.agreements.load(Ordering::Relaxed), matches!(got, Ok(Some(_))))
    }
}

fn shared(byte: u8) -> Rendezvous {
    Rendezvous::Shared(Secret::new([byte; 32]))
}

fn topic_of(name: &str) -> Topic {
    hazmat::content_topic(hazmat::topic(name))
}

fn at(topic: Topic, bytes: Vec<u8>) -> Frame {
    Frame { topic, at: Timestamp::from_secs(1), bytes }
}

/// Another user of the same partition.
fn neighbour(of: UserId) -> UserId {
    let users = (1_u32..).map(|number| {
        let mut scalar = [1; 32];
        scalar[28..].copy_from_slice(&number.to_be_bytes());
        SecretKey::from_bytes(&scalar).unwrap().public().user()
    });
    users.into_iter().find(|user| hazmat::partition(user) == hazmat::partition(&of)).unwrap()
}

fn all_inboxes() -> Inboxes {
    Inboxes { personal: Interest::Listen, generic: Interest::Listen, ..Inboxes::default() }
}

#[test]
fn an_agreement_is_made_only_where_it_can_succeed() {
    let (alice, mut hers) = (waku(1), Party::new(1));
    let mut bob = Bob::new(Inboxes::default());
    let user = bob.layer.user();
    let ours = topic_of(&hazmat::partitioned_name(&user));
    let sealed = |meet: &Rendezvous, hers: &mut Party| wrap(&alice, hers, signed(&alice, meet, b"hello"));
    let mine = sealed(&Rendezvous::Inbox(user), &mut hers);
    let theirs = sealed(&Rendezvous::Inbox(neighbour(user)), &mut hers);
    let square = sealed(&named("square"), &mut hers);
    let secret = sealed(&shared(5), &mut hers);
    let mut off_curve = mine.bytes.clone();
    off_curve[40] ^= 1;
    let mut compressed = mine.bytes.clone();
    compressed[0] = 2;

    let costs = [
        ("for us", mine.clone(), (1, true)),
        ("for a neighbour in the partition", theirs.clone(), (1, false)),
        ("in a channel of ours", square.clone(), (0, true)),
        ("at a shared place", secret, (0, true)),
        ("for us, but in a channel of ours", at(square.topic.clone(), mine.bytes.clone()), (0, false)),
        ("under a topic of nobody's", at(topic_of("nowhere"), mine.bytes.clone()), (0, false)),
        (
            "to our personal inbox, which is not watched",
            at(topic_of(&hazmat::personal_name(&user).unwrap()), mine.bytes.clone()),
            (0, false),
        ),
        ("not a key", at(ours.clone(), off_curve), (0, false)),
        ("a key of another form", at(ours.clone(), compressed), (0, false)),
        (
            "too short for a key, a counter and a tag",
            at(ours.clone(), mine.bytes[..112].to_vec()),
            (0, false),
        ),
        ("a symmetric frame", at(ours, [&[3], &square.bytes[1..]].concat()), (0, false)),
    ];
    for (what, frame, cost) in costs {
        assert_eq!(bob.cost(frame), cost, "{what}");
    }
}

#[test]
fn keys_that_cost_little_are_tried_first_and_ours_once() {
    let (alice, mut hers) = (waku(1), Party::new(1));
    let mut bob = Bob::new(all_inboxes());
    let name = hazmat::partitioned_name(&bob.layer.user());
    bob.party.run(|cx| bob.layer.watch(cx, &named(&name), Interest::Listen)).unwrap();

    let in_channel = wrap(&alice, &mut hers, signed(&alice, &named(&name), b"hello"));
    let for_neighbour =
        wrap(&alice, &mut hers, signed(&alice, &Rendezvous::Inbox(neighbour(bob.layer.user())), b"hello"));

    assert_eq!(bob.cost(in_channel), (0, true));
    assert_eq!(bob.cost(for_neighbour), (1, false));
}

#[test]
fn an_inbox_is_found_under_each_of_its_names_that_is_listened_at() {
    for (leave, known) in [
        (Inbox::Partitioned, true),
        (Inbox::Personal, true),
        (Inbox::Generic, true),
        (Inbox::Personal, false),
    ] {
        let mut bob = Bob::new(if known { all_inboxes() } else { Inboxes::default() });
        let user = bob.layer.user();
        let alice = waku(1).with_inboxes(Inboxes { leave, ..Inboxes::default() });
        let mut hers = Party::new(1);
        let sent = signed(&alice, &Rendezvous::Inbox(user), b"hello");

        let frame = wrap(&alice, &mut hers, sent.clone());
        let name = match leave {
            Inbox::Partitioned => hazmat::partitioned_name(&user),
            Inbox::Personal => hazmat::personal_name(&user).unwrap(),
            Inbox::Generic => "contact-discovery".to_owned(),
        };
        let got = bob.party.run(|cx| bob.layer.peel(cx, frame.clone())).unwrap();

        assert_eq!(frame.topic, topic_of(&name));
        assert_eq!(got, known.then_some(sent), "{leave:?}");
    }
}

#[test]
fn names_of_the_inbox_come_and_go_with_the_configuration() {
    let (few, mut party) = (waku(1), Party::new(1));
    let many = waku(1).with_inboxes(all_inboxes());

    let one = listen(&few, &mut party, &inbox(&few));
    let three = listen(&many, &mut party, &inbox(&many));
    let one_again = listen(&few, &mut party, &inbox(&few));
    let all = listen(&many, &mut party, &inbox(&many));
    let none = ignore(&few, &mut party, &inbox(&few));

    assert_eq!((one.len(), three.len(), all.len()), (1, 3, 3));
    assert_eq!((one_again, none), (one, vec![]));
    assert!(party.store.is_empty());
}

/// Something that a user of the layer does.
#[derive(Clone, Debug)]
enum Step {
    Listen(usize),
    Ignore(usize),
    /// Sends to a place, which must not make us listen there.
    Send(usize),
}

/// Places of all kinds; the last two have topics that earlier ones have as well.
fn places(of: &Layer) -> Vec<Rendezvous> {
    vec![
        inbox(of),
        named("square"),
        named("0x04aa-contact-code"),
        shared(5),
        shared(6),
        named(&hazmat::partitioned_name(&of.user())),
        named(&hex::encode([5; 32])),
    ]
}

fn names(place: &Rendezvous, user: &UserId) -> Vec<String> {
    match place {
        Rendezvous::Inbox(_) => vec![
            hazmat::partitioned_name(user),
            hazmat::personal_name(user).unwrap(),
            "contact-discovery".to_owned(),
        ],
        Rendezvous::Named(name) => vec![name.as_str().to_owned()],
        Rendezvous::Shared(secret) => vec![hex::encode(secret.expose())],
    }
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0_usize..7).prop_map(Step::Listen),
        2 => (0_usize..7).prop_map(Step::Ignore),
        1 => (0_usize..7).prop_map(Step::Send),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Against a naive model: a set of places, whose names are hashed one by one.
    #[test]
    fn the_network_is_told_exactly_the_topics_of_the_places_listened_at(
        steps in prop::collection::vec(step(), 1..40),
    ) {
        let alice = waku(1).with_inboxes(all_inboxes());
        let (mut party, places) = (Party::new(1), places(&alice));
        let mut open = BTreeSet::new();
        let mut told = BTreeSet::new();
        for step in steps {
            match step {
                Step::Listen(place) => {
                    open.insert(place);
                    told = listen(&alice, &mut party, &places[place]).into_iter().collect();
                }
                Step::Ignore(place) => {
                    open.remove(&place);
                    told = ignore(&alice, &mut party, &places[place]).into_iter().collect();
                }
                Step::Send(place) => {
                    let sent = wrap(&alice, &mut party, signed(&alice, &places[place], b"x"));
                    let got = peel(&alice, &mut party, sent).unwrap();
                    // Two of the places have one name, and so one key.
                    let same = if place == 3 { 6 } else if place == 6 { 3 } else { place };
                    prop_assert_eq!(got.is_some(), open.contains(&place) || open.contains(&same));
                }
            }
            let wanted: BTreeSet<Topic> = open
                .iter()
                .flat_map(|place| names(&places[*place], &alice.user()))
                .map(|name| topic_of(&name))
                .collect();
            prop_assert_eq!(&told, &wanted);
        }
    }
}

#[test]
fn a_parcel_says_where_it_was_left_whatever_the_name() {
    let mut bob = Bob::new(all_inboxes());
    let user = bob.layer.user();
    for leave in [Inbox::Partitioned, Inbox::Personal, Inbox::Generic] {
        let alice = waku(1).with_inboxes(Inboxes { leave, ..Inboxes::default() });
        let frame = wrap(&alice, &mut Party::new(1), signed(&alice, &Rendezvous::Inbox(user), b"hello"));

        let Parcel { meet, .. } = bob.party.run(|cx| bob.layer.peel(cx, frame)).unwrap().unwrap();

        assert_eq!(meet, Rendezvous::Inbox(user));
    }
}
