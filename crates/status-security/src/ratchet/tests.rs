use status_layer::testing::{ScriptedRng, SeededRng, rng};

use super::*;

const LIMITS: Limits = Limits { jump: 100, keep: 100 };

fn digit(digit: u8) -> SecretKey {
    SecretKey::from_bytes(&[digit; 32]).unwrap()
}

fn secret() -> Key {
    let bytes = hex::decode("a4e923d0af8fe78a056363be20e71c0a58e569ea8fc1f79289eca10d9f68133a").unwrap();
    Key::new(bytes.try_into().unwrap())
}

fn pair() -> (Ratchet, Ratchet, SeededRng) {
    let prekey = digit(b'3');
    let mut rng = rng(1);
    let alice = Ratchet::initiate(&mut rng, &secret(), &prekey.public());
    (alice, Ratchet::respond(&secret(), &prekey), rng)
}

fn deliver(to: &mut Ratchet, rng: &mut SeededRng, (header, payload): &(Header, Vec<u8>)) -> Vec<u8> {
    let turn = to.open(rng, LIMITS, header, payload).unwrap();
    *to = turn.ratchet;
    turn.plaintext.to_vec()
}

#[test]
fn the_first_messages_are_those_of_the_deployed_rules() {
    let prekey = digit(b'3');
    let mut drawn = ScriptedRng::new([b'4'; 32]);

    let mut alice = Ratchet::initiate(&mut drawn, &secret(), &prekey.public());
    let root = hex::encode(alice.root.expose());
    let (header, first) = alice.seal(b"test").unwrap();
    let (_, second) = alice.seal(b"").unwrap();

    assert_eq!(root, "6b85bad948a9606aab8d6661a4b00f4842dc1801733e94c4c20e3578b117127f");
    assert_eq!(
        hex::encode(header.associated()),
        "000000000000000002407cba6352eaeb9354dc75ca26396785b27a85cfd4d58575de440902292d662a"
    );
    assert_eq!(
        hex::encode(first),
        "3c14b0418efc07c686eb14fa0d608f63a54e1c0c42e0aecd441e1ceac3c0958e\
         7a87bce73ce1c7eeaad7420be5e32d6410022a8e"
    );
    assert_eq!(
        hex::encode(second),
        "f92d07557be8149d9871c3cea476b8de4fb9197d3fc47223d7102867a2d05d9d\
         5ac24985770a41ecd38a258c6533b379"
    );
}

// Made by a program that shares no code with this one; see decision 0008 for the rule.
#[test]
fn on_curve25519_the_first_message_is_that_of_the_rule() {
    let bob = x25519::SecretKey::from_bytes(&[b'3'; 32]);
    let mut drawn = ScriptedRng::new([b'4'; 32]);

    let mut alice = Ratchet::initiate_25519(&mut drawn, &secret(), &bob.public()).unwrap();
    let root = hex::encode(alice.root.expose());
    let (header, payload) = alice.seal(b"test").unwrap();
    let opened = Ratchet::respond_25519(&secret(), &bob).open(&mut rng(1), LIMITS, &header, &payload);

    assert_eq!(root, "af847648864a88ffa4001817cf7263ecc7fd853e97548f13d0dad67b3f8b3ff7");
    assert_eq!(
        hex::encode(header.associated()),
        "0000000000000000ffc951aa6f2fa03096d1d1b579735b2f6f84019fe2f617aa65ff3d68705f2527"
    );
    assert_eq!(
        hex::encode(&payload),
        "40ee781cb675256740b0f352fa07b6ddadfe819806909cca5fc1be6cf3e018723878b9b446b8926ddb11c90425c9b4c05a420ca3"
    );
    assert_eq!(opened.unwrap().plaintext.as_slice(), b"test");
}

#[test]
fn keys_of_small_order_and_of_another_suite_are_refused() {
    let bob = x25519::SecretKey::from_bytes(&[b'3'; 32]);
    let weak = x25519::PublicKey::from_bytes([0; 32]);
    let (_, of_the_other, mut rng) = pair();
    let mut alice = Ratchet::initiate_25519(&mut rng, &secret(), &bob.public()).unwrap();
    let (header, payload) = alice.seal(b"hello").unwrap();
    let bob = Ratchet::respond_25519(&secret(), &bob);

    let began = Ratchet::initiate_25519(&mut rng, &secret(), &weak);
    let turned =
        bob.open(&mut rng, LIMITS, &Header { key: RatchetKey::Curve25519([0; 32]), ..header }, &payload);
    let crossed = of_the_other.open(&mut rng, LIMITS, &header, &payload);

    assert_eq!(began, Err(RatchetError::WeakKey));
    assert_eq!(turned, Err(RatchetError::WeakKey));
    assert_eq!(crossed, Err(RatchetError::OtherSuite));
}

#[test]
fn a_responder_may_send_before_receiving() {
    let (mut alice, mut bob, mut rng) = pair();

    let early = bob.seal(b"early").unwrap();
    let heard = deliver(&mut alice, &mut rng, &early);
    let answer = alice.seal(b"answer").unwrap();

    assert_eq!(heard, b"early");
    assert_eq!(alice.epoch, 0, "the header key is the prekey, which is known");
    assert_eq!(deliver(&mut bob, &mut rng, &answer), b"answer");
}

#[test]
fn each_answer_turns_the_ratchet() {
    let (mut alice, mut bob, mut rng) = pair();
    for turn in 1..=5 {
        let there = alice.seal(b"there").unwrap();
        deliver(&mut bob, &mut rng, &there);
        let back = bob.seal(b"back").unwrap();
        deliver(&mut alice, &mut rng, &back);

        assert_eq!((alice.epoch, bob.epoch), (turn, turn));
    }
}

#[test]
fn a_refused_message_draws_no_key() {
    let (mut alice, bob, _) = pair();
    let (header, mut payload) = alice.seal(b"hello").unwrap();
    payload[20] ^= 1;
    let mut drawn = ScriptedRng::new([5; 32]);

    let refused = bob.open(&mut drawn, LIMITS, &header, &payload);

    assert_eq!(refused, Err(RatchetError::Forged));
    assert_eq!(drawn.left(), 32);
}

#[test]
fn a_gap_yields_the_newest_keys_up_to_the_bound() {
    let (mut alice, bob, mut rng) = pair();
    let mut last = None;
    for _ in 0..=50 {
        last = Some(alice.seal(b"hello").unwrap());
    }
    let (header, payload) = last.unwrap();

    let turn = bob.open(&mut rng, Limits { jump: 50, keep: 7 }, &header, &payload).unwrap();

    let numbers: Vec<u32> = turn.skipped.iter().map(|skipped| skipped.n).collect();
    assert_eq!(numbers, [43, 44, 45, 46, 47, 48, 49]);
    assert_eq!(turn.plaintext.as_slice(), b"hello");
}

#[test]
fn keys_of_both_chains_are_skipped_over_at_a_turn() {
    let (mut alice, mut bob, mut rng) = pair();
    let first = alice.seal(b"first").unwrap();
    deliver(&mut bob, &mut rng, &first);
    let late = alice.seal(b"late").unwrap();
    let back = bob.seal(b"back").unwrap();
    deliver(&mut alice, &mut rng, &back);
    let later = alice.seal(b"later").unwrap();
    let (header, payload) = alice.seal(b"now").unwrap();

    let turn = bob.open(&mut rng, LIMITS, &header, &payload).unwrap();

    let skipped: Vec<_> = turn.skipped.iter().map(|key| (key.epoch, key.ratchet, key.n)).collect();
    assert_eq!(skipped, [(1, late.0.key, 1), (2, later.0.key, 0)]);
    let opened = cipher::open(&turn.skipped[0].key, &late.0, &late.1).unwrap();
    assert_eq!(opened.as_slice(), b"late");
}

#[test]
fn a_chain_does_not_run_over() {
    let (mut alice, ..) = pair();
    alice.sending.n = u32::MAX;

    assert_eq!(alice.seal(b"one too many"), Err(RatchetError::Exhausted));
}

#[test]
fn a_header_number_at_the_end_of_its_range_is_too_far_ahead() {
    let (mut alice, bob, mut rng) = pair();
    let (header, payload) = alice.seal(b"hello").unwrap();

    let refused = bob.open(&mut rng, LIMITS, &Header { n: u32::MAX, ..header }, &payload);

    assert_eq!(refused, Err(RatchetError::TooFarAhead { ahead: u32::MAX, max: 100 }));
}
