//! Who is to be notified of what.

use status_layer::examine::{Report, Wrong};
use status_layer::row::{Reader, Writer};
use status_layer::{MessageId, Shelf, StoreError, Timestamp, UserId};

use super::{VERSION, WHAT, damaged};
use crate::table::text;

pub(crate) const NOTIFY: u8 = b'v';
const STATE: u8 = b'n';
const ORDER: u8 = b'd';

/// Notifications that wait. Of what is said beyond that nobody is notified; the message itself goes out all the same.
pub(crate) const MAX_PENDING: usize = 1_024;

/// Somebody who is to be notified of a message.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Pending {
    pub(crate) message: MessageId,
    pub(crate) user: UserId,
    /// Whether it names them, in a channel.
    pub(crate) mention: bool,
    /// The hash of the chat, as they name it.
    pub(crate) chat: [u8; 64],
    /// How often servers were asked.
    pub(crate) tries: u8,
    /// Whether what is said next differs from what was said before.
    pub(crate) fresh: bool,
    /// When something is to be done; nothing, while the message has not left.
    pub(crate) due: Option<Timestamp>,
    /// Devices that servers were asked to notify and did not.
    pub(crate) devices: Vec<String>,
}

pub(crate) fn load_pending(
    shelf: &Shelf<'_>,
    message: MessageId,
    user: &UserId,
) -> Result<Option<Pending>, StoreError> {
    let key = state(message, Some(user));
    shelf.get(&key)?.map(|row| read_pending(&key, &row)).transpose()
}

/// Every reader of a message who is to be notified.
pub(crate) fn pending_of(shelf: &Shelf<'_>, message: MessageId) -> Result<Vec<Pending>, StoreError> {
    let rows = shelf.scan(&state(message, None), None, MAX_PENDING)?;
    rows.iter().map(|(key, row)| read_pending(key, row)).collect()
}

/// How many there are, at most [`MAX_PENDING`].
pub(crate) fn pending(shelf: &Shelf<'_>) -> Result<usize, StoreError> {
    Ok(shelf.scan(&[NOTIFY, STATE], None, MAX_PENDING)?.len())
}

/// Those for whom something is due, the longest waiting first.
pub(crate) fn due_pending(
    shelf: &mut Shelf<'_>,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<Pending>, StoreError> {
    let rows = shelf.scan(&[NOTIFY, ORDER], None, limit)?;
    let mut all = Vec::with_capacity(rows.len());
    for (key, _) in rows {
        let (due, message, user) = read_due(&key)?;
        if due > now {
            break;
        }
        match load_pending(shelf, message, &user)?.filter(|pending| pending.due == Some(due)) {
            Some(pending) => all.push(pending),
            // It belongs to nobody.
            None => shelf.delete(key),
        }
    }
    Ok(all)
}

/// When the next is due.
pub(super) fn next(shelf: &Shelf<'_>) -> Result<Option<Timestamp>, StoreError> {
    let first = shelf.scan(&[NOTIFY, ORDER], None, 1)?;
    first.first().map(|(key, _)| read_due(key).map(|(due, ..)| due)).transpose()
}

pub(crate) fn save_pending(shelf: &mut Shelf<'_>, pending: &Pending) -> Result<(), StoreError> {
    let Pending { message, user, mention, chat, tries, fresh, due, devices } = pending;
    if let Some(before) = load_pending(shelf, *message, user)?.and_then(|before| before.due) {
        shelf.delete(order(before, *message, user));
    }
    let row = Writer::new(VERSION)
        .flag(*mention)
        .bytes(chat)
        .u8(*tries)
        .flag(*fresh)
        .u64(due.map_or(0, Timestamp::millis));
    let row = devices.iter().fold(row, |row, device| row.sized(device.as_bytes()));
    shelf.put(state(*message, Some(user)), row.finish());
    if let Some(due) = due {
        shelf.put(order(*due, *message, user), Writer::new(VERSION).finish());
    }
    Ok(())
}

pub(crate) fn drop_pending(shelf: &mut Shelf<'_>, pending: &Pending) {
    shelf.delete(state(pending.message, Some(&pending.user)));
    if let Some(due) = pending.due {
        shelf.delete(order(due, pending.message, &pending.user));
    }
}

fn read_pending(key: &[u8], row: &[u8]) -> Result<Pending, StoreError> {
    let (message, user) = Reader::read_key(WHAT, key, |r| {
        (r.u8()? == STATE).then_some(())?;
        Some((MessageId::new(r.array()?), UserId::from_compressed(&r.array::<33>()?).ok()?))
    })?;
    Reader::read(WHAT, VERSION, row, |r| {
        let (mention, chat, tries, fresh) = (r.flag()?, r.array()?, r.u8()?, r.flag()?);
        let due = Some(r.u64()?).filter(|due| *due > 0).map(Timestamp::from_millis);
        let mut devices = Vec::new();
        while !r.is_empty() {
            devices.push(text(r.sized()?)?);
        }
        Some(Pending { message, user, mention, chat, tries, fresh, due, devices })
    })
}

/// What a row of the order is about.
fn read_due(key: &[u8]) -> Result<(Timestamp, MessageId, UserId), StoreError> {
    if key.get(1) != Some(&ORDER) {
        return Err(damaged());
    }
    Reader::read_key(WHAT, key, |r| {
        r.u8()?;
        let due = Timestamp::from_millis(r.u64()?);
        Some((due, MessageId::new(r.array()?), UserId::from_compressed(&r.array::<33>()?).ok()?))
    })
}

/// The row of the order that belongs to one who is to be notified.
pub(super) fn order_of(pending: &Pending) -> Option<Vec<u8>> {
    pending.due.map(|due| order(due, pending.message, &pending.user))
}

/// Looks at a row of those who are to be notified.
pub(crate) fn examine(
    shelf: &Shelf<'_>,
    key: &[u8],
    row: &[u8],
    report: &mut Report<'_>,
) -> Result<(), StoreError> {
    if key.get(1) != Some(&ORDER) {
        if let Some(order) = order_of(&read_pending(key, row)?)
            && !shelf.has(&order)?
        {
            report.mend(Wrong::Incomplete, [(order, Some(Writer::new(VERSION).finish()))].into());
        }
        return Ok(());
    }
    let (_, message, user) = read_due(key)?;
    Reader::read(WHAT, VERSION, row, |_| Some(()))?;
    match load_pending(shelf, message, &user) {
        Ok(Some(pending)) if order_of(&pending).as_deref() == Some(key) => {}
        Ok(Some(_)) => report.drop(Wrong::Differs),
        Ok(None) => report.drop(Wrong::Dangling),
        // The row of the reader is found by itself.
        Err(_) => {}
    }
    Ok(())
}

fn state(message: MessageId, user: Option<&UserId>) -> Vec<u8> {
    let user = user.map_or(&[][..], |user| user.as_bytes());
    [&[NOTIFY, STATE], message.as_bytes().as_slice(), user].concat()
}

fn order(due: Timestamp, message: MessageId, user: &UserId) -> Vec<u8> {
    [&[NOTIFY, ORDER], due.millis().to_be_bytes().as_slice(), message.as_bytes(), user.as_bytes()].concat()
}
