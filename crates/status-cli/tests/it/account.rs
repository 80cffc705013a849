//! Accounts and cards by the command.

use std::io::Write;
use std::path::Path;
use std::process::{Output, Stdio};

use serde_json::Value;

use crate::process::{command, run};

const WORDS: &str = "staff search left cable erase awesome super pioneer predict wrestle outside foot";

/// Runs a command about the account in `home`, with `input` on its standard input.
fn account(home: &Path, arguments: &[&str], input: &str) -> Output {
    let mut all = vec!["--json", "--home", home.to_str().unwrap(), "account"];
    all.extend(arguments);
    let mut process =
        command(&all).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    process.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    process.wait_with_output().unwrap()
}

/// The only line of a command, read.
fn told(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(text.lines().next().unwrap_or_default())
        .unwrap_or_else(|_| panic!("{text} {}", String::from_utf8_lossy(&output.stderr)))
}

#[test]
fn an_account_is_restored_shown_and_handed_over_on_a_card_in_a_picture() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("alice");
    let (code, picture) = (folder.path().join("card.png"), folder.path().join("me.png"));

    let restored = told(&account(&home, &["restore"], WORDS));
    let shown = told(&account(&home, &["show", "--png", picture.to_str().unwrap()], ""));
    let made = told(&account(&home, &["card", "--name", "Alice", "--png", code.to_str().unwrap()], ""));
    let read = told(&account(&home, &["card", "read", code.to_str().unwrap()], ""));
    let pasted = told(&account(&home, &["card", "read", made["card"].as_str().unwrap()], ""));

    assert_eq!(shown["key"], restored["key"]);
    assert_eq!(shown["alias_places"].as_array().unwrap().len(), 3);
    assert!(std::fs::read(picture).unwrap().starts_with(b"\x89PNG"));
    assert_eq!((&read["key"], &read["name"]), (&restored["key"], &Value::from("Alice")));
    assert_eq!((&read, &made), (&pasted, &read));
}

#[test]
fn a_new_account_has_as_many_words_of_a_language_as_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let (home, again) = (folder.path().join("one"), folder.path().join("other"));

    let made = told(&account(&home, &["new", "--words", "24", "--language", "japanese"], ""));
    let words = made["recovery_phrase"].as_str().unwrap();
    let restored = told(&account(&again, &["restore"], words));

    assert_eq!(words.split(' ').count(), 24);
    assert_eq!(restored["key"], made["key"]);
}

#[test]
fn a_misspelt_word_is_named_with_what_may_have_been_meant() {
    let folder = tempfile::tempdir().unwrap();

    let refused = account(folder.path(), &["restore"], &WORDS.replace("erase", "erace"));

    assert!(!refused.status.success());
    let why = told(&refused)["why"].as_str().unwrap().to_owned();
    assert!(why.contains("word 5 may be erase"), "{why}");
}

#[test]
fn two_people_are_shown_the_same_safety_number() {
    let folder = tempfile::tempdir().unwrap();
    let (alice, bob) = (folder.path().join("alice"), folder.path().join("bob"));
    let alices = told(&account(&alice, &["new"], ""))["key"].as_str().unwrap().to_owned();
    let bobs = told(&account(&bob, &["new"], ""))["key"].as_str().unwrap().to_owned();

    let at_alice = told(&account(&alice, &["safety", &bobs], ""));
    let at_bob = told(&account(&bob, &["safety", &alices], ""));

    assert_eq!(at_alice["number"], at_bob["number"]);
    assert_eq!(at_alice["number"].as_str().unwrap().len(), 71);
}

#[test]
fn somebody_is_shown_by_their_key_without_a_home() {
    let key = "zQ3shPyZJnxZK4Bwyx9QsaksNKDYTPmpwPvGSjMYVHoXHeEgB";

    let shown = run(&["account", "show", key], &[("NO_COLOR", "1")]);

    let text = String::from_utf8(shown.stdout).unwrap();
    assert!(text.starts_with(key) && text.contains("zQ3...XHeEgB") && text.contains("words "), "{text}");
    assert!(!text.contains('\x1b'));
}

#[test]
fn a_home_holds_several_accounts_which_are_listed_and_chosen_by_label() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    let of = |label: &str, arguments: &[&str]| {
        let mut all = vec!["--account", label];
        all.extend(arguments);
        account(&home, &[&["show"], all.as_slice()].concat(), "")
    };

    let none = account(&home, &["list"], "");
    let first = told(&account(&home, &["new"], ""));
    let work = told(&account(&home, &["new", "--account", "work"], ""));
    let listed = String::from_utf8(account(&home, &["list"], "").stdout).unwrap();

    assert!(none.status.success() && none.stdout.is_empty());
    let labels: Vec<Value> =
        listed.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["label"].clone()).collect();
    assert_eq!(labels, [Value::Null, Value::from("work")]);
    assert_eq!(told(&of("work", &[]))["key"], work["key"]);
    assert_ne!(first["key"], work["key"]);
    assert!(!of("nobody", &[]).status.success() && !of("../home", &[]).status.success());
}

#[test]
fn a_profile_is_set_with_a_picture_and_shown() {
    let folder = tempfile::tempdir().unwrap();
    let (home, file) = (folder.path().join("home"), folder.path().join("me.png"));
    let picture = [b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".as_slice(), &[0, 0, 0, 64, 0, 0, 0, 64, 8]].concat();
    std::fs::write(&file, picture).unwrap();
    account(&home, &["new"], "");
    let profile = |arguments: &[&str]| {
        let start = ["--json", "--home", home.to_str().unwrap(), "profile"];
        command(&[&start, arguments].concat()).output().unwrap()
    };

    profile(&["set", "--name", "Alice Liddell", "--bio", "down the hole"]);
    let pictured = profile(&["picture", "--thumbnail", file.to_str().unwrap(), "--show-to", "everybody"]);
    let shown = told(&profile(&[]));

    assert!(pictured.status.success());
    assert_eq!(
        (&shown["name"], &shown["shown_to"]),
        (&Value::from("Alice Liddell"), &Value::from("everybody"))
    );
    assert_eq!(shown["pictures"], serde_json::json!(["64 × 64, 25 bytes"]));
    assert!(!profile(&["set", "--name", "a"]).status.success());
}
