//! Answering streams that others open, each in its turn, with bounds.

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::time::Duration;

use futures::StreamExt;
use futures::future::{AbortHandle, Abortable};
use futures::stream::FuturesUnordered;
use libp2p::{PeerId, Stream};
use tokio::time::timeout;

use super::{Arrivals, Begun, read_byte};

/// Streams of one protocol on which a peer has said nothing yet; the oldest makes room for the newest. js-waku opens some
/// ten of them as soon as it is connected, and asks over one of the newest, maybe minutes later.
const SILENT_PER_PEER: usize = 16;
/// Such streams in all: as many as all connections that are allowed may have. What comes beyond is reset.
const SILENT: usize = 8192;

/// How many streams of one protocol are answered at the same time, and for how long each. A stream counts from the first
/// byte that its peer says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Served {
    /// Streams of one peer. The oldest makes room for the newest.
    pub(crate) per_peer: usize,
    /// Streams in all; what comes beyond is reset.
    pub(crate) in_all: usize,
    /// A stream is reset when it takes longer.
    pub(crate) patience: Duration,
}

impl Default for Served {
    fn default() -> Self {
        Self { per_peer: 16, in_all: 1024, patience: Duration::from_secs(60) }
    }
}

/// Lets `handle` answer every stream that arrives and on which something is said, until the node ends.
pub(crate) async fn serve_arrivals<F, Fut>(mut arrivals: Arrivals, bounds: Served, handle: F)
where
    F: Fn(PeerId, Begun) -> Fut,
    Fut: Future<Output = ()>,
{
    let mut silent = FuturesUnordered::new();
    let mut silent_seats = Seats::default();
    let mut running = FuturesUnordered::new();
    let mut seats = Seats::default();
    loop {
        tokio::select! {
            stream = arrivals.recv() => {
                let Some((peer, stream)) = stream else { return };
                if silent.len() >= SILENT {
                    continue;
                }
                let (number, registration) = silent_seats.take(peer, SILENT_PER_PEER);
                let begun = Abortable::new(begun(stream), registration);
                silent.push(async move { (peer, number, begun.await.ok().flatten()) });
            }
            Some((peer, number, begun)) = silent.next() => {
                silent_seats.leave(peer, number);
                let Some(stream) = begun else { continue };
                if running.len() >= bounds.in_all {
                    continue;
                }
                let (number, registration) = seats.take(peer, bounds.per_peer);
                let answer = Abortable::new(timeout(bounds.patience, handle(peer, stream)), registration);
                running.push(async move {
                    // Who breaks off, is late or sends rubbish gets no answer, and that is all.
                    let _ = answer.await;
                    (peer, number)
                });
            }
            Some((peer, number)) = running.next() => seats.leave(peer, number),
        }
    }
}

/// Waits until something is said; `None` if that will not be.
async fn begun(mut stream: Stream) -> Option<Begun> {
    // A stream that is open and silent does not make a connection worth keeping.
    stream.ignore_for_keep_alive();
    let first = read_byte(&mut stream).await.ok()?;
    Some(Begun::new(first, stream))
}

/// Whose streams there are, oldest first.
#[derive(Default)]
struct Seats {
    last: u64,
    taken: HashMap<PeerId, VecDeque<(u64, AbortHandle)>>,
}

impl Seats {
    fn take(&mut self, peer: PeerId, most: usize) -> (u64, futures::future::AbortRegistration) {
        let (handle, registration) = AbortHandle::new_pair();
        self.last = self.last.wrapping_add(1);
        let seats = self.taken.entry(peer).or_default();
        while seats.len() >= most.max(1) {
            if let Some((_, oldest)) = seats.pop_front() {
                oldest.abort();
            }
        }
        seats.push_back((self.last, handle));
        (self.last, registration)
    }

    fn leave(&mut self, peer: PeerId, number: u64) {
        if let Some(seats) = self.taken.get_mut(&peer) {
            seats.retain(|(taken, _)| *taken != number);
            if seats.is_empty() {
                self.taken.remove(&peer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_stream_of_a_peer_makes_room_and_others_keep_theirs() {
        let mut seats = Seats::default();
        let [alice, bob] = [PeerId::random(), PeerId::random()];

        let (_, bobs) = seats.take(bob, 2);
        let (_, first) = seats.take(alice, 2);
        let (_, second) = seats.take(alice, 2);
        let (number, third) = seats.take(alice, 2);

        let aborted = |registration| Abortable::new(futures::future::ready(()), registration).is_aborted();
        assert!(aborted(first));
        assert!(!aborted(second) && !aborted(third) && !aborted(bobs));
        seats.leave(alice, number);
        assert_eq!(seats.taken.get(&alice).map(VecDeque::len), Some(1));
    }

    #[test]
    fn who_is_answered_no_more_is_forgotten() {
        let mut seats = Seats::default();
        let peer = PeerId::random();

        let (number, _registration) = seats.take(peer, 2);
        seats.leave(peer, number);

        assert!(seats.taken.is_empty());
    }
}
