//! The lists of words and emoji, which are supplied apart.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use status_identity::{EmojiList, WordLists};

/// Where the lists are.
#[derive(clap::Args)]
pub(crate) struct Lists {
    /// The folder with `adjectives.txt`, `animals.txt` and `emojis.txt`, one entry a line; each may be missing. Without them
    /// the places in the lists are shown.
    #[arg(long, env = "STATUS_CHAT_LISTS", value_name = "FOLDER")]
    pub(crate) lists: Option<PathBuf>,
}

impl Lists {
    /// The words of names, if both lists are there.
    pub(crate) fn words(&self) -> Result<Option<WordLists>, Box<dyn Error>> {
        let (Some(adjectives), Some(animals)) = (self.read("adjectives.txt")?, self.read("animals.txt")?)
        else {
            return Ok(None);
        };
        let lists = WordLists::read(&adjectives, &animals);
        Ok(Some(lists.map_err(|error| format!("adjectives.txt and animals.txt: {error}"))?))
    }

    /// The emoji, if their list is there.
    pub(crate) fn emojis(&self) -> Result<Option<EmojiList>, Box<dyn Error>> {
        let Some(text) = self.read("emojis.txt")? else { return Ok(None) };
        Ok(Some(EmojiList::read(&text).map_err(|error| format!("emojis.txt: {error}"))?))
    }

    fn read(&self, name: &str) -> Result<Option<String>, Box<dyn Error>> {
        let Some(path) = self.lists.as_deref().map(|folder| folder.join(name)) else { return Ok(None) };
        if !Path::new(&path).exists() {
            return Ok(None);
        }
        Ok(Some(fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?))
    }
}
