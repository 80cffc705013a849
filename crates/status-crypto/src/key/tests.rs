use status_layer::testing::ScriptedRng;

use super::*;

/// The order of the curve.
const ORDER: &str = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";

fn key(byte: u8) -> SecretKey {
    SecretKey::from_bytes(&[byte; 32]).unwrap()
}

fn bytes(digits: &str) -> Vec<u8> {
    hex::decode(digits).unwrap()
}

#[test]
fn a_key_has_its_known_forms() {
    let key = key(0x11).public();

    assert_eq!(
        hex::encode(key.uncompressed()),
        "044f355bdcb7cc0af728ef3cceb9615d90684bb5b2ca5f859ab0f0b704075871aa\
         385b6b1b8ead809ca67454d9683fcf2ba03456d6fe2c4abe2b07f0fbdbb2f1c1"
    );
    assert_eq!(
        hex::encode(key.compressed()),
        "034f355bdcb7cc0af728ef3cceb9615d90684bb5b2ca5f859ab0f0b704075871aa"
    );
    assert_eq!(key.x(), key.user().x());
    assert_eq!(hex::encode(key.address()), "19e7e376e7c213b7e7e7e46cc70a5dd086daff2a");
}

#[test]
fn every_form_reads_back_as_the_same_key() {
    let key = key(b'2').public();

    assert_eq!(PublicKey::from_compressed(&key.compressed()), Ok(key));
    assert_eq!(PublicKey::from_uncompressed(&key.uncompressed()), Ok(key));
    assert_eq!(PublicKey::from_user(&key.user()), Ok(key));
}

#[test]
fn agreement_is_the_x_coordinate_unhashed() {
    let (identity, pre_key) = (key(b'0'), key(b'3'));

    let one = identity.agree(&pre_key.public());
    let other = pre_key.agree(&identity.public());

    assert_eq!(hex::encode(one.expose()), "1cdd39dce068b0253b71c6611f6ac642cb837f8a32d0eae574eaaa8210993ec6");
    assert_eq!(one, other);
}

#[test]
fn drawn_bytes_are_the_key() {
    let mut rng = ScriptedRng::new([7; 32]);

    let drawn = SecretKey::generate(&mut rng);

    assert_eq!(*drawn.to_bytes(), [7; 32]);
    assert_eq!(rng.left(), 0);
}

#[test]
fn drawn_bytes_out_of_range_are_drawn_again() {
    let mut rng = ScriptedRng::new([vec![0; 32], bytes(ORDER), vec![7; 32]].concat());

    let drawn = SecretKey::generate(&mut rng);

    assert_eq!(*drawn.to_bytes(), [7; 32]);
    assert_eq!(rng.left(), 0);
}

#[test]
fn a_secret_key_is_a_scalar_in_range() {
    let mut last = bytes(ORDER);
    last[31] -= 1;

    assert_eq!(SecretKey::from_bytes(&[0; 32]), Err(KeyError::OutOfRange));
    assert_eq!(SecretKey::from_bytes(&bytes(ORDER)), Err(KeyError::OutOfRange));
    assert_eq!(SecretKey::from_bytes(&[7; 31]), Err(KeyError::Length { len: 31, want: 32 }));
    assert_eq!(SecretKey::from_bytes(&last).map(|key| key.to_bytes().to_vec()), Ok(last));
}

#[test]
fn a_user_id_off_the_curve_is_no_key() {
    let mut zero = [0; 33];
    zero[0] = 2;

    let user = UserId::from_compressed(&zero).unwrap();

    assert_eq!(PublicKey::from_user(&user), Err(KeyError::NotAPoint));
}

#[test]
fn a_secret_key_is_never_printed() {
    assert_eq!(format!("{:?}", key(7)), "SecretKey(..)");
}

#[test]
fn a_public_key_is_short_in_logs() {
    assert_eq!(format!("{:?}", key(0x11).public()), "PublicKey(4f355bdc)");
}

#[test]
fn a_keyring_may_be_shared() {
    let ring: std::sync::Arc<dyn Keyring> = std::sync::Arc::new(key(7));

    assert_eq!(ring.user(), key(7).public().user());
    assert_eq!(ring.sign(&[1; 32]), key(7).sign(&[1; 32]));
    assert_eq!(ring.agree(&key(8).public()), key(8).agree(&key(7).public()));
}
