//! A page of history: what a device that was asked for it has, from the newest message of a chat to its oldest.

use std::collections::BTreeSet;

use status_crypto::keccak256;
use status_layer::{Grade, MessageId, Shelf, StoreError};
use status_payload::{
    Attachment, BridgeMessage, ChatMessage, Clock, ContentType, HistoryMessage, HistoryPin, HistoryReaction,
    UnfurledLink,
};

use super::super::say::place;
use crate::compose::{MAX_LINKS, Outgoing};
use crate::event::{Chat, Deleted, Edited, Kind, Message, Relayed};
use crate::table::{self, Media, Spot, ask, word};

/// Messages of one page at most.
pub(crate) const MAX_MESSAGES: usize = 100;
/// Messages that one page goes over, also those that the asker has.
const MAX_COVERED: usize = 512;
/// Bytes at which a page is full. One message may be larger by itself: a picture has up to a megabyte.
const PAGE_BYTES: usize = 48 * 1024;
/// A message that is larger with all that belongs to it is told without the small pictures of its links.
const MAX_ONE: usize = 1_030_000;
/// Chats without a message that one page goes over.
const MAX_EMPTY: usize = 64;
/// Messages that are counted for a request at most.
const MAX_COUNTED: usize = 1_000_000;
/// Messages that are counted at once.
const COUNT_SLICE: usize = 10_000;
/// Messages of which the asker says that it has them.
pub(crate) const MAX_HAVE: usize = 256;
/// Bytes that stand for what a device has of one message.
pub(crate) const MARK: usize = 8;

/// Which messages are asked for, at the device that gives them.
pub(crate) struct Wanted {
    /// In their order, each once.
    pub(crate) chats: Vec<Chat>,
    pub(crate) since: u64,
    /// 0 for no end.
    pub(crate) until: u64,
}

/// A page that was made.
#[derive(Default)]
pub(crate) struct Page {
    pub(crate) chat: Option<Chat>,
    pub(crate) messages: Vec<HistoryMessage>,
    pub(crate) covered: u32,
    pub(crate) next: Option<ask::Place>,
}

impl Wanted {
    /// Makes the page behind a place, without the messages of which the asker has what we have.
    pub(crate) fn page(
        &self,
        shelf: &Shelf<'_>,
        after: Option<ask::Place>,
        have: &[u8],
    ) -> Result<Page, StoreError> {
        let have: BTreeSet<&[u8]> = have.chunks_exact(MARK).take(MAX_HAVE).collect();
        let mut at = match after {
            Some((chat, spot)) if self.chats.contains(&chat) => Some((chat, spot)),
            // We have left that chat since.
            Some((chat, _)) => self.first_of(&chat),
            None => self.chats.first().map(|chat| (chat.clone(), Spot::LAST)),
        };
        for _ in 0..MAX_EMPTY {
            let Some((chat, spot)) = at else { return Ok(Page::default()) };
            let page = self.of_chat(shelf, &chat, spot, &have)?;
            if page.covered > 0 {
                return Ok(page);
            }
            at = page.next;
        }
        Ok(Page { next: at, ..Page::default() })
    }

    fn of_chat(
        &self,
        shelf: &Shelf<'_>,
        chat: &Chat,
        from: Spot,
        have: &BTreeSet<&[u8]>,
    ) -> Result<Page, StoreError> {
        let mut page = Page { chat: Some(chat.clone()), ..Page::default() };
        let end = if self.until == 0 { Spot::LAST } else { Spot::end_of(self.until) };
        let spots = table::spots_before(shelf, chat, from.min(end), table::clock(shelf, chat)?, MAX_COVERED)?;
        let mut bytes = 0;
        for spot in &spots {
            if spot.clock < self.since {
                page.next = self.first_of(chat);
                return Ok(page);
            }
            if page.messages.len() >= MAX_MESSAGES || bytes >= PAGE_BYTES {
                return Ok(page);
            }
            page.covered = page.covered.saturating_add(1);
            page.next = Some((chat.clone(), *spot));
            let Some(message) = table::load_message(shelf, MessageId::new(spot.id))? else { continue };
            if word::is_cleared(shelf, chat, message.clock)?
                || have.contains(mark(shelf, &message)?.as_slice())
            {
                continue;
            }
            if let Some((message, size)) = retell(shelf, &message, PAGE_BYTES.saturating_sub(bytes))? {
                page.messages.push(message);
                bytes = bytes.saturating_add(size);
            } else if bytes > 0 {
                // A large one goes with the next page, alone.
                page.covered = page.covered.saturating_sub(1);
                page.next = previous(&spots, spot).map(|spot| (chat.clone(), spot));
                return Ok(page);
            } else if let Some((message, size)) = retell(shelf, &message, MAX_ONE)? {
                page.messages.push(message);
                bytes = bytes.saturating_add(size);
            }
        }
        if spots.len() < MAX_COVERED {
            page.next = self.first_of(chat);
        }
        Ok(page)
    }

    /// Where the chat behind this one begins.
    fn first_of(&self, behind: &Chat) -> Option<ask::Place> {
        self.chats.iter().find(|chat| *chat > behind).map(|chat| (chat.clone(), Spot::LAST))
    }

    /// How many messages there are, as far as they are counted.
    pub(crate) fn count(&self, shelf: &Shelf<'_>) -> Result<u64, StoreError> {
        let until = if self.until == 0 { u64::MAX } else { self.until };
        let mut count = 0;
        for chat in &self.chats {
            let mut at = Spot { clock: self.since, id: [0; 32] };
            loop {
                let spots = table::spots_after(shelf, chat, at, COUNT_SLICE)?;
                count += spots.iter().filter(|spot| spot.clock <= until).count();
                match spots.last() {
                    Some(last)
                        if spots.len() == COUNT_SLICE && last.clock <= until && count < MAX_COUNTED =>
                    {
                        at = *last;
                    }
                    _ => break,
                }
            }
        }
        Ok(count as u64)
    }
}

fn previous(spots: &[Spot], of: &Spot) -> Option<Spot> {
    let place = spots.iter().position(|spot| spot == of)?.checked_sub(1)?;
    spots.get(place).copied()
}

/// What stands for all that is known of a message: equal on two devices that know the same.
pub(crate) fn mark(shelf: &Shelf<'_>, message: &Message) -> Result<[u8; MARK], StoreError> {
    let mut known = message.id.as_bytes().to_vec();
    if let Some(Edited { clock, by }) = message.edited {
        known.extend(clock.to_be_bytes());
        known.extend(by.as_bytes());
    }
    match message.deleted {
        None => known.push(0),
        Some(Deleted::ForAll { by }) => known.extend(by.as_bytes()),
        Some(Deleted::ForMe) => known.push(1),
    }
    for said in table::reactions_said(shelf, &message.id)? {
        known.extend(said.what.by.as_bytes());
        known.extend([said.what.feeling.number(), u8::from(said.what.retracted)]);
        known.extend(said.what.clock.to_be_bytes());
    }
    if let Some(said) = table::pin_said(shelf, &message.chat, &message.id)? {
        known.extend(said.what.clock.to_be_bytes());
        known.extend(said.said_by.as_bytes());
    }
    Ok(keccak256(&[&known]).first_chunk().copied().unwrap_or_default())
}

/// A message with all that belongs to it, as it travels, and about how many bytes that is; nothing if that is more than `room`.
fn retell(
    shelf: &Shelf<'_>,
    message: &Message,
    room: usize,
) -> Result<Option<(HistoryMessage, usize)>, StoreError> {
    let mut told = HistoryMessage {
        id: message.id.as_bytes().to_vec(),
        author: message.from.as_bytes().to_vec(),
        grade: match message.grade {
            Grade::Clear => 0,
            Grade::Static => 1,
            Grade::Ratcheted => 2,
        },
        ..HistoryMessage::default()
    };
    let clock = Clock::new(message.clock);
    let bare = ChatMessage { clock, timestamp: message.sent_at.millis(), ..ChatMessage::default() };
    match message.deleted {
        Some(Deleted::ForMe) => {
            told.hidden = true;
            return Ok(Some((told, 0)));
        }
        Some(Deleted::ForAll { by }) => {
            told.deleted_by = by.as_bytes().to_vec();
            told.said = Some(bare);
        }
        None => {
            let Some((said, size)) = again(shelf, message)? else { return Ok(None) };
            if size > room {
                return Ok(None);
            }
            told.said = Some(said);
        }
    }
    if let Some(Edited { clock, by }) = message.edited {
        (told.edited_at, told.edited_by) = (clock, by.as_bytes().to_vec());
    }
    for said in table::reactions_said(shelf, &message.id)? {
        told.reactions.push(HistoryReaction {
            author: said.what.by.as_bytes().to_vec(),
            feeling: said.what.feeling.number().into(),
            clock: said.what.clock,
            said_by: said.said_by.as_bytes().to_vec(),
            retracted: said.what.retracted,
        });
    }
    told.pin = table::pin_said(shelf, &message.chat, &message.id)?.map(|said| HistoryPin {
        author: said.what.by.as_bytes().to_vec(),
        clock: said.what.clock,
        said_by: said.said_by.as_bytes().to_vec(),
        pinned: said.what.pinned,
    });
    let text = told.said.as_ref().map_or(0, |said| said.text.len());
    let media: u64 = table::media_of(message).map(|(_, bytes)| u64::from(bytes)).sum();
    let size = text + 300 + 100 * told.reactions.len() + usize::try_from(media).unwrap_or(usize::MAX / 2);
    Ok(Some((told, size)))
}

/// What a message says now, as its author would say it, and about how many bytes that is; nothing if it cannot be said.
fn again(shelf: &Shelf<'_>, message: &Message) -> Result<Option<(ChatMessage, usize)>, StoreError> {
    let media = match &message.kind {
        Kind::Image(_) | Kind::Audio(_) => table::load_media(shelf, &message.id, Media::Whole)?,
        _ => Some(Vec::new()),
    };
    let Some(media) = media else { return Ok(None) };
    let mut size = message.text.len().saturating_add(media.len());
    let mut links = Vec::new();
    for (number, link) in (0_u8..).zip(&message.links).take(MAX_LINKS) {
        let small = table::load_media(shelf, &message.id, Media::Thumbnail(number))?.unwrap_or_default();
        let fits = size.saturating_add(small.len()) <= MAX_ONE;
        let thumbnail_payload = if fits { small } else { Vec::new() };
        size = size.saturating_add(thumbnail_payload.len());
        links.push(UnfurledLink {
            url: link.url.clone(),
            title: link.title.clone(),
            description: link.description.clone(),
            thumbnail_payload,
            ..UnfurledLink::default()
        });
    }
    let what = Outgoing {
        kind: message.kind.clone(),
        text: message.text.clone(),
        media,
        answers: message.answers,
        links: Vec::new(),
    };
    let (chat, name) = (place(&message.chat), message.name.clone());
    // Larger than anything that we would say ourselves: peers may have said it.
    let Ok(mut said) = what.content(&chat, Clock::new(message.clock), message.sent_at, name) else {
        return Ok(None);
    };
    said.unfurled_links = links;
    if let Kind::Relayed(Relayed { from, author }) = &message.kind {
        // Receivers want both named; a blank is shown as nothing.
        let named = |name: &str| if name.is_empty() { " ".to_owned() } else { name.to_owned() };
        said.content_type = ContentType::Bridge;
        said.payload = Some(Attachment::Bridge(BridgeMessage {
            bridge_name: named(from),
            user_name: named(author),
            content: message.text.clone(),
            ..BridgeMessage::default()
        }));
    }
    Ok(Some((said, size)))
}

#[cfg(test)]
mod tests;
