//! A wish of the owner, and how far it is fulfilled.

use std::collections::VecDeque;
use std::time::Duration;

use status_layer::{History, Timestamp};

use super::visit::Span;
use crate::store::MAX_TOPICS;

/// Wishes that are kept. Further ones are joined with the last.
const MAX_WISHES: usize = 32;
/// How far back anything is asked for: as long as deployed nodes keep it.
const MAX_BACK: Duration = Duration::from_secs(30 * 86_400);
/// What is younger when a window is done is left to those who look for what is missing, or there would be no end.
const CLOSE: Duration = Duration::from_secs(5);

/// A wish.
#[derive(Debug)]
pub(super) struct Wish {
    /// As it was said.
    pub(super) history: History,
    /// Up to this time all is here, in nanoseconds since the Unix epoch.
    at: Option<i64>,
    /// The window that is looked at, and what is left of it.
    window: Option<(i64, Vec<Span>)>,
    /// Whether the owner knows that nobody could be asked.
    pub(super) is_told: bool,
}

impl Wish {
    fn new(history: History) -> Self {
        Self { history, at: None, window: None, is_told: false }
    }

    /// What is left of the window that is next; nothing if all is fulfilled.
    pub(super) fn spans(&mut self, now: i64, window: Duration) -> Vec<Span> {
        let stated = self.history.since.nanos();
        let first = self.at.is_none();
        let from = *self.at.get_or_insert(stated.max(now.saturating_sub(nanos(MAX_BACK))));
        let close = if first { 0 } else { nanos(CLOSE) };
        if self.window.is_none() && from < now.saturating_sub(close) {
            let until = from.saturating_add(nanos(window)).min(now);
            let span = |topics: &[String]| Span { topics: topics.to_vec(), from, until };
            let topics: Vec<String> =
                self.history.topics.iter().map(|topic| topic.as_str().to_owned()).collect();
            self.window = Some((until, topics.chunks(MAX_TOPICS).map(span).collect()));
        }
        self.window.as_ref().map(|(_, spans)| spans.clone()).unwrap_or_default()
    }

    /// These are left. If none is, the window is done: returns up to when all is here, in nanoseconds.
    pub(super) fn left(&mut self, spans: Vec<Span>) -> Option<i64> {
        let (until, rest) = self.window.as_mut()?;
        if !spans.is_empty() {
            *rest = spans;
            return None;
        }
        let until = *until;
        self.at = Some(until);
        self.window = None;
        Some(until)
    }
}

/// The wishes that are left, in order.
#[derive(Debug, Default)]
pub(super) struct Wishes(VecDeque<Wish>);

impl Wishes {
    /// One more.
    pub(super) fn add(&mut self, history: History) {
        if self.0.len() < MAX_WISHES {
            self.0.push_back(Wish::new(history));
            return;
        }
        if let Some(last) = self.0.pop_back() {
            self.0.extend(History::both(Some(last.history), Some(history)).map(Wish::new));
        }
    }

    /// The one that is next.
    pub(super) fn first(&mut self) -> Option<&mut Wish> {
        self.0.front_mut()
    }

    /// All of them.
    pub(super) fn all(&mut self) -> impl Iterator<Item = &mut Wish> {
        self.0.iter_mut()
    }

    /// The first one is fulfilled.
    pub(super) fn done(&mut self) -> Option<History> {
        self.0.pop_front().map(|wish| wish.history)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

pub(super) fn nanos(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

/// Nanoseconds since the Unix epoch as the owner has them.
pub(super) fn timestamp(nanos: i64) -> Timestamp {
    Timestamp::from_millis(u64::try_from(nanos).unwrap_or_default() / 1_000_000)
}

#[cfg(test)]
mod tests {
    use status_layer::Topic;

    use super::*;

    const DAY: Duration = Duration::from_secs(86_400);
    const NOW: i64 = 1_700_000_000_000_000_000;

    fn wish(topics: usize, ago: Duration) -> Wish {
        let topics = (0..topics).map(|n| Topic::new(format!("/t/{n}"))).collect();
        Wish::new(History { topics, since: timestamp(NOW - nanos(ago)) })
    }

    #[test]
    fn windows_go_from_the_oldest_to_now_and_each_names_every_topic_once() {
        let mut wish = wish(25, DAY * 5 / 2);
        let mut windows = Vec::new();

        loop {
            let spans = wish.spans(NOW, DAY);
            if spans.is_empty() {
                break;
            }
            assert!(spans.iter().all(|span| span.topics.len() <= MAX_TOPICS));
            assert_eq!(spans.iter().map(|span| span.topics.len()).sum::<usize>(), 25);
            windows.push((spans[0].from, spans[0].until));
            assert_eq!(wish.left(Vec::new()), Some(spans[0].until));
        }

        assert_eq!(windows.len(), 3);
        assert!(windows.windows(2).all(|two| two[0].1 == two[1].0), "they follow on each other");
        assert_eq!(windows.last().unwrap().1, NOW);
    }

    #[test]
    fn time_goes_on_and_there_is_an_end_all_the_same() {
        let mut wish = wish(1, DAY);
        assert_eq!(wish.spans(NOW, DAY).len(), 1);
        wish.left(Vec::new());

        assert!(wish.spans(NOW + nanos(CLOSE) - 1, DAY).is_empty());
        assert_eq!(wish.spans(NOW + nanos(CLOSE) + 1, DAY).len(), 1);
    }

    #[test]
    fn what_failed_in_a_window_is_left() {
        let mut wish = wish(25, DAY * 2);
        let spans = wish.spans(NOW, DAY);

        assert_eq!(wish.left(spans[1..2].to_vec()), None);
        let left = wish.spans(NOW, DAY);

        assert_eq!(left.len(), 1);
        assert_eq!((left[0].from, left[0].topics.len()), (spans[1].from, 10));
    }

    #[test]
    fn nothing_is_asked_for_that_is_too_old_or_still_to_come() {
        let mut old = wish(1, DAY * 4000);
        let mut early = Wish::new(History { topics: Vec::new(), since: timestamp(NOW + nanos(DAY)) });

        assert_eq!(old.spans(NOW, DAY)[0].from, NOW - nanos(MAX_BACK));
        assert!(early.spans(NOW, DAY).is_empty());
    }

    #[test]
    fn too_many_wishes_become_one() {
        let mut wishes = Wishes::default();
        let topics = |n: usize| vec![Topic::new("/all"), Topic::new(format!("/t/{n}"))];

        for n in 0..MAX_WISHES + 5 {
            wishes.add(History { topics: topics(n), since: Timestamp::from_secs(1000 - n as u64) });
        }

        let all: Vec<History> = std::iter::from_fn(|| wishes.done()).collect();
        let last = all.last().unwrap();
        assert_eq!(all.len(), MAX_WISHES);
        assert_eq!((last.topics.len(), last.since), (7, Timestamp::from_secs(1000 - 36)));
    }
}
