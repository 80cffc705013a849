//! Proof of work, off the steps: a few threads that search for numbers, one frame at a time.
//!
//! All threads search for the same frame, each in ranges of its own, so the first frame leaves as early as possible. What is
//! asked for is in the outbox until it has left: a search that is given up, or lost in a crash, is begun anew with the next
//! try of its frame.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use status_crypto::{Found, Search};
use status_layer::{Frame, FrameId, Late, Work};
use tokio::sync::mpsc;
use tokio::time::Instant;

/// The most threads that search. More than this would take the machine from its user.
const MAX_MINERS: usize = 4;

/// The most frames that are worked for or wait for it; the others have to wait for their next try.
const MAX_JOBS: usize = 1_024;

/// How many numbers are tried before a thread looks up. It takes less than a millisecond.
const STRIDE: u64 = 1_024;

/// The threads that search. They end when it is dropped.
pub(crate) struct Miner {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
    results: mpsc::Receiver<Mined>,
}

/// How a search ended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Mined {
    /// Something was found for the frame.
    Found(FrameId, Frame, u64),
    /// Nothing good enough was found in time.
    TooLate(FrameId, TooLate),
}

/// Nothing good enough was found in time.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the work for a frame was not done in time: {best} bits of {wanted}. It is tried again")]
pub(crate) struct TooLate {
    /// The bits of the best number.
    best: u32,
    /// The bits asked for.
    wanted: u32,
}

struct Shared {
    state: Mutex<State>,
    /// Told when there is something to do, and when it is over.
    changed: Condvar,
    results: mpsc::Sender<Mined>,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    over: bool,
}

/// A frame that is worked for.
struct Job {
    id: FrameId,
    frame: Frame,
    work: Work,
    /// Set by the first thread that comes to it: then the time begins to run.
    begun: Option<Begun>,
    next: u64,
    best: Option<Found>,
}

#[derive(Clone)]
struct Begun {
    /// Tells this search from an earlier one for the same frame.
    search: Arc<Search>,
    until: Option<Instant>,
}

impl Miner {
    /// A miner without threads yet: most clients never need one.
    pub(crate) fn new() -> Self {
        let (sender, results) = mpsc::channel(MAX_JOBS);
        let shared = Shared { state: Mutex::default(), changed: Condvar::new(), results: sender };
        Self { shared: Arc::new(shared), threads: Vec::new(), results }
    }

    /// Begins to work for a frame; an earlier search for the same frame ends without a result.
    pub(crate) fn start(&mut self, id: FrameId, frame: Frame, work: Work) {
        self.stop(id);
        let mut state = self.shared.lock();
        if state.jobs.len() < MAX_JOBS {
            state.jobs.push_back(Job { id, frame, work, begun: None, next: 0, best: None });
        }
        drop(state);
        self.shared.changed.notify_all();
        let wanted = std::thread::available_parallelism().map_or(1, usize::from).min(MAX_MINERS);
        while self.threads.len() < wanted {
            let shared = Arc::clone(&self.shared);
            let spawned =
                std::thread::Builder::new().name("status-chat-work".into()).spawn(move || shared.work());
            // Without threads the frames wait in the outbox for better times.
            let Ok(thread) = spawned else { break };
            self.threads.push(thread);
        }
    }

    /// Ends the search for a frame, if there is one.
    pub(crate) fn stop(&mut self, id: FrameId) {
        self.shared.lock().jobs.retain(|job| job.id != id);
    }

    /// Waits for the next result. Cancel-safe: a dropped call loses nothing.
    pub(crate) async fn next(&mut self) -> Mined {
        match self.results.recv().await {
            Some(mined) => mined,
            // We hold a sender ourselves.
            None => std::future::pending().await,
        }
    }
}

impl Drop for Miner {
    fn drop(&mut self) {
        self.shared.lock().over = true;
        self.shared.changed.notify_all();
        for thread in self.threads.drain(..) {
            // A thread that died has nothing to say any more.
            drop(thread.join());
        }
    }
}

impl fmt::Debug for Miner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Miner({} threads)", self.threads.len())
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // What is behind the lock is whole at each moment.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The life of a thread.
    fn work(&self) {
        let mut state = self.lock();
        while !state.over {
            let Some(job) = state.jobs.front_mut() else {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let begun = job.begin();
            let numbers = job.next..job.next.saturating_add(STRIDE);
            job.next = numbers.end;
            let wanted = job.work.zeros;
            drop(state);

            let found = begun.search.run(numbers, wanted);

            state = self.lock();
            let late = begun.until.is_some_and(|until| Instant::now() >= until);
            if let Some(mined) = state.note(&begun, found, late) {
                // There is room for a result of each job. If nobody takes it the frame is tried again.
                drop(self.results.try_send(mined));
            }
        }
    }
}

impl State {
    /// Takes what a thread has found, and ends the search if that suffices or the time is over. What belongs to a search that
    /// is over already is nobody's.
    fn note(&mut self, begun: &Begun, found: Option<Found>, late: bool) -> Option<Mined> {
        let ours = |job: &Job| job.begun.as_ref().is_some_and(|own| Arc::ptr_eq(&own.search, &begun.search));
        let at = self.jobs.iter().position(ours)?;
        let job = self.jobs.get_mut(at)?;
        job.best = job.best.max(found);
        let (best, wanted) = (job.best.map_or(0, |best| best.zeros), job.work.zeros);
        if best < wanted && !late {
            return None;
        }
        let Job { id, frame, work, best, .. } = self.jobs.remove(at)?;
        Some(match best {
            Some(found) if found.zeros >= wanted || work.late == Late::TakeBest => {
                Mined::Found(id, frame, found.number)
            }
            best => Mined::TooLate(id, TooLate { best: best.map_or(0, |best| best.zeros), wanted }),
        })
    }
}

impl Job {
    fn begin(&mut self) -> Begun {
        let Self { begun, work, .. } = self;
        let begin = || Begun {
            search: Arc::new(Search::new(&work.prefix)),
            until: Instant::now().checked_add(work.within),
        };
        begun.get_or_insert_with(begin).clone()
    }
}

#[cfg(test)]
mod tests;
