//! How often one person is answered.

use std::collections::BTreeMap;
use std::time::Duration;

use status_layer::UserId;
use tokio::time::Instant;

/// People whose pace is remembered; those who wrote longest ago are forgotten.
const MAX_PEOPLE: usize = 4_096;

/// The pace of everybody: so many messages, which come back evenly over a span.
pub(super) struct Limit {
    messages: u32,
    span: Duration,
    /// For each: what they had left, in messages, and when.
    people: BTreeMap<UserId, (f64, Instant)>,
}

impl Limit {
    pub(super) fn new(messages: u32, span: Duration) -> Self {
        Self { messages: messages.max(1), span, people: BTreeMap::new() }
    }

    /// Whether a message that somebody wrote now is answered.
    pub(super) fn allows(&mut self, who: UserId, now: Instant) -> bool {
        let most = f64::from(self.messages);
        let (left, at) = self.people.get(&who).copied().unwrap_or((most, now));
        let passed =
            now.saturating_duration_since(at).as_secs_f64() / self.span.as_secs_f64().max(f64::EPSILON);
        let left = passed.mul_add(most, left).min(most);
        let allowed = left >= 1.0;
        if !self.people.contains_key(&who) && self.people.len() >= MAX_PEOPLE {
            let oldest = self.people.iter().min_by_key(|(_, (_, at))| *at).map(|(who, _)| *who);
            oldest.map(|who| self.people.remove(&who));
        }
        self.people.insert(who, (if allowed { left - 1.0 } else { left }, now));
        allowed
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self::new(20, Duration::from_secs(60))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(number: u16) -> UserId {
        let mut key = [2; 33];
        key[1..3].copy_from_slice(&number.to_be_bytes());
        UserId::from_compressed(&key).unwrap()
    }

    #[test]
    fn who_writes_too_much_waits_and_others_do_not() {
        let mut limit = Limit::new(2, Duration::from_secs(10));
        let now = Instant::now();
        let mut ask = |who, seconds| limit.allows(user(who), now + Duration::from_secs(seconds));

        assert_eq!([ask(1, 0), ask(1, 0), ask(1, 0), ask(2, 0)], [true, true, false, true]);
        assert_eq!([ask(1, 5), ask(1, 5)], [true, false], "one comes back in half the span");
        assert_eq!([ask(1, 60), ask(1, 60), ask(1, 60)], [true, true, false], "never more than at first");
    }

    #[test]
    fn a_crowd_takes_no_more_memory_than_the_bound() {
        let mut limit = Limit::default();
        let now = Instant::now();
        for number in 0..5_000 {
            limit.allows(user(number), now + Duration::from_millis(number.into()));
        }

        assert_eq!(limit.people.len(), MAX_PEOPLE);
        assert!(limit.people.contains_key(&user(4_999)) && !limit.people.contains_key(&user(0)));
    }
}
