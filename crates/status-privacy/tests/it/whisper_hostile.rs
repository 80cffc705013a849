//! Envelopes that somebody made up. None is a parcel, none changes the store, none brings the layer down.

use status_crypto::SecretKey;
use status_layer::testing::{Party, assert_unchanged, rng};
use status_layer::{CryptoRng, Frame, Interest, Parcel, Privacy, Rendezvous, Secret, Topic};
use status_privacy::whisper::{Config, Envelope, FormError, Pow, Refusal};
use status_privacy::{Error, MAX_FRAME, PeelError, hazmat};

use crate::support::{named, parcel};
use crate::whisper::{Layer, published, whisper};

struct Victim {
    layer: Layer,
    party: Party,
    places: [Rendezvous; 3],
}

/// No work: so that what is changed is not refused for the work alone.
const LAZY: Config = {
    let rules = status_privacy::whisper::Rules {
        max_size: 1 << 20,
        min_pow: 0.0,
        bloom: status_privacy::whisper::Bloom::FULL,
    };
    Config { ttl: 15, pow: Pow::Nothing, rules, expired: status_privacy::whisper::Expired::Refuse }
};

impl Victim {
    fn new() -> Self {
        let (layer, mut party) = (whisper(1, LAZY), Party::new(1));
        let places =
            [Rendezvous::Inbox(layer.user()), named("square"), Rendezvous::Shared(Secret::new([5; 32]))];
        for place in &places {
            party.run(|cx| layer.watch(cx, place, Interest::Listen)).unwrap();
        }
        Self { layer, party, places }
    }

    fn frames(&self) -> Vec<Frame> {
        let (stranger, mut party) = (whisper(2, LAZY), Party::new(2));
        let user = stranger.user();
        self.places
            .iter()
            .map(|meet| published(&stranger, &mut party, parcel(user, meet, b"hello")))
            .collect()
    }

    /// Peels a frame and checks that this left no trace.
    fn peel(&mut self, topic: &Topic, bytes: Vec<u8>) -> Result<Option<Parcel>, PeelError> {
        let frame = Frame { topic: topic.clone(), at: self.party.now, bytes };
        let mut got = None;
        let failed = assert_unchanged(&mut self.party, "an envelope", |cx| {
            got = self.layer.peel(cx, frame)?;
            Ok::<_, Error>(())
        });
        match failed {
            None => Ok(got),
            Some(Error::Peel(why)) => Err(why),
            Some(why) => panic!("an envelope is not our own failure: {why}"),
        }
    }
}

#[test]
fn the_genuine_envelopes_open() {
    let mut victim = Victim::new();
    for frame in victim.frames() {
        assert!(matches!(victim.peel(&frame.topic, frame.bytes), Ok(Some(_))));
    }
}

#[test]
fn an_envelope_truncated_at_each_length() {
    let mut victim = Victim::new();
    for whole in victim.frames() {
        for end in 0..whole.bytes.len() {
            let got = victim.peel(&whole.topic, whole.bytes[..end].to_vec());

            assert_eq!(got, Err(PeelError::Form(FormError::Cut)), "{end} bytes");
        }
    }
}

#[test]
fn an_envelope_with_one_bit_flipped_at_each_position() {
    let mut victim = Victim::new();
    for whole in victim.frames() {
        let nonce = whole.bytes.len() - 1;
        for at in 0..whole.bytes.len() {
            // All bits of the fields, one of each byte of the data.
            let bits = if (24..nonce).contains(&at) { at % 8..at % 8 + 1 } else { 0..8 };
            for bit in bits {
                let mut bytes = whole.bytes.clone();
                bytes[at] ^= 1 << bit;

                let got = victim.peel(&whole.topic, bytes.clone());

                // Expiry, time to live and nonce are covered by nothing but the work, of which none is asked here.
                let same_data = Envelope::decode(&bytes).is_ok_and(|changed| {
                    let genuine = Envelope::decode(&whole.bytes).unwrap();
                    changed.data == genuine.data && changed.topic == genuine.topic
                });
                assert!(at == nonce || same_data || !matches!(got, Ok(Some(_))), "byte {at}, bit {bit}");
            }
        }
    }
}

#[test]
fn an_envelope_in_an_alien_form_of_rlp() {
    let mut victim = Victim::new();
    let topic = victim.frames()[1].topic.clone();
    let short = hazmat::topic("square");
    let expiry = u32::try_from(victim.party.now.millis() / 1_000).unwrap() + 10;
    let list = |items: &[Vec<u8>]| {
        let body = items.concat();
        let len = u8::try_from(body.len()).unwrap();
        let header = if len < 56 { vec![0xc0 + len] } else { vec![0xf8, len] };
        [header, body].concat()
    };
    let good = || {
        vec![
            [vec![0x84], expiry.to_be_bytes().to_vec()].concat(),
            vec![10],
            [vec![0x84], short.to_vec()].concat(),
            [vec![0xb8, 60], vec![7; 60]].concat(),
            vec![0x80],
        ]
    };
    let with = |at: usize, item: &[u8]| {
        let mut items = good();
        items[at] = item.to_vec();
        list(&items)
    };
    let mut longer = good();
    longer.push(vec![0x80]);
    let body = good().concat();
    let cases: [(&str, Vec<u8>, FormError); 14] = [
        ("leading zero", with(0, &[&[0x85, 0][..], &expiry.to_be_bytes()].concat()), FormError::OtherItem),
        ("zero as a byte", with(1, &[0x00]), FormError::NotShortest),
        ("small number as a string", with(1, &[0x81, 10]), FormError::NotShortest),
        ("two bytes with a leading zero", with(1, &[0x82, 0, 200]), FormError::NotShortest),
        ("nonce of nine bytes", with(4, &[0x89, 1, 0, 0, 0, 0, 0, 0, 0, 0]), FormError::OtherItem),
        (
            "short string in the long form",
            with(3, &[&[0xb8, 5][..], &[7; 5]].concat()),
            FormError::NotShortest,
        ),
        (
            "length with a leading zero",
            with(3, &[&[0xb9, 0, 60][..], &[7; 60]].concat()),
            FormError::NotShortest,
        ),
        ("data is a list", with(3, &[0xc1, 0x80]), FormError::OtherItem),
        ("expiry is a list", with(0, &[0xc0]), FormError::OtherItem),
        ("topic of three bytes", with(2, &[0x83, 1, 2, 3]), FormError::OtherItem),
        ("topic of five bytes", with(2, &[0x85, 1, 2, 3, 4, 5]), FormError::OtherItem),
        ("six items", list(&longer), FormError::Longer),
        ("a byte after the list", [list(&good()), vec![0]].concat(), FormError::Longer),
        ("a length of gigabytes", [vec![0xfb, 0xff, 0xff, 0xff, 0xff], body].concat(), FormError::Cut),
    ];

    let genuine = victim.peel(&topic, list(&good()));
    assert_eq!(genuine, Ok(None), "the form that the cases differ from is legal");
    for (what, bytes, why) in cases {
        assert_eq!(victim.peel(&topic, bytes), Err(PeelError::Form(why)), "{what}");
    }
}

#[test]
fn an_envelope_under_the_topic_of_another_place() {
    let mut victim = Victim::new();
    let frames = victim.frames();

    let got = victim.peel(&frames[0].topic, frames[1].bytes.clone());

    assert_eq!(got, Err(PeelError::OtherTopic));
}

#[test]
fn an_envelope_for_no_place_of_ours_is_not_looked_at() {
    let mut victim = Victim::new();

    assert_eq!(victim.peel(&Topic::new("/whisper/6/0x00000000/rlp"), vec![0xff; 9]), Ok(None));
    assert_eq!(victim.peel(&Topic::new("/waku/1/0x00000000/rfc26"), vec![1; 99]), Err(PeelError::Label));
}

#[test]
fn an_envelope_sealed_to_somebody_else() {
    let mut victim = Victim::new();
    let genuine = victim.frames().remove(0);
    let other = SecretKey::from_bytes(&[9; 32]).unwrap().public();
    let data = hazmat::seal_asymmetric(&other, &mut rng(3), &[0; 256]);
    let envelope = Envelope { data: &data, ..Envelope::decode(&genuine.bytes).unwrap() };

    assert_eq!(victim.peel(&genuine.topic, envelope.encode()), Ok(None));
}

#[test]
fn an_envelope_whose_nonce_of_the_cipher_is_zero() {
    let mut victim = Victim::new();
    let genuine = victim.frames().remove(1);
    let envelope = Envelope::decode(&genuine.bytes).unwrap();
    let mut data = envelope.data.to_vec();
    let start = data.len() - 12;
    data[start..].fill(0);

    assert_eq!(victim.peel(&genuine.topic, Envelope { data: &data, ..envelope }.encode()), Ok(None));
}

#[test]
fn an_envelope_with_no_work_in_it() {
    let mut victim = Victim::new();
    let genuine = victim.frames().remove(1);
    let mut strict = LAZY;
    strict.rules.min_pow = 1_000.0;
    victim.layer = whisper(1, strict);

    let got = victim.peel(&genuine.topic, genuine.bytes);

    assert_eq!(got, Err(PeelError::Refused(Refusal::LittleWork)));
}

#[test]
fn an_envelope_that_is_too_long_or_too_short() {
    let mut victim = Victim::new();
    let genuine = victim.frames().remove(1);
    let envelope = Envelope::decode(&genuine.bytes).unwrap();
    let empty = Envelope { data: &[], ..envelope }.encode();

    let huge = victim.peel(&genuine.topic, vec![0xf9; MAX_FRAME + 1]);

    assert_eq!(huge, Err(PeelError::TooLarge { len: MAX_FRAME + 1, max: MAX_FRAME }));
    assert_eq!(victim.peel(&genuine.topic, empty), Err(PeelError::TooShort { len: 0, min: 29 }));
}

#[test]
fn random_envelopes() {
    let mut victim = Victim::new();
    let mut rng = rng(4);
    for genuine in victim.frames() {
        for _ in 0..300 {
            let mut data = vec![0; 29 + usize::try_from(rng.below(600)).unwrap()];
            (&mut rng as &mut dyn CryptoRng).fill_bytes(&mut data);
            let envelope = Envelope { data: &data, ..Envelope::decode(&genuine.bytes).unwrap() }.encode();

            assert!(victim.peel(&genuine.topic, data).is_err(), "not even an envelope");
            assert_eq!(victim.peel(&genuine.topic, envelope), Ok(None));
        }
    }
}
