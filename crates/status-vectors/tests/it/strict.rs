//! Files that nobody honest makes.

use serde_json::{Value, json};

use crate::sample::{cases, check, files, folder, leaves};

#[test]
fn case_without_a_member_fails_and_says_which() {
    let members = [
        ("accounts-v1", "mnemonic", "seed"),
        ("application-v1", "message", "wrapped"),
        ("bundle-v1", "", "bytes"),
        ("dr-v1", "", "shared_secret"),
        ("fullstack-v1", "", "devices"),
        ("kdf-v1", "kdf_ck", "message_key"),
        ("membership-v1", "update_message", "signer"),
        ("mvds-traces-v1", "trace", "nodes"),
        ("mvds-v1", "payload", "is_valid"),
        ("protocol-message-v1", "", "steps"),
        ("topics-v1", "password", "sym_key"),
        ("validation-v1", "validate", "valid"),
        ("whisper-v1", "envelope", "padding"),
        ("x3dh-v1", "x3dh", "dh2"),
    ];
    let mut tried = 0;
    for file in files(&folder()) {
        let (format, kinds) = cases(&file);
        for (_, kind, member) in members.iter().filter(|(of, ..)| *of == format) {
            let mut case = kinds[*kind][0].clone();
            case.as_object_mut().unwrap().remove(*member);

            let report = check(&format, &case);

            let what = &report.failed.first().unwrap_or_else(|| panic!("{format} {member}")).what;
            assert_eq!(what.last().unwrap(), &format!("lacks `{member}`"), "{format}");
            tried += 1;
        }
    }
    assert_eq!(tried, members.len());
}

#[test]
fn no_value_in_any_place_makes_it_panic() {
    let strange = [Value::Null, json!([]), json!({}), json!(-1), json!(u64::MAX), json!("é"), json!("00")];
    for file in files(&folder()) {
        let (format, kinds) = cases(&file);
        for cases in kinds.values() {
            strange.iter().for_each(|strange| drop(check(&format, strange)));
            // Taking turns keeps it short; every shape meets some of them.
            for (place, leaf) in leaves(&cases[0]).iter().take(200).enumerate() {
                for turn in [0, 3] {
                    let mut case = cases[0].clone();
                    *case.pointer_mut(leaf).unwrap() = strange[(place + turn) % strange.len()].clone();
                    check(&format, &case);
                }
            }
        }
    }
}

/// What is lost in a recording that ends early is like what is lost on its way.
#[test]
fn first_half_of_a_good_recording_is_a_good_recording() {
    let mut halves = 0;
    for file in files(&folder()) {
        let (format, kinds) = cases(&file);
        for case in
            kinds.values().flatten().filter(|case| case["devices"].is_array() || case["nodes"].is_array())
        {
            let mut half = case.clone();
            let steps = half["steps"].as_array_mut().unwrap();
            steps.truncate(steps.len() / 2);
            for device in half["devices"].as_array_mut().into_iter().flatten() {
                // They are those of the end.
                device["final_sessions"] = Value::Null;
            }

            let report = check(&format, &half);

            assert_eq!(report.passed, 1, "{report}");
            halves += 1;
        }
    }
    assert!(halves > 30);
}
