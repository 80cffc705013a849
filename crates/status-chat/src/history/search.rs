//! Finding messages by their words.

use std::collections::VecDeque;

use status_layer::{Shelf, StoreError};

use super::{Cursor, MAX_PAGE};
use crate::client::Client;
use crate::error::SendError;
use crate::event::{Chat, Message};
use crate::table::{self, Built, Spot, words};

/// Words of a search that count.
const MAX_ASKED: usize = 8;
/// Words that the beginning of one may stand for; of more, the first ones in their order.
const MAX_LIKE: usize = 64;
/// Messages that are looked at in one call: then it is said where to go on.
const MAX_LOOKED: usize = 10_000;
/// Rows that are read of one word at once.
const PORTION: usize = 32;

/// What to look for: messages that have words that begin like each of those asked for.
///
/// Words are what stands between blanks, points and other marks, whatever their case; of each the first 32 bytes count, and of each
/// message its first 64 different words.
#[derive(Clone, Debug)]
pub struct Search {
    words: Vec<String>,
    chat: Option<Chat>,
    before: Option<Cursor>,
    limit: usize,
}

/// What was found.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Hits {
    /// The newest first.
    pub messages: Vec<Message>,
    /// Where to go on, if there may be more.
    pub older: Option<Cursor>,
    /// Whether messages of a home from before there was an index are still being made findable.
    pub is_partial: bool,
}

impl Search {
    /// Looks in all chats, for at most 50 messages.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let mut words: Vec<String> = words(text).into_iter().collect();
        // The longest first: few messages have it.
        words.sort_by_key(|word| std::cmp::Reverse(word.len()));
        words.truncate(MAX_ASKED);
        Self { words, chat: None, before: None, limit: 50 }
    }

    /// Looks in one chat.
    #[must_use]
    pub fn within(mut self, chat: &Chat) -> Self {
        self.chat = Some(chat.clone());
        self
    }

    /// Goes on where [`Hits::older`] says.
    #[must_use]
    pub const fn before(mut self, place: Cursor) -> Self {
        self.before = Some(place);
        self
    }

    /// Finds at most so many messages, and at most [`MAX_PAGE`](crate::MAX_PAGE).
    #[must_use]
    pub const fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    fn run(&self, shelf: &Shelf<'_>) -> Result<Hits, StoreError> {
        let is_partial = !matches!(table::built(shelf)?, Some(Built::Whole));
        let mut found = Hits { is_partial, ..Hits::default() };
        let Some(first) = self.words.first() else { return Ok(found) };
        let limit = self.limit.clamp(1, MAX_PAGE);
        let start = self.before.map_or(Spot { clock: u64::MAX, id: [0; 32] }, Cursor::spot);
        let mut lists = Vec::new();
        for word in table::words_like(shelf, first, MAX_LIKE)? {
            lists.push(List { word, at: start, ahead: VecDeque::new(), is_end: false });
        }
        for _ in 0..MAX_LOOKED {
            let Some(spot) = next(shelf, &mut lists)? else { return Ok(found) };
            found.older = Some(Cursor::of(spot));
            let message = table::shown_at(shelf, spot)?.filter(|message| self.fits(message));
            found.messages.extend(message);
            if found.messages.len() >= limit {
                break;
            }
        }
        Ok(found)
    }

    fn fits(&self, message: &Message) -> bool {
        let there = self.chat.as_ref().is_none_or(|chat| message.chat == *chat);
        let has = |words: &std::collections::BTreeSet<String>, asked: &String| {
            words.range(asked.clone()..).next().is_some_and(|word| word.starts_with(asked.as_str()))
        };
        there && {
            let words = words(&message.text);
            self.words.iter().all(|asked| has(&words, asked))
        }
    }
}

/// The messages with one word, the newest first.
struct List {
    word: String,
    at: Spot,
    ahead: VecDeque<Spot>,
    is_end: bool,
}

impl List {
    fn peek(&mut self, shelf: &Shelf<'_>) -> Result<Option<Spot>, StoreError> {
        if self.ahead.is_empty() && !self.is_end {
            self.ahead = table::with_word(shelf, &self.word, self.at, PORTION)?.into();
            self.is_end = self.ahead.len() < PORTION;
            self.at = self.ahead.back().copied().unwrap_or(self.at);
        }
        Ok(self.ahead.front().copied())
    }
}

/// The newest message of all lists, taken from each that has it.
fn next(shelf: &Shelf<'_>, lists: &mut [List]) -> Result<Option<Spot>, StoreError> {
    let order = |spot: Spot| (std::cmp::Reverse(spot.clock), spot.id);
    let mut first = None;
    for list in &mut *lists {
        if let Some(spot) = list.peek(shelf)?
            && first.is_none_or(|first| order(spot) < order(first))
        {
            first = Some(spot);
        }
    }
    for list in lists {
        if list.ahead.front().copied() == first {
            list.ahead.pop_front();
        }
    }
    Ok(first)
}

impl Client {
    /// Finds messages by their words, the newest first.
    ///
    /// ```no_run
    /// # async fn find(client: status_chat::Client) -> Result<(), status_chat::SendError> {
    /// for message in client.search(status_chat::Search::new("meet noon")).await?.messages {
    ///     println!("{}: {}", message.chat, message.text);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`SendError::Failed`] if the store fails.
    pub async fn search(&self, search: Search) -> Result<Hits, SendError> {
        self.look(move |shelf| search.run(shelf)).await
    }
}
