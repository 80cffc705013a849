//! A stack that does its own work at once, for worlds whose time stands still within a step.

use status_crypto::Search;
use status_layer::{History, Unit};
use status_stack::{Engine, Fault, Input, Output};

/// Does the work for frames in the step that asks for it.
pub struct Diligent<E>(pub E);

/// The most numbers that are tried.
const PATIENCE: u64 = 1 << 24;

impl<E: Engine> Engine for Diligent<E> {
    fn step(&self, unit: &mut Unit<'_>, input: Input) -> Result<Output, Fault> {
        let mut out = self.0.step(unit, input)?;
        let mut waiting = std::mem::take(&mut out.work);
        while let Some((id, frame, work)) = waiting.pop() {
            let Some(found) = Search::new(&work.prefix).run(0..PATIENCE, work.zeros) else { continue };
            let then = self.0.step(unit, Input::Worked { id, frame, number: found.number })?;
            out.news.extend(then.news);
            out.frames.extend(then.frames);
            out.topics = then.topics.or(out.topics);
            out.fetch = History::both(out.fetch.take(), then.fetch);
            out.wake = then.wake;
            waiting.extend(then.work);
        }
        Ok(out)
    }
}
