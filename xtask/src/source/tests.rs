use super::*;

fn kept(text: &str) -> Vec<String> {
    words(&mask(text)).map(str::to_owned).collect()
}

#[test]
fn comments_and_literals_are_blanked() {
    assert_eq!(kept("a // b"), ["a"]);
    assert_eq!(kept("a /* b /* c */ d */ e"), ["a", "e"]);
    assert_eq!(kept(r#"a("b \" c") d"#), ["a", "d"]);
    assert_eq!(kept(r##"a(r#"b " c"#) d"##), ["a", "d"]);
    assert_eq!(kept(r#"a(b"c", br"d") e"#), ["a", "b", "e"]);
    assert_eq!(kept("a('b', '\\'', '\\u{63}') d"), ["a", "d"]);
}

#[test]
fn lifetimes_and_raw_identifiers_are_code() {
    assert_eq!(kept("f<'a>(x: &'a str, r#type: T)"), ["f", "a", "x", "a", "str", "r", "type", "T"]);
}

#[test]
fn open_literals_end_with_the_file() {
    assert_eq!(kept("a \"b"), ["a"]);
    assert_eq!(kept("a /* b"), ["a"]);
    assert_eq!(kept("a r#\"b"), ["a"]);
    assert_eq!(kept("a '\\"), ["a"]);
}

#[test]
fn lines_stay_where_they_are() {
    let masked = mask("a /* 1\n2 */ b\n\"3\n4\" c");

    let lines: Vec<&str> = masked.lines().map(str::trim).collect();
    assert_eq!(lines, ["a", "b", "", "c"]);
}

#[test]
fn item_has_its_attributes_and_its_whole_text() {
    let items = items("#[derive(\n    Debug\n)]\npub struct A {\n    b: C,\n}\n\nfn d() {}\n");

    let found: Vec<_> = items.iter().map(|item| (item.start, item.line, item.end)).collect();
    assert_eq!(found, [(0, 3, 5), (4, 4, 4), (5, 5, 5), (7, 7, 7)]);
    assert!(
        items.first().is_some_and(|item| item.attributes.contains("Debug") && item.text.contains("b: C"))
    );
}

#[test]
fn tests_are_cut_out_wherever_they_stand() {
    let text =
        "fn a() {}\n#[cfg(test)]\nmod inner {\n    fn b() {}\n}\nfn c() {}\n#[cfg(test)]\nmod tests;\n";

    let left = without_tests(text);

    assert_eq!(words(&left).collect::<Vec<_>>(), ["fn", "a", "fn", "c"]);
}
