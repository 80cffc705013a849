//! What has to hold for the chat's rows, and which of them are the user's.

use status_crypto::SecretKey;
use status_layer::examine::{Examined, Nature, Report, Table, Wrong, every_row};
use status_layer::row::{Reader, Writer};
use status_layer::{Area, DeviceId, MessageId, Read, Shelf, StoreError, Value};

use super::change::{self, PIN, REACTION, WAITING};
use super::message::{HISTORY, MEDIA, MESSAGE, message_key, order_key, read_media, read_message};
use super::pages::{READ, read_marker};
use super::retention::{self, RETENTION};
use super::search::{self, Built, INDEX};
use super::{
    CLOCK, IDENTITY, JOINED, Standing, VERSION, WHAT, album, ask, avatar, chat_of, contacts, damaged,
    devices, fellows, group, hidden, load_media, load_message, log, media_of, profile, push, save_message,
    sync, unasked, under, word,
};
use crate::event::{Chat, Message};
use crate::identity::Identity;
use crate::stage;
use crate::values;

/// Every table of the chat. The identity is in a backup too, but not as the row that it is here: that holds the keys of
/// this device's node.
pub(crate) const TABLES: &[Table] = &[
    Table { tag: b'I', holds: "the identity", nature: Nature::Device },
    Table { tag: devices::DEVICE, holds: "other devices of ours", nature: Nature::Device },
    Table { tag: devices::NAME, holds: "names of devices", nature: Nature::Device },
    Table { tag: devices::EXPECTED, holds: "devices to come", nature: Nature::Device },
    Table { tag: JOINED, holds: "chats", nature: Nature::User },
    Table { tag: CLOCK, holds: "clocks of chats", nature: Nature::User },
    Table { tag: MESSAGE, holds: "messages", nature: Nature::User },
    Table { tag: MEDIA, holds: "pictures and recordings", nature: Nature::User },
    Table { tag: WAITING, holds: "changes that wait for their messages", nature: Nature::Device },
    Table { tag: REACTION, holds: "reactions", nature: Nature::User },
    Table { tag: PIN, holds: "pinned messages", nature: Nature::User },
    Table { tag: group::GROUP, holds: "closed groups", nature: Nature::User },
    Table { tag: group::EVENT, holds: "changes of closed groups", nature: Nature::User },
    Table { tag: fellows::FELLOWS, holds: "members whose keys are listened for", nature: Nature::Index },
    Table { tag: READ, holds: "how far chats were read", nature: Nature::User },
    Table { tag: RETENTION, holds: "how long messages are kept", nature: Nature::User },
    Table { tag: INDEX, holds: "the index of words", nature: Nature::Index },
    Table { tag: sync::WORD, holds: "words of our devices on chats", nature: Nature::Device },
    Table { tag: word::SAID, holds: "when the user decided what", nature: Nature::Device },
    Table { tag: hidden::HIDDEN, holds: "deleted messages to come", nature: Nature::Device },
    Table { tag: ask::ASK, holds: "requests for history", nature: Nature::Device },
    Table { tag: stage::RECEIPT, holds: "receipts of messages", nature: Nature::User },
    Table { tag: HISTORY, holds: "the order of messages", nature: Nature::Index },
    Table { tag: contacts::PERSON, holds: "people", nature: Nature::User },
    Table { tag: profile::TAG, holds: "the profile and the settings", nature: Nature::User },
    Table { tag: avatar::OURS, holds: "our picture", nature: Nature::User },
    Table { tag: avatar::THEIRS, holds: "pictures of people", nature: Nature::Device },
    Table { tag: contacts::TRUST, holds: "who was verified", nature: Nature::User },
    Table { tag: unasked::UNASKED, holds: "what strangers take up", nature: Nature::Index },
    Table { tag: album::ALBUM, holds: "pictures of albums", nature: Nature::Index },
    Table { tag: contacts::STRANGER, holds: "the order of strangers", nature: Nature::Index },
    Table { tag: log::LOG, holds: "events for applications", nature: Nature::Device },
    Table { tag: log::CURSOR, holds: "how far applications have read", nature: Nature::Device },
    Table { tag: push::OURS, holds: "how this device is notified", nature: Nature::Device },
    Table { tag: push::SERVER, holds: "notification servers", nature: Nature::Device },
    Table { tag: push::KNOWN, holds: "how others are notified", nature: Nature::Device },
    Table { tag: push::NOTIFY, holds: "who is to be notified", nature: Nature::Device },
    Table { tag: values::VALUE, holds: "values of applications", nature: Nature::User },
];

/// Looks at all rows of the chat in `area`.
///
/// Every row can be read; the words of the identity lead to its key; each message is in the order of its chat, whose
/// clock is not behind it, and has what belongs to it; nothing else is in an order; the events of each closed group make a group.
///
/// # Errors
/// [`StoreError`] if the medium fails.
pub(crate) fn examine(rows: &dyn Read, area: Area) -> Result<Examined, StoreError> {
    let mut examined = every_row(rows, area, TABLES, |shelf, key, value, report| {
        let rest = key.get(1..).unwrap_or_default();
        match key.first() {
            Some(b'I') if key == IDENTITY => owner(shelf)?,
            Some(&devices::DEVICE) => drop(devices::read(key, value)?),
            Some(&devices::NAME) => drop(devices::read_name(value)?),
            Some(&devices::EXPECTED) => drop(devices::read_expected(key, value)?),
            Some(&sync::WORD) => {
                chat_of(rest).ok_or_else(damaged)?;
                sync::read_word(value)?;
            }
            Some(&ask::ASK) => {
                if !ask::check(shelf, key, value)? {
                    report.drop(Wrong::Dangling);
                }
            }
            Some(&hidden::HIDDEN) => hidden::check(key, value)?,
            Some(&word::SAID) => word::check(key, value)?,
            Some(&JOINED) => {
                chat_of(rest).ok_or_else(damaged)?;
                Reader::read(WHAT, VERSION, value, |_| Some(()))?;
            }
            Some(&CLOCK) => {
                chat_of(rest).ok_or_else(damaged)?;
                Reader::read(WHAT, VERSION, value, Reader::u64)?;
            }
            Some(&MESSAGE) => {
                let message = message_of(key, value)?;
                let order = order_key(&message);
                if !shelf.has(&order)? {
                    report.mend(Wrong::Incomplete, [(order, Some(Writer::new(VERSION).finish()))].into());
                }
                if search::built(shelf).is_ok_and(|built| built == Some(Built::Whole)) {
                    for row in search::rows_of(&message) {
                        if !shelf.has(&row)? {
                            report
                                .mend(Wrong::Incomplete, [(row, Some(Writer::new(VERSION).finish()))].into());
                        }
                    }
                }
                if let Some((row, value)) = album::row_of(&message)
                    && !shelf.has(&row)?
                {
                    report.mend(Wrong::Incomplete, [(row, Some(value))].into());
                }
                for (which, _) in media_of(&message) {
                    if load_media(shelf, &message.id, which)?.is_none() {
                        report.say(Wrong::Incomplete);
                    }
                }
                let clock = under(CLOCK, &message.chat);
                let seen = shelf.get(&clock)?.map(|row| Reader::read(WHAT, VERSION, &row, Reader::u64));
                // A clock that cannot be read is found by itself.
                if let Ok(seen) = seen.transpose()
                    && seen.unwrap_or(0) < message.clock
                {
                    let row = Writer::new(VERSION).u64(message.clock).finish();
                    report.mend(Wrong::Differs, [(clock, Some(row))].into());
                }
            }
            Some(&MEDIA) => {
                let (id, which, len) = read_media(key, value)?;
                match load_message(shelf, id) {
                    Ok(Some(message)) if media_of(&message).any(|its| its == (which, len)) => {}
                    Ok(Some(_)) => report.say(Wrong::Differs),
                    Ok(None) => report.drop(Wrong::Dangling),
                    // The message is found by itself.
                    Err(_) => {}
                }
            }
            Some(&READ) => {
                chat_of(rest).ok_or_else(damaged)?;
                read_marker(value)?;
            }
            Some(&RETENTION) => retention::check(key, value)?,
            Some(&INDEX) => {
                if let Some((id, _)) = search::check(key, value)? {
                    match load_message(shelf, id) {
                        Ok(Some(message)) if search::rows_of(&message).iter().any(|row| row == key) => {}
                        Ok(Some(_)) => report.drop(Wrong::Differs),
                        Ok(None) => report.drop(Wrong::Dangling),
                        // The message is found by itself.
                        Err(_) => {}
                    }
                }
            }
            Some(&(WAITING | REACTION | PIN)) => drop(change::check(key, value)?),
            Some(&stage::RECEIPT) => {
                // One whose message cannot be read belongs to it all the same.
                if !shelf.has(&message_key(&stage::read(key, value)?))? {
                    report.drop(Wrong::Dangling);
                }
            }
            Some(&group::GROUP) => {
                let id = group::group_in(key)?;
                if group::read_standing(value)?.is_unasked() {
                    weigh(shelf, &Chat::Group(id.clone()), report)?;
                }
                match group::roster(shelf, &id) {
                    Ok(Some(_)) => {}
                    Ok(None) | Err(StoreError::Damaged { .. }) => report.say(Wrong::Incomplete),
                    Err(why) => return Err(why),
                }
            }
            Some(&group::EVENT) => {
                let of = group::group_of_event(key, value)?;
                if !shelf.has(&group::group_key(&of))? {
                    report.drop(Wrong::Dangling);
                }
            }
            Some(&fellows::FELLOWS) => {
                if !shelf.has(&group::group_key(&fellows::check(key, value)?))? {
                    report.drop(Wrong::Dangling);
                }
            }
            Some(&HISTORY) => {
                Reader::read(WHAT, VERSION, value, |_| Some(()))?;
                let id = key.last_chunk::<32>().ok_or_else(damaged)?;
                match load_message(shelf, MessageId::new(*id)) {
                    Ok(Some(message)) if order_key(&message) == key => {}
                    Ok(Some(_)) => report.drop(Wrong::Differs),
                    Ok(None) => report.drop(Wrong::Dangling),
                    // The message is found by itself.
                    Err(_) => {}
                }
            }
            Some(&contacts::PERSON) => {
                let (user, person) = contacts::read(key, value)?;
                if person.stranger {
                    weigh(shelf, &Chat::User(user), report)?;
                }
                if let Some((seat, row)) = contacts::seat_of(&user, &person)
                    && !shelf.has(&seat)?
                {
                    report.mend(Wrong::Incomplete, [(seat, Some(row))].into());
                }
            }
            Some(&(avatar::OURS | avatar::THEIRS)) => drop(avatar::check(key, value)?),
            Some(&contacts::TRUST) => contacts::check_trust(key, value)?,
            Some(&profile::TAG) => profile::check(key, value)?,
            Some(&contacts::STRANGER) => {
                Reader::read(WHAT, VERSION, value, |_| Some(()))?;
                let (_, user) = contacts::read_seat(key)?;
                match contacts::load(shelf, &user) {
                    Ok(Some(person))
                        if contacts::seat_of(&user, &person).is_some_and(|(seat, _)| seat == key) => {}
                    Ok(Some(_)) => report.drop(Wrong::Differs),
                    Ok(None) => report.drop(Wrong::Dangling),
                    // The person is found by itself.
                    Err(_) => {}
                }
            }
            Some(&album::ALBUM) => match load_message(shelf, album::check(key, value)?) {
                Ok(Some(message)) if album::row_of(&message).is_some_and(|(row, _)| row == key) => {}
                Ok(Some(_)) => report.drop(Wrong::Differs),
                Ok(None) => report.drop(Wrong::Dangling),
                // The message is found by itself.
                Err(_) => {}
            },
            Some(&unasked::UNASKED) => {
                let unwanted = match unasked::check(key, value)? {
                    Some(Chat::User(user)) => contacts::load(shelf, &user)
                        .map(|person| person.is_some_and(|person| person.stranger)),
                    Some(Chat::Group(id)) => {
                        group::standing(shelf, &id).map(|standing| standing.is_some_and(Standing::is_unasked))
                    }
                    _ => Ok(true),
                };
                // Whose row cannot be read is found by itself.
                if let Ok(false) = unwanted {
                    report.drop(Wrong::Dangling);
                }
            }
            Some(&(log::LOG | log::CURSOR)) => log::examine(key, value)?,
            Some(&push::OURS) => push::check_ours(key, value)?,
            Some(&push::SERVER) => drop(push::read_server(key, value)?),
            Some(&push::KNOWN) => drop(push::read_known(key, value)?),
            Some(&push::NOTIFY) => push::examine(shelf, key, value, report)?,
            Some(&values::VALUE) => values::examine(key, value)?,
            _ => report.say(Wrong::Unknown),
        }
        Ok(())
    })?;
    if rows.get(area, IDENTITY)?.is_none() {
        examined.add(TABLES, IDENTITY, Wrong::Incomplete, Vec::new());
    }
    Ok(examined)
}

/// Whether the bytes of a chat that nobody asked for are counted right. Rows that cannot be read are found by themselves.
fn weigh(shelf: &Shelf<'_>, chat: &Chat, report: &mut Report<'_>) -> Result<(), StoreError> {
    match unasked::mended(shelf, chat) {
        Ok(Some((key, row))) => report.mend(Wrong::Differs, [(key, Some(row))].into()),
        Ok(None) | Err(StoreError::Damaged { .. } | StoreError::Newer { .. }) => {}
        Err(error) => return Err(error),
    }
    Ok(())
}

/// The chat in the key of a row that says that we take part in it.
pub(crate) fn chat_in(key: &[u8]) -> Option<Chat> {
    chat_of(key.get(1..)?)
}

/// The message in a row.
pub(crate) fn message_of(key: &[u8], value: &[u8]) -> Result<Message, StoreError> {
    match key.split_first() {
        Some((&MESSAGE, id)) => read_message(MessageId::new(id.try_into().map_err(|_| damaged())?), value),
        _ => Err(damaged()),
    }
}

/// Takes over a row of the user's from elsewhere, with all that follows from it; says what it is.
pub(crate) fn adopt(shelf: &mut Shelf<'_>, key: &[u8], value: &Value) -> Result<Adopted, StoreError> {
    let chat = |key: &[u8]| chat_of(key).ok_or_else(damaged);
    match key.split_first() {
        Some((&JOINED, rest)) => {
            Reader::read(WHAT, VERSION, value, |_| Some(()))?;
            chat(rest)?;
            shelf.put(key, value.clone());
            Ok(Adopted::Chat)
        }
        Some((&CLOCK, rest)) => {
            Reader::read(WHAT, VERSION, value, Reader::u64)?;
            chat(rest)?;
            shelf.put(key, value.clone());
            Ok(Adopted::Other)
        }
        Some((&READ, rest)) => {
            read_marker(value)?;
            chat(rest)?;
            shelf.put(key, value.clone());
            Ok(Adopted::Other)
        }
        Some((&RETENTION, _)) => {
            retention::check(key, value)?;
            shelf.put(key, value.clone());
            Ok(Adopted::Other)
        }
        Some((&(REACTION | PIN), _)) => {
            change::check(key, value)?;
            shelf.put(key, value.clone());
            Ok(Adopted::Other)
        }
        Some((&MEDIA, _)) => {
            read_media(key, value)?;
            shelf.put(key, value.clone());
            Ok(Adopted::Other)
        }
        Some((&group::GROUP, _)) => {
            // What it takes up is counted at the next start.
            group::read_standing(value)?;
            group::group_in(key)?;
            shelf.put(key, value.clone());
            Ok(Adopted::Other)
        }
        Some((&group::EVENT, _)) => {
            group::group_of_event(key, value)?;
            shelf.put(key, value.clone());
            Ok(Adopted::Other)
        }
        Some((&stage::RECEIPT, _)) => {
            stage::read(key, value)?;
            shelf.put(key, value.clone());
            Ok(Adopted::Other)
        }
        Some((&values::VALUE, _)) => {
            values::adopt(shelf, key, value)?;
            Ok(Adopted::Other)
        }
        Some((&MESSAGE, _)) => {
            let message = message_of(key, value)?;
            save_message(shelf, &message)?;
            Ok(Adopted::Message(Box::new(message)))
        }
        Some((&contacts::PERSON, _)) => {
            let (user, person) = contacts::read(key, value)?;
            contacts::save(shelf, &user, &person)?;
            Ok(Adopted::Other)
        }
        Some((&profile::TAG, _)) => {
            profile::check(key, value)?;
            shelf.put(key, value.clone());
            Ok(Adopted::Other)
        }
        Some((&avatar::OURS, _)) => {
            avatar::check(key, value)?;
            shelf.put(key, value.clone());
            Ok(Adopted::Other)
        }
        Some((&contacts::TRUST, _)) => {
            contacts::check_trust(key, value)?;
            shelf.put(key, value.clone());
            Ok(Adopted::Other)
        }
        _ => Err(damaged()),
    }
}

/// What a row that was taken over is.
pub(crate) enum Adopted {
    Chat,
    Message(Box<Message>),
    Other,
}

fn owner(shelf: &Shelf<'_>) -> Result<(), StoreError> {
    let owner = super::load_owner(shelf)?.ok_or_else(damaged)?;
    let damaged = |_| StoreError::Damaged { what: "the identity" };
    SecretKey::from_bytes(owner.chat_key.as_slice()).map_err(|_| damaged(()))?;
    DeviceId::new(owner.device).map_err(|_| damaged(()))?;
    let identity = Identity::restore(&owner.phrase).map_err(|_| damaged(()))?;
    if *identity.key().to_bytes() == **owner.chat_key { Ok(()) } else { Err(damaged(())) }
}

#[cfg(test)]
mod tests {
    use status_layer::Name;
    use status_layer::testing::Party;

    use status_crypto::Keyring as _;
    use status_payload::{Clock, GroupChatId, Roster};

    use super::super::{Owner, Standing, join, save_owner, set_clock};
    use super::*;

    const WORDS: &str = "legal winner thank year wave sausage worth useful legal winner thank yellow";

    fn chat() -> Chat {
        Chat::Channel(Name::new("room").unwrap())
    }

    fn message(id: u8, clock: u64) -> Message {
        let from = Identity::restore(WORDS).unwrap().user();
        let id = MessageId::new([id; 32]);
        Message { grade: status_layer::Grade::Clear, ..Message::new(id, chat(), from, "text", clock) }
    }

    /// A home with two messages, changed, then examined; and examined again after what can be mended was.
    fn found(change: impl FnOnce(&mut Shelf<'_>)) -> (Vec<(u8, Wrong)>, usize) {
        let mut party = Party::new(1);
        let filled: Result<(), StoreError> = party.run(|cx| {
            let identity = Identity::restore(WORDS).unwrap();
            let chat_key = Box::new(identity.key().to_bytes());
            let phrase = identity.phrase().expose().to_owned().into();
            let host_key = Box::new(zeroize::Zeroizing::new([3; 32]));
            save_owner(&mut cx.shelf, &Owner { chat_key, host_key, device: "device".into(), phrase });
            join(&mut cx.shelf, &chat());
            set_clock(&mut cx.shelf, &chat(), 9);
            save_message(&mut cx.shelf, &message(1, 5))?;
            save_message(&mut cx.shelf, &message(2, 9))?;
            change(&mut cx.shelf);
            Ok(())
        });
        filled.unwrap();
        let found = examine(&party.store, Party::AREA).unwrap().findings;
        let mended: Result<(), StoreError> = party.run(|cx| {
            for (key, value) in found.iter().flat_map(|finding| finding.repair.clone()) {
                match value {
                    Some(value) => cx.shelf.put(key, value),
                    None => cx.shelf.delete(key),
                }
            }
            Ok(())
        });
        mended.unwrap();
        let left = examine(&party.store, Party::AREA).unwrap().findings.len();
        (found.into_iter().map(|finding| (finding.key[0], finding.wrong)).collect(), left)
    }

    #[test]
    fn a_chat_that_was_used_is_in_order() {
        assert_eq!(found(|_| {}), (Vec::new(), 0));
    }

    #[test]
    fn the_order_of_messages_is_mended_from_the_messages() {
        let lost = found(|shelf| shelf.delete(order_key(&message(1, 5))));
        let planted = found(|shelf| shelf.put(order_key(&message(7, 5)), vec![1]));
        let elsewhere = found(|shelf| shelf.put(order_key(&message(1, 6)), vec![1]));
        let unreadable = found(|shelf| shelf.put(order_key(&message(1, 5)), vec![1, 2]));
        let behind = found(|shelf| set_clock(shelf, &chat(), 8));

        assert_eq!(lost, (vec![(MESSAGE, Wrong::Incomplete)], 0));
        assert_eq!(planted, (vec![(HISTORY, Wrong::Dangling)], 0));
        assert_eq!(elsewhere, (vec![(HISTORY, Wrong::Differs)], 0));
        assert_eq!(unreadable, (vec![(HISTORY, Wrong::Damaged)], 1), "the next look adds it again");
        assert_eq!(behind, (vec![(MESSAGE, Wrong::Differs)], 0));
    }

    #[test]
    fn what_cannot_be_derived_is_said_and_left() {
        let message_lost = found(|shelf| shelf.put(message_key(&message(1, 5).id), vec![1, 2, 3]));
        let newer = found(|shelf| shelf.put(under(JOINED, &chat()), vec![7]));
        let no_chat = found(|shelf| shelf.put(*b"Jx", vec![1]));
        let nobody = found(|shelf| shelf.delete(IDENTITY));
        let unknown = found(|shelf| shelf.put(*b"?", vec![1]));

        assert_eq!(message_lost, (vec![(MESSAGE, Wrong::Damaged)], 1));
        assert_eq!(newer, (vec![(JOINED, Wrong::Newer { found: 7, known: 1 })], 1));
        assert_eq!(no_chat, (vec![(JOINED, Wrong::Damaged)], 1));
        assert_eq!(nobody, (vec![(b'I', Wrong::Incomplete)], 1));
        assert_eq!(unknown, (vec![(b'?', Wrong::Unknown)], 1));
    }

    #[test]
    fn a_group_is_looked_at_with_all_its_events() {
        let key = SecretKey::from_bytes(&[7; 32]).unwrap();
        let id = GroupChatId::new("7a1a7ea0-0000-4000-8000-000000000000", key.user()).unwrap();
        let made = Roster::create(&key, &id, "climbing", "", Clock::new(5)).unwrap();
        let keep = |shelf: &mut Shelf<'_>| {
            group::set_standing(shelf, &id, Standing::Active).unwrap();
            group::save_roster(shelf, None, &made).unwrap();
        };

        let whole = found(keep);
        let no_events = found(|shelf| group::set_standing(shelf, &id, Standing::Active).unwrap());
        let no_group = found(|shelf| {
            keep(shelf);
            shelf.delete(group::group_key(&id));
        });

        assert_eq!(whole, (Vec::new(), 0));
        assert_eq!(no_events, (vec![(group::GROUP, Wrong::Incomplete)], 1));
        assert_eq!(no_group, (vec![(group::EVENT, Wrong::Dangling)], 0));
    }

    #[test]
    fn an_identity_whose_words_lead_elsewhere_is_damaged() {
        let other = found(|shelf| {
            let mut owner = super::super::load_owner(shelf).unwrap().unwrap();
            owner.chat_key[31] ^= 1;
            save_owner(shelf, &owner);
        });

        assert_eq!(other.0, [(b'I', Wrong::Damaged)]);
    }
}
