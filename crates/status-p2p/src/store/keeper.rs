//! Keeping what gossip brings, beside the node's own task.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::node::inside::Relayed;
use crate::stats::Counters;
use crate::{Archive, Archived, Clock};

/// Messages that are kept together.
const BATCH: usize = 128;
/// How long the first of them waits for others.
const GATHER: Duration = Duration::from_millis(50);
/// How far the time that a message states may be from ours, in nanoseconds. Deployed nodes keep nothing that is farther
/// away.
const VARIANCE: i64 = 20_000_000_000;
/// How often the archive is tried, and how long after a failure.
const TRIES: u32 = 3;
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// Keeps all that is not ephemeral, in batches, until the node ends.
pub(crate) async fn keep(
    archive: Arc<dyn Archive>,
    clock: Clock,
    mut flow: mpsc::Receiver<Arc<Relayed>>,
    counters: Arc<Counters>,
) {
    let mut batch = Vec::with_capacity(BATCH);
    while flow.recv_many(&mut batch, BATCH).await > 0 {
        let until = tokio::time::Instant::now() + GATHER;
        while batch.len() < BATCH {
            let room = BATCH - batch.len();
            match tokio::time::timeout_at(until, flow.recv_many(&mut batch, room)).await {
                Ok(count) if count > 0 => {}
                _ => break,
            }
        }
        let now = clock.nanos();
        let kept: Vec<Archived> = batch.drain(..).filter_map(|relayed| archived(&relayed, now)).collect();
        let count = kept.len();
        if try_to_keep(&*archive, kept).await {
            counters.archived.add(count);
        } else {
            counters.unarchived.add(count);
        }
    }
}

async fn try_to_keep(archive: &dyn Archive, messages: Vec<Archived>) -> bool {
    if messages.is_empty() {
        return true;
    }
    for _ in 0..TRIES {
        match archive.keep(messages.clone()).await {
            Ok(()) => return true,
            Err(error) => tracing::warn!(%error, "messages cannot be kept"),
        }
        tokio::time::sleep(AFTER_FAILURE).await;
    }
    false
}

/// A message as it is kept; `None` if it asks not to be.
///
/// A message has the time that it states if that can be true. Otherwise it has the time at which it came: then nobody can put
/// anything into the past or the future of an archive, and who sent late what was written while offline, or has a wrong clock,
/// is read by those who ask for what they have missed. Deployed nodes forget such messages.
fn archived(relayed: &Relayed, now: i64) -> Option<Archived> {
    if relayed.message.ephemeral == Some(true) {
        return None;
    }
    let credible = |stated: &i64| stated.abs_diff(now) <= VARIANCE.unsigned_abs();
    Some(Archived {
        hash: relayed.hash,
        at: relayed.message.timestamp.filter(credible).unwrap_or(now),
        pubsub_topic: relayed.pubsub_topic.clone(),
        content_topic: relayed.message.content_topic.clone(),
        data: relayed.data.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::WakuMessage;

    const NOW: i64 = 1_700_000_000_000_000_000;

    fn relayed(timestamp: Option<i64>, ephemeral: Option<bool>) -> Relayed {
        let message = WakuMessage {
            payload: vec![1],
            content_topic: "/a/1/b/c".into(),
            timestamp,
            ephemeral,
            ..WakuMessage::default()
        };
        let (hash, data) = (message.hash("p"), message.encode());
        Relayed { hash, pubsub_topic: "p".into(), message, data }
    }

    #[test]
    fn a_message_has_the_time_that_it_states_if_that_can_be_true() {
        let at = |stated| archived(&relayed(stated, None), NOW).unwrap().at;

        assert_eq!(at(Some(NOW - VARIANCE)), NOW - VARIANCE);
        assert_eq!(at(Some(NOW + VARIANCE)), NOW + VARIANCE);
        for absurd in [None, Some(0), Some(i64::MIN), Some(i64::MAX), Some(NOW - VARIANCE - 1)] {
            assert_eq!(at(absurd), NOW, "{absurd:?}");
        }
    }

    #[test]
    fn what_is_ephemeral_is_not_kept() {
        assert_eq!(archived(&relayed(Some(NOW), Some(true)), NOW), None);
        assert!(archived(&relayed(Some(NOW), Some(false)), NOW).is_some());
    }
}
