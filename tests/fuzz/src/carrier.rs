//! What both carriers owe to strangers: any frame is peeled, refused, or not ours.

use status_crypto::{Keyring, SecretKey};
use status_layer::testing::Party;
use status_layer::{
    Frame, Interest, Name, Parcel, Privacy, Read, Ready, Rendezvous, Row, Sealed, Secret, Topic,
};
use status_privacy::{Error, hazmat};

use crate::{Plan, changed, must, offer, plan};

/// Bob listens at three places; Alice has left something at each, signed and not.
pub struct World<P> {
    alice: SecretKey,
    bob: SecretKey,
    party: Party,
    layer: P,
    topics: Vec<Topic>,
    frames: Vec<(Frame, Parcel)>,
    channel: Secret,
    /// What the carrier puts around sealed bytes that are left under a topic.
    around: fn(&Topic, &[u8], &Party) -> Vec<u8>,
}

const CHANNEL: &str = "status";

/// In one of so many inputs it is seen whether honest mail comes through still: opening it takes ten times as long as all
/// the rest.
const HONEST: usize = 64;

impl<P: Privacy<Error = Error>> World<P> {
    /// A world of one carrier.
    pub fn new(make: fn(SecretKey) -> P, around: fn(&Topic, &[u8], &Party) -> Vec<u8>) -> Self {
        let (mut hers, mut his) = (Party::new(1), Party::new(2));
        let alice = SecretKey::generate(&mut hers.rng);
        let bob = SecretKey::generate(&mut his.rng);
        let (sender, layer) = (make(alice.clone()), make(bob.clone()));
        let channel = Name::new(CHANNEL).expect("a name");
        let shared = Rendezvous::Shared(Secret::new([7; 32]));
        let places = [Rendezvous::Inbox(bob.user()), Rendezvous::Named(channel), shared];
        let mut topics = Vec::new();
        let mut frames = Vec::new();
        for meet in places {
            topics = must(&mut his, |cx| layer.watch(cx, &meet, Interest::Listen));
            for hint in [None, Some(alice.user())] {
                let parcel = Parcel { meet: meet.clone(), sealed: Sealed::new(vec![1; 40]), hint };
                for frame in must(&mut hers, |cx| sender.wrap(cx, parcel.clone())) {
                    let Ready { frame, .. } = must(&mut hers, |cx| sender.ready(cx, frame));
                    frames.push((frame, parcel.clone()));
                }
            }
        }
        let channel = hazmat::symmetric_key(CHANNEL.as_bytes());
        Self { alice, bob, party: his, layer, topics, frames, channel, around }
    }

    /// Runs one input.
    pub fn run(&self, input: &[u8]) {
        let mut bob = self.party.clone();
        for frame in self.offered(input, &mut bob) {
            offer(&mut bob, |cx| self.layer.peel(cx, frame));
        }

        let wrote = bob.store != self.party.store && lasting(&bob) != lasting(&self.party);
        assert!(!wrote, "peeling wrote to the store");
        if input.len() % HONEST == 0 {
            let (valid, parcel) =
                &self.frames[usize::from(input.first().copied().unwrap_or_default()) % self.frames.len()];
            assert_eq!(must(&mut bob, |cx| self.layer.peel(cx, valid.clone())).as_ref(), Some(parcel));
        }
    }

    fn offered(&self, input: &[u8], bob: &mut Party) -> Vec<Frame> {
        let at = bob.now;
        let frame = |topic: &Topic, bytes: Vec<u8>| Frame { topic: topic.clone(), at, bytes };
        match plan(input) {
            // As an envelope, and as what is in one.
            Some(Plan::Raw(bytes)) => {
                let around = |topic| frame(topic, (self.around)(topic, bytes, bob));
                let topics = self.topics.iter();
                topics.flat_map(|topic| [frame(topic, bytes.to_vec()), around(topic)]).collect()
            }
            Some(Plan::Inside(plain)) => {
                let seal = |bob: &mut Party, plain: &[u8]| {
                    hazmat::seal_symmetric(&self.channel, &mut bob.rng, plain).expect("a key of 32 bytes")
                };
                let sealed = seal(bob, plain);
                // To seal to a key takes long, and what is inside is read by the same code.
                let other = match plain.len() % 4 {
                    0 => hazmat::seal_asymmetric(&self.bob.public(), &mut bob.rng, plain),
                    1 => {
                        let signed = hazmat::encode(plain, plain, Some(&self.alice));
                        seal(bob, &signed.expect("a short plaintext"))
                    }
                    _ => seal(bob, &hazmat::encode(plain, plain, None).expect("a short plaintext")),
                };
                let topics = self.topics.iter();
                topics
                    .flat_map(|topic| [(topic, &sealed), (topic, &other)])
                    .map(|(topic, bytes)| frame(topic, (self.around)(topic, bytes, bob)))
                    .collect()
            }
            Some(Plan::Changed { which, how }) => {
                let (valid, _) = &self.frames[which % self.frames.len()];
                let topic = changed(valid.topic.as_str().as_bytes(), how);
                let topic = Topic::new(String::from_utf8_lossy(&topic));
                vec![frame(&valid.topic, changed(&valid.bytes, how)), frame(&topic, valid.bytes.clone())]
            }
            None => Vec::new(),
        }
    }
}

/// The rows of the tables that are not for parcels in segments, which whoever signs may leave.
fn lasting(party: &Party) -> Vec<Row> {
    let rows = party.store.scan(Party::AREA, &[], None, usize::MAX).expect("a store in memory");
    rows.into_iter().filter(|(key, _)| !key.first().is_some_and(|table| (3..=6).contains(table))).collect()
}
