//! Cover traffic: frames that say nothing, at moments that have nothing to do with what we do.
//!
//! A frame of cover has the topic of a place where we lately left something, the length of what we lately left somewhere, and
//! is sealed the same way with a key that nobody has. Besides, eight inboxes of partitions chosen by chance are taken for
//! places where we leave something, for good: they look like people whom we write to. Whoever listens there drops
//! the frame like any other that is not for them.
//!
//! | table | key | value, after the version byte |
//! | --- | --- | --- |
//! | where we left something | `08 ‖ kind ‖ topic 4` | when 8 ‖ length of the plaintext 4; of a decoy both 0 |
//! | when the next frame is due | `09` | time 8 |

use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use status_crypto::SecretKey;
use status_layer::row::{Reader, Writer};
use status_layer::{CryptoRng, Cx, Row, Secret, Shelf, StoreError, Timestamp, Value};

use crate::darkness::{BLOCK, Cover};
use crate::payload::{ecies, symmetric};
use crate::topic::{self, Kind, PARTITIONS, ShortTopic, Spot};

/// How many inboxes are taken for people whom we write to.
const DECOYS: u16 = 8;

/// The most places where we left something that are remembered; one more, and the oldest is forgotten.
const MAX_TRAILS: usize = 64;

/// The length of a plaintext before any was sent, in bytes.
const TYPICAL: u32 = 2 * BLOCK as u32;

/// Who sets the clock back by more than so many mean times gets a new moment.
const FAR: u32 = 64;

const TRAILS: u8 = 8;
const NEXT: &[u8] = &[9];
const VERSION: u8 = 1;

/// A place where we left something.
struct Trail {
    key: Vec<u8>,
    at: u64,
    len: u32,
}

/// Remembers that a message whose plaintext has `len` bytes is left at a place. Channels are no places for cover: their names
/// are known to whoever guesses them, and so is what is sealed with them.
pub(crate) fn note(cx: &mut Cx<'_>, spot: &Spot, len: usize) -> Result<(), StoreError> {
    if spot.kind == Kind::Named {
        return Ok(());
    }
    let len = u32::try_from(len).unwrap_or(u32::MAX);
    let at = cx.now.millis().max(1);
    let key = key_of(spot.kind, spot.topic());
    if !cx.shelf.has(&key)? {
        let known = trails(&cx.shelf)?;
        let oldest = known.iter().filter(|trail| trail.at > 0).min_by_key(|trail| trail.at);
        if let Some(oldest) = oldest.filter(|_| known.len() >= MAX_TRAILS) {
            cx.shelf.delete(oldest.key.clone());
        }
    }
    cx.shelf.put(key, Writer::new(VERSION).u64(at).u32(len).finish());
    Ok(())
}

/// A frame of cover if one is due, as its topic and its sealed bytes; and when the next is.
pub(crate) fn due(
    cx: &mut Cx<'_>,
    cover: Cover,
) -> Result<(Option<(ShortTopic, Vec<u8>)>, Timestamp), StoreError> {
    let latest = cx.now.after(cover.mean().saturating_mul(FAR));
    let planned = next(&cx.shelf)?.filter(|at| *at <= latest);
    if let Some(at) = planned.filter(|at| *at > cx.now) {
        return Ok((None, at));
    }
    if planned.is_none() {
        choose_decoys(cx)?;
    }
    let frame = planned.map(|_| frame(cx)).transpose()?;
    let at = cx.now.after(pause(cx.rng, cover.mean()));
    cx.shelf.put(NEXT, Writer::new(VERSION).u64(at.millis()).finish());
    Ok((frame, at))
}

/// Forgets where we left something, when there is no cover any more.
pub(crate) fn stop(shelf: &mut Shelf<'_>) -> Result<(), StoreError> {
    if shelf.has(NEXT)? {
        for trail in trails(shelf)? {
            shelf.delete(trail.key);
        }
        shelf.delete(NEXT);
    }
    Ok(())
}

fn choose_decoys(cx: &mut Cx<'_>) -> Result<(), StoreError> {
    let known = trails(&cx.shelf)?.iter().filter(|trail| trail.at == 0).count();
    for _ in known..usize::from(DECOYS) {
        let partition = u16::try_from(below(cx.rng, u64::from(PARTITIONS))).unwrap_or_default();
        let topic = Spot::inbox(topic::partition_name(partition)).topic();
        let key = key_of(Kind::Inbox, topic);
        if !cx.shelf.has(&key)? {
            cx.shelf.put(key, Writer::new(VERSION).u64(0).u32(0).finish());
        }
    }
    Ok(())
}

/// Like a frame that we sent lately, but for nobody.
fn frame(cx: &mut Cx<'_>) -> Result<(ShortTopic, Vec<u8>), StoreError> {
    let trails = trails(&cx.shelf)?;
    let [kind, a, b, c, d] = *pick(cx.rng, &trails)
        .and_then(|trail| trail.key.last_chunk())
        .ok_or(StoreError::Damaged { what: WHAT })?;
    let sent: Vec<u32> = trails.iter().map(|trail| trail.len).filter(|len| *len > 0).collect();
    let len = pick(cx.rng, &sent).copied().unwrap_or(TYPICAL);
    let plain = vec![0; usize::try_from(len).unwrap_or(BLOCK)];
    let sealed = if kind == Kind::Shared as u8 {
        let mut key = [0; symmetric::KEY];
        cx.rng.fill_bytes(&mut key);
        let damaged = |_| StoreError::Damaged { what: WHAT };
        symmetric::seal(&Secret::new(key), cx.rng, &plain).map_err(damaged)?
    } else {
        let nobody = SecretKey::generate(cx.rng).public();
        ecies::seal(&nobody, cx.rng, &plain)
    };
    Ok((ShortTopic([a, b, c, d]), sealed))
}

/// How long until the next frame: exponentially distributed around `mean`, by John von Neumann's method, which compares
/// random numbers and takes no logarithm. In a run of falling numbers that begins with `x`, the probability that its length
/// is odd is e⁻ˣ; each run of even length adds 1.
fn pause(rng: &mut dyn CryptoRng, mean: Duration) -> Duration {
    for whole in 0_u32..FAR {
        let first = draw(rng);
        let (mut last, mut odd) = (first, true);
        loop {
            let number = draw(rng);
            if number >= last {
                break;
            }
            (last, odd) = (number, !odd);
        }
        if odd {
            let part = mean.as_millis().saturating_mul(u128::from(first)) >> 32;
            let part = Duration::from_millis(u64::try_from(part).unwrap_or(u64::MAX));
            return mean.saturating_mul(whole).saturating_add(part).max(Duration::from_millis(1));
        }
    }
    mean.saturating_mul(FAR)
}

fn draw(rng: &mut dyn CryptoRng) -> u32 {
    let mut bytes = [0; 4];
    rng.fill_bytes(&mut bytes);
    u32::from_le_bytes(bytes)
}

/// A number below `bound`. So much below 2⁶⁴ that nobody can tell it from an even choice.
pub(crate) fn below(rng: &mut dyn CryptoRng, bound: u64) -> u64 {
    let mut bytes = [0; 8];
    rng.fill_bytes(&mut bytes);
    u64::from_le_bytes(bytes).checked_rem(bound).unwrap_or_default()
}

fn pick<'t, T>(rng: &mut dyn CryptoRng, from: &'t [T]) -> Option<&'t T> {
    let at = below(rng, u64::try_from(from.len()).unwrap_or(u64::MAX));
    from.get(usize::try_from(at).unwrap_or(usize::MAX))
}

const WHAT: &str = "where we left something";

fn trails(shelf: &Shelf<'_>) -> Result<Vec<Trail>, StoreError> {
    let read = |(key, row): Row| {
        Reader::read(WHAT, VERSION, &row, |r| Some((r.u64()?, r.u32()?))).map(|(at, len)| Trail {
            key,
            at,
            len,
        })
    };
    shelf.scan(&[TRAILS], None, MAX_TRAILS + 1)?.into_iter().map(read).collect()
}

fn next(shelf: &Shelf<'_>) -> Result<Option<Timestamp>, StoreError> {
    let read = |row: Value| Reader::read(WHAT, VERSION, &row, Reader::u64);
    Ok(shelf.get(NEXT)?.map(read).transpose()?.map(Timestamp::from_millis))
}

fn key_of(kind: Kind, topic: ShortTopic) -> Vec<u8> {
    [&[TRAILS, kind as u8], topic.0.as_slice()].concat()
}

#[cfg(test)]
mod tests {
    use status_layer::testing::rng;

    use super::*;

    #[test]
    fn pauses_are_exponentially_distributed() {
        let (mut rng, mean) = (rng(1), Duration::from_secs(60));
        let pauses: Vec<Duration> = (0..20_000).map(|_| pause(&mut rng, mean)).collect();
        let share = |longer: f64| {
            pauses.iter().filter(|pause| **pause > mean.mul_f64(longer)).count() as f64 / pauses.len() as f64
        };

        let sum: Duration = pauses.iter().sum();

        assert!((sum.as_secs_f64() / pauses.len() as f64 - 60.0).abs() < 1.5, "{sum:?}");
        for longer in [0.1_f64, 0.5, 1.0, 2.0, 3.0] {
            assert!((share(longer) - (-longer).exp()).abs() < 0.012, "{longer}: {}", share(longer));
        }
    }
}
