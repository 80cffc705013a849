//! The rows of members of closed groups whose keys are listened for.
//!
//! | key | value |
//! | --- | --- |
//! | `F` id of a group | version, users (33 each): members of it whose keys we listen for because they are in it |
//!
//! A group in which we are has such a row, also if it names nobody.

use std::collections::BTreeSet;

use status_layer::row::{Reader, Writer};
use status_layer::{Shelf, StoreError, UserId};
use status_payload::GroupChatId;

use super::group::{MAX_GROUPS, group_in};

pub(crate) const FELLOWS: u8 = b'F';

const VERSION: u8 = 1;
const WHAT: &str = "members whose keys are listened for";

/// Members of one group whose keys are listened for.
pub(crate) const MAX_FELLOWS_OF_GROUP: usize = 200;

/// The same for all groups together; whoever is in two of them counts twice. A member takes up to two places to listen at.
pub(crate) const MAX_FELLOWS: usize = 1_024;

/// The members of a group who are listened for; nothing, if it was not looked at yet.
pub(crate) fn of_group(
    shelf: &Shelf<'_>,
    group: &GroupChatId,
) -> Result<Option<BTreeSet<UserId>>, StoreError> {
    shelf.get(&key(group))?.map(|row| read(&row)).transpose()
}

/// Notes who is listened for because of a group; `None` if we are not in it any more.
pub(crate) fn set(shelf: &mut Shelf<'_>, group: &GroupChatId, users: Option<&BTreeSet<UserId>>) {
    match users {
        Some(users) => {
            let row = users.iter().fold(Writer::new(VERSION), |row, user| row.bytes(user.as_bytes()));
            shelf.put(key(group), row.finish());
        }
        None => shelf.delete(key(group)),
    }
}

/// Everybody who is listened for because of a group, and how often they are counted.
pub(crate) fn all(shelf: &Shelf<'_>) -> Result<(BTreeSet<UserId>, usize), StoreError> {
    let (mut all, mut counted) = (BTreeSet::new(), 0);
    for (_, row) in shelf.scan(&[FELLOWS], None, MAX_GROUPS)? {
        let users = read(&row)?;
        counted += users.len();
        all.extend(users);
    }
    Ok((all, counted))
}

/// Looks at a row; says whose group it is.
pub(crate) fn check(key: &[u8], row: &[u8]) -> Result<GroupChatId, StoreError> {
    read(row)?;
    group_in(key)
}

fn read(row: &[u8]) -> Result<BTreeSet<UserId>, StoreError> {
    Reader::read(WHAT, VERSION, row, |r| {
        let mut users = BTreeSet::new();
        while !r.is_empty() {
            users.insert(UserId::from_compressed(&r.array::<33>()?).ok()?);
        }
        Some(users)
    })
}

fn key(group: &GroupChatId) -> Vec<u8> {
    [&[FELLOWS], group.as_str().as_bytes()].concat()
}
