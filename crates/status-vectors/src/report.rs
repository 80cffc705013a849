//! What a run found.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use crate::Rule;

/// What became of one file. Every case is passed, failed or skipped.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Report {
    /// The file.
    pub file: PathBuf,
    /// Its format, for instance `x3dh-v1`; empty if it names none.
    pub format: String,
    /// How many cases it has. A file that cannot be read counts as one case.
    pub cases: usize,
    /// How many of them agree with the layers in everything that is compared.
    pub passed: usize,
    /// The cases that do not.
    pub failed: Vec<Failure>,
    /// The cases that were not judged, by kind and reason.
    pub skipped: Vec<Skip>,
    /// Where a case was judged by another rule than plain equality.
    pub noted: Vec<Note>,
}

/// A case that does not agree.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Failure {
    /// The name of the case, or its place in the file if it has none.
    pub case: String,
    /// What differs, one sentence per difference.
    pub what: Vec<String>,
}

/// Cases of one kind that were not judged.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Skip {
    /// The kind of the cases; empty if the format has none.
    pub kind: String,
    /// Why they were not judged.
    pub reason: String,
    /// How many they are.
    pub count: usize,
}

/// A case that was judged by a rule. It passed unless it is also among the failures or the skipped.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Note {
    /// The name of the case, or its place in the file.
    pub case: String,
    /// The rule.
    pub rule: Rule,
}

/// What became of a folder.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Summary {
    /// Every file that was read, in the order of reading.
    pub files: Vec<PathBuf>,
    /// How many cases they have together.
    pub cases: usize,
    /// How many passed.
    pub passed: usize,
    /// How many failed.
    pub failed: usize,
    /// How many were skipped.
    pub skipped: usize,
    /// How many notes there are.
    pub noted: usize,
}

impl Report {
    /// How many cases were not judged.
    #[must_use]
    pub fn skipped_cases(&self) -> usize {
        self.skipped.iter().map(|skip| skip.count).sum()
    }

    /// A file that could not be read or makes no sense as a whole.
    pub(crate) fn unreadable(file: PathBuf, what: String) -> Self {
        let failed = vec![Failure { case: "(file)".into(), what: vec![what] }];
        Self { file, cases: 1, failed, ..Self::default() }
    }

    pub(crate) fn skip(&mut self, kind: &str, reason: &str, count: usize) {
        match self.skipped.iter_mut().find(|skip| skip.kind == kind && skip.reason == reason) {
            Some(skip) => skip.count += count,
            None => self.skipped.push(Skip { kind: kind.into(), reason: reason.into(), count }),
        }
    }
}

impl Summary {
    pub(crate) fn add(&mut self, report: &Report) {
        self.files.push(report.file.clone());
        self.cases += report.cases;
        self.passed += report.passed;
        self.failed += report.failed.len();
        self.skipped += report.skipped_cases();
        self.noted += report.noted.len();
    }
}

/// A line of figures, then a line for each failure, kind of skipped cases, and rule.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cases, passed, .. } = self;
        let (failed, skipped) = (self.failed.len(), self.skipped_cases());
        write!(f, "{:<44} {:<20}", self.file.display().to_string(), self.format)?;
        write!(f, "{cases:>5} cases {passed:>5} passed {failed:>4} failed {skipped:>4} skipped")?;
        for Failure { case, what } in &self.failed {
            for what in what {
                write!(f, "\n  FAILED  {case}: {what}")?;
            }
        }
        for Skip { kind, reason, count } in &self.skipped {
            write!(f, "\n  skipped {count} x {}: {reason}", if kind.is_empty() { "case" } else { kind })?;
        }
        let mut rules = BTreeMap::<Rule, usize>::new();
        for note in &self.noted {
            *rules.entry(note.rule).or_default() += 1;
        }
        for (rule, count) in rules {
            write!(f, "\n  noted   {count} x {}: {rule}", rule.name())?;
        }
        Ok(())
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { files, cases, passed, failed, skipped, .. } = self;
        let files = files.len();
        write!(f, "{files} files, {cases} cases: {passed} passed, {failed} failed, {skipped} skipped")
    }
}
