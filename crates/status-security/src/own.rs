//! Our own prekeys: made when first needed, replaced once a day, old ones kept for late messages.

use core::time::Duration;

use status_crypto::{SecretKey, x25519};
use status_layer::{Cx, Shelf, StoreError, Timestamp};

use crate::bundle::Extension;
use crate::key::{Key, Point};
use crate::suite::{Suite, Suites};
use crate::table;
use crate::table::codec::{read_extension, read_row, write_extension, writer};

/// The public half of our prekey in use.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct OwnPrekey {
    /// The compressed point.
    pub(crate) key: Point,
    /// Starts at 1, rises with every rotation.
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
        let said = last.and_then(|prekey| prekey.extension).map(|extension| extension.suites());
        let says = (said.is_some() || reads != Suites::DEPLOYED).then_some(reads);
        match last {
            Some(prekey) if said == says && !aged(cx.now, prekey.made, rotate_after) => Ok(prekey),
            _ => {
                let version = last.map_or(0, |prekey| prekey.version).saturating_add(1);
                let secret = SecretKey::generate(cx.rng);
                let ratchet = reads.has(Suite::Curve25519).then(|| x25519::SecretKey::generate(cx.rng));
                Self::install(&mut cx.shelf, &secret, says.zip(Some(ratchet)), version, cx.now)
            }
        }
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

/// The private half of a prekey of ours, in use or retired.
pub(crate) fn secret(shelf: &Shelf<'_>, prekey: &Point) -> Result<Option<SecretKey>, StoreError> {
    let Some(kept) = kept(shelf, prekey)? else { return Ok(None) };
    let key = SecretKey::from_bytes(kept.scalar.expose());
    key.map(Some).map_err(|_| StoreError::Damaged { what: "own prekey" })
}

/// The private half of the ratchet key on Curve25519 that was announced beside a prekey of ours.
pub(crate) fn ratchet(shelf: &Shelf<'_>, prekey: &Point) -> Result<Option<x25519::SecretKey>, StoreError> {
    let kept = kept(shelf, prekey)?.and_then(|kept| kept.ratchet);
    Ok(kept.map(|ratchet| x25519::SecretKey::from_bytes(ratchet.expose())))
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

fn load(shelf: &Shelf<'_>) -> Result<Option<OwnPrekey>, StoreError> {
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
    }
    Ok(())
}

fn kept(shelf: &Shelf<'_>, prekey: &Point) -> Result<Option<Kept>, StoreError> {
    let Some(row) = shelf.get(&table::prekey(prekey))? else { return Ok(None) };
    let kept = read_row("own prekey", &row, |r| {
        let (scalar, version) = (Key::new(r.array()?), r.u32()?);
        let made = Timestamp::from_millis(r.u64()?);
        let retired = r.option()?.map(|at| Timestamp::from_millis(u64::from_be_bytes(at)));
        Some(Kept { scalar, version, made, retired, ratchet: r.option()?.map(Key::new) })
    });
    kept.map(Some)
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
        assert_eq!((first.version, second.version), (1, 2));
        assert_ne!(first.key, second.key);
    }

    #[test]
    fn a_retired_prekey_can_still_be_used_by_late_messages() {
        let mut party = Party::new(1);
        let first = in_use(&mut party);
        party.wait(DAY);
        in_use(&mut party);

        let found = party.run(|cx| secret(&cx.shelf, &first.key)).unwrap();
        let retired = party.run(|cx| kept(&cx.shelf, &first.key)).unwrap().and_then(|kept| kept.retired);

        assert_eq!(found.map(|key| key.public().compressed()), Some(first.key));
        assert_eq!(retired, Some(party.now));
    }
}
