//! Contact cards.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Subcommand;
use serde_json::json;
use status_chat::Chat;
use status_crypto::SecretKey;
use status_crypto::account::{Account, Mnemonic};
use status_identity::qr::Code;
use status_identity::{Card, CardContent, DisplayName, camera, short_key};

use super::now;
use crate::args::Here;
use crate::home::{Done, open};
use crate::show::Show;

/// Pixels of a module of the code in a file.
const MODULE: u32 = 8;

/// What to do with a card.
#[derive(Subcommand)]
pub(crate) enum CardTask {
    /// Read a card, check it, and say whose it is.
    Read {
        /// The text of the card, or a PNG or JPEG file with its code.
        card: String,
    },
}

/// What stands on a new card.
#[derive(clap::Args)]
pub(crate) struct NewCard {
    /// How you call yourself: 5 to 24 letters, digits, `_`, `-` and spaces.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// A file with the key bundle to put on it, as the security layer gives it out.
    #[arg(long, value_name = "FILE")]
    bundle: Option<PathBuf>,
    /// For how many hours it is valid, at most 24.
    #[arg(long, value_name = "HOURS", default_value_t = 24, value_parser = clap::value_parser!(u64).range(1..=24))]
    hours: u64,
    /// Write its code into this file too.
    #[arg(long, value_name = "FILE")]
    png: Option<PathBuf>,
    /// Write its code into this file too, to be printed in any size.
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

/// Makes a card of who lives in the home.
pub(super) async fn make(show: Show, here: &Here, new: NewCard) -> Done {
    let name = new.name.as_deref().map(DisplayName::new).transpose()?;
    let bundle = new.bundle.as_deref().map(fs::read).transpose()?.unwrap_or_default();
    let made_at = now();
    let expires_at = made_at.after(Duration::from_secs(new.hours * 60 * 60));
    let key = chat_key(here).await?;
    let card = Card::make(&key, CardContent { name, bundle, made_at, expires_at })?;

    let code = Code::of(&card.text_in_code())?;
    if let Some(file) = new.png {
        fs::write(file, code.pixels(MODULE).png()?)?;
    }
    if let Some(file) = new.svg {
        fs::write(file, code.svg())?;
    }
    show.say(&code.terminal(show.ink()));
    show.line(&card.to_string(), || described(&card));
    Ok(ExitCode::SUCCESS)
}

/// Reads a card from text or from a file, and says what is on it.
pub(super) fn read(show: Show, card: &str) -> Done {
    let card =
        if Path::new(card).is_file() { from_file(Path::new(card))? } else { Card::parse(card, now())? };
    let name = card.name().map_or_else(|| "somebody without a name".to_owned(), ToString::to_string);
    let bundle =
        card.bundle().map_or("no bundle".to_owned(), |bundle| format!("a bundle of {} bytes", bundle.len()));
    let minutes = card.expires_at().since(now()).as_secs() / 60;
    show.line(
        &format!(
            "{}\n{} {}\n{bundle}, valid for {} h {} min",
            show.bold(&Chat::User(card.user()).to_string()),
            name,
            show.dim(&short_key(&card.user())),
            minutes / 60,
            minutes % 60,
        ),
        || described(&card),
    );
    Ok(ExitCode::SUCCESS)
}

fn described(card: &Card) -> serde_json::Value {
    json!({
        "event": "card", "card": card.to_string(), "key": Chat::User(card.user()).to_string(),
        "name": card.name().map(DisplayName::as_str), "bundle": card.bundle().map_or(0, <[u8]>::len),
        "made_at": card.made_at().millis(), "expires_at": card.expires_at().millis(),
    })
}

/// The first card among the codes of a picture; else why the last of them is none.
fn from_file(file: &Path) -> Result<Card, Box<dyn Error>> {
    let bytes = fs::read(file)?;
    // A card in a text file is fine too.
    if let Some(text) = std::str::from_utf8(&bytes).ok().filter(|text| text.len() <= Card::MAX_TEXT * 2) {
        return Ok(Card::parse(text, now())?);
    }
    let mut last = None;
    for text in camera::read_codes(&bytes)? {
        match Card::parse(&text, now()) {
            Ok(card) => return Ok(card),
            Err(error) => last = Some(error),
        }
    }
    Err(last.map_or_else(|| camera::CameraError::NoCode.into(), Into::into))
}

/// The key that signs cards: it follows from the words that the home keeps.
async fn chat_key(here: &Here) -> Result<SecretKey, Box<dyn Error>> {
    let client = open(here, here.client()).await?;
    let phrase = Mnemonic::unchecked(client.recovery_phrase().expose());
    client.close().await;
    Ok(Account::new(&phrase, "")?.chat_key()?)
}
