//! Whether filters bring what they should.
//!
//! A filter may answer every ping and still push nothing, because it is cut off from the network itself. What shows it is
//! traffic that has to come: what another filter brought, what this node said itself, what history turned out to hold.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use libp2p::PeerId;
use tokio::time::Instant;

use super::Criterion;
use crate::MessageHash;
use crate::recent::Recent;

/// Messages that are followed at the same time. What comes beyond is not followed.
const MAX_FOLLOWED: usize = 512;
/// Messages that are known to be over, so that who is late is not believed to be the only one who brings them.
const MAX_OVER: usize = 4096;
/// For how long that is known.
const REMEMBER: Duration = Duration::from_secs(20 * 60);

/// Follows messages until all who should have brought them had their time.
#[derive(Debug)]
pub(crate) struct Watchdog {
    echo: Duration,
    order: VecDeque<MessageHash>,
    followed: BTreeMap<MessageHash, Followed>,
    over: Recent,
}

#[derive(Debug)]
struct Followed {
    criterion: Criterion,
    since: Instant,
    brought: BTreeSet<PeerId>,
}

/// A message whose time is over.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Over {
    /// Where it was said.
    pub(crate) criterion: Criterion,
    /// Who had subscribed before this has had its time.
    pub(crate) since: Instant,
    /// Who brought it.
    pub(crate) brought: BTreeSet<PeerId>,
}

impl Watchdog {
    /// What is known to have been said has to come from everybody within `echo`.
    pub(crate) fn new(echo: Duration) -> Self {
        let over = Recent::new(MAX_OVER, REMEMBER);
        Self { echo, order: VecDeque::new(), followed: BTreeMap::new(), over }
    }

    /// A message was said; `from` is the filter that brought it, if one did.
    pub(crate) fn said(
        &mut self,
        hash: MessageHash,
        criterion: Criterion,
        from: Option<PeerId>,
        now: Instant,
    ) {
        if let Some(followed) = self.followed.get_mut(&hash) {
            followed.brought.extend(from);
        } else if self.order.len() < MAX_FOLLOWED && !self.over.contains(now, hash.as_bytes()) {
            self.order.push_back(hash);
            let brought = from.into_iter().collect();
            self.followed.insert(hash, Followed { criterion, since: now, brought });
        }
    }

    /// When the next message has had its time.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        self.order.front().and_then(|hash| self.followed.get(hash)).map(|followed| followed.since + self.echo)
    }

    /// The next message that has had its time.
    pub(crate) fn take_due(&mut self, now: Instant) -> Option<Over> {
        if self.next_due()? > now {
            return None;
        }
        let hash = self.order.pop_front()?;
        self.over.insert(now, *hash.as_bytes());
        let Followed { criterion, since, brought } = self.followed.remove(&hash)?;
        Some(Over { criterion, since, brought })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::WakuMessage;

    const ECHO: Duration = Duration::from_secs(20);

    fn criterion() -> Criterion {
        Criterion { pubsub_topic: "/waku/2/rs/16/32".to_owned(), content_topic: "/t".to_owned() }
    }

    fn hash(number: u32) -> MessageHash {
        WakuMessage { payload: number.to_be_bytes().to_vec(), ..WakuMessage::default() }.hash("")
    }

    #[test]
    fn who_brought_a_message_is_told_when_its_time_is_over() {
        let (mut dog, start) = (Watchdog::new(ECHO), Instant::now());
        let [a, b] = [PeerId::random(), PeerId::random()];

        dog.said(hash(1), criterion(), Some(a), start);
        dog.said(hash(1), criterion(), Some(b), start + ECHO / 2);
        dog.said(hash(2), criterion(), None, start + ECHO / 2);

        assert_eq!(dog.take_due(start + ECHO - Duration::from_millis(1)), None);
        let over = dog.take_due(start + ECHO).unwrap();
        assert_eq!((over.since, over.brought), (start, [a, b].into()));
        assert_eq!(dog.take_due(start + ECHO), None);
        assert_eq!(dog.next_due(), Some(start + ECHO + ECHO / 2));
        assert!(dog.take_due(start + 2 * ECHO).unwrap().brought.is_empty());
    }

    #[test]
    fn who_is_late_is_not_believed_to_be_the_only_one() {
        let (mut dog, start) = (Watchdog::new(ECHO), Instant::now());
        let [early, late] = [PeerId::random(), PeerId::random()];
        dog.said(hash(1), criterion(), Some(early), start);
        assert_eq!(dog.take_due(start + ECHO).unwrap().brought, [early].into());

        dog.said(hash(1), criterion(), Some(late), start + ECHO);

        assert_eq!(dog.next_due(), None);
    }

    #[test]
    fn what_is_followed_is_bounded() {
        let (mut dog, now) = (Watchdog::new(ECHO), Instant::now());

        for number in 0..1000 {
            dog.said(hash(number), criterion(), None, now);
        }

        assert_eq!((dog.followed.len(), dog.order.len()), (MAX_FOLLOWED, MAX_FOLLOWED));
        assert!(dog.followed.contains_key(&hash(0)) && !dog.followed.contains_key(&hash(999)));
    }
}
