//! From when on nothing is missing of each topic.

use std::collections::{BTreeMap, BTreeSet};

use status_layer::{History, Timestamp, Topic};

/// For each watched topic the time from which on all is here, up to what was checked last.
#[derive(Debug, Default)]
pub(super) struct Cover(BTreeMap<Topic, Timestamp>);

impl Cover {
    /// These topics are watched. A new one is covered from now on.
    pub(super) fn watch(&mut self, watched: &BTreeSet<Topic>, now: Timestamp) {
        self.0.retain(|topic, _| watched.contains(topic));
        for topic in watched {
            if !self.0.contains_key(topic) {
                self.0.insert(topic.clone(), now);
            }
        }
    }

    /// A wish was fulfilled.
    pub(super) fn fetched(&mut self, wish: &History) {
        for topic in &wish.topics {
            if let Some(since) = self.0.get_mut(topic) {
                *since = (*since).min(wish.since);
            }
        }
    }

    /// All watched topics, and since when all of each is here; `None` if nothing is watched.
    pub(super) fn all(&self) -> Option<History> {
        let since = self.0.values().max().copied()?;
        Some(History { topics: self.0.keys().cloned().collect(), since })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topic(name: &str) -> Topic {
        Topic::new(name)
    }

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_secs(seconds)
    }

    #[test]
    fn all_is_covered_since_the_last_topic_is() {
        let mut cover = Cover::default();
        cover.watch(&[topic("a"), topic("b")].into(), at(100));

        cover.fetched(&History { topics: vec![topic("a"), topic("elsewhere")], since: at(10) });
        let half = cover.all().unwrap();
        cover.fetched(&History { topics: vec![topic("b")], since: at(20) });
        let whole = cover.all().unwrap();

        assert_eq!((half.since, whole.since), (at(100), at(20)));
        assert_eq!(whole.topics, [topic("a"), topic("b")]);
    }

    #[test]
    fn a_topic_is_covered_from_when_it_is_watched() {
        let mut cover = Cover::default();
        cover.watch(&[topic("a")].into(), at(100));
        cover.watch(&[topic("a"), topic("b")].into(), at(200));
        assert_eq!(cover.all().unwrap().since, at(200));

        cover.watch(&[topic("a")].into(), at(300));
        assert_eq!(cover.all().unwrap().since, at(100));
        cover.watch(&[].into(), at(400));
        assert_eq!(cover.all(), None);
    }
}
