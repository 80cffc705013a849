//! Folders, files and cases.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::format::{self, Choice};
use crate::read::Node;
use crate::report::{Failure, Note, Report, Summary};
use crate::trial::{Stop, Trial};

/// Deepest folder that is looked into, counted from the one given.
pub const MAX_DEPTH: usize = 16;

/// Largest file that is read, in bytes.
pub const MAX_FILE: u64 = 64 * 1024 * 1024;

/// Why a folder cannot be checked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckError {
    /// A folder cannot be listed.
    #[error("the folder {path} cannot be read: {source}. Check the path and its permissions", path = path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// There is nothing to check.
    #[error("there is no .json file in {path}. Name a folder of vector files", path = path.display())]
    Empty {
        /// The folder.
        path: PathBuf,
    },
    /// The folders are nested too deeply.
    #[error("{path} is more than {max} folders deep. Name a folder further down", path = path.display())]
    TooDeep {
        /// The folder.
        path: PathBuf,
        /// Deepest that is looked into.
        max: usize,
    },
}

/// Checks every `.json` file of a folder and the folders in it, in the order of their paths, and hands over each
/// report as it is made. A file that makes no sense is a failure of that file.
///
/// # Errors
/// [`CheckError`] if a folder cannot be read, or if there is no file at all.
pub fn check_dir(path: &Path, each: &mut dyn FnMut(&Report)) -> Result<Summary, CheckError> {
    let mut files = Vec::new();
    collect(path, MAX_DEPTH, &mut files)?;
    if files.is_empty() {
        return Err(CheckError::Empty { path: path.to_owned() });
    }
    let mut summary = Summary::default();
    for file in files {
        let report = check_file(&file);
        summary.add(&report);
        each(&report);
    }
    Ok(summary)
}

/// Checks one file. A file that cannot be read, or makes no sense, gives a report with one failure.
#[must_use]
pub fn check_file(path: &Path) -> Report {
    match read(path) {
        Ok(text) => check_text(path, &text),
        Err(what) => Report::unreadable(path.to_owned(), what),
    }
}

/// Checks the text of a file; `path` only names it in the report.
#[must_use]
pub fn check_text(path: impl AsRef<Path>, text: &str) -> Report {
    let path = path.as_ref();
    match serde_json::from_str(text) {
        Ok(json) => check_json(path, &json),
        Err(error) => Report::unreadable(path.to_owned(), format!("is not JSON: {error}")),
    }
}

pub(crate) fn check_json(path: &Path, json: &Value) -> Report {
    let Some(format) = json.get("format").and_then(Value::as_str) else {
        return Report::unreadable(path.to_owned(), "lacks the text `format`".into());
    };
    // Spec: the name of the format comes first, what follows is for readers.
    let format = format.split([';', ' ']).next().unwrap_or_default();
    let Some(cases) = json.get("cases").and_then(Value::as_array) else {
        return Report::unreadable(path.to_owned(), "lacks the list `cases`".into());
    };
    let mut report =
        Report { file: path.to_owned(), format: format.to_owned(), cases: cases.len(), ..Report::default() };
    for (place, case) in cases.iter().enumerate() {
        judge(&mut report, place, case);
    }
    report
}

fn judge(report: &mut Report, place: usize, case: &Value) {
    let name = match case.get("name").and_then(Value::as_str) {
        Some(name) => name.to_owned(),
        None => format!("cases[{place}]"),
    };
    let kind = case.get("kind").and_then(Value::as_str).unwrap_or_default();
    let mut trial = Trial::default();
    let stop = match format::choose(&report.format, case) {
        Choice::Run(check) => check(&Node::root(case), &mut trial).err(),
        Choice::Stop(stop) => Some(stop),
    };
    report.noted.extend(trial.rules.iter().map(|rule| Note { case: name.clone(), rule: *rule }));
    let mut what = trial.wrong;
    match stop {
        Some(Stop::Malformed(text) | Stop::Differs(text)) => what.push(text),
        // What was wrong before the rest was skipped is wrong all the same.
        Some(Stop::Skipped(reason)) if what.is_empty() => return report.skip(kind, &reason, 1),
        Some(Stop::Skipped(_)) | None => {}
    }
    if what.is_empty() {
        report.passed += 1;
    } else {
        report.failed.push(Failure { case: name, what });
    }
}

fn read(path: &Path) -> Result<String, String> {
    let unreadable = |error: io::Error| format!("cannot be read: {error}");
    let len = fs::metadata(path).map_err(unreadable)?.len();
    if len > MAX_FILE {
        return Err(format!("has {len} bytes, at most {MAX_FILE} are read"));
    }
    fs::read_to_string(path).map_err(unreadable)
}

/// Collects the files in ascending order of their paths. Links to folders are not followed.
fn collect(path: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), CheckError> {
    let Some(deeper) = depth.checked_sub(1) else {
        return Err(CheckError::TooDeep { path: path.to_owned(), max: MAX_DEPTH });
    };
    let unreadable = |source| CheckError::Folder { path: path.to_owned(), source };
    let entries = fs::read_dir(path).map_err(unreadable)?;
    let mut entries = entries.collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
    entries.sort_by_key(fs::DirEntry::path);
    for entry in entries {
        let path = entry.path();
        if entry.file_type().map_err(unreadable)?.is_dir() {
            collect(&path, deeper, files)?;
        } else if path.extension().is_some_and(|end| end == "json") {
            files.push(path);
        }
    }
    Ok(())
}
