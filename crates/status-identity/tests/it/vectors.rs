//! What deployed peers made of keys.

use std::collections::BTreeMap;

use serde_json::Value;
use status_crypto::text::parse_user;
use status_crypto::{PublicKey, sha256};
use status_identity::{ADJECTIVES, ANIMALS, AliasIndexes, Identicon, Rgb};
use status_layer::UserId;

const FILES: [&str; 2] = ["payload/identity.json", "crypto/accounts.json"];

fn cases(file: &str) -> Vec<Value> {
    let path = format!("{}/../../tests/vectors/{file}", env!("CARGO_MANIFEST_DIR"));
    let file: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    file["cases"].as_array().unwrap().clone()
}

fn text<'a>(case: &'a Value, pointer: &str) -> Option<&'a str> {
    case.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// Every key of the vectors that has three words.
fn named() -> Vec<(UserId, String)> {
    let key = |case: &Value| {
        let key = text(case, "/public_uncompressed").or(text(case, "/chat/key/public_uncompressed")).unwrap();
        parse_user(&format!("0x{}", key.trim_start_matches("0x"))).unwrap()
    };
    let all = FILES.iter().flat_map(|file| cases(file));
    all.filter_map(|case| text(&case, "/alias").map(|alias| (key(&case), alias.to_owned()))).collect()
}

/// The words of the vectors by the place at which our arithmetic looks for them.
fn words_by_place() -> [BTreeMap<u16, String>; 2] {
    let mut lists = [BTreeMap::new(), BTreeMap::new()];
    let [adjectives, animals] = &mut lists;
    for (user, alias) in named() {
        let at = AliasIndexes::of(&user);
        let words: Vec<&str> = alias.split(' ').collect();
        let put = |list: &mut BTreeMap<u16, String>, at: u16, word: &str| {
            let before = list.insert(at, word.to_owned());
            assert!(before.is_none_or(|before| before == word), "two words at {at}");
        };
        put(adjectives, at.first, words[0]);
        put(adjectives, at.second, words[1]);
        put(animals, at.animal, words[2]);
    }
    lists
}

/// Where the next word in a list is alphabetically before the one at hand.
fn descents(list: &BTreeMap<u16, String>) -> usize {
    let words: Vec<&String> = list.values().collect();
    words.windows(2).filter(|pair| pair[0] > pair[1]).count()
}

// The lists are not here, but they are sorted: the adjectives in seven runs, by what they say, the animals in one, but for
// some that lost their first word. With any other arithmetic the words would stand in no order.
#[test]
fn the_words_of_all_vectors_stand_where_the_arithmetic_looks_for_them() {
    let [adjectives, animals] = words_by_place();

    assert_eq!((adjectives.len(), animals.len()), (60, 31));
    assert!(
        adjectives.keys().all(|at| u64::from(*at) < ADJECTIVES)
            && animals.keys().all(|at| u64::from(*at) < ANIMALS)
    );
    assert_eq!((descents(&adjectives), descents(&animals)), (6, 2));
}

#[test]
fn seeds_are_those_of_the_vectors() {
    for case in cases(FILES[0]).iter().filter(|case| text(case, "/seed").is_some()) {
        let user = parse_user(text(case, "/public_uncompressed").unwrap()).unwrap();

        let seed = text(case, "/seed").unwrap().parse().unwrap();

        assert_eq!(AliasIndexes::of(&user), AliasIndexes::of_seed(seed), "{}", case["name"]);
    }
}

#[test]
fn identicons_have_the_pixels_of_the_vectors() {
    let mut compared = 0;
    for case in cases(FILES[0]) {
        let (picture, wanted) = match text(&case, "/kind") {
            Some("identicon") => (Identicon::of_text(case["input"].as_str().unwrap()), &case["identicon"]),
            Some("alias") if case.get("identicon").is_some() => {
                let user = parse_user(text(&case, "/public_uncompressed").unwrap()).unwrap();
                (Identicon::of(&PublicKey::from_user(&user).unwrap()), &case["identicon"])
            }
            _ => continue,
        };
        let Rgb(red, green, blue) = picture.colour();

        let pixels = picture.pixels();

        assert_eq!(wanted["color_rgba"], format!("{red:02x}{green:02x}{blue:02x}ff"), "{}", case["name"]);
        assert_eq!(
            (u64::from(pixels.width()), u64::from(pixels.height())),
            (wanted["width"].as_u64().unwrap(), wanted["height"].as_u64().unwrap())
        );
        assert_eq!(wanted["rgba_sha256"], hex::encode(sha256(&[pixels.rgba()])), "{}", case["name"]);
        compared += 1;
    }
    assert!(compared >= 13, "{compared}");
}

#[test]
fn what_is_no_key_has_no_name() {
    let mut refused = 0;
    for case in cases(FILES[0]).iter().filter(|case| case["kind"] == "alias_error") {
        let bytes = hex::decode(case["input"].as_str().unwrap().trim_start_matches("0x")).unwrap();
        assert!(PublicKey::from_uncompressed(&bytes).is_err(), "{}", case["name"]);
        refused += 1;
    }
    assert!(refused > 0);
}
