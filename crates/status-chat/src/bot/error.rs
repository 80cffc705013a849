//! Why a bot was set up wrongly, or asked wrongly.

/// Why a bot was set up wrongly, or asked wrongly.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BotError {
    /// A variable of the environment cannot be used.
    #[error("{variable} cannot be used: {why}")]
    Setting {
        /// Which one.
        variable: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// A command cannot be one.
    #[error(
        "{0:?} is no command, or one that is there already: it is a slash with letters, digits, - or _ behind it"
    )]
    Command(String),
    /// Whoever asked gave something that does not fit.
    #[error("argument {number}: {why}")]
    Argument {
        /// Which one, counted from 1.
        number: usize,
        /// What is wrong with it.
        why: String,
    },
}

impl BotError {
    /// What to do about it, in a sentence without a full stop.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Setting { .. } => "change the variable, or leave it out",
            Self::Command(_) => "give each command a name of its own, such as /ping",
            Self::Argument { .. } => "ask /help for what is to follow the command",
        }
    }
}
