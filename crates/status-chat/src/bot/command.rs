//! What a message asks of a bot.

use super::{BotError, Handler};

/// A command, and who answers it.
pub(super) struct Command {
    usage: String,
    help: String,
    pub(super) handler: Handler,
}

/// A message as the bot reads it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Asked<'t> {
    /// A command, and what follows it.
    Command(&'t str, &'t str),
    /// Something else, without the address before it.
    Text(&'t str),
    /// It is for others.
    Nothing,
}

impl Command {
    pub(super) fn new(usage: &str, help: &str, handler: Handler) -> Self {
        Self { usage: usage.to_owned(), help: help.to_owned(), handler }
    }

    /// With the slash.
    pub(super) fn name(&self) -> &str {
        self.usage.split_whitespace().next().unwrap_or_default()
    }
}

/// Checks that the commands can be told apart.
pub(super) fn check(commands: &[Command]) -> Result<(), BotError> {
    for (at, command) in commands.iter().enumerate() {
        let name = command.name();
        let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let is_name =
            name.strip_prefix('/').is_some_and(|word| !word.is_empty() && word.chars().all(is_word));
        if !is_name || commands.iter().take(at).any(|other| other.name() == name) {
            return Err(BotError::Command(name.to_owned()));
        }
    }
    Ok(())
}

/// What `/help` says: each command with what it does.
pub(super) fn help(about: &str, commands: &[Command]) -> String {
    let mut lines: Vec<String> = commands.iter().map(|one| format!("{} – {}", one.usage, one.help)).collect();
    if !commands.iter().any(|one| one.name() == HELP) {
        lines.push(format!("{HELP} – lists what can be asked"));
    }
    if !about.is_empty() {
        lines.insert(0, about.to_owned());
    }
    lines.join("\n")
}

pub(super) const HELP: &str = "/help";

/// Reads a message to a bot that is called `name` and has this `key`. In public, among others, only commands and what is
/// addressed to it are for it.
pub(super) fn read<'t>(text: &'t str, name: &str, keys: &[String], in_public: bool) -> Asked<'t> {
    let (rest, addressed) = match without_address(text.trim(), name, keys) {
        Some(rest) => (rest, true),
        None => (text.trim(), false),
    };
    if rest.starts_with('/') {
        let (first, args) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        return match first.split_once('@') {
            Some((_, whose)) if !whose.eq_ignore_ascii_case(name) => Asked::Nothing,
            Some((command, _)) => Asked::Command(command, args.trim()),
            None => Asked::Command(first, args.trim()),
        };
    }
    let mentioned = keys.iter().any(|key| rest.contains(key.as_str()));
    if addressed || mentioned || !in_public { Asked::Text(rest) } else { Asked::Nothing }
}

/// The text behind `@name`, `name:`, `name,` or `@key`, if it begins with one of these.
fn without_address<'t>(text: &'t str, name: &str, keys: &[String]) -> Option<&'t str> {
    let (first, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let whose = first.trim_end_matches([':', ',']);
    let called = whose.strip_prefix('@').filter(|whose| is_ours(whose, name, keys));
    let named = (whose.len() < first.len()).then_some(whose).filter(|whose| is_ours(whose, name, keys));
    called.or(named).map(|_| rest.trim_start())
}

fn is_ours(whose: &str, name: &str, keys: &[String]) -> bool {
    whose.eq_ignore_ascii_case(name) || keys.iter().any(|key| key == whose)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn command(usage: &str) -> Command {
        Command::new(usage, "does something", Arc::new(|_| Box::pin(async { Ok(()) })))
    }

    fn read_as_echo(text: &str, in_public: bool) -> Asked<'_> {
        read(text, "echo", &["zQ3shme".into(), "0x04me".into()], in_public)
    }

    #[test]
    fn a_command_is_read_with_what_follows_it() {
        let add = Asked::Command("/add", "1  2");
        for text in ["/add 1  2", " /add\n1  2 ", "@echo /add 1  2", "Echo: /add 1  2", "/add@echo 1  2"] {
            assert_eq!(read_as_echo(text, true), add, "{text}");
        }
        assert_eq!(read_as_echo("/add", true), Asked::Command("/add", ""));
        assert_eq!(read_as_echo("/add@other 1", false), Asked::Nothing);
    }

    #[test]
    fn in_public_only_what_is_addressed_is_read() {
        for text in ["@echo hello", "echo, hello", "@0x04me hello", "echo: hello"] {
            assert_eq!(read_as_echo(text, true), Asked::Text("hello"), "{text}");
        }
        assert_eq!(read_as_echo("well, @zQ3shme knows", true), Asked::Text("well, @zQ3shme knows"));
        for text in ["hello", "echo hello", "@echoes hello", "@other hello", ""] {
            assert_eq!(read_as_echo(text, true), Asked::Nothing, "{text}");
        }
        assert_eq!(read_as_echo(" hello ", false), Asked::Text("hello"));
    }

    #[test]
    fn commands_have_names_of_their_own() {
        assert!(check(&[command("/add <a> <b>"), command("/sub")]).is_ok());
        for usages in [["/add", "/add <a>"], ["add", "/b"], ["/", "/b"], ["/a!", "/b"], ["", "/b"]] {
            assert!(matches!(check(&usages.map(command)), Err(BotError::Command(_))), "{usages:?}");
        }
    }

    #[test]
    fn help_is_made_from_the_commands() {
        let text = help("I add.", &[command("/add <a> <b>")]);

        assert_eq!(text, "I add.\n/add <a> <b> – does something\n/help – lists what can be asked");
        assert_eq!(help("", &[command("/help")]), "/help – does something");
    }
}
