//! The rows of people: contacts, those who ask to be one, and strangers who wrote.
//!
//! Strangers are bounded, because anybody can be any number of them; people whom the user has decided something about, or
//! writes with, are not among them.

use status_layer::row::{Reader, Writer};
use status_layer::{Grade, MessageId, Shelf, StoreError, Timestamp, UserId, Value};

use status_payload::{Clock, ContactState, Relation, Side};

use super::message::{grade_byte, grade_of};
use super::{push, text, unasked};
use crate::contacts::{How, Verified};
use crate::event::Chat;

pub(crate) const PERSON: u8 = b'P';
pub(crate) const STRANGER: u8 = b'p';
pub(crate) const TRUST: u8 = b'T';
const VERSION: u8 = 1;
const WHAT: &str = "the chat's contacts";

/// Strangers whose chats and messages are kept. Of those who came when there were many already, the one heard from longest ago is
/// forgotten.
pub(crate) const MAX_STRANGERS: usize = 512;

/// Messages that are kept of one stranger; the oldest goes. A contact request is kept besides.
pub(crate) const MAX_STRANGER_MESSAGES: usize = 32;

/// All that is kept of a person.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Person {
    pub(crate) relation: Relation,
    pub(crate) blocked: bool,
    pub(crate) muted: bool,
    /// Whether they wrote without being asked, and the user has not decided anything yet: they may be forgotten.
    pub(crate) stranger: bool,
    /// Whether they were found on a card.
    pub(crate) carded: bool,
    /// When something of them arrived last.
    pub(crate) heard: Timestamp,
    /// When they were last told how we see the two sides.
    pub(crate) answered: Timestamp,
    /// The clock of what they said of themselves last.
    pub(crate) profile_clock: u64,
    pub(crate) colour: u32,
    /// Their last contact request.
    pub(crate) request: Option<Request>,
    /// How they call themselves; empty if they do not.
    pub(crate) name: String,
    /// The name on the chain that they claim; never checked.
    pub(crate) ens_name: String,
    pub(crate) bio: String,
    /// How the user calls them.
    pub(crate) nickname: String,
}

/// A contact request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Request {
    pub(crate) id: MessageId,
    pub(crate) at: Timestamp,
    pub(crate) grade: Grade,
}

pub(crate) fn load(shelf: &Shelf<'_>, user: &UserId) -> Result<Option<Person>, StoreError> {
    shelf.get(&key(user))?.map(|row| read_row(&row)).transpose()
}

/// Keeps a person as they are now, in the place of what was kept of them.
pub(crate) fn save(shelf: &mut Shelf<'_>, user: &UserId, person: &Person) -> Result<(), StoreError> {
    let before = load(shelf, user)?.unwrap_or_default();
    if before.stranger {
        shelf.delete(seat(before.heard, user));
    }
    let notifies = |person: &Person| (person.relation.added(), person.blocked, person.muted);
    if notifies(&before) != notifies(person) {
        push::touch(shelf)?;
    }
    shelf.put(key(user), row(person));
    if person.stranger {
        shelf.put(seat(person.heard, user), Writer::new(VERSION).finish());
        unasked::begin(shelf, &Chat::User(*user), person.heard)
    } else {
        unasked::end(shelf, &Chat::User(*user));
        Ok(())
    }
}

/// Notes that the user has chosen to deal with somebody: they are no stranger any more.
pub(crate) fn welcome(shelf: &mut Shelf<'_>, user: &UserId) -> Result<(), StoreError> {
    match load(shelf, user)? {
        Some(person) if person.stranger => save(shelf, user, &Person { stranger: false, ..person }),
        _ => Ok(()),
    }
}

/// Forgets a person.
pub(crate) fn delete(shelf: &mut Shelf<'_>, user: &UserId) -> Result<(), StoreError> {
    if let Some(person) = load(shelf, user)? {
        shelf.delete(seat(person.heard, user));
    }
    super::avatar::forget(shelf, user);
    shelf.delete(key(user));
    unasked::end(shelf, &Chat::User(*user));
    Ok(())
}

/// People in the order of their keys, from behind `after` on.
pub(crate) fn page(
    shelf: &Shelf<'_>,
    after: Option<&UserId>,
    limit: usize,
) -> Result<Vec<(UserId, Person)>, StoreError> {
    let rows = shelf.scan(&[PERSON], after.map(key).as_deref(), limit)?;
    rows.iter().map(|(key, row)| read(key, row)).collect()
}

/// The stranger to be forgotten, if there are more than there is room for: of those who give way to newcomers, the one heard from
/// longest ago.
pub(crate) fn one_too_many(shelf: &Shelf<'_>, now: Timestamp) -> Result<Option<UserId>, StoreError> {
    let seats = shelf.scan(&[STRANGER], None, MAX_STRANGERS + 1)?;
    if seats.len() <= MAX_STRANGERS {
        return Ok(None);
    }
    for (key, _) in &seats {
        let (_, user) = read_seat(key)?;
        let known = unasked::load(shelf, &Chat::User(user))?;
        if !known.is_some_and(|known| known.is_settled(now)) {
            return Ok(Some(user));
        }
    }
    Ok(None)
}

/// All strangers, the one heard from longest ago first.
pub(crate) fn strangers(shelf: &Shelf<'_>) -> Result<Vec<(UserId, Person)>, StoreError> {
    let seats = shelf.scan(&[STRANGER], None, MAX_STRANGERS + 1)?;
    let mut strangers = Vec::with_capacity(seats.len());
    for (key, _) in seats {
        let (_, user) = read_seat(&key)?;
        strangers.extend(load(shelf, &user)?.map(|person| (user, person)));
    }
    Ok(strangers)
}

/// When a user was verified, and how.
pub(crate) fn verified(shelf: &Shelf<'_>, user: &UserId) -> Result<Option<Verified>, StoreError> {
    shelf.get(&trust_key(user))?.map(|row| read_trust(&row)).transpose()
}

/// Keeps when a user was verified, and how; nothing takes it back.
pub(crate) fn set_verified(shelf: &mut Shelf<'_>, user: &UserId, verified: Option<Verified>) {
    match verified {
        Some(Verified { at, how }) => {
            shelf.put(trust_key(user), Writer::new(VERSION).u8(how.byte()).u64(at.millis()).finish());
        }
        None => shelf.delete(trust_key(user)),
    }
}

/// The person in a row.
pub(crate) fn read(key: &[u8], row: &[u8]) -> Result<(UserId, Person), StoreError> {
    Ok((read_user(key)?, read_row(row)?))
}

/// Looks at a row of trust.
pub(crate) fn check_trust(key: &[u8], row: &[u8]) -> Result<(), StoreError> {
    read_user(key)?;
    read_trust(row).map(drop)
}

/// When somebody was heard from last, and who, in the key of a seat.
pub(crate) fn read_seat(key: &[u8]) -> Result<(Timestamp, UserId), StoreError> {
    Reader::read_key(WHAT, key, |r| {
        Some((Timestamp::from_millis(r.u64()?), UserId::from_compressed(&r.array::<33>()?).ok()?))
    })
}

/// The seat that follows from what is kept of a person, if they are a stranger.
pub(crate) fn seat_of(user: &UserId, person: &Person) -> Option<(Vec<u8>, Value)> {
    person.stranger.then(|| (seat(person.heard, user), Writer::new(VERSION).finish()))
}

fn read_user(key: &[u8]) -> Result<UserId, StoreError> {
    Reader::read_key(WHAT, key, |r| UserId::from_compressed(&r.array::<33>()?).ok())
}

fn read_trust(row: &[u8]) -> Result<Verified, StoreError> {
    Reader::read(WHAT, VERSION, row, |r| {
        Some(Verified { how: How::of(r.u8()?)?, at: Timestamp::from_millis(r.u64()?) })
    })
}

fn row(person: &Person) -> Value {
    let request = person.request.map(|request| {
        let mut bytes = [0; 41];
        let (id, rest) = bytes.split_at_mut(32);
        let (at, grade) = rest.split_at_mut(8);
        id.copy_from_slice(request.id.as_bytes());
        at.copy_from_slice(&request.at.millis().to_be_bytes());
        grade.copy_from_slice(&[grade_byte(request.grade)]);
        bytes
    });
    let Relation { local, remote } = person.relation;
    write_side(write_side(Writer::new(VERSION), local), remote)
        .flag(person.blocked)
        .flag(person.muted)
        .flag(person.stranger)
        .flag(person.carded)
        .u64(person.heard.millis())
        .u64(person.answered.millis())
        .u64(person.profile_clock)
        .u32(person.colour)
        .option(request.as_ref())
        .sized(person.name.as_bytes())
        .sized(person.ens_name.as_bytes())
        .sized(person.bio.as_bytes())
        .sized(person.nickname.as_bytes())
        .finish()
}

fn read_row(row: &[u8]) -> Result<Person, StoreError> {
    Reader::read(WHAT, VERSION, row, |r| {
        Some(Person {
            relation: Relation { local: side(r)?, remote: side(r)? },
            blocked: r.flag()?,
            muted: r.flag()?,
            stranger: r.flag()?,
            carded: r.flag()?,
            heard: Timestamp::from_millis(r.u64()?),
            answered: Timestamp::from_millis(r.u64()?),
            profile_clock: r.u64()?,
            colour: r.u32()?,
            request: if r.flag()? { Some(request(r)?) } else { None },
            name: text(r.sized()?)?,
            ens_name: text(r.sized()?)?,
            bio: text(r.sized()?)?,
            nickname: text(r.sized()?)?,
        })
    })
}

/// A side is the number of its state on the wire, and its clock.
fn write_side(row: Writer, side: Side) -> Writer {
    row.u8(u8::try_from(side.state.number()).unwrap_or(0)).u64(side.clock.value())
}

fn side(r: &mut Reader<'_>) -> Option<Side> {
    Some(Side { state: ContactState::numbered(r.u8()?.into())?, clock: Clock::new(r.u64()?) })
}

fn request(r: &mut Reader<'_>) -> Option<Request> {
    let (id, at) = (MessageId::new(r.array()?), Timestamp::from_millis(r.u64()?));
    Some(Request { id, at, grade: grade_of(r.u8()?)? })
}

fn key(user: &UserId) -> Vec<u8> {
    [&[PERSON], user.as_bytes().as_slice()].concat()
}

fn trust_key(user: &UserId) -> Vec<u8> {
    [&[TRUST], user.as_bytes().as_slice()].concat()
}

fn seat(heard: Timestamp, user: &UserId) -> Vec<u8> {
    [&[STRANGER], heard.millis().to_be_bytes().as_slice(), user.as_bytes()].concat()
}

impl Person {
    /// Whether somebody says the same of themselves in both.
    pub(crate) fn says_the_same(&self, other: &Self) -> bool {
        let said =
            |person: &Self| (person.name.clone(), person.ens_name.clone(), person.bio.clone(), person.colour);
        said(self) == said(other)
    }
}

#[cfg(test)]
mod tests {
    use status_layer::testing::Party;

    use super::unasked::MAX_SETTLED;
    use super::*;

    fn user(n: u16) -> UserId {
        let mut key = [2; 33];
        key[1..3].copy_from_slice(&n.to_be_bytes());
        UserId::from_compressed(&key).unwrap()
    }

    fn person() -> Person {
        let side = |state, clock| Side { state, clock: Clock::new(clock) };
        Person {
            relation: Relation {
                local: side(ContactState::Sent, 5),
                remote: side(ContactState::Received, 6),
            },
            blocked: true,
            muted: true,
            stranger: false,
            carded: true,
            heard: Timestamp::from_millis(7),
            answered: Timestamp::from_millis(8),
            profile_clock: 9,
            colour: 10,
            request: Some(Request {
                id: MessageId::new([11; 32]),
                at: Timestamp::from_millis(12),
                grade: Grade::Ratcheted,
            }),
            name: "their name".into(),
            ens_name: "name.eth".into(),
            bio: "words".into(),
            nickname: "our name".into(),
        }
    }

    fn run<T>(party: &mut Party, work: impl FnOnce(&mut Shelf<'_>) -> Result<T, StoreError>) -> T {
        party.run(|cx| work(&mut cx.shelf)).unwrap()
    }

    #[test]
    fn a_person_is_kept_as_they_were() {
        let mut party = Party::new(1);

        let read = run(&mut party, |shelf| {
            save(shelf, &user(1), &person())?;
            set_verified(shelf, &user(1), Some(Verified { at: Timestamp::from_millis(3), how: How::Card }));
            Ok((load(shelf, &user(1))?, load(shelf, &user(2))?, verified(shelf, &user(1))?))
        });

        let sure = Verified { at: Timestamp::from_millis(3), how: How::Card };
        assert_eq!(read, (Some(person()), None, Some(sure)));
    }

    #[test]
    fn of_too_many_strangers_who_came_late_the_one_heard_from_longest_ago_goes_and_nobody_else() {
        let mut party = Party::new(1);
        let stranger = |at| Person { stranger: true, heard: Timestamp::from_millis(at), ..Person::default() };
        let now = Timestamp::from_millis(10_003);
        let late = MAX_SETTLED as u16;

        let found = run(&mut party, |shelf| {
            save(shelf, &user(600), &Person { heard: Timestamp::from_millis(1), ..Person::default() })?;
            for n in 0..MAX_STRANGERS as u16 {
                save(shelf, &user(n), &stranger(100 + u64::from(n)))?;
            }
            let full = one_too_many(shelf, now)?;
            // The first of those who came late is heard from again, and the second becomes a contact.
            save(shelf, &user(late), &stranger(10_000))?;
            save(shelf, &user(late + 1), &Person { stranger: false, ..stranger(101) })?;
            save(shelf, &user(700), &stranger(10_001))?;
            let again = one_too_many(shelf, now)?;
            save(shelf, &user(701), &stranger(10_002))?;
            Ok((full, again, one_too_many(shelf, now)?))
        });

        assert_eq!(found, (None, None, Some(user(late + 2))));
    }

    #[test]
    fn whoever_came_first_gives_way_after_a_month_and_frees_a_seat_for_another() {
        let mut party = Party::new(1);
        let month = 30 * 24 * 60 * 60 * 1_000;
        let stranger = |at| Person { stranger: true, heard: Timestamp::from_millis(at), ..Person::default() };
        let settled = |shelf: &Shelf<'_>, n| Ok(unasked::load(shelf, &Chat::User(user(n)))?.unwrap().settled);

        let found = run(&mut party, |shelf| {
            for n in 0..=MAX_STRANGERS as u16 {
                save(shelf, &user(n), &stranger(100 + u64::from(n)))?;
            }
            let before = one_too_many(shelf, Timestamp::from_millis(99 + month))?;
            let after = one_too_many(shelf, Timestamp::from_millis(100 + month))?;
            let late = settled(shelf, MAX_SETTLED as u16)?;
            delete(shelf, &user(0))?;
            save(shelf, &user(800), &stranger(900))?;
            Ok((before, after, late, settled(shelf, 800)?))
        });

        assert_eq!(found, (Some(user(MAX_SETTLED as u16)), Some(user(0)), false, true));
    }

    #[test]
    fn a_stranger_who_is_welcome_or_forgotten_has_no_seat_any_more() {
        let mut party = Party::new(1);
        let stranger = |at| Person { stranger: true, heard: Timestamp::from_millis(at), ..Person::default() };

        let seats = run(&mut party, |shelf| {
            save(shelf, &user(1), &stranger(5))?;
            save(shelf, &user(2), &stranger(6))?;
            welcome(shelf, &user(1))?;
            delete(shelf, &user(2))?;
            Ok((shelf.scan(&[STRANGER], None, 9)?.len(), load(shelf, &user(2))?))
        });

        assert_eq!(seats, (0, None));
    }
}
