//! An archive that is watched: how long its calls take, and whether they fail.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use status_p2p::{Archive, ArchiveError, ArchiveSize, Archived, Page, Query};
use tokio::time::Instant;

use crate::metrics::ArchiveMetrics;
use crate::state::State;

/// An archive that is watched.
pub(crate) struct Measured {
    archive: Arc<dyn Archive>,
    metrics: ArchiveMetrics,
    state: Arc<State>,
}

impl Measured {
    pub(crate) fn new(archive: Arc<dyn Archive>, metrics: ArchiveMetrics, state: Arc<State>) -> Self {
        Self { archive, metrics, state }
    }

    fn note<T>(&self, call: &'static str, began: Instant, done: &Result<T, ArchiveError>) {
        self.metrics.took(call, began.elapsed().as_secs_f64());
        if matches!(done, Err(ArchiveError::Failed(_))) {
            self.metrics.failed(call);
        }
    }
}

#[async_trait]
impl Archive for Measured {
    async fn keep(&self, messages: Vec<Archived>) -> Result<(), ArchiveError> {
        let began = Instant::now();
        let done = self.archive.keep(messages).await;
        self.note("keep", began, &done);
        self.state.archive(done.is_ok());
        done
    }

    async fn page(&self, query: &Query) -> Result<Page, ArchiveError> {
        let began = Instant::now();
        let done = self.archive.page(query).await;
        self.note("page", began, &done);
        done
    }

    async fn forget(&self, before: i64, bytes: u64) -> Result<u64, ArchiveError> {
        let began = Instant::now();
        let done = self.archive.forget(before, bytes).await;
        self.note("forget", began, &done);
        if let Ok(forgotten) = done {
            self.metrics.forgotten(forgotten);
        }
        done
    }

    async fn size(&self) -> Result<ArchiveSize, ArchiveError> {
        let size = self.archive.size().await;
        match &size {
            Ok(size) => self.state.size(*size),
            Err(_) => self.state.archive(false),
        }
        size
    }
}

impl fmt::Debug for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.archive.fmt(f)
    }
}
