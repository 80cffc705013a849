//! Frames that somebody made up. None is a parcel, none changes the store, none brings the layer down.

use status_crypto::{PublicKey, SecretKey};
use status_layer::testing::{Party, assert_unchanged, rng};
use status_layer::{CryptoRng, Frame, Name, Parcel, Privacy, Rendezvous, Secret, Timestamp, Topic};
use status_privacy::{Error, MAX_FRAME, PeelError, PlainError, hazmat};

use crate::support::{Layer, inbox, listen, named, signed, waku, wrap};

/// Somebody who listens at three places of different kinds, and their topics in that order.
struct Victim {
    layer: Layer,
    party: Party,
    places: [Rendezvous; 3],
}

impl Victim {
    fn new() -> Self {
        let (layer, mut party) = (waku(1), Party::new(1));
        let places = [inbox(&layer), named("square"), Rendezvous::Shared(Secret::new([5; 32]))];
        for place in &places {
            listen(&layer, &mut party, place);
        }
        Self { layer, party, places }
    }

    /// Peels a frame and checks that this left no trace.
    fn peel(&mut self, frame: Frame) -> Result<Option<Parcel>, PeelError> {
        let mut got = None;
        let failed = assert_unchanged(&mut self.party, "a frame", |cx| {
            got = self.layer.peel(cx, frame)?;
            Ok::<_, Error>(())
        });
        match failed {
            None => Ok(got),
            Some(Error::Peel(why)) => Err(why),
            Some(why) => panic!("a frame is not our own failure: {why}"),
        }
    }

    /// Good frames for each place, from a stranger.
    fn frames(&self) -> Vec<Frame> {
        let (stranger, mut party) = (waku(2), Party::new(2));
        let places = &self.places;
        places.iter().map(|meet| wrap(&stranger, &mut party, signed(&stranger, meet, b"hello"))).collect()
    }

    fn topics(&self) -> Vec<Topic> {
        self.frames().into_iter().map(|frame| frame.topic).collect()
    }
}

fn frame(topic: &Topic, bytes: Vec<u8>) -> Frame {
    Frame { topic: topic.clone(), at: Timestamp::from_secs(1), bytes }
}

/// A frame that the square opens, whatever the plaintext.
fn in_the_square(victim: &Victim, plain: &[u8]) -> Frame {
    let key = hazmat::symmetric_key(b"square");
    let bytes = hazmat::seal_symmetric(&key, &mut rng(3), plain).unwrap();
    frame(&victim.topics()[1], bytes)
}

#[test]
fn truncated_at_each_length() {
    let mut victim = Victim::new();
    for whole in victim.frames() {
        for end in 0..whole.bytes.len() {
            let got = victim.peel(frame(&whole.topic, whole.bytes[..end].to_vec()));

            match end {
                0..29 => assert_eq!(got, Err(PeelError::TooShort { len: end, min: 29 })),
                _ => assert_eq!(got, Ok(None), "{end} bytes"),
            }
        }
    }
}

#[test]
fn one_bit_flipped_at_each_position() {
    let mut victim = Victim::new();
    for whole in victim.frames() {
        for at in 0..whole.bytes.len() {
            let mut bytes = whole.bytes.clone();
            bytes[at] ^= 1 << (at % 8);

            assert_eq!(victim.peel(frame(&whole.topic, bytes)), Ok(None), "byte {at}");
        }
    }
}

#[test]
fn one_byte_more() {
    let mut victim = Victim::new();
    for whole in victim.frames() {
        let longer = [whole.bytes.as_slice(), &[0]].concat();

        assert_eq!(victim.peel(frame(&whole.topic, longer)), Ok(None));
    }
}

#[test]
fn a_frame_under_the_topic_of_another_place() {
    let mut victim = Victim::new();
    let topics = victim.topics();
    for (number, whole) in victim.frames().into_iter().enumerate() {
        let topic = &topics[(number + 1) % topics.len()];

        assert_eq!(victim.peel(frame(topic, whole.bytes)), Ok(None));
    }
}

#[test]
fn sealed_to_somebody_else_of_the_same_topic() {
    let mut victim = Victim::new();
    let other = SecretKey::from_bytes(&[9; 32]).unwrap().public();
    let bytes = hazmat::seal_asymmetric(&other, &mut rng(3), &[0; 256]);
    let topic = victim.topics().remove(0);

    assert_eq!(victim.peel(frame(&topic, bytes)), Ok(None));
}

#[test]
fn random_bytes() {
    let mut victim = Victim::new();
    let mut rng = rng(4);
    for topic in victim.topics() {
        for _ in 0..200 {
            let mut bytes = vec![0; 29 + usize::try_from(rng.below(2_000)).unwrap()];
            (&mut rng as &mut dyn CryptoRng).fill_bytes(&mut bytes);
            bytes[0] = 4;

            assert_eq!(victim.peel(frame(&topic, bytes)), Ok(None));
        }
    }
}

#[test]
fn too_long() {
    let mut victim = Victim::new();
    for topic in victim.topics() {
        let longest = victim.peel(frame(&topic, vec![4; MAX_FRAME]));
        let longer = victim.peel(frame(&topic, vec![4; MAX_FRAME + 1]));

        assert_eq!(longest, Ok(None));
        assert_eq!(longer, Err(PeelError::TooLarge { len: MAX_FRAME + 1, max: MAX_FRAME }));
    }
}

#[test]
fn a_topic_of_another_form() {
    let mut victim = Victim::new();
    let bytes = victim.frames().remove(1).bytes;
    for text in ["", "/waku/2/default-waku/proto", "/waku/1/0xCD423760/rfc26", "/waku/1/0xcd4237600/rfc26"] {
        assert_eq!(victim.peel(frame(&Topic::new(text), bytes.clone())), Err(PeelError::Topic), "{text}");
    }
}

#[test]
fn a_topic_that_nobody_listens_at_here() {
    let mut victim = Victim::new();
    let bytes = victim.frames().remove(1).bytes;

    assert_eq!(victim.peel(frame(&Topic::new("/waku/1/0x00000000/rfc26"), bytes)), Ok(None));
}

#[test]
fn opened_but_not_a_message() {
    let mut victim = Victim::new();
    let cases: [(&[u8], PlainError); 4] = [
        (&[1], PlainError::SizeCut),
        (&[1, 2, 0], PlainError::PayloadCut { size: 2, left: 1 }),
        (&[5, 1, 0], PlainError::NoSignature),
        (&[5; 120], PlainError::Signature),
    ];
    for (plain, why) in cases {
        let got = victim.peel(in_the_square(&victim, plain));

        assert_eq!(got, Err(PeelError::Malformed(why)), "{plain:?}");
    }
}

#[test]
fn an_empty_plaintext_sealed_to_our_key() {
    let mut victim = Victim::new();
    let us = PublicKey::from_user(&victim.layer.user()).unwrap();
    let bytes = hazmat::seal_asymmetric(&us, &mut rng(3), &[]);
    let topic = victim.topics().remove(0);

    assert_eq!(victim.peel(frame(&topic, bytes)), Err(PeelError::Malformed(PlainError::Empty)));
}

#[test]
fn signatures_with_27_or_28_and_with_27_added() {
    let mut victim = Victim::new();
    let key = SecretKey::from_bytes(&[2; 32]).unwrap();
    let good = hazmat::encode(b"hello", &[0; 100], Some(&key)).unwrap();
    let v = *good.last().unwrap();
    for bad in [27, 28, v + 27, 255] {
        let mut plain = good.to_vec();
        *plain.last_mut().unwrap() = bad;

        let got = victim.peel(in_the_square(&victim, &plain));

        assert_eq!(got, Err(PeelError::Malformed(PlainError::Signature)), "v = {bad}");
    }
}

#[test]
fn a_forged_signature_names_nobody_we_know() {
    let mut victim = Victim::new();
    let key = SecretKey::from_bytes(&[2; 32]).unwrap();
    let mut plain = hazmat::encode(b"hello", &[0; 100], Some(&key)).unwrap();
    plain[2] ^= 1;

    let got = victim.peel(in_the_square(&victim, &plain));

    assert!(!matches!(got, Ok(Some(parcel)) if parcel.hint == Some(key.public().user())));
}

#[test]
fn a_compressed_or_hybrid_ephemeral_key() {
    let mut victim = Victim::new();
    let whole = victim.frames().remove(0);
    for first in [0, 2, 3, 5, 6, 7] {
        let mut bytes = whole.bytes.clone();
        bytes[0] = first;

        assert_eq!(victim.peel(frame(&whole.topic, bytes)), Ok(None), "first byte {first}");
    }
}

#[test]
fn a_replayed_frame_is_the_same_parcel_again() {
    // Replays are for the layers above: only they can tell a copy from a second message.
    let mut victim = Victim::new();
    let whole = victim.frames().remove(1);

    let first = victim.peel(whole.clone());
    let second = victim.peel(whole);

    assert_eq!(first, second);
    assert_eq!(first.unwrap().unwrap().meet, Rendezvous::Named(Name::new("square").unwrap()));
}
