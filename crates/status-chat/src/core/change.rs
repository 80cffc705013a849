//! What becomes of messages after they were said: changes, deletions, reactions and pins.
//!
//! Whatever order they come in and however often, the same remains: of two changes, reactions or pins the one with the higher
//! clock holds (with the same clock, the one whose id is higher), and what was deleted stays deleted. What comes before its
//! message waits for it.

use status_layer::{MessageId, Shelf, StoreError, UserId};
use status_payload::{
    Content, ContentType, DeleteMessage, EditMessage, EmojiReaction, MAX_AHEAD, PinMessage, UnfurledLink,
};

use super::arrive::judge;
use super::arrive::message::{previews, thumbnails};
use super::clear::was_hidden;
use super::rights::may_delete;
use super::say::{invalid, place};
use super::{Core, Step, Stop};
use crate::compose::{LinkPreview, Outgoing};
use crate::error::SendError;
use crate::event::{Chat, Deleted, Edited, Event, Feeling, Kind, Mention, Message, Picture, Pin, Reaction};
use crate::table::{self, Dated, Edit, Media, Waiting};

/// What somebody wants of a message.
pub(crate) enum Change {
    /// Another text.
    Edit(Edit),
    /// That it is gone for everybody.
    Delete,
}

impl Core {
    /// Gives a message of ours another text.
    pub(crate) fn edit(&self, step: &mut Step<'_, '_>, id: MessageId, what: &Outgoing) -> Result<(), Stop> {
        let message = found(&step.shelf(), id)?;
        if message.from != self.keyring.user() {
            return Err(Stop::Refused(SendError::NotYours));
        }
        let content_type = match (&message.kind, &what.kind) {
            (Kind::Text | Kind::Emoji, Kind::Emoji) => ContentType::Emoji,
            (Kind::Image(_), Kind::Text) => ContentType::Image,
            (Kind::Text | Kind::Emoji, Kind::Text) => ContentType::Text,
            _ => {
                return Err(Stop::Refused(SendError::Invalid(
                    "only texts and captions can be changed".into(),
                )));
            }
        };
        let clock = self.tick(step, &message.chat)?;
        let place = place(&message.chat);
        let content = Content::EditMessage(EditMessage {
            clock,
            text: what.text.clone(),
            chat_id: place.chat_id().map_err(|why| invalid(&why))?,
            message_id: id.to_string(),
            message_type: place.message_type(),
            content_type,
            unfurled_links: links_of(&step.shelf(), &message, what)?,
        });
        let by = self.tell_all(step, &message.chat, &content)?;
        let Content::EditMessage(said) = &content else { return Ok(()) };
        self.change(step, &message.chat, id, self.keyring.user(), Change::Edit(edit(by, said)))?;
        Ok(())
    }

    /// Deletes a message for everybody.
    pub(crate) fn delete(&self, step: &mut Step<'_, '_>, id: MessageId) -> Result<(), Stop> {
        let us = self.keyring.user();
        let message = found(&step.shelf(), id)?;
        if message.from != us && !may_delete(&step.shelf(), &message.chat, &us)? {
            return Err(Stop::Refused(SendError::NotYours));
        }
        let clock = self.tick(step, &message.chat)?;
        let place = place(&message.chat);
        let deleted_by =
            if message.from == us { String::new() } else { Chat::User(us).key_string().unwrap_or_default() };
        let content = Content::DeleteMessage(DeleteMessage {
            clock,
            chat_id: place.chat_id().map_err(|why| invalid(&why))?,
            message_id: id.to_string(),
            message_type: place.message_type(),
            deleted_by,
        });
        self.tell_all(step, &message.chat, &content)?;
        self.change(step, &message.chat, id, us, Change::Delete)?;
        Ok(())
    }

    /// Reacts to a message, or no more.
    pub(crate) fn react(
        &self,
        step: &mut Step<'_, '_>,
        id: MessageId,
        feeling: Feeling,
        retracted: bool,
    ) -> Result<(), Stop> {
        let chat = found(&step.shelf(), id)?.chat;
        let clock = self.tick(step, &chat)?;
        let place = place(&chat);
        let content = Content::EmojiReaction(EmojiReaction {
            clock,
            chat_id: place.chat_id().map_err(|why| invalid(&why))?,
            message_id: id.to_string(),
            message_type: place.message_type(),
            r#type: feeling.on_the_wire(),
            retracted,
        });
        let said_by = self.tell_all(step, &chat, &content)?;
        let (by, clock) = (self.keyring.user(), clock.value());
        let what = Reaction { chat, message: id, by, feeling, retracted, clock };
        table::react(&mut step.shelf(), &Dated { what, said_by })?;
        Ok(())
    }

    /// Pins a message, or takes a pin away.
    pub(crate) fn pin(&self, step: &mut Step<'_, '_>, id: MessageId, pinned: bool) -> Result<(), Stop> {
        let chat = found(&step.shelf(), id)?.chat;
        let clock = self.tick(step, &chat)?;
        let place = place(&chat);
        let content = Content::PinMessage(PinMessage {
            clock,
            message_id: id.to_string(),
            chat_id: place.chat_id().map_err(|why| invalid(&why))?,
            pinned,
            message_type: place.message_type(),
        });
        let said_by = self.tell_all(step, &chat, &content)?;
        let what = Pin { chat, message: id, by: self.keyring.user(), pinned, clock: clock.value() };
        table::pin(&mut step.shelf(), &Dated { what, said_by })?;
        Ok(())
    }

    /// Says to a chat what every receiver takes.
    fn tell_all(&self, step: &mut Step<'_, '_>, chat: &Chat, content: &Content) -> Result<MessageId, Stop> {
        judge(content, step.now()).map_err(|why| invalid(&why))?;
        self.post(step, chat, content)
    }

    /// Does with a message what its author, or whoever may, wants; if it is not here yet, that waits for it. Returns what is
    /// another message now.
    pub(crate) fn change(
        &self,
        step: &mut Step<'_, '_>,
        chat: &Chat,
        id: MessageId,
        author: UserId,
        change: Change,
    ) -> Result<Vec<Message>, StoreError> {
        let mut shelf = step.shelf();
        let Some(mut message) = table::load_message(&shelf, id)? else {
            let mut waiting = table::waiting(&shelf, chat, &id, &author)?;
            waiting.add(change);
            table::wait(&mut shelf, chat, &id, &author, &waiting)?;
            return Ok(Vec::new());
        };
        if message.chat != *chat {
            return Ok(Vec::new());
        }
        let with_it = match &change {
            Change::Delete => others_gone(&mut shelf, &message, author)?,
            Change::Edit(_) => Vec::new(),
        };
        let changed = apply(&mut shelf, &mut message, author, change)?;
        if changed {
            table::save_message(&mut shelf, &message)?;
        }
        Ok(changed.then_some(message).into_iter().chain(with_it).collect())
    }

    /// Does with a message that has just come what was said before of it, or of the album that it belongs to. Returns what else
    /// is another one now.
    pub(super) fn catch_up(
        &self,
        step: &mut Step<'_, '_>,
        message: &mut Message,
    ) -> Result<Vec<Message>, StoreError> {
        let mut shelf = step.shelf();
        let (mut changed, mut with_it) = (false, Vec::new());
        for (author, waiting) in table::take_waiting(&mut shelf, &message.chat, &message.id)? {
            if let Some(edit) = waiting.edit {
                changed |= apply(&mut shelf, message, author, Change::Edit(edit))?;
            }
            if waiting.deleted {
                with_it.extend(others_gone(&mut shelf, message, author)?);
                changed |= apply(&mut shelf, message, author, Change::Delete)?;
            }
        }
        for other in table::album::others(&shelf, message)? {
            if let Some(Deleted::ForAll { by }) = other.deleted {
                changed |= apply(&mut shelf, message, by, Change::Delete)?;
            }
        }
        changed |= was_hidden(&mut shelf, message)?;
        if changed {
            table::save_message(&mut shelf, message)?;
        }
        Ok(with_it)
    }
}

impl Step<'_, '_> {
    /// Raises the clock of a chat to what was read in it. Peers do not look at every clock, so one that is too far ahead
    /// raises it only so far that what we say next is still taken.
    pub(crate) fn raise(&mut self, chat: &Chat, clock: u64) -> Result<(), StoreError> {
        let latest = self.now().after(MAX_AHEAD).millis();
        let mut shelf = self.shelf();
        let seen = table::clock(&shelf, chat)?;
        if clock.min(latest) > seen {
            table::set_clock(&mut shelf, chat, clock.min(latest));
        }
        Ok(())
    }
}

impl Waiting {
    fn add(&mut self, change: Change) {
        match change {
            Change::Delete => self.deleted = true,
            Change::Edit(edit) => {
                if self.edit.as_ref().is_none_or(|known| known.edited < edit.edited) {
                    self.edit = Some(edit);
                }
            }
        }
    }
}

/// What an edit that was said by the message `by` makes of another.
pub(super) fn edit(by: MessageId, said: &EditMessage) -> Edit {
    let kind = match said.content_type {
        ContentType::Text => Some(Kind::Text),
        ContentType::Emoji => Some(Kind::Emoji),
        _ => None,
    };
    let edited = Edited { clock: said.clock.value(), by };
    let (links, thumbnails) = (previews(&said.unfurled_links), thumbnails(&said.unfurled_links));
    Edit { edited, kind, text: said.text.clone(), links, thumbnails }
}

/// Changes a message if it may be changed so, and is not so already.
fn apply(
    shelf: &mut Shelf<'_>,
    message: &mut Message,
    author: UserId,
    change: Change,
) -> Result<bool, StoreError> {
    match change {
        Change::Edit(edit) => {
            let later = message.edited.is_none_or(|last| last < edit.edited);
            if author != message.from || message.deleted.is_some() || !later || !has_words(&message.kind) {
                return Ok(false);
            }
            table::drop_thumbnails(shelf, message)?;
            table::unindex(shelf, message)?;
            if let (Kind::Text | Kind::Emoji, Some(kind)) = (&message.kind, edit.kind) {
                message.kind = kind;
            }
            message.edited = Some(edit.edited);
            message.mentions = Mention::all(&edit.text);
            message.text = edit.text;
            message.links = edit.links;
            table::index(shelf, message)?;
            for (n, thumbnail) in (0_u8..).zip(&edit.thumbnails).filter(|(_, bytes)| !bytes.is_empty()) {
                table::save_media(shelf, message, Media::Thumbnail(n), thumbnail)?;
            }
            Ok(true)
        }
        Change::Delete => {
            if author != message.from && !may_delete(shelf, &message.chat, &author)? {
                return Ok(false);
            }
            // Of several who deleted it one is named, the same whatever order they came in: its author before others.
            let rank = |by: UserId| (by != message.from, by);
            match message.deleted {
                Some(Deleted::ForMe) => return Ok(false),
                Some(Deleted::ForAll { by }) if rank(by) <= rank(author) => return Ok(false),
                _ => {}
            }
            empty(shelf, message, Deleted::ForAll { by: author })?;
            Ok(true)
        }
    }
}

/// Deletes the other pictures of an album, if whoever wants it may: they go together. Returns those that are gone now.
fn others_gone(shelf: &mut Shelf<'_>, message: &Message, author: UserId) -> Result<Vec<Message>, StoreError> {
    let mut gone = Vec::new();
    for mut other in table::album::others(shelf, message)? {
        if apply(shelf, &mut other, author, Change::Delete)? {
            table::save_message(shelf, &other)?;
            gone.push(other);
        }
    }
    Ok(gone)
}

/// What we say of the links in a text that takes the place of another: what the application says, or what was said of those
/// that are still in it. Readers drop what is not said again.
fn links_of(shelf: &Shelf<'_>, message: &Message, what: &Outgoing) -> Result<Vec<UnfurledLink>, StoreError> {
    if !what.links.is_empty() {
        return Ok(what.links.iter().map(LinkPreview::content).collect());
    }
    let mut links = Vec::new();
    for (n, link) in (0_u8..).zip(&message.links).filter(|(_, link)| what.text.contains(&link.url)) {
        let thumbnail = match link.thumbnail {
            0 => None,
            _ => table::load_media(shelf, &message.id, Media::Thumbnail(n))?,
        };
        let preview = LinkPreview::new(&link.url).title(&link.title).description(&link.description);
        links.push(preview.thumbnail(thumbnail.unwrap_or_default(), 0, 0).content());
    }
    Ok(links)
}

/// Whether a message has words of its author's that can be changed.
const fn has_words(kind: &Kind) -> bool {
    matches!(kind, Kind::Text | Kind::Emoji | Kind::Status | Kind::Image(_) | Kind::ContactRequest)
}

/// Leaves nothing of a message but that it was here.
pub(super) fn empty(shelf: &mut Shelf<'_>, message: &mut Message, how: Deleted) -> Result<(), StoreError> {
    table::drop_media(shelf, message)?;
    table::unindex(shelf, message)?;
    message.deleted = Some(how);
    message.kind = match &message.kind {
        // The others of its album go with it.
        Kind::Image(picture) if picture.album.is_some() => {
            Kind::Image(Picture { bytes: 0, ..picture.clone() })
        }
        _ => Kind::Text,
    };
    message.edited = None;
    message.answers = None;
    message.name.clear();
    message.text.clear();
    message.mentions.clear();
    message.links.clear();
    Ok(())
}

/// A message that is here and was not deleted.
fn found(shelf: &Shelf<'_>, id: MessageId) -> Result<Message, Stop> {
    let message = table::load_message(shelf, id)?.filter(|message| message.deleted.is_none());
    message.ok_or(Stop::Refused(SendError::NoMessage))
}

/// What is told of a message that became another.
pub(super) fn told(message: Message) -> Event {
    match message.deleted {
        Some(Deleted::ForAll { by }) => Event::Deleted { chat: message.chat, id: message.id, by },
        _ => Event::Changed(message),
    }
}
