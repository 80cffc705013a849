//! A chat message that arrived.

use std::time::Duration;

use status_layer::{MessageId, Recipient, Shelf, StoreError, Timestamp, UserId};
use status_payload::{
    Attachment, AudioMessage, ChatMessage, ContentType, DiscordMessage, ImageMessage, MessageType, Place,
    UnfurledLink,
};

use super::group::Heed;
use super::{Origin, Unfit};
use crate::compose::{MAX_LINKS, MAX_THUMBNAIL};
use crate::core::change::told as changed_to;
use crate::core::{Core, Step, promised};
use crate::event::{
    Album, Chat, Event, Journey, Kind, Mention, Message, Picture, Preview, Recording, Relayed, Sticker,
};
use crate::table::{self, Media, audio_format, image_format};

/// Longest name of a sticker's picture that is kept, in bytes. Those of deployed peers have about 80.
const MAX_STICKER: usize = 512;
/// Longest name of an album that is kept, in bytes; of a longer one it is not said that it is one.
const MAX_ALBUM: usize = 128;
/// Longest name of a network and of an author there that is shown, in characters; the rest is cut off.
const MAX_CLAIM: usize = 128;
/// Longest link whose preview is kept, in bytes.
const MAX_URL: usize = 2_048;
/// Longest title of a link that is kept, in characters; the rest is cut off.
const MAX_TITLE: usize = 300;
/// Longest description of a link that is kept, in characters; the rest is cut off.
const MAX_DESCRIPTION: usize = 1_000;

impl Core {
    /// Shows a chat message that was judged, if it is new and its chat is ours.
    pub(super) fn heard(
        &self,
        step: &mut Step<'_, '_>,
        origin: &Origin,
        said: &ChatMessage,
    ) -> Result<(), Unfit> {
        let admitted = self.admit(step, origin, said.message_type, &said.chat_id)?;
        let Some(Admitted { chat, heed, unasked }) = admitted else { return Ok(()) };
        let asks = said.content_type == ContentType::ContactRequest;
        if !self.lets_in(step, origin, &chat, asks)? {
            return Ok(());
        }
        let shelf = step.shelf();
        let was_dropped = said.clock.value() <= table::emptied(&shelf, &chat)?;
        if was_dropped || table::has_message(&shelf, &origin.id)? {
            step.effects.tally.copies += 1;
            return Ok(());
        }
        let shown = self.met(step, origin, &chat, said)?;
        let journey = Journey { text: said.text.len(), body: origin.body, layers: origin.way };
        let mut message = Message {
            grade: origin.grade,
            way: Some(journey),
            ..told(origin.id, chat, origin.author, said)?
        };
        keep(&mut step.shelf(), &message, said)?;
        step.raise(&message.chat, message.clock)?;
        let changed = self.catch_up(step, &mut message)?;
        if heed == Heed::Tell {
            changed.into_iter().for_each(|other| step.tell(changed_to(other)));
        }
        self.fit(step, &message.chat)?;
        if !shown || !table::has_message(&step.shelf(), &message.id)? {
            return Ok(());
        }
        if unasked {
            self.join_unasked(step, &message.chat)?;
        }
        step.effects.tally.received += 1;
        if message.deleted.is_none() && heed == Heed::Tell {
            step.tell(Event::Message(message));
        }
        Ok(())
    }

    /// The chat in which something is said, and what becomes of it; nothing if it is no chat of ours.
    pub(super) fn admit(
        &self,
        step: &mut Step<'_, '_>,
        origin: &Origin,
        sort: MessageType,
        chat_id: &str,
    ) -> Result<Option<Admitted>, Unfit> {
        let chat = chat(origin, sort, chat_id)?;
        let shelf = step.shelf();
        let heed = self.heed(&shelf, &chat, &origin.author)?;
        if heed == Heed::Pass {
            return Ok(None);
        }
        let unasked = matches!(chat, Chat::User(_)) && !table::joined(&shelf, &chat)?;
        if origin.grade < promised(&chat) {
            return Err(Unfit::Unsealed);
        }
        Ok(Some(Admitted { chat, heed, unasked }))
    }
}

/// A chat in which something that was said belongs.
pub(super) struct Admitted {
    pub(super) chat: Chat,
    /// Whether it is told, or only kept.
    pub(super) heed: Heed,
    /// Whether it is a chat with somebody new.
    pub(super) unasked: bool,
}

/// Whether a chat message is of a kind that is shown.
pub(super) const fn shows(chat: &ChatMessage) -> bool {
    use ContentType::{Audio, Bridge, ContactRequest, Discord, Emoji, Image, Status, Sticker, Text};
    matches!(
        chat.content_type,
        Text | Emoji | Status | ContactRequest | Sticker | Image | Audio | Bridge | Discord
    )
}

/// A chat message as it is kept and shown.
pub(crate) fn told(id: MessageId, chat: Chat, from: UserId, said: &ChatMessage) -> Result<Message, Unfit> {
    let (kind, text) = made_of(said)?;
    let text = text.unwrap_or_else(|| said.text.clone());
    Ok(Message {
        name: said.display_name.trim().to_owned(),
        kind,
        mentions: Mention::all(&text),
        text,
        links: previews(&said.unfurled_links),
        answers: said.answers(),
        sent_at: Timestamp::from_millis(said.timestamp),
        ..Message::new(id, chat, from, "", said.clock.value())
    })
}

/// Keeps a message with all that belongs to it.
pub(crate) fn keep(shelf: &mut Shelf<'_>, message: &Message, said: &ChatMessage) -> Result<(), StoreError> {
    table::save_message(shelf, message)?;
    table::index(shelf, message)?;
    let bytes = match &said.payload {
        Some(Attachment::Image(ImageMessage { payload, .. })) => Some(payload),
        Some(Attachment::Audio(AudioMessage { payload, .. })) => Some(payload),
        _ => None,
    };
    if let Some(bytes) = bytes.filter(|_| matches!(message.kind, Kind::Image(_) | Kind::Audio(_))) {
        table::save_media(shelf, message, Media::Whole, bytes)?;
    }
    for (n, thumbnail) in (0_u8..).zip(thumbnails(&said.unfurled_links)) {
        if !thumbnail.is_empty() {
            table::save_media(shelf, message, Media::Thumbnail(n), &thumbnail)?;
        }
    }
    Ok(())
}

/// The small pictures of the links whose previews are kept; empty where there is none.
pub(crate) fn thumbnails(said: &[UnfurledLink]) -> Vec<Vec<u8>> {
    let kept = |link: &UnfurledLink| is_kept(&link.thumbnail_payload).then(|| link.thumbnail_payload.clone());
    links(said).map(|link| kept(link).unwrap_or_default()).collect()
}

/// What a message is made of, and its text if that is not where the text of others is.
fn made_of(said: &ChatMessage) -> Result<(Kind, Option<String>), Unfit> {
    let kind = match (said.content_type, &said.payload) {
        (ContentType::Emoji, _) => Kind::Emoji,
        (ContentType::Status, _) => Kind::Status,
        (ContentType::ContactRequest, _) => Kind::ContactRequest,
        (ContentType::Sticker, Some(Attachment::Sticker(sticker))) => {
            if sticker.hash.len() > MAX_STICKER {
                return Err(Unfit::TooLong("the name of its sticker"));
            }
            Kind::Sticker(Sticker { pack: sticker.pack, hash: sticker.hash.clone() })
        }
        (ContentType::Image, Some(Attachment::Image(image))) => Kind::Image(picture(image)),
        (ContentType::Audio, Some(Attachment::Audio(audio))) => Kind::Audio(Recording {
            format: audio_format(audio.r#type.number()),
            bytes: count(&audio.payload),
            duration: Duration::from_millis(audio.duration_ms),
        }),
        (ContentType::Bridge, Some(Attachment::Bridge(bridge))) => {
            let relayed = Relayed { from: claim(&bridge.bridge_name), author: claim(&bridge.user_name) };
            return Ok((Kind::Relayed(relayed), Some(bridge.content.clone())));
        }
        (ContentType::Discord, Some(Attachment::Discord(bytes))) => {
            let DiscordMessage { content, author } = DiscordMessage::read(bytes).ok_or(Unfit::Unreadable)?;
            let author = author.map_or_else(String::new, |author| match author.nickname.trim() {
                "" => claim(&author.name),
                nickname => claim(nickname),
            });
            let relayed = Relayed { from: "Discord".to_owned(), author };
            return Ok((Kind::Relayed(relayed), Some(content)));
        }
        (ContentType::Discord, _) => return Err(Unfit::Unreadable),
        _ => Kind::Text,
    };
    Ok((kind, None))
}

fn picture(image: &ImageMessage) -> Picture {
    let named = !image.album_id.is_empty() && image.album_id.len() <= MAX_ALBUM;
    Picture {
        format: image_format(image.r#type.number()),
        bytes: count(&image.payload),
        width: image.width,
        height: image.height,
        album: named.then(|| Album { id: image.album_id.clone(), of: image.album_images_count }),
    }
}

/// The links whose previews are kept.
fn links(said: &[UnfurledLink]) -> impl Iterator<Item = &UnfurledLink> {
    said.iter().filter(|link| !link.url.is_empty() && link.url.len() <= MAX_URL).take(MAX_LINKS)
}

pub(crate) fn previews(said: &[UnfurledLink]) -> Vec<Preview> {
    links(said).map(preview).collect()
}

fn preview(link: &UnfurledLink) -> Preview {
    Preview {
        url: link.url.clone(),
        title: cut(&link.title, MAX_TITLE),
        description: cut(&link.description, MAX_DESCRIPTION),
        thumbnail: if is_kept(&link.thumbnail_payload) { count(&link.thumbnail_payload) } else { 0 },
    }
}

fn is_kept(thumbnail: &[u8]) -> bool {
    (1..=MAX_THUMBNAIL).contains(&thumbnail.len())
}

fn claim(name: &str) -> String {
    cut(name.trim(), MAX_CLAIM)
}

fn cut(text: &str, max: usize) -> String {
    text.chars().take(max).collect()
}

fn count(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}

/// The chat that content belongs to: the one it came in, which is also the one it has to name.
fn chat(origin: &Origin, sort: MessageType, chat_id: &str) -> Result<Chat, Unfit> {
    let named = ChatMessage { message_type: sort, chat_id: chat_id.to_owned(), ..ChatMessage::default() };
    match (&origin.to, named.place(&origin.author, &reader(&origin.to, origin.author))) {
        (Recipient::User(_), Some(Place::User(user))) => Ok(Chat::User(user)),
        (Recipient::User(_), Some(Place::Group(group))) => Ok(Chat::Group(group)),
        (Recipient::Channel(name), Some(Place::Channel(said))) if *name == said => Ok(Chat::Channel(said)),
        _ => Err(Unfit::Elsewhere),
    }
}

/// The user for whom a body is read; in a channel that is of no account.
const fn reader(to: &Recipient, author: UserId) -> UserId {
    match to {
        Recipient::User(user) => *user,
        Recipient::Channel(_) => author,
    }
}
