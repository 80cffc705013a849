//! Accounts: made, restored, shown, and handed over on a card.

mod card;
mod lists;
mod portrait;

use std::io::Read;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use serde_json::json;
use status_chat::{Chat, Identity, Language, LockKind, PhraseLength, Timestamp, UserId};
use status_crypto::PublicKey;
use status_crypto::account::Spelling;
use status_identity::{Pasted, SafetyNumber};

use crate::args::Here;
use crate::home::{self, Done, open};
use crate::show::Show;

pub(crate) use card::CardTask;
use lists::Lists;

/// What to do with accounts.
#[derive(Subcommand)]
pub(crate) enum AccountTask {
    /// Make an account in the home and print its recovery phrase.
    New {
        /// How many words the phrase has: 12, 15, 18, 21 or 24.
        #[arg(long, value_name = "WORDS", default_value = "12", value_parser = length)]
        words: PhraseLength,
        /// In which language the phrase is, such as english, japanese or chinese-simplified.
        #[arg(long, value_name = "LANGUAGE", default_value = "english", value_parser = language)]
        language: Language,
    },
    /// List the accounts in the home, without unlocking any.
    List,
    /// Restore an account, as a new device of it: reads the words, in any language, from standard input.
    Restore,
    /// Show by what somebody is recognised: key, names and pictures.
    Show {
        /// A key or the text of a card; without it, whoever lives in the home.
        who: Option<String>,
        /// Write the picture with its ring into this file too.
        #[arg(long, value_name = "FILE")]
        png: Option<PathBuf>,
        #[command(flatten)]
        lists: Lists,
    },
    /// Print the number that somebody else must see as well, if nobody stands between you.
    Safety {
        /// Their key, or the text of their card.
        with: String,
    },
    /// Make a contact card, which others scan or paste to write to you.
    #[command(args_conflicts_with_subcommands = true)]
    Card {
        #[command(subcommand)]
        task: Option<CardTask>,
        #[command(flatten)]
        new: card::NewCard,
    },
}

fn length(words: &str) -> Result<PhraseLength, &'static str> {
    let length = words.parse().ok().and_then(PhraseLength::of_words);
    length.ok_or("a phrase has 12, 15, 18, 21 or 24 words")
}

fn language(name: &str) -> Result<Language, String> {
    let known = || Language::ALL.map(Language::name).join(", ");
    Language::of_name(name).ok_or_else(|| format!("no such list of words; there are {}", known()))
}

/// Does it.
pub(crate) async fn run(show: Show, here: &Here, task: AccountTask) -> Done {
    match task {
        AccountTask::New { words, language } => {
            home::init(show, here, Some(Identity::generate_in(language, words)?)).await
        }
        AccountTask::List => list(show, here),
        AccountTask::Restore => home::init(show, here, Some(restored()?)).await,
        AccountTask::Show { who, png, lists } => {
            let user = match who {
                Some(text) => named(&text)?,
                None => owner(here).await?,
            };
            portrait::show(show, &user, png.as_deref(), &lists)
        }
        AccountTask::Safety { with } => safety(show, &owner(here).await?, &named(&with)?),
        AccountTask::Card { task: Some(CardTask::Read { card }), .. } => card::read(show, &card),
        AccountTask::Card { task: None, new } => card::make(show, here, new).await,
    }
}

/// Lists the accounts of the home, whichever of them is chosen.
fn list(show: Show, here: &Here) -> Done {
    let accounts = status_chat::home::accounts(&here.home)?;
    if accounts.is_empty() {
        show.say("There is no account in this home. Make one with `status-chat init`.");
    }
    for account in accounts {
        let label = account.label.as_ref().map(ToString::to_string);
        let opens = match account.lock {
            None => "nothing is asked for",
            Some(LockKind::Passphrase) => "passphrase",
            Some(LockKind::Key) => "key",
            Some(_) => "another lock",
        };
        show.line(&format!("{:<32}  {opens}", label.as_deref().unwrap_or("(the home itself)")), || {
            json!({ "event": "account", "label": label, "opens_with": opens, "folder": account.folder.display().to_string() })
        });
    }
    Ok(ExitCode::SUCCESS)
}

/// The identity of the words on standard input. What may be meant by a misspelt word is told.
pub(crate) fn restored() -> Result<Identity, Box<dyn std::error::Error>> {
    /// Longest input that is read, in bytes.
    const MAX: u64 = 4_096;

    let mut words = zeroize::Zeroizing::new(String::new());
    std::io::stdin().take(MAX).read_to_string(&mut words)?;
    Identity::restore(words.trim()).map_err(|error| match Spelling::of(&words) {
        Some(Spelling { number, words, .. }) if !words.is_empty() => {
            format!("{error}; word {number} may be {}", words.join(" or ")).into()
        }
        _ => error.into(),
    })
}

fn safety(show: Show, one: &UserId, other: &UserId) -> Done {
    if one == other {
        return Err("that is your own key; give theirs".into());
    }
    let number = SafetyNumber::of(&PublicKey::from_user(one)?, &PublicKey::from_user(other)?).to_string();
    show.line(
        &number,
        || json!({ "event": "safety", "number": number, "with": Chat::User(*other).to_string() }),
    );
    show.say("If they see the same number, by `account safety` and your key, nobody stands between you.");
    Ok(ExitCode::SUCCESS)
}

/// Who lives in the home.
async fn owner(here: &Here) -> Result<UserId, Box<dyn std::error::Error>> {
    let client = open(here, here.client()).await?;
    let me = client.me();
    client.close().await;
    match me {
        Chat::User(user) => Ok(user),
        _ => Err("the home has no user".into()),
    }
}

/// Whom a text names.
fn named(text: &str) -> Result<UserId, Box<dyn std::error::Error>> {
    Ok(Pasted::parse(text, now())?.user())
}

/// The time of day.
pub(crate) fn now() -> Timestamp {
    #[expect(
        clippy::disallowed_methods,
        reason = "a command reads the clock: cards expire, and history is asked for by days"
    )]
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
