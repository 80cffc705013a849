//! Which inputs share a commit, and how long they wait for each other.
//!
//! A commit waits for the disk once, however much is in it. So inputs that come together are run as one unit: a group, at
//! most [`MAX_GROUP`] inputs, open for at most [`WINDOW`]. Nothing of a group leaves before its commit, so each input that
//! waits for others is late by that. Therefore:
//!
//! - What came while a commit was under way is taken at once; under load that alone fills the groups.
//! - An input that somebody waits for does not wait, unless the group before it had company: whoever was answered
//!   together asks again together, a moment apart. Then the group is held until as many are here, or for [`QUIET`] after
//!   the last one. So many callers share each commit, and one caller who waits for each answer is never held up. (Going by
//!   the rate would hold up exactly that one: it sends as fast as the disk lets it, and nobody else is coming.)
//! - What nobody waits for is patient: a note that the network has taken a frame. If it is lost, the frame goes out once
//!   more and its reader drops the copy. It waits for the whole window, and rides along with the first input that comes.

use std::time::Duration;

use status_stack::Input;
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::core::Task;
use crate::error::SendError;

/// Inputs that may share one unit of work, and so one commit.
pub(crate) const MAX_GROUP: usize = 64;

/// How long a group is held open at most, from its first input on.
const WINDOW: Duration = Duration::from_millis(5);

/// How long a group that expects company waits for the next input. The runtime's timers know no shorter time.
const QUIET: Duration = Duration::from_millis(1);

/// One input, and who waits for its answer.
pub(crate) struct Job {
    pub(crate) task: Task,
    pub(crate) reply: Option<oneshot::Sender<Result<(), SendError>>>,
}

/// Inputs on their way to one commit, in the order in which they came.
#[derive(Default)]
pub(crate) struct Group {
    jobs: Vec<Job>,
    /// How many are not patient.
    pressing: usize,
    /// When the first input and the last one came.
    times: Option<(Instant, Instant)>,
}

/// How long groups are held, and what the last one teaches about the next.
#[derive(Debug)]
pub(crate) struct Window {
    /// At most so long, from the first input on.
    span: Duration,
    /// And after the last input no longer than this, if it is waited for.
    quiet: Duration,
    /// How many pressing inputs the last group had, and when it was done.
    last: Option<(usize, Instant)>,
}

impl Job {
    /// Whether nobody minds when it is done.
    const fn is_patient(&self) -> bool {
        matches!(self.task, Task::Layers(Input::Published(_) | Input::Unpublishable(_)))
    }
}

impl Group {
    pub(crate) fn add(&mut self, job: Job, now: Instant) {
        self.pressing += usize::from(!job.is_patient());
        self.jobs.push(job);
        self.times = Some((self.times.map_or(now, |(first, _)| first), now));
    }

    /// Whether one more input may join.
    pub(crate) fn has_room(&self) -> bool {
        self.jobs.len() < MAX_GROUP
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    /// How many of the inputs are waited for.
    pub(crate) const fn pressing(&self) -> usize {
        self.pressing
    }

    pub(crate) fn into_jobs(self) -> Vec<Job> {
        self.jobs
    }
}

impl Default for Window {
    fn default() -> Self {
        Self::new(WINDOW, QUIET)
    }
}

impl Window {
    pub(crate) const fn new(span: Duration, quiet: Duration) -> Self {
        Self { span, quiet, last: None }
    }

    /// Until when a group is held if nothing more comes; `None` if it is to be committed at once.
    pub(crate) fn holds(&self, group: &Group) -> Option<Instant> {
        let (first, latest) = group.times.filter(|_| group.has_room())?;
        let end = first + self.span;
        if group.pressing == 0 {
            return Some(end);
        }
        (group.pressing < self.expects(first)).then(|| end.min(latest + self.quiet))
    }

    /// Notes a group that is done.
    pub(crate) fn note(&mut self, pressing: usize, now: Instant) {
        self.last = Some((pressing, now));
    }

    /// How many pressing inputs a group that began at `first` may hope for. After a pause nobody is expected.
    fn expects(&self, first: Instant) -> usize {
        let recent = self.last.filter(|(_, done)| first.saturating_duration_since(*done) <= self.span);
        recent.map_or(0, |(pressing, _)| pressing)
    }
}

#[cfg(test)]
mod tests {
    use status_layer::FrameId;

    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn pressing() -> Job {
        Job { task: Task::Layers(Input::Tick), reply: None }
    }

    fn patient() -> Job {
        Job { task: Task::Layers(Input::Published(FrameId(1))), reply: None }
    }

    fn group(jobs: impl IntoIterator<Item = (Job, Instant)>) -> Group {
        let mut group = Group::default();
        jobs.into_iter().for_each(|(job, at)| group.add(job, at));
        group
    }

    /// After a group of so many.
    fn after(pressing: usize, done: Instant) -> Window {
        Window { last: Some((pressing, done)), ..Window::default() }
    }

    #[test]
    fn who_comes_alone_does_not_wait() {
        let now = Instant::now();

        assert_eq!(Window::default().holds(&group([(pressing(), now)])), None);
        assert_eq!(after(1, now).holds(&group([(pressing(), now)])), None);
    }

    #[test]
    fn who_had_company_waits_a_moment_for_it() {
        let now = Instant::now();
        let window = after(3, now);

        assert_eq!(window.holds(&group([(pressing(), now)])), Some(now + QUIET));
        assert_eq!(window.holds(&group([(pressing(), now), (pressing(), now + MS)])), Some(now + MS + QUIET));
        assert_eq!(window.holds(&group((0..3).map(|_| (pressing(), now)))), None, "all are here");
        let late = now + 2 * WINDOW;
        assert_eq!(window.holds(&group([(pressing(), late)])), None, "too long ago");
    }

    #[test]
    fn nobody_waits_longer_than_the_window() {
        let now = Instant::now();
        let drops = (0..5).map(|n| (pressing(), now + n * MS));

        assert_eq!(after(64, now).holds(&group(drops)), Some(now + WINDOW));
    }

    #[test]
    fn a_full_group_waits_for_nothing() {
        let now = Instant::now();

        assert_eq!(after(1_000, now).holds(&group((0..MAX_GROUP).map(|_| (pressing(), now)))), None);
        assert_eq!(after(0, now).holds(&group((0..MAX_GROUP).map(|_| (patient(), now)))), None);
    }

    #[test]
    fn what_nobody_waits_for_waits_for_the_first_who_comes() {
        let now = Instant::now();
        let window = after(1, now);

        assert_eq!(window.holds(&group([(patient(), now), (patient(), now + MS)])), Some(now + WINDOW));
        assert_eq!(window.holds(&group([(patient(), now), (pressing(), now + MS)])), None);
    }
}
