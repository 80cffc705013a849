//! What a task says, and how it fails.

use std::fmt;

/// Prints one line for the person who runs the task.
macro_rules! say {
    ($($words:tt)*) => {{
        use std::io::Write as _;
        // A closed pipe is not a reason to fail a task.
        let _ = writeln!(std::io::stdout(), $($words)*);
    }};
}
pub(crate) use say;

/// The result of a task or of a part of it.
pub(crate) type Outcome<T> = Result<T, Failure>;

/// Why a task failed: what is wrong, where, and what to do about it.
#[derive(Debug)]
pub(crate) struct Failure(String);

impl Failure {
    pub(crate) fn new(words: impl Into<String>) -> Self {
        Self(words.into())
    }

    /// For errors of files, programs and parsers: `doing` says what was tried.
    pub(crate) fn while_doing(doing: impl fmt::Display, error: impl fmt::Display) -> Self {
        Self(format!("{doing}: {error}"))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
