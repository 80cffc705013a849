//! Runs interoperability vectors and prints what came of it.

use std::path::Path;
use std::process::ExitCode;

use serde_json::{Value, json};
use status_vectors::{Report, check_dir};

use crate::home::Done;
use crate::show::Show;

/// Failures of one file that are shown to people; programs get all.
const MAX_SHOWN: usize = 10;

pub(crate) fn check(show: Show, folder: &Path, strict: bool) -> Done {
    let summary = check_dir(folder, &mut |report| file(show, report))?;
    let text = format!(
        "\n{} files, {} cases: {} passed, {} failed, {} skipped",
        summary.files.len(),
        summary.cases,
        summary.passed,
        summary.failed,
        summary.skipped
    );
    show.line(&show.bold(&text), || {
        json!({
            "event": "summary", "files": summary.files.len(), "cases": summary.cases, "passed": summary.passed,
            "failed": summary.failed, "skipped": summary.skipped, "noted": summary.noted, "strict": strict,
        })
    });
    let good = summary.failed == 0 && !(strict && summary.skipped > 0);
    if strict && summary.skipped > 0 {
        show.say("strict: a skipped case counts as a failure");
    }
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn file(show: Show, report: &Report) {
    let skipped: usize = report.skipped.iter().map(|skip| skip.count).sum();
    let mut text = format!(
        "{}  {} cases: {} passed, {} failed, {skipped} skipped",
        show.bold(&report.file.display().to_string()),
        report.cases,
        report.passed,
        report.failed.len()
    );
    for failure in report.failed.iter().take(MAX_SHOWN) {
        text.push_str(&format!("\n    FAILED {}: {}", failure.case, failure.what.join("; ")));
    }
    if report.failed.len() > MAX_SHOWN {
        text.push_str(&format!(
            "\n    … and {} more failures (--json lists all)",
            report.failed.len() - MAX_SHOWN
        ));
    }
    for skip in &report.skipped {
        text.push_str(&show.dim(&format!("\n    skipped {} × {}: {}", skip.count, skip.kind, skip.reason)));
    }
    for (rule, count) in notes(report) {
        text.push_str(&show.dim(&format!("\n    noted {count} × {rule}")));
    }
    show.line(&text, || object(report));
}

/// The rules under which cases were judged, and how often.
fn notes(report: &Report) -> std::collections::BTreeMap<String, usize> {
    let mut rules = std::collections::BTreeMap::new();
    for note in &report.noted {
        *rules.entry(note.rule.to_string()).or_default() += 1;
    }
    rules
}

fn object(report: &Report) -> Value {
    let failed: Vec<Value> =
        report.failed.iter().map(|failure| json!({ "case": failure.case, "what": failure.what })).collect();
    let skipped: Vec<Value> = report
        .skipped
        .iter()
        .map(|skip| json!({ "kind": skip.kind, "reason": skip.reason, "count": skip.count }))
        .collect();
    let noted: Vec<Value> =
        report.noted.iter().map(|note| json!({ "case": note.case, "rule": note.rule.to_string() })).collect();
    json!({
        "event": "file", "file": report.file, "format": report.format, "cases": report.cases,
        "passed": report.passed, "failed": failed, "skipped": skipped, "noted": noted,
    })
}
