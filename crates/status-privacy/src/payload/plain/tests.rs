use status_crypto::SecretKey;
use status_layer::testing::{ScriptedRng, rng};

use super::*;

fn key() -> SecretKey {
    SecretKey::from_bytes(&[0x11; 32]).unwrap()
}

fn padded(payload: &[u8], signer: Option<&dyn Keyring>) -> Vec<u8> {
    let padding = draw_padding(payload, signer, Padding::Blocks, &mut rng(1));
    encode(payload, &padding, signer).unwrap()
}

#[test]
fn padding_is_never_absent_and_fills_a_block() {
    let key = key();
    for (len, unsigned, signed) in [
        (0, 256, 256),
        (188, 256, 256),
        (189, 256, 512),
        (253, 256, 512),
        (254, 512, 512),
        (255, 512, 512),
        (256, 512, 512),
        (444, 512, 768),
    ] {
        let payload = vec![9; len];

        assert_eq!(padded(&payload, None).len(), unsigned, "{len} bytes, unsigned");
        assert_eq!(padded(&payload, Some(&key)).len(), signed, "{len} bytes, signed");
    }
}

#[test]
fn size_takes_as_few_bytes_as_possible_but_one() {
    for (len, bytes) in [(0, 1), (1, 1), (255, 1), (256, 2), (65_535, 2), (65_536, 3), (MAX_PAYLOAD, 3)] {
        assert_eq!(size_bytes(len), bytes, "{len}");
    }
}

#[test]
fn payload_too_long_to_count_is_refused() {
    let payload = vec![0; MAX_PAYLOAD + 1];

    assert!(encode(&payload, &[1], None).is_none());
}

#[test]
fn what_is_encoded_decodes_to_the_same() {
    let key = key();
    for len in [0, 1, 255, 256, 70_000] {
        let payload = vec![3; len];

        let plain = padded(&payload, Some(&key));
        let read = Plain::decode(&plain).unwrap();

        assert_eq!(read.payload, payload);
        assert_eq!(read.signer(), Ok(Some(key.public())));
    }
}

#[test]
fn unsigned_plaintext_has_no_signer() {
    let plain = padded(b"hi", None);

    assert_eq!(Plain::decode(&plain).unwrap().signer(), Ok(None));
}

#[test]
fn signature_covers_flags_and_padding() {
    let key = key();
    let plain = padded(b"hi", Some(&key));
    for at in [0, 4, 100] {
        let mut forged = plain.to_vec();
        forged[at] ^= 0x80;

        let signer = Plain::decode(&forged).and_then(|plain| plain.signer());

        assert_ne!(signer, Ok(Some(key.public())), "byte {at}");
    }
}

#[test]
fn recovery_byte_of_27_or_28_is_refused() {
    let mut plain = padded(b"hi", Some(&key())).to_vec();
    for v in [4, 27, 28, 255] {
        *plain.last_mut().unwrap() = v;

        assert_eq!(Plain::decode(&plain).unwrap().signer(), Err(PlainError::Signature), "{v}");
    }
}

#[test]
fn malformed_plaintexts_name_what_is_wrong() {
    let cases: [(&[u8], PlainError); 7] = [
        (&[], PlainError::Empty),
        (&[1], PlainError::SizeCut),
        (&[3, 1, 0], PlainError::SizeCut),
        (&[1, 1], PlainError::PayloadCut { size: 1, left: 0 }),
        (&[3, 0xff, 0xff, 0xff, 0], PlainError::PayloadCut { size: 0xff_ffff, left: 1 }),
        (&[4], PlainError::NoSignature),
        (&[4; 66], PlainError::NoSignature),
    ];
    for (bytes, why) in cases {
        assert_eq!(Plain::decode(bytes).err(), Some(why), "{bytes:?}");
    }
}

#[test]
fn padding_is_the_first_randomness_drawn() {
    let mut script = ScriptedRng::new([7; 300]);

    let padding = draw_padding(&[0; 253], None, Padding::Blocks, &mut script);

    assert_eq!((padding.as_slice(), script.left()), (&[7][..], 299));
}
