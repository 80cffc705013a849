use status_crypto::SecretKey;

use super::*;

const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

fn alice() -> SecretKey {
    SecretKey::from_bytes(&[0x11; 32]).unwrap()
}

fn content() -> CardContent {
    CardContent {
        name: Some(DisplayName::new("Alice").unwrap()),
        bundle: vec![7; 200],
        made_at: NOW,
        expires_at: NOW.after(Card::LIFETIME),
    }
}

fn card() -> Card {
    Card::make(&alice(), content()).unwrap()
}

/// The card with something changed and signed anew by its owner.
fn resigned(change: impl FnOnce(&mut Card)) -> Card {
    let mut card = card();
    change(&mut card);
    card.signature = *alice().sign(&card.digest()).as_bytes();
    card
}

#[test]
fn a_card_comes_back_from_its_text_in_both_cases() {
    let card = card();

    for text in [card.to_string(), card.text_in_code(), format!("\n {card} ")] {
        assert_eq!(Card::parse(&text, NOW), Ok(card.clone()));
    }
    assert_eq!((card.user(), card.bundle()), (alice().user(), Some(&[7; 200][..])));
    assert_eq!(card.name().map(DisplayName::as_str), Some("Alice"));
}

#[test]
fn a_card_may_be_a_key_alone() {
    let card = Card::make(&alice(), CardContent { name: None, bundle: Vec::new(), ..content() }).unwrap();

    let read = Card::parse(&card.to_string(), NOW).unwrap();

    assert_eq!((read.name(), read.bundle()), (None, None));
    assert!(card.text_in_code().len() < 230, "{}", card.text_in_code().len());
}

#[test]
fn a_card_is_valid_for_a_day_and_not_before_it_was_made() {
    let card = card();
    let at = |now| Card::parse(&card.to_string(), now).err();

    assert_eq!(at(NOW.before(Card::TOLERANCE)), None);
    assert_eq!(
        at(Timestamp::from_millis(NOW.before(Card::TOLERANCE).millis() - 1)),
        Some(CardError::FromTheFuture)
    );
    assert_eq!(at(Timestamp::from_millis(card.expires_at().millis() - 1)), None);
    assert_eq!(at(card.expires_at()), Some(CardError::Expired { user: alice().user() }));
    assert_eq!(at(Timestamp::from_millis(u64::MAX)), Some(CardError::Expired { user: alice().user() }));
}

#[test]
fn a_card_is_not_valid_for_longer_than_a_day() {
    let longer = NOW.after(Card::LIFETIME + Duration::from_millis(1));

    for expires_at in [longer, NOW, NOW.before(Duration::from_secs(1)), Timestamp::from_millis(u64::MAX)] {
        let made = Card::make(&alice(), CardContent { expires_at, ..content() });
        assert_eq!(made, Err(MakeCardError::Lifetime));

        let forced = resigned(|card| card.expires_at = expires_at);
        assert_eq!(Card::decode(&forced.encode(), NOW), Err(CardError::Lifetime));
    }
}

#[test]
fn a_card_that_was_changed_anywhere_is_refused() {
    let bytes = card().encode();

    for at in 0..bytes.len() {
        for bit in [1, 0x80] {
            let mut changed = bytes.clone();
            changed[at] ^= bit;

            assert!(Card::decode(&changed, NOW).is_err(), "bit {bit} of byte {at}");
        }
        assert!(Card::decode(&bytes[..at], NOW).is_err(), "cut at {at}");
    }
}

#[test]
fn nobody_makes_a_card_for_another() {
    let mallory = SecretKey::from_bytes(&[0x66; 32]).unwrap();
    let mut card = card();
    card.signature = *mallory.sign(&card.digest()).as_bytes();

    assert_eq!(Card::decode(&card.encode(), NOW), Err(CardError::Signature));
}

#[test]
fn a_signature_over_the_same_bytes_for_another_purpose_is_none() {
    let mut card = card();
    card.signature = *alice().sign(&keccak256(&[&wire::write(&card, &[])])).as_bytes();

    assert_eq!(Card::decode(&card.encode(), NOW), Err(CardError::Signature));
}

#[test]
fn a_card_has_one_encoding() {
    let bytes = card().encode();
    // A field that is not known, one that stands twice, a default that is written, a number in more bytes than it needs.
    for more in [&[0x40, 1][..], &[0x08, 1], &[0x22, 0]] {
        let longer = [&bytes, more].concat();
        assert_eq!(Card::decode(&longer, NOW), Err(CardError::NotCanonical), "{more:?}");
    }
    let long_number = [&[0x08, 0x81, 0x00], &bytes[2..]].concat();
    assert_eq!(Card::decode(&long_number, NOW), Err(CardError::NotCanonical));
}

#[test]
fn the_other_signature_that_fits_is_refused() {
    const ORDER: [u8; 32] = [
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0xba,
        0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41,
    ];
    let mut card = card();
    let mut borrow = 0;
    for at in (0..32).rev() {
        let value = i16::from(ORDER[at]) - i16::from(card.signature[32 + at]) - borrow;
        borrow = i16::from(value < 0);
        card.signature[32 + at] = value.rem_euclid(256) as u8;
    }
    card.signature[64] ^= 1;
    let digest = card.digest();
    let signer = Signature::from_bytes(&card.signature).unwrap().recover(&digest).unwrap();
    assert_eq!(signer.user(), card.user());

    assert_eq!(Card::decode(&card.encode(), NOW), Err(CardError::NotCanonical));
}

#[test]
fn a_card_of_a_newer_form_is_named_as_such() {
    let mut bytes = card().encode();
    bytes[1] = 2;

    assert_eq!(Card::decode(&bytes, NOW), Err(CardError::Newer { version: 2 }));
}

#[test]
fn a_name_that_is_no_display_name_is_refused() {
    let raw = crate::generated::Card {
        version: 1,
        user: alice().user().as_bytes().to_vec(),
        name: "\u{202e}alice".into(),
        signature: vec![1; 65],
        ..Default::default()
    };

    let read = Card::decode(&prost::Message::encode_to_vec(&raw), NOW);

    assert_eq!(read, Err(CardError::Name(crate::NameError::Character)));
}

#[test]
fn what_does_not_fit_a_code_is_no_card() {
    let fits = Card::make(&alice(), CardContent { bundle: vec![7; 2_400], ..content() }).unwrap();
    assert!(fits.text_in_code().len() <= Card::MAX_TEXT);

    let made = Card::make(&alice(), CardContent { bundle: vec![7; Card::MAX], ..content() });
    assert!(matches!(made, Err(MakeCardError::TooLarge { max: Card::MAX, .. })));

    let long = format!("status-card:b{}", "a".repeat(Card::MAX_TEXT));
    assert!(matches!(Card::parse(&long, NOW), Err(CardError::TooLong { .. })));
    assert!(matches!(Card::decode(&[8; Card::MAX + 1], NOW), Err(CardError::TooLong { .. })));
}

#[test]
fn texts_that_are_no_cards_are_refused_with_the_reason() {
    let text = card().to_string();

    assert_eq!(Card::parse("", NOW), Err(CardError::Form));
    assert_eq!(Card::parse("status-card:z123", NOW), Err(CardError::Form));
    assert_eq!(Card::parse("status-card:b", NOW), Err(CardError::Malformed));
    assert_eq!(Card::parse(&text.replacen('a', "A", 2), NOW), Err(CardError::Form));
    assert_eq!(Card::parse(&format!("{text}A"), NOW), Err(CardError::Character));
    let cut = Card::parse(&text[..text.len() - 1], NOW);
    assert!(matches!(cut, Err(CardError::Character | CardError::Malformed)), "{cut:?}");
    assert_eq!(Card::parse(&text.replace('c', "0"), NOW), Err(CardError::Form));
}

#[test]
fn a_card_prints_no_keys() {
    let user = alice().user();

    assert_eq!(format!("{:?}", card()), format!("Card({user:?}, bundle of 200 bytes)"));
}
