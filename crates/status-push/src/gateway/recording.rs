//! A gateway that sends nothing.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::{Gateway, Outcome, Push};

/// Most notifications that are kept; the oldest go.
const MAX_KEPT: usize = 10_000;

/// Keeps what it is given, and answers what it is told to: for tests and for trying things out. Its clones are one.
#[derive(Clone, Debug, Default)]
pub struct Recording(Arc<Mutex<Record>>);

#[derive(Debug, Default)]
struct Record {
    pushes: VecDeque<Push>,
    answers: VecDeque<Outcome>,
}

impl Recording {
    /// One that accepts everything.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers so once; after all such answers it accepts again.
    pub fn answer(&self, outcome: Outcome) {
        self.lock().answers.push_back(outcome);
    }

    /// What it was given, in order.
    #[must_use]
    pub fn pushes(&self) -> Vec<Push> {
        self.lock().pushes.iter().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, Record> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Gateway for Recording {
    async fn push(&self, push: &Push) -> Outcome {
        let mut record = self.lock();
        record.pushes.push_back(push.clone());
        if record.pushes.len() > MAX_KEPT {
            record.pushes.pop_front();
        }
        record.answers.pop_front().unwrap_or(Outcome::Accepted)
    }
}
