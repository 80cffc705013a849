//! Our own prekeys: made when first needed, replaced once a day, old ones kept for late messages, then wiped.

use alloc::vec::Vec;
use core::time::Duration;

use status_crypto::{SecretKey, x25519};
use status_layer::{Cx, Shelf, StoreError, Timestamp};

use crate::bundle::Extension;
use crate::key::{Key, Point};
use crate::suite::{Suite, Suites};
use crate::table::codec::{read_extension, read_row, write_extension, writer};
use crate::{expiry, table};

/// How often a prekey is replaced before its time, so that others cannot make us keep any number of them.
pub const RENEWED_AT_MOST: Duration = Duration::from_secs(60 * 60);

/// The public half of our prekey in use.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct OwnPrekey {
    /// The compressed point.
    pub(crate) key: Point,
    /// Rises with every rotation, and is at least the number of minutes since the Unix epoch when it was made.
    pub(crate) version: u32,
    /// When it was made.
    pub(crate) made: Timestamp,
    /// What is said of suites beside it.
    pub(crate) extension: Option<Extension>,
}

impl OwnPrekey {
    /// The prekey in use at `cx.now`; a new one if there is none, if it is `rotate_after` old, or if this device
    /// reads other suites than it says.
    ///
    /// Invariant: at most one prekey is in use, and its version is higher than that of every one before. A device
    /// that has once said which suites it reads goes on saying so; others heed no silence.
    pub(crate) fn in_use(cx: &mut Cx<'_>, rotate_after: Duration, reads: Suites) -> Result<Self, StoreError> {
        let last = load(&cx.shelf)?;
        let said = said(last.as_ref());
        let says = says(last.as_ref(), reads);
        match last {
            Some(prekey) if said == says && !aged(cx.now, prekey.made, rotate_after) => Ok(prekey),
            _ => Self::renew(cx, last.map_or(0, |last| last.version), reads, says),
        }
    }

    /// Puts a new prekey into use if the one in use is older than [`RENEWED_AT_MOST`].
    pub(crate) fn replace(cx: &mut Cx<'_>, reads: Suites) -> Result<(), StoreError> {
        let last = load(&cx.shelf)?;
        if last.is_none_or(|last| aged(cx.now, last.made, RENEWED_AT_MOST)) {
            Self::renew(cx, last.map_or(0, |last| last.version), reads, says(last.as_ref(), reads))?;
        }
        Ok(())
    }

    /// Puts a new prekey into use, however young the one in use is. One that was lost within this very minute has another
    /// version.
    pub(crate) fn replace_at_once(cx: &mut Cx<'_>, reads: Suites) -> Result<(), StoreError> {
        let last = load(&cx.shelf)?;
        let above = last.map_or(0, |last| last.version).max(minutes(cx.now));
        Self::renew(cx, above, reads, says(last.as_ref(), reads)).map(drop)
    }

    /// Puts a new prekey into use.
    ///
    /// Invariant: its version is above that of every one before, even of those that this store does not know because
    /// an old copy of it was put back. Hence versions follow the clock and not a count.
    fn renew(cx: &mut Cx<'_>, last: u32, reads: Suites, says: Option<Suites>) -> Result<Self, StoreError> {
        let version = last.saturating_add(1).max(minutes(cx.now));
        let secret = SecretKey::generate(cx.rng);
        let ratchet = reads.has(Suite::Curve25519).then(|| x25519::SecretKey::generate(cx.rng));
        Self::install(&mut cx.shelf, &secret, says.zip(Some(ratchet)), version, cx.now)
    }

    /// Puts a prekey into use and retires the one before. `says` are the suites to announce, if any, and the ratchet
    /// key that Curve25519 among them demands.
    pub(crate) fn install(
        shelf: &mut Shelf<'_>,
        secret: &SecretKey,
        says: Option<(Suites, Option<x25519::SecretKey>)>,
        version: u32,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        if let Some(last) = load(shelf)? {
            retire(shelf, &last.key, now)?;
        }
        let (suites, ratchet) = says.unzip();
        let ratchet = ratchet.flatten();
        let public = ratchet.as_ref().map(|ratchet| *ratchet.public().as_bytes());
        let extension = suites.and_then(|suites| Extension::new(suites, public));

        let own = Self { key: secret.public().compressed(), version, made: now, extension };
        let scalar = Key::new(*secret.to_bytes());
        let ratchet = ratchet.map(|ratchet| Key::new(*ratchet.to_bytes()));
        save_secret(shelf, &own.key, &Kept { scalar, version, made: now, retired: None, ratchet });
        let row = writer().u32(version).bytes(&own.key).u64(now.millis());
        shelf.put(table::OWN, write_extension(row, own.extension.as_ref()).finish());
        Ok(own)
    }

    /// When it will be replaced.
    pub(crate) fn until(&self, rotate_after: Duration) -> Timestamp {
        self.made.after(rotate_after)
    }
}

/// The number of minutes since the Unix epoch.
fn minutes(now: Timestamp) -> u32 {
    u32::try_from(now.secs() / 60).unwrap_or(u32::MAX)
}

/// The suites that a prekey of ours was announced with.
fn said(prekey: Option<&OwnPrekey>) -> Option<Suites> {
    prekey.and_then(|prekey| prekey.extension).map(|extension| extension.suites())
}

/// The suites to announce after `last`: a device that has once said which ones it reads goes on saying so.
fn says(last: Option<&OwnPrekey>, reads: Suites) -> Option<Suites> {
    (said(last).is_some() || reads != Suites::DEPLOYED).then_some(reads)
}

/// The private half of a prekey of ours, in use or retired less than `keep` ago; and when it was retired.
pub(crate) fn secret(
    shelf: &Shelf<'_>,
    prekey: &Point,
    now: Timestamp,
    keep: Duration,
) -> Result<Option<(SecretKey, Option<Timestamp>)>, StoreError> {
    let Some(kept) = kept(shelf, prekey)? else { return Ok(None) };
    if kept.retired.is_some_and(|at| now.since(at) >= keep) {
        return Ok(None);
    }
    let key = SecretKey::from_bytes(kept.scalar.expose());
    key.map(|key| Some((key, kept.retired))).map_err(|_| StoreError::Damaged { what: "own prekey" })
}

/// When a prekey was retired; `None` if it is in use, or none of ours.
pub(crate) fn retired(shelf: &Shelf<'_>, prekey: &Point) -> Result<Option<Timestamp>, StoreError> {
    Ok(kept(shelf, prekey)?.and_then(|kept| kept.retired))
}

/// All retired prekeys, and when each was.
pub(crate) fn all_retired(shelf: &Shelf<'_>) -> Result<Vec<(Point, Timestamp)>, StoreError> {
    let mut retired = Vec::new();
    for (key, row) in shelf.scan(&table::PREKEYS, None, usize::MAX)? {
        let prekey = key.last_chunk().ok_or(StoreError::Damaged { what: "own prekey" })?;
        retired.extend(read_kept(&row)?.retired.map(|at| (*prekey, at)));
    }
    Ok(retired)
}

/// Wipes a prekey.
pub(crate) fn wipe(shelf: &mut Shelf<'_>, prekey: &Point) {
    shelf.delete(table::prekey(prekey));
}

/// The private half of the ratchet key on Curve25519 that was announced beside a prekey of ours.
pub(crate) fn ratchet(shelf: &Shelf<'_>, prekey: &Point) -> Result<Option<x25519::SecretKey>, StoreError> {
    let Some(secret) = kept(shelf, prekey)?.and_then(|kept| kept.ratchet) else { return Ok(None) };
    // The public side of the one in use stands in what is announced, so it need not be computed.
    let in_use = load(shelf)?.filter(|own| own.key == *prekey);
    let announced = in_use.and_then(|own| own.extension?.ratchet().copied());
    Ok(Some(match announced {
        Some(public) => x25519::SecretKey::from_kept(secret.expose(), x25519::PublicKey::from_bytes(public)),
        None => x25519::SecretKey::from_bytes(secret.expose()),
    }))
}

/// Whether something of `then` is `span` old; a clock that was set back counts too.
pub(crate) fn aged(now: Timestamp, then: Timestamp, span: Duration) -> bool {
    now.since(then).max(then.since(now)) >= span
}

/// A prekey with its private half.
struct Kept {
    scalar: Key,
    version: u32,
    made: Timestamp,
    retired: Option<Timestamp>,
    ratchet: Option<Key>,
}

pub(crate) fn load(shelf: &Shelf<'_>) -> Result<Option<OwnPrekey>, StoreError> {
    let Some(row) = shelf.get(&table::OWN)? else { return Ok(None) };
    let prekey = read_row("own prekey", &row, |r| {
        let (version, key, made) = (r.u32()?, r.array()?, Timestamp::from_millis(r.u64()?));
        Some(OwnPrekey { key, version, made, extension: read_extension(r)? })
    });
    prekey.map(Some)
}

fn retire(shelf: &mut Shelf<'_>, prekey: &Point, now: Timestamp) -> Result<(), StoreError> {
    if let Some(kept) = kept(shelf, prekey)? {
        save_secret(shelf, prekey, &Kept { retired: Some(now), ..kept });
        expiry::look_at(shelf, now)?;
    }
    Ok(())
}

fn kept(shelf: &Shelf<'_>, prekey: &Point) -> Result<Option<Kept>, StoreError> {
    shelf.get(&table::prekey(prekey))?.map(|row| read_kept(&row)).transpose()
}

fn read_kept(row: &[u8]) -> Result<Kept, StoreError> {
    read_row("own prekey", row, |r| {
        let (scalar, version) = (Key::new(r.array()?), r.u32()?);
        let made = Timestamp::from_millis(r.u64()?);
        let retired = r.option()?.map(|at| Timestamp::from_millis(u64::from_be_bytes(at)));
        Some(Kept { scalar, version, made, retired, ratchet: r.option()?.map(Key::new) })
    })
}

fn save_secret(shelf: &mut Shelf<'_>, prekey: &Point, kept: &Kept) {
    let retired = kept.retired.map(|at| at.millis().to_be_bytes());
    let row = writer().bytes(kept.scalar.expose()).u32(kept.version).u64(kept.made.millis());
    shelf.put(
        table::prekey(prekey),
        row.option(retired.as_ref()).option(kept.ratchet.as_ref().map(Key::expose)).finish(),
    );
}

#[cfg(test)]
mod tests {
    use status_layer::testing::Party;

    use super::*;

    const DAY: Duration = Duration::from_secs(24 * 60 * 60);

    fn in_use(party: &mut Party) -> OwnPrekey {
        party.run(|cx| OwnPrekey::in_use(cx, DAY, Suites::DEPLOYED)).unwrap()
    }

    #[test]
    fn a_prekey_is_replaced_after_a_day_and_its_version_rises() {
        let mut party = Party::new(1);

        let first = in_use(&mut party);
        party.wait(DAY - Duration::from_millis(1));
        let same = in_use(&mut party);
        party.wait(Duration::from_millis(1));
        let second = in_use(&mut party);

        assert_eq!(same, first);
        assert!(second.version > first.version);
        assert_ne!(first.key, second.key);
    }

    #[test]
    fn a_retired_prekey_can_still_be_used_by_late_messages() {
        let mut party = Party::new(1);
        let first = in_use(&mut party);
        party.wait(DAY);
        in_use(&mut party);

        let found = party.run(|cx| secret(&cx.shelf, &first.key, cx.now, DAY)).unwrap();

        let found = found.map(|(key, retired)| (key.public().compressed(), retired));
        assert_eq!(found, Some((first.key, Some(party.now))));
    }

    #[test]
    fn a_version_is_above_those_that_a_lost_store_has_given() {
        let mut party = Party::new(1);
        in_use(&mut party);
        let copy = party.clone();
        let last = (0..5).map(|_| {
            party.wait(DAY);
            in_use(&mut party)
        });
        let lost = last.last().unwrap();
        let mut restored = Party { now: party.now.after(DAY), ..copy };

        let fresh = in_use(&mut restored);

        assert!(fresh.version > lost.version);
    }

    #[test]
    fn a_prekey_that_replaces_one_lost_in_the_same_minute_has_another_version() {
        let mut party = Party::new(1);
        in_use(&mut party);
        party.wait(DAY);
        let copy = party.clone();
        let lost = in_use(&mut party);
        let mut restored = Party { now: party.now.after(Duration::from_secs(1)), ..copy };

        restored.run(|cx| OwnPrekey::replace_at_once(cx, Suites::DEPLOYED)).unwrap();

        assert!(in_use(&mut restored).version > lost.version);
    }

    #[test]
    fn a_prekey_is_not_replaced_before_its_time_more_than_once_an_hour() {
        let mut party = Party::new(1);
        let first = in_use(&mut party);
        let mut replaced = |span| {
            party.wait(span);
            party.run(|cx| OwnPrekey::replace(cx, Suites::DEPLOYED)).unwrap();
            in_use(&mut party)
        };

        let soon = replaced(RENEWED_AT_MOST - Duration::from_millis(1));
        let later = replaced(Duration::from_millis(1));

        assert_eq!(soon, first);
        assert!(later.version > first.version);
    }
}
