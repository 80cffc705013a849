//! Why settings are refused.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// Why settings are refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// The file cannot be read.
    #[error("the settings in {} cannot be read: {error}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        error: io::Error,
    },
    /// The file is no TOML.
    #[error("{} is not understood: {why}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        why: String,
    },
    /// There is no such setting.
    #[error("there is no setting `{name}` ({place}){}", Hint(*hint))]
    Unknown {
        /// What was given.
        name: String,
        /// What may have been meant.
        hint: Option<&'static str>,
        /// Where it was given.
        place: Source,
    },
    /// The value makes no sense.
    #[error("`{name}` has to be {wanted} ({place})")]
    Wrong {
        /// The setting.
        name: &'static str,
        /// What it takes.
        wanted: &'static str,
        /// Where it was given.
        place: Source,
    },
}

/// Where a setting comes from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Source {
    /// A file.
    File(PathBuf),
    /// Environment variables.
    Environment,
    /// Flags of the command.
    Flags,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "in {}", path.display()),
            Self::Environment => f.write_str("in the environment"),
            Self::Flags => f.write_str("among the flags"),
        }
    }
}

struct Hint(Option<&'static str>);

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(name) => write!(f, "; did you mean `{name}`?"),
            None => f.write_str("; `status-chat node --print-config` lists all there are"),
        }
    }
}
