//! Folders and files.

use std::path::Path;

use status_vectors::{CheckError, Report, Rule, check_dir, check_file, check_text};

use crate::sample::{files, folder};

fn reports(path: &Path) -> (Vec<Report>, status_vectors::Summary) {
    let mut reports = Vec::new();
    let summary = check_dir(path, &mut |report| reports.push(report.clone())).unwrap();
    (reports, summary)
}

#[test]
fn every_committed_file_is_read_and_no_case_fails() {
    let (reports, summary) = reports(&folder());

    for report in &reports {
        assert!(report.failed.is_empty(), "{report}");
    }
    assert_eq!(summary.files, files(&folder()), "a vector file was not read");
    assert_eq!(summary.cases, summary.passed + summary.skipped);
    assert!(summary.passed > 0);
}

#[test]
fn every_skipped_case_says_that_something_is_not_implemented_yet() {
    let (reports, _) = reports(&folder());

    for skip in reports.iter().flat_map(|report| &report.skipped) {
        assert!(skip.reason.starts_with("not implemented yet: "), "{skip:?}");
    }
}

#[test]
fn every_rule_is_explained_beside_the_files() {
    let readme = std::fs::read_to_string(folder().join("README.md")).unwrap();

    for rule in Rule::ALL {
        assert!(readme.contains(&format!("`{}`", rule.name())), "{} is not in the README", rule.name());
    }
}

#[test]
fn folder_that_is_not_there_is_an_error() {
    let missing = check_dir(Path::new("/no/such/folder"), &mut |_| {});

    assert!(matches!(missing, Err(CheckError::Folder { .. })), "{missing:?}");
}

#[test]
fn folder_without_files_is_an_error_and_not_a_success() {
    let empty = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");

    assert!(matches!(check_dir(&empty, &mut |_| {}), Err(CheckError::Empty { .. })));
}

#[test]
fn file_that_cannot_be_read_is_a_failure_of_the_file() {
    let report = check_file(Path::new("/no/such/file.json"));

    assert_eq!((report.cases, report.passed, report.failed.len()), (1, 0, 1));
}

#[test]
fn malformed_file_is_a_failure_that_says_why() {
    let malformed = [
        ("{", "is not JSON"),
        ("[]", "lacks the text `format`"),
        (r#"{"format": 7, "cases": []}"#, "lacks the text `format`"),
        (r#"{"format": "x3dh-v1"}"#, "lacks the list `cases`"),
        (r#"{"format": "x3dh-v1", "cases": {}}"#, "lacks the list `cases`"),
    ];

    for (text, why) in malformed {
        let report = check_text("f.json", text);
        assert!(report.failed[0].what[0].contains(why), "{text}: {report}");
    }
}

#[test]
fn unknown_format_and_kind_are_skipped_with_the_reason() {
    let format = check_text("f.json", r#"{"format": "tea-v9; a new one", "cases": [{}, {}]}"#);
    let kind = check_text("f.json", r#"{"format": "x3dh-v1", "cases": [{"kind": "tea"}]}"#);

    assert_eq!(format.skipped[0].reason, "unknown format tea-v9");
    assert_eq!((format.skipped[0].count, format.skipped_cases()), (2, 2));
    assert_eq!(kind.skipped[0].reason, "unknown kind tea");
}

#[test]
fn report_names_figures_failures_and_rules() {
    let text = r#"{"format": "topics-v1", "cases": [
        {"kind": "discovery", "name": "good", "chat_id": "contact-discovery", "topic": "f8946aac"},
        {"kind": "discovery", "name": "bad", "chat_id": "contact-discovery", "topic": "f8946aad"},
        {"kind": "tea"}, {"kind": "discovery"}, 5]}"#;

    let shown = check_text("f.json", text).to_string();

    for part in [
        "5 cases     1 passed    3 failed    1 skipped",
        "FAILED  bad: topic: f8946aac (4 bytes) here, f8946aad (4 bytes) in the file",
        "FAILED  cases[3]: lacks `chat_id`",
        "FAILED  cases[4]: is not an object",
        "skipped 1 x tea: unknown kind tea",
    ] {
        assert!(shown.contains(part), "{part}\nis not in\n{shown}");
    }
}
