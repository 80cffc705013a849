use super::*;

/// The order of the curve, and of the field of its coordinates.
const ORDER: &str = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
const FIELD: &str = "fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f";

fn bytes<const N: usize>(digits: &str) -> [u8; N] {
    hex::decode(digits).unwrap().try_into().unwrap()
}

/// Digests that a hash will hardly give, but a number out of range must not confuse: also above the order.
fn digests() -> [[u8; 32]; 5] {
    [[0; 32], [1; 32], bytes(ORDER), [0xff; 32], bytes(FIELD)]
}

fn refuses<B: Backend>() {
    let mut other_y = B::uncompressed(&B::public(&B::private(&[7; 32]).unwrap()));
    other_y[64] ^= 1;
    let beyond: Vec<u8> = [&[2], &bytes::<32>(FIELD)[..]].concat();

    assert!(B::private(&[0; 32]).is_none() && B::private(&bytes(ORDER)).is_none());
    assert!(B::agree_once(&[0; 32], &B::public(&B::private(&[7; 32]).unwrap())).is_none());
    assert!(B::point(&other_y).is_none(), "a point off the curve");
    assert!(B::point(&beyond).is_none(), "a coordinate out of range");
    assert!(B::recover(&[0; 65], &[1; 32]).is_none(), "numbers that are zero");
}

fn is_consistent<B: Backend>() {
    let (one, other) = (B::private(&[7; 32]).unwrap(), B::private(&[8; 32]).unwrap());
    let point = B::public(&one);

    assert_eq!(B::compressed(&B::point(&B::uncompressed(&point)).unwrap()), B::compressed(&point));
    assert_eq!(B::agree(&one, &B::public(&other)), B::agree(&other, &point));
    assert_eq!(B::agree_once(&[8; 32], &point), Some(B::agree(&other, &point)));
    for digest in digests() {
        let signer = B::recover(&B::sign(&one, &digest), &digest).unwrap();
        assert_eq!(B::compressed(&signer), B::compressed(&point), "{digest:?}");
    }
}

#[test]
fn what_is_no_key_and_no_signature_is_refused() {
    refuses::<k256::K256>();
    refuses::<Secp256k1>();
}

#[test]
fn a_curve_agrees_with_itself() {
    is_consistent::<k256::K256>();
    is_consistent::<Secp256k1>();
}

#[cfg(feature = "libsecp256k1")]
mod both {
    use rand_core::Rng;
    use status_layer::testing::rng;

    use super::super::k256::K256;
    use super::super::libsecp::LibSecp;
    use super::*;

    #[test]
    fn both_implementations_give_the_same_bytes() {
        let mut rng = rng(1);

        for round in 0..200 {
            let (mut scalar, mut peer, mut digest) = ([0; 32], [0; 32], [0; 32]);
            for bytes in [&mut scalar, &mut peer, &mut digest] {
                rng.fill_bytes(bytes);
            }
            let digest = digests().get(round).copied().unwrap_or(digest);
            let (rust, c) = (K256::private(&scalar).unwrap(), LibSecp::private(&scalar).unwrap());
            let rust_peer = K256::public(&K256::private(&peer).unwrap());
            let c_peer = LibSecp::public(&LibSecp::private(&peer).unwrap());

            assert_eq!(K256::scalar(&rust), LibSecp::scalar(&c));
            assert_eq!(K256::uncompressed(&rust_peer), LibSecp::uncompressed(&c_peer));
            assert_eq!(K256::compressed(&rust_peer), LibSecp::compressed(&c_peer));
            assert_eq!(K256::agree(&rust, &rust_peer), LibSecp::agree(&c, &c_peer));
            assert_eq!(K256::sign(&rust, &digest), LibSecp::sign(&c, &digest), "digest {digest:?}");
        }
    }

    #[test]
    fn both_implementations_judge_made_up_signatures_alike() {
        let mut rng = rng(2);

        for round in 0..400u16 {
            let mut signature = [0; 65];
            rng.fill_bytes(&mut signature);
            signature[64] &= 3;
            if round % 4 == 0 {
                signature[..32].copy_from_slice(&bytes::<32>(ORDER));
                signature[31] = signature[31].wrapping_add(u8::try_from(round / 4).unwrap());
            }

            let rust = K256::recover(&signature, &[5; 32]).map(|point| K256::compressed(&point));
            let c = LibSecp::recover(&signature, &[5; 32]).map(|point| LibSecp::compressed(&point));

            assert_eq!(rust, c, "{signature:?}");
        }
    }
}
