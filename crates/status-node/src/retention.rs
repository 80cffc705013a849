//! Forgetting what is old or too much, and looking how much there is.

use std::sync::Arc;
use std::time::Duration;

use status_p2p::Archive;
use tokio::time::{MissedTickBehavior, interval};

use crate::clock;

/// How often is looked how much there is.
pub(crate) const LOOK: Duration = Duration::from_secs(15);
/// How many looks there are for each time that something is forgotten.
const LOOKS: u64 = 4;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How much is kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Keep {
    /// For so many days.
    pub(crate) days: u32,
    /// At most so many bytes of messages.
    pub(crate) bytes: u64,
}

/// Looks after an archive for ever, each time after `look`.
pub(crate) async fn tend(archive: Arc<dyn Archive>, keep: Keep, look: Duration) {
    let mut ticks = interval(look);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for look in 0_u64.. {
        ticks.tick().await;
        if look % LOOKS == 0 {
            match archive.forget(before(clock::now(), keep.days), keep.bytes).await {
                Ok(0) => {}
                Ok(forgotten) => tracing::info!(forgotten, "messages were forgotten"),
                Err(error) => tracing::warn!(%error, "nothing could be forgotten"),
            }
        }
        if let Err(error) = archive.size().await {
            tracing::warn!(%error, "the archive does not say how much it holds");
        }
    }
}

/// What is older than this goes, in nanoseconds since the Unix epoch.
fn before(now: Duration, days: u32) -> i64 {
    let before = now.saturating_sub(DAY.saturating_mul(days));
    i64::try_from(before.as_nanos()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use status_p2p::{Archived, MemoryArchive, MessageHash, Query};

    use super::*;

    fn message(number: u8, at: i64) -> Archived {
        Archived {
            hash: MessageHash::new([number; 32]),
            at,
            pubsub_topic: "p".into(),
            content_topic: "c".into(),
            data: vec![number; 400 * 1024],
        }
    }

    #[tokio::test]
    async fn what_is_old_or_too_much_is_forgotten_while_the_node_runs() {
        let now = i64::try_from(clock::now().as_nanos()).unwrap();
        let day = i64::try_from(DAY.as_nanos()).unwrap();
        let archive: Arc<dyn Archive> = Arc::new(MemoryArchive::new(100, u64::MAX));
        let messages = [message(1, now - 3 * day), message(2, now - day), message(3, now), message(4, now)];
        archive.keep(messages.to_vec()).await.unwrap();

        let keep = Keep { days: 2, bytes: 1024 * 1024 };
        let task = tokio::spawn(tend(Arc::clone(&archive), keep, Duration::from_millis(1)));
        until(&archive, 2).await;

        let left = archive.page(&Query { names_only: true, ..Query::default() }).await.unwrap();
        let left: Vec<_> = left.messages.iter().map(|message| message.hash).collect();
        assert_eq!(left, [MessageHash::new([3; 32]), MessageHash::new([4; 32])]);
        archive.keep(vec![message(5, now - 3 * day)]).await.unwrap();
        until(&archive, 2).await;
        task.abort();
    }

    /// Waits until so many messages are left.
    async fn until(archive: &Arc<dyn Archive>, left: u64) {
        while archive.size().await.unwrap().messages != left {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    #[test]
    fn more_days_than_there_were_keep_everything() {
        assert_eq!(before(Duration::from_secs(1_700_000_000), u32::MAX), 0);
    }
}
