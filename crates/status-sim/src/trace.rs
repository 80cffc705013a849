//! The history of a run: a digest of every event, and lines for people.

use status_layer::Timestamp;

use crate::digest::Digest;
use crate::note::Note;
use crate::record::{Said, Step};

/// A digest of all events of a run, and their lines if they are wanted.
#[derive(Clone, Debug)]
pub(crate) struct Trace {
    digest: Digest,
    began: Timestamp,
    lines: Option<Vec<String>>,
}

impl Trace {
    pub(crate) const fn new(began: Timestamp, lines: Option<Vec<String>>) -> Self {
        Self { digest: Digest::new(), began, lines }
    }

    pub(crate) fn step(&mut self, step: &Step, name: &str) {
        self.digest.add(&step.at.millis().to_be_bytes());
        self.digest.add(&[step.what as u8, step.fate as u8]);
        self.digest.add(name.as_bytes());
        for frame in &step.frames {
            self.digest.add(&frame.bytes);
        }
        for said in &step.news {
            self.digest.add(&said.tag().to_be_bytes());
        }
        // Most steps are frames of others and confirmations: they change nothing that anybody would read about.
        if self.lines.is_some() && !(step.news.is_empty() && step.frames.is_empty()) {
            let news: Vec<String> = step.news.iter().map(Said::line).collect();
            let sizes: Vec<usize> = step.frames.iter().map(|frame| frame.bytes.len()).collect();
            let frames = if sizes.is_empty() { String::new() } else { format!(" → frames {sizes:?}") };
            let text = format!("{name:>6} {:?} {:?}{frames} {}", step.what, step.fate, news.join("; "));
            self.note(step.at, text.trim_end());
        }
    }

    /// Adds a line.
    pub(crate) fn note(&mut self, at: Timestamp, text: &str) {
        self.digest.add(text.as_bytes());
        let since = at.since(self.began);
        if let Some(lines) = &mut self.lines {
            let (hours, rest) = (since.as_secs() / 3_600, since.as_millis() % 3_600_000);
            lines.push(format!(
                "{hours:>4}:{:02}:{:02}.{:03} {text}",
                rest / 60_000,
                rest / 1_000 % 60,
                rest % 1_000
            ));
        }
    }

    pub(crate) const fn began(&self) -> Timestamp {
        self.began
    }

    pub(crate) const fn digest(&self) -> u64 {
        self.digest.value()
    }

    pub(crate) fn into_lines(self) -> Vec<String> {
        self.lines.unwrap_or_default()
    }
}

impl Said {
    const fn tag(&self) -> u8 {
        match self {
            Self::Accepted(_) => 1,
            Self::Refused(..) => 2,
            Self::Arrived { .. } => 3,
            Self::Again(_) => 4,
            Self::Delivered(..) => 5,
            Self::Noticed(_) => 6,
            Self::Dropped(_) => 7,
            Self::Published(_) => 8,
            Self::Stored(_) => 9,
            Self::GaveUp(..) => 10,
            Self::Gap(..) => 11,
            Self::Offered(_) => 12,
        }
    }

    fn line(&self) -> String {
        match self {
            Self::Accepted(id) => format!("accepted {id:?}"),
            Self::Refused(_, why) => format!("refused: {why}"),
            Self::Arrived { body, grade, .. } => match Note::decode(body) {
                Some(note) => {
                    format!(
                        "shown: message {} of device {} ({:?}, {grade:?})",
                        note.number, note.device, note.id
                    )
                }
                None => "shown: something else".into(),
            },
            Self::Again(_) => "a copy".into(),
            Self::Delivered(id, _) => format!("acknowledged {id:?}"),
            Self::Published(id) => format!("published {id:?}"),
            Self::Stored(id) => format!("stored {id:?}"),
            Self::GaveUp(id, to) => format!("gave up {id:?} for {to:?}"),
            Self::Gap(from, missing) => format!("{missing} of {from:?} are missing"),
            Self::Offered(from) => format!("{from:?} offers"),
            Self::Noticed(notice) => format!("{notice:?}"),
            Self::Dropped(why) => format!("dropped: {why}"),
        }
    }
}
