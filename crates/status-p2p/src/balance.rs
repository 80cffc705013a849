//! Who has to go when too many nodes have dialled us.

use std::time::Duration;

use libp2p::PeerId;
use tokio::time::Instant;

/// How often it is looked after.
pub(crate) const EVERY: Duration = Duration::from_secs(15);

/// A node that gossips and dialled us.
#[derive(Clone, Debug)]
pub(crate) struct Guest {
    pub(crate) peer: PeerId,
    /// Whether it carries a topic that we carry.
    pub(crate) shares: bool,
    /// What gossip thinks of it.
    pub(crate) score: f64,
    pub(crate) since: Instant,
}

/// Those beyond `most` guests: first who shares no topic with us, then who is thought least of, then who came last.
/// Whoever wants to push others out by coming in numbers pushes out his own.
pub(crate) fn excess(mut guests: Vec<Guest>, most: usize) -> Vec<PeerId> {
    guests.sort_by(|a, b| {
        // Good behaviour takes a while to show, so only bad counts.
        let (a_score, b_score) = (a.score.min(0.0), b.score.min(0.0));
        b.shares.cmp(&a.shares).then(b_score.total_cmp(&a_score)).then(a.since.cmp(&b.since))
    });
    guests.into_iter().skip(most).map(|guest| guest.peer).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_go_first_then_the_bad_then_the_newest() {
        let now = Instant::now();
        let guest = |shares, score, age| Guest {
            peer: PeerId::random(),
            shares,
            score,
            since: now - Duration::from_secs(age),
        };
        let (old, new) = (guest(true, 0.0, 90), guest(true, 5.0, 10));
        let (bad, stranger) = (guest(true, -1.0, 100), guest(false, 9.0, 100));
        let all = vec![stranger.clone(), new.clone(), bad.clone(), old.clone()];

        assert_eq!(excess(all.clone(), 4), []);
        assert_eq!(excess(all.clone(), 3), [stranger.peer]);
        assert_eq!(excess(all.clone(), 1), [new.peer, bad.peer, stranger.peer]);
        assert_eq!(excess(all, 0).len(), 4);
    }
}
