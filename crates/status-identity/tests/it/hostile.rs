//! Whatever comes from outside is refused or read, and nothing else happens.

use proptest::prelude::*;
use status_crypto::SecretKey;
use status_identity::camera::{read_codes, read_codes_in_grey};
use status_identity::qr::Code;
use status_identity::{
    Card, CardContent, DisplayName, EmojiList, Identicon, Ink, Pasted, SafetyNumber, WordLists,
};
use status_layer::Timestamp;

const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

fn card(bundle: Vec<u8>) -> Card {
    let key = SecretKey::from_bytes(&[0x11; 32]).unwrap();
    let content = CardContent { name: None, bundle, made_at: NOW, expires_at: NOW.after(Card::LIFETIME) };
    Card::make(&key, content).unwrap()
}

fn to_text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>(), digits in "[a-z2-7]{0,400}", now in any::<u64>()) {
        let now = Timestamp::from_millis(now);
        for text in [text.clone(), format!("status-card:b{digits}"), format!("status-card:b{text}"), format!("0x{text}")] {
            // Nobody can sign by chance, so what is read is a key.
            prop_assert!(!matches!(Pasted::parse(&text, now), Ok(Pasted::Card(_))));
        }
        let _ = (SafetyNumber::parse(&text), DisplayName::new(&text));
        let _ = (WordLists::read(&text, &text), EmojiList::read(&text), Identicon::of_text(&text).terminal(Ink::Colour));
    }

    #[test]
    fn any_bytes_are_no_card(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        prop_assert!(Card::decode(&bytes, NOW).is_err());
        let tail = [card(vec![3; 40]).encode(), bytes].concat();
        prop_assert!(tail.len() == card(vec![3; 40]).encode().len() || Card::decode(&tail, NOW).is_err());
    }

    #[test]
    fn any_bundle_comes_back(bundle in prop::collection::vec(any::<u8>(), 0..2_300)) {
        let card = card(bundle);
        prop_assert_eq!(Card::parse(&card.to_string(), NOW), Ok(card.clone()));
        prop_assert!(Code::of(&card.text_in_code()).is_ok());
    }

    #[test]
    fn any_file_is_a_picture_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400), at in 0_usize..4_000, value in any::<u8>()) {
        for head in [&b""[..], b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0"] {
            prop_assert!(read_codes(&[head, &bytes].concat()).is_err());
        }
        let mut file = Code::of(&to_text(&bytes).chars().take(20).collect::<String>()).unwrap().pixels(3).png().unwrap();
        let at = at % file.len();
        file[at] = value;
        let _ = read_codes(&file);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn any_grey_picture_is_searched_without_harm(width in 1_usize..90, height in 1_usize..90, seed in any::<u64>(), coarse in 1_usize..9) {
        let mut state = seed | 1;
        let blocks: Vec<u8> = (0..91 * 91).map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            if state >> 63 == 1 { 255 } else { (state >> 40) as u8 & 63 }
        }).collect();
        let grey = (0..width * height).map(|at| blocks[at / width / coarse * 91 + at % width / coarse]).collect();
        let _ = read_codes_in_grey(width, grey);
    }

    #[test]
    fn a_code_that_is_spoiled_anywhere_is_read_right_or_not_at_all(x in 0_u32..200, y in 0_u32..200, side in 1_u32..80) {
        let card = card(vec![9; 120]);
        let picture = Code::of(&card.text_in_code()).unwrap().pixels(4);
        let width = picture.width();
        let grey = (0..width * width).map(|at| {
            let (right, down) = (at % width, at / width);
            let spoiled = (x..x + side).contains(&right) && (y..y + side).contains(&down);
            if spoiled { 128 } else { picture.at(right, down).map_or(255, |colour| colour.0) }
        }).collect();
        for text in read_codes_in_grey(width as usize, grey).unwrap_or_default() {
            prop_assert_eq!(Card::parse(&text, NOW), Ok(card.clone()));
        }
    }
}
