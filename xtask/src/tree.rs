//! The text files of the workspace, as rules see them.

use std::collections::BTreeMap;
use std::fs;

use crate::report::{Failure, Outcome};
use crate::workspace::Workspace;

/// The text files that git tracks or would track, by their path from the root.
#[derive(Debug, Default)]
pub(crate) struct Tree(BTreeMap<String, String>);

impl Tree {
    /// Reads the folder of the workspace. Files that are not text are left out.
    pub(crate) fn read(workspace: &Workspace) -> Outcome<Self> {
        let fail = |e: &dyn std::fmt::Display| Failure::while_doing("listing the files with git", e);
        let listed = workspace
            .command("git", &["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .output()
            .map_err(|e| fail(&e))?;
        if !listed.status.success() {
            return Err(fail(&String::from_utf8_lossy(&listed.stderr)));
        }
        let names = String::from_utf8(listed.stdout).map_err(|e| fail(&e))?;
        let mut files = BTreeMap::new();
        for name in names.split_terminator('\0') {
            // A file may be deleted and not yet committed so, or hold bytes that are no text.
            if let Ok(text) = fs::read_to_string(workspace.path(name)) {
                files.insert(name.to_owned(), text);
            }
        }
        Ok(Self(files))
    }

    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        Self(files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect())
    }

    /// All files, in order of their paths.
    pub(crate) fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// The files whose name ends with `end`.
    pub(crate) fn ending(&self, end: &str) -> impl Iterator<Item = (&str, &str)> {
        self.files().filter(move |(path, _)| path.ends_with(end))
    }

    /// Rust files that people wrote: all but the generated ones.
    pub(crate) fn rust(&self) -> impl Iterator<Item = (&str, &str)> {
        self.ending(".rs").filter(|(path, _)| !path.contains("/generated/"))
    }

    /// The text of one file.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.0.get(path).map(String::as_str)
    }

    /// Whether `path` is a file or a folder with files in it.
    pub(crate) fn has(&self, path: &str) -> bool {
        let folder = format!("{path}/");
        path.is_empty()
            || self.0.contains_key(path)
            || self.0.range(folder.clone()..).next().is_some_and(|(first, _)| first.starts_with(&folder))
    }
}
