//! An application's own rows, written in the commit that makes them true, as a real application's are.

use std::collections::BTreeSet;

use status_layer::{Area, Body, Grade, Memory, MessageId, Read, Unit};
use status_stack::{Engine, Fault, Input, News, Output};

/// A stack with an application on top that notes what was sent, what arrived and what was acknowledged.
pub struct Journal<E>(pub E);

/// A body that arrived.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Entry {
    /// How it was sealed.
    pub grade: Grade,
    /// The content.
    pub body: Body,
}

/// The rows of the application.
pub const AREA: Area = Area(16);

// Rows: S id → "" accepted | D id → "" acknowledged | M number → grade, body
const SENT: u8 = b'S';
const DELIVERED: u8 = b'D';
const MAIL: u8 = b'M';

impl<E: Engine> Engine for Journal<E> {
    fn step(&self, unit: &mut Unit<'_>, input: Input) -> Result<Output, Fault> {
        let out = self.0.step(unit, input)?;
        let shelf = &mut unit.cx(AREA).shelf;
        for news in &out.news {
            match news {
                News::Accepted { id } => shelf.put([&[SENT], id.as_bytes().as_slice()].concat(), Vec::new()),
                News::Delivered { id, .. } => {
                    shelf.put([&[DELIVERED], id.as_bytes().as_slice()].concat(), Vec::new());
                }
                News::Arrived { grade, body, .. } => {
                    let count = crate::must(shelf.scan(&[MAIL], None, usize::MAX)).len() as u64;
                    let row = [&[mark(*grade)], body.as_bytes()].concat();
                    shelf.put([&[MAIL], count.to_be_bytes().as_slice()].concat(), row);
                }
                _ => {}
            }
        }
        Ok(out)
    }
}

/// The messages whose sending is durable.
#[must_use]
pub fn sent(store: &Memory) -> BTreeSet<MessageId> {
    ids(store, SENT)
}

/// The messages that were acknowledged.
#[must_use]
pub fn delivered(store: &Memory) -> BTreeSet<MessageId> {
    ids(store, DELIVERED)
}

/// The bodies that arrived, in order; one that was handed up twice is here twice.
#[must_use]
pub fn mail(store: &Memory) -> Vec<Entry> {
    let rows = crate::must(store.scan(AREA, &[MAIL], None, usize::MAX));
    rows.into_iter()
        .filter_map(|(_, row)| row.split_first().map(|(mark, body)| (*mark, Body::new(body.to_vec()))))
        .map(|(mark, body)| Entry { grade: grade(mark), body })
        .collect()
}

fn ids(store: &Memory, tag: u8) -> BTreeSet<MessageId> {
    let rows = crate::must(store.scan(AREA, &[tag], None, usize::MAX));
    rows.into_iter().filter_map(|(key, _)| key.get(1..)?.try_into().ok()).map(MessageId::new).collect()
}

const fn mark(grade: Grade) -> u8 {
    match grade {
        Grade::Clear => 0,
        Grade::Static => 1,
        Grade::Ratcheted => 2,
    }
}

const fn grade(mark: u8) -> Grade {
    match mark {
        0 => Grade::Clear,
        1 => Grade::Static,
        _ => Grade::Ratcheted,
    }
}
