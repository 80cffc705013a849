//! The folder of the workspace, and the files and programs in it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use serde_json::Value;

use crate::report::{Failure, Outcome};

/// The workspace that this task runs in.
#[derive(Debug)]
pub(crate) struct Workspace {
    root: PathBuf,
}

impl Workspace {
    /// The workspace whose `xtask` folder cargo named when it started this program, else the current folder.
    pub(crate) fn find() -> Outcome<Self> {
        let here = env::current_dir().map_err(|e| Failure::while_doing("finding the current folder", e))?;
        let xtask = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
        let root = xtask.as_deref().and_then(Path::parent).map_or(here, Path::to_path_buf);
        Ok(Self { root })
    }

    /// The full path of `relative`.
    pub(crate) fn path(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.root.join(relative)
    }

    /// The text of a file; `None` if there is no such file.
    pub(crate) fn text(&self, relative: impl AsRef<Path>) -> Outcome<Option<String>> {
        let path = self.path(relative);
        if !path.exists() {
            return Ok(None);
        }
        let text = fs::read_to_string(&path);
        text.map(Some).map_err(|e| Failure::while_doing(format!("reading {}", path.display()), e))
    }

    /// The names in a folder, sorted; none if there is no such folder.
    pub(crate) fn names(&self, relative: impl AsRef<Path>) -> Outcome<Vec<String>> {
        let path = self.path(relative);
        if !path.is_dir() {
            return Ok(Vec::new());
        }
        let fail = |e| Failure::while_doing(format!("listing {}", path.display()), e);
        let mut names = Vec::new();
        for entry in fs::read_dir(&path).map_err(fail)? {
            names.push(entry.map_err(fail)?.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        Ok(names)
    }

    /// A program with its arguments, to be run in the root folder.
    pub(crate) fn command<S: AsRef<OsStr>>(&self, program: &str, arguments: &[S]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(&self.root);
        command
    }

    /// `cargo` with its arguments: the one that started this program.
    ///
    /// What cargo told this program about itself is taken out of the environment: build scripts that look at
    /// it would run again, and their crates be built again.
    pub(crate) fn cargo<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Command {
        let cargo = env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
        let mut command = self.command(&cargo, arguments);
        for (name, _) in env::vars_os() {
            let name = name.to_string_lossy();
            if ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|start| name.starts_with(start)) {
                command.env_remove(&*name);
            }
        }
        command
    }

    /// What `cargo metadata` says.
    pub(crate) fn metadata(&self, options: &[&str]) -> Outcome<Value> {
        let fail = |e: &dyn std::fmt::Display| Failure::while_doing("running cargo metadata", e);
        let words: Vec<&str> = ["metadata", "--format-version", "1"].iter().chain(options).copied().collect();
        let done = self.cargo(&words).output().map_err(|e| fail(&e))?;
        if !done.status.success() {
            return Err(fail(&String::from_utf8_lossy(&done.stderr)));
        }
        serde_json::from_slice(&done.stdout).map_err(|e| fail(&e))
    }

    /// The folder that cargo builds into.
    pub(crate) fn target(&self) -> Outcome<String> {
        let metadata = self.metadata(&["--no-deps"])?;
        let target = metadata.get("target_directory").and_then(Value::as_str).map(str::to_owned);
        target.ok_or_else(|| Failure::new("cargo metadata names no target folder"))
    }

    /// `path` as seen from the root, if it lies in it.
    pub(crate) fn relative(&self, path: &str) -> String {
        let inside = Path::new(path).strip_prefix(&self.root);
        inside.map_or_else(|_| path.to_owned(), |inside| inside.display().to_string())
    }
}
