//! Reading a chat in pages, from either end, and how far it was read.
//!
//! The seam of a store reads rows in one direction. The rows before a place are found by looking for a place before it from which
//! not too few and not too many rows follow: a chat's rows are in the order of its clock, so the search is over times.

use status_layer::row::{Reader, Writer};
use status_layer::{MessageId, Shelf, StoreError, UserId};

use super::message::{HISTORY, load_message};
use super::{VERSION, WHAT, chat_of, damaged, under, word};
use crate::event::{Chat, Deleted, Message};

pub(super) const READ: u8 = b'r';

/// Messages of others that are counted as unread at most.
pub(crate) const MAX_UNREAD: usize = 1_000;

/// One hour, in the numbers that stand for places.
const AN_HOUR: u128 = 3_600_000 << 64;

/// The place of a message in its chat.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Spot {
    pub(crate) clock: u64,
    pub(crate) id: [u8; 32],
}

impl Spot {
    pub(crate) const FIRST: Self = Self { clock: 0, id: [0; 32] };
    /// Behind all messages with this clock.
    pub(crate) const fn end_of(clock: u64) -> Self {
        Self { clock, id: [0xff; 32] }
    }

    pub(crate) const LAST: Self = Self { clock: u64::MAX, id: [0xff; 32] };

    pub(crate) fn of(message: &Message) -> Self {
        Self { clock: message.clock, id: *message.id.as_bytes() }
    }

    /// Clock and beginning of the id as one number.
    fn number(&self) -> u128 {
        let head = self.id.first_chunk().copied().map_or(0, u64::from_be_bytes);
        (u128::from(self.clock) << 64) | u128::from(head)
    }

    fn numbered(number: u128) -> Self {
        let (clock, head) = ((number >> 64) as u64, number as u64);
        let mut id = [0; 32];
        if let Some(first) = id.first_chunk_mut() {
            *first = head.to_be_bytes();
        }
        Self { clock, id }
    }
}

/// Places in a chat behind `after`, the first ones first.
pub(crate) fn spots_after(
    shelf: &Shelf<'_>,
    chat: &Chat,
    after: Spot,
    limit: usize,
) -> Result<Vec<Spot>, StoreError> {
    let prefix = order_of(chat);
    let start = [prefix.as_slice(), &after.clock.to_be_bytes(), &after.id].concat();
    let rows = shelf.scan(&prefix, Some(&start), limit)?;
    rows.iter().map(|(key, _)| spot(key.get(prefix.len()..).unwrap_or_default())).collect()
}

/// Places in a chat before `before`, the last ones first. `latest` is a clock that none in the chat is behind.
pub(crate) fn spots_before(
    shelf: &Shelf<'_>,
    chat: &Chat,
    before: Spot,
    latest: u64,
    limit: usize,
) -> Result<Vec<Spot>, StoreError> {
    let most = limit.saturating_mul(4).max(16);
    let end = before.min(Spot { clock: latest, id: [0xff; 32] }).number();
    // Looking back by `few` finds too few rows, by `many` too many.
    let (mut few, mut many, mut span) = (0_u128, None::<u128>, AN_HOUR);
    loop {
        let start = Spot::numbered(end.saturating_sub(span));
        let mut spots = spots_after(shelf, chat, start, most.saturating_add(1))?;
        let overflows = spots.len() > most && spots.last().is_some_and(|last| *last < before);
        spots.retain(|spot| *spot < before);
        let narrow = many.is_some_and(|many| many.saturating_sub(few) <= 1);
        if overflows && !narrow {
            many = Some(span);
        } else if spots.len() < limit && span < end && !narrow {
            few = span;
        } else {
            spots.reverse();
            spots.truncate(limit);
            return Ok(spots);
        }
        span = match many {
            Some(many) => few.midpoint(many),
            None => span.saturating_mul(8),
        };
    }
}

/// The next chat of which anything is kept, in the order of their rows; the first one after none.
pub(crate) fn next_chat(shelf: &Shelf<'_>, after: Option<&Chat>) -> Result<Option<Chat>, StoreError> {
    let after = after.map(|chat| [order_of(chat).as_slice(), &[0xff; 41]].concat());
    let rows = shelf.scan(&[HISTORY], after.as_deref(), 1)?;
    // Behind the chat stand a zero, a clock and an id.
    let chat = |key: &[u8]| chat_of(key.get(1..key.len().checked_sub(41)?)?);
    rows.first().map(|(key, _)| chat(key).ok_or_else(damaged)).transpose()
}

/// The message at a place, unless it is not to be seen.
pub(crate) fn shown_at(shelf: &Shelf<'_>, spot: Spot) -> Result<Option<Message>, StoreError> {
    shown(shelf, MessageId::new(spot.id))
}

/// A message, unless it is not to be seen.
pub(crate) fn shown(shelf: &Shelf<'_>, id: MessageId) -> Result<Option<Message>, StoreError> {
    match load_message(shelf, id)?.filter(|message| message.deleted != Some(Deleted::ForMe)) {
        Some(message) if word::is_cleared(shelf, &message.chat, message.clock)? => Ok(None),
        found => Ok(found),
    }
}

/// How far a chat was read.
pub(crate) fn read_up_to(shelf: &Shelf<'_>, chat: &Chat) -> Result<Option<Spot>, StoreError> {
    shelf.get(&under(READ, chat))?.map(|row| read_marker(&row)).transpose()
}

pub(super) fn read_marker(row: &[u8]) -> Result<Spot, StoreError> {
    Reader::read(WHAT, VERSION, row, |r| Some(Spot { clock: r.u64()?, id: r.array()? }))
}

/// Remembers how far a chat was read, unless it was read further; says whether that is new.
pub(crate) fn mark_read(shelf: &mut Shelf<'_>, chat: &Chat, spot: Spot) -> Result<bool, StoreError> {
    let is_new = read_up_to(shelf, chat)?.is_none_or(|known| known < spot);
    if is_new {
        shelf.put(under(READ, chat), Writer::new(VERSION).u64(spot.clock).bytes(&spot.id).finish());
    }
    Ok(is_new)
}

/// Messages of others behind the last one that was read, at most [`MAX_UNREAD`].
pub(crate) fn unread(shelf: &Shelf<'_>, chat: &Chat, us: &UserId) -> Result<usize, StoreError> {
    let mut at = read_up_to(shelf, chat)?.unwrap_or(Spot::FIRST);
    let mut count = 0;
    loop {
        let spots = spots_after(shelf, chat, at, 256)?;
        let Some(last) = spots.last() else { return Ok(count) };
        at = *last;
        for spot in spots {
            let message = load_message(shelf, MessageId::new(spot.id))?;
            count += usize::from(message.is_some_and(|it| it.from != *us && it.deleted.is_none()));
            if count >= MAX_UNREAD {
                return Ok(count);
            }
        }
    }
}

fn order_of(chat: &Chat) -> Vec<u8> {
    let mut prefix = under(HISTORY, chat);
    prefix.push(0);
    prefix
}

fn spot(key: &[u8]) -> Result<Spot, StoreError> {
    let (clock, id) = key.split_first_chunk().ok_or_else(damaged)?;
    Ok(Spot { clock: u64::from_be_bytes(*clock), id: id.try_into().map_err(|_| damaged())? })
}

#[cfg(test)]
mod tests {
    use status_layer::Name;
    use status_layer::testing::{Party, rng};

    use super::*;
    use crate::table::save_message;

    fn room(name: &str) -> Chat {
        Chat::Channel(Name::new(name).unwrap())
    }

    fn author() -> UserId {
        UserId::from_compressed(&[2; 33]).unwrap()
    }

    /// A chat whose messages have these clocks, in a store with another chat.
    fn chat_with(clocks: &[u64]) -> (Party, Vec<Spot>) {
        let (mut party, mut spots) = (Party::new(1), Vec::new());
        let mut rng = rng(3);
        let kept: Result<(), StoreError> = party.run(|cx| {
            for (n, clock) in clocks.iter().enumerate() {
                let mut id = [0; 32];
                id.chunks_mut(8).for_each(|part| part.copy_from_slice(&rng.below(u64::MAX).to_be_bytes()));
                let name = if n % 7 == 6 { "rooms" } else { "room" };
                let message = Message::new(MessageId::new(id), room(name), author(), "text", *clock);
                save_message(&mut cx.shelf, &message)?;
                if name == "room" {
                    spots.push(Spot::of(&message));
                }
            }
            Ok(())
        });
        kept.unwrap();
        spots.sort();
        (party, spots)
    }

    /// All places in pages, the last ones first.
    fn backwards(party: &mut Party, limit: usize) -> Vec<Spot> {
        let all: Result<_, StoreError> = party.run(|cx| {
            let (mut all, mut before) = (Vec::new(), Spot::LAST);
            loop {
                let page = spots_before(&cx.shelf, &room("room"), before, u64::MAX, limit)?;
                let Some(last) = page.last() else { return Ok(all) };
                before = *last;
                all.extend(page);
            }
        });
        all.unwrap()
    }

    #[test]
    fn pages_from_the_end_leave_nothing_out_however_the_messages_lie_in_time() {
        let mut rng = rng(7);
        let crowded = (0..300).map(|n| n / 100).collect();
        let sparse = (0..200).map(|n| n * 1_000_000_000_000).collect();
        let mixed = (0..400).map(|_| 1 << rng.below(63)).collect();
        let last = vec![u64::MAX, u64::MAX, 0, 0, 5];
        for clocks in [crowded, sparse, mixed, last, Vec::new(), vec![9]] {
            let (mut party, mut spots) = chat_with(&clocks);
            spots.reverse();

            for limit in [1, 7, 50, 1_000] {
                assert_eq!(backwards(&mut party, limit), spots, "{limit}: {clocks:?}");
            }
        }
    }

    #[test]
    fn every_chat_of_which_anything_is_kept_is_found_once() {
        let mut party = Party::new(1);
        let chats = [Chat::User(author()), room("room"), room("room2"), room("roon")];
        let found: Result<_, StoreError> = party.run(|cx| {
            for (n, chat) in (0_u8..).zip(&chats) {
                for clock in [0, 5, u64::MAX] {
                    let id = MessageId::new([if clock == 5 { 0xff } else { n }; 32]);
                    save_message(&mut cx.shelf, &Message::new(id, chat.clone(), author(), "text", clock))?;
                }
            }
            let (mut found, mut last) = (Vec::new(), None);
            while let Some(chat) = next_chat(&cx.shelf, last.as_ref())? {
                found.push(chat.clone());
                last = Some(chat);
            }
            Ok(found)
        });

        let mut found = found.unwrap();
        found.sort_by_key(|chat| chats.iter().position(|known| known == chat));
        assert_eq!(found, chats);
    }

    #[test]
    fn what_others_said_since_the_last_that_was_read_is_unread() {
        let (mut party, spots) = chat_with(&[10, 20, 30, 40]);
        let other = UserId::from_compressed(&[3; 33]).unwrap();
        let counts: Result<_, StoreError> = party.run(|cx| {
            let mut counts = vec![unread(&cx.shelf, &room("room"), &other)?];
            assert!(mark_read(&mut cx.shelf, &room("room"), spots[1])?);
            assert!(!mark_read(&mut cx.shelf, &room("room"), spots[0])?);
            counts.push(unread(&cx.shelf, &room("room"), &other)?);
            counts.push(unread(&cx.shelf, &room("room"), &author())?);
            Ok(counts)
        });

        assert_eq!(counts.unwrap(), [4, 2, 0]);
    }
}
