//! By what somebody is recognised.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use serde_json::json;
use status_chat::UserId;
use status_crypto::PublicKey;
use status_crypto::text::{compressed_key, key_string};
use status_identity::{AliasIndexes, ColourHash, EmojiHash, Identicon, colour_id, short_key};

use super::Lists;
use crate::home::Done;
use crate::show::Show;

/// Side of the picture in a file, in pixels.
const SIDE: u32 = 480;

/// Shows a user, and writes their picture into a file if one is given.
pub(super) fn show(show: Show, user: &UserId, png: Option<&Path>, lists: &Lists) -> Done {
    let key = PublicKey::from_user(user)?;
    let (picture, ring, emoji) = (Identicon::of(&key), ColourHash::of(user), EmojiHash::of(user));
    let (words, emojis) = (lists.words()?, lists.emojis()?);
    if let Some(file) = png {
        fs::write(file, ring.portrait(&picture, SIDE).png()?)?;
    }
    let at = AliasIndexes::of(user);
    let places = [at.first, at.second, at.animal];
    let alias = words.map(|lists| lists.alias(user));
    let emojis = emojis.map(|list| list.emojis(&emoji));

    let name = alias.clone().unwrap_or_else(|| format!("words {} {} {}", at.first, at.second, at.animal));
    let shown = emojis.clone().unwrap_or_else(|| format!("emoji {emoji}"));
    let text = format!(
        "{}\n{}\n{}\n{}  {}\n{shown}\n{}",
        show.bold(&compressed_key(user)),
        picture.terminal(show.ink()),
        ring.terminal(show.ink()).trim_end(),
        show.bold(&name),
        show.dim(&short_key(user)),
        key_string(user)?,
    );
    show.line(&text, || {
        let ring: Vec<[u8; 2]> = ring.segments().iter().map(|segment| [segment.units, segment.colour]).collect();
        json!({
            "event": "account", "key": compressed_key(user), "key_string": key_string(user).unwrap_or_default(),
            "short": short_key(user), "alias": alias, "alias_places": places,
            "emoji": emojis, "emoji_places": emoji.indexes(), "colour_hash": ring, "colour": colour_id(&key),
        })
    });
    Ok(ExitCode::SUCCESS)
}
