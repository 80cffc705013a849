//! Every vector file in the repository is read, every case in it is judged or skipped for a reason, and none fails.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use status_vectors::{Report, Summary, check_dir};

const VECTORS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors");

fn check(folder: &Path) -> (Summary, Vec<Report>) {
    let mut reports = Vec::new();
    let summary = check_dir(folder, &mut |report| reports.push(report.clone())).unwrap();
    (summary, reports)
}

/// All files below a folder but the texts for people, found without the checker's help.
fn walk(folder: &Path, found: &mut BTreeSet<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, found);
        } else if path.extension().is_none_or(|end| end != "md") {
            found.insert(path);
        }
    }
}

/// Why a file counts as read by nobody, if it does.
fn unread(report: &Report) -> Option<String> {
    if report.cases == 0 {
        return Some("it has no cases".into());
    }
    report.skipped.iter().find_map(|skip| {
        let reasoned = skip.reason.starts_with("not implemented yet: ");
        (!reasoned || skip.count == 0).then(|| format!("{}: {}", skip.kind, skip.reason))
    })
}

#[test]
fn every_vector_file_is_read_and_none_fails() {
    let mut files = BTreeSet::new();
    walk(Path::new(VECTORS), &mut files);

    let (summary, reports) = check(Path::new(VECTORS));

    let failed: Vec<String> =
        reports.iter().filter(|report| !report.failed.is_empty()).map(ToString::to_string).collect();
    let idle: Vec<_> = reports.iter().filter_map(|report| Some((&report.file, unread(report)?))).collect();
    assert_eq!(failed, [""; 0]);
    assert_eq!(idle, [], "files or cases that nobody reads");
    assert_eq!(summary.files.iter().cloned().collect::<BTreeSet<_>>(), files);
    assert_eq!(summary.cases, summary.passed + summary.skipped, "{summary}");
    assert!(summary.passed > 500, "{summary}");
}

#[test]
fn a_file_that_nobody_reads_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let files = [
        ("format.json", r#"{ "format": "tea-leaves-v1", "cases": [{ "kind": "cup" }] }"#),
        ("kind.json", r#"{ "format": "topics-v1", "cases": [{ "kind": "tea" }] }"#),
        ("empty.json", r#"{ "format": "topics-v1", "cases": [] }"#),
        ("broken.json", r#"{ "format": "topics-v1""#),
        ("bare.json", "{}"),
    ];
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }

    let (_, reports) = check(folder.path());

    assert_eq!(reports.len(), files.len());
    for report in reports {
        let noticed = unread(&report).is_some() || !report.failed.is_empty();
        assert!(noticed, "{report}");
    }
}

#[test]
fn a_wrong_case_fails() {
    let folder = tempfile::tempdir().unwrap();
    let text = r#"{ "format": "topics-v1", "cases": [
        { "kind": "discovery", "name": "d", "chat_id": "contact-discovery", "topic": "f8946aad" } ] }"#;
    fs::write(folder.path().join("wrong.json"), text).unwrap();

    let (summary, reports) = check(folder.path());

    assert_eq!((summary.passed, summary.failed), (0, 1), "{reports:?}");
}
