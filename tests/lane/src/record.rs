//! What was said, who should have heard it, and who did.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::time::Instant;

/// Who was connected so long before a word was said, and stays so long after it, has to hear it.
const STEADY: Duration = Duration::from_secs(45);

/// After a split, connections that broke have to be noticed and made anew before all have to hear all again.
const RECOVERED: Duration = Duration::from_secs(120);

type Name = [u8; 16];

/// What happened so far.
pub struct Record {
    began: Instant,
    trace: Sha256,
    events: u64,
    words: BTreeMap<Name, Word>,
    // For each seat the times during which somebody sat there.
    seated: BTreeMap<usize, Vec<(Instant, Option<Instant>)>>,
    // Splits, from when to when.
    splits: Vec<(Instant, Option<Instant>)>,
}

struct Word {
    by: usize,
    said: Option<Instant>,
    // By seat and by how often somebody had sat down there.
    heard: BTreeMap<(usize, usize), Instant>,
    twice: u64,
}

/// What a run came to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Report {
    /// The seed that it followed from.
    pub seed: u64,
    /// How many nodes there were.
    pub nodes: u16,
    /// Virtual time that passed.
    pub lasted: Duration,
    /// Words that were given to nodes.
    pub wanted: usize,
    /// Words that a node reported as published.
    pub said: usize,
    /// Times that somebody should have heard one of them.
    pub due: u64,
    /// How many of these came about.
    pub heard: u64,
    /// Times that somebody was handed a word a second time.
    pub twice: u64,
    /// How long it took, ascending: half of them, 99 of 100, and the longest.
    pub latency: [Duration; 3],
    /// Bytes on all wires.
    pub bytes: u64,
    /// Events in the trace.
    pub events: u64,
    /// The hash of all that happened: equal for equal seeds.
    pub trace: String,
    /// The first words that somebody did not hear, with who said them and who did not hear them.
    pub missed: Vec<(usize, usize, Duration)>,
}

impl Record {
    /// Nothing has happened.
    pub fn new(began: Instant) -> Self {
        Self {
            began,
            trace: Sha256::new(),
            events: 0,
            words: BTreeMap::new(),
            seated: BTreeMap::new(),
            splits: Vec::new(),
        }
    }

    /// Somebody sat down.
    pub fn sat_down(&mut self, seat: usize) {
        self.note(b'+', seat, &[]);
        self.seated.entry(seat).or_default().push((Instant::now(), None));
    }

    /// Somebody stood up.
    pub fn stood_up(&mut self, seat: usize) {
        self.note(b'-', seat, &[]);
        if let Some((_, end)) = self.seated.entry(seat).or_default().last_mut() {
            *end = Some(Instant::now());
        }
    }

    /// The network fell into parts.
    pub fn split(&mut self, parts: &[u8]) {
        self.note(b'/', 0, parts);
        self.splits.push((Instant::now(), None));
    }

    /// It is whole again.
    pub fn healed(&mut self) {
        self.note(b'=', 0, &[]);
        if let Some((_, end)) = self.splits.last_mut() {
            *end = Some(Instant::now());
        }
    }

    /// A node was given a word.
    pub fn wanted(&mut self, by: usize, bytes: &[u8]) {
        self.note(b'w', by, bytes);
        self.words.insert(name(bytes), Word { by, said: None, heard: BTreeMap::new(), twice: 0 });
    }

    /// A node reported a word as published.
    pub fn said(&mut self, by: usize, bytes: &[u8]) {
        self.note(b's', by, bytes);
        if let Some(word) = self.words.get_mut(&name(bytes)) {
            word.said = Some(Instant::now());
        }
    }

    /// A node handed a word up.
    pub fn heard(&mut self, seat: usize, bytes: &[u8]) {
        self.note(b'h', seat, bytes);
        let sitting = self.seated.get(&seat).map_or(0, Vec::len);
        if let Some(word) = self.words.get_mut(&name(bytes)) {
            match word.heard.entry((seat, sitting)) {
                Entry::Vacant(first) => drop(first.insert(Instant::now())),
                Entry::Occupied(_) => word.twice += 1,
            }
        }
    }

    fn note(&mut self, kind: u8, seat: usize, bytes: &[u8]) {
        self.events += 1;
        self.trace.update(self.began.elapsed().as_nanos().to_be_bytes());
        self.trace.update([kind]);
        self.trace.update(seat.to_be_bytes());
        self.trace.update(&bytes[..bytes.len().min(16)]);
    }

    /// What it all came to.
    pub fn report(&self, seed: u64, nodes: u16, bytes: u64, kept: &[Vec<u8>]) -> Report {
        let kept: BTreeSet<Name> = kept.iter().map(|bytes| name(bytes)).collect();
        let (mut due, mut heard, mut latency, mut missed) = (0, 0, Vec::new(), Vec::new());
        for (name, word) in &self.words {
            let Some(at) = word.said else { continue };
            for seat in (0..usize::from(nodes)).filter(|seat| *seat != word.by) {
                let sooner_or_later = kept.contains(name) && self.sits(seat);
                if !sooner_or_later && !self.has_to_hear(word.by, seat, at) {
                    continue;
                }
                due += 1;
                match word.heard.range((seat, 0)..=(seat, usize::MAX)).map(|(_, then)| then).min() {
                    Some(then) => {
                        heard += 1;
                        latency.push(then.saturating_duration_since(at));
                    }
                    None => missed.push((word.by, seat, at - self.began)),
                }
            }
        }
        latency.sort();
        missed.sort_by_key(|(_, _, at)| *at);
        missed.truncate(10);
        let part = |of: usize| latency.get((latency.len() * of / 100).min(latency.len().saturating_sub(1)));
        Report {
            seed,
            nodes,
            lasted: self.began.elapsed(),
            wanted: self.words.len(),
            said: self.words.values().filter(|word| word.said.is_some()).count(),
            due,
            heard,
            twice: self.words.values().map(|word| word.twice).sum(),
            latency: [50, 99, 100].map(|of| part(of).copied().unwrap_or_default()),
            bytes,
            events: self.events,
            trace: self.trace.clone().finalize().iter().map(|byte| format!("{byte:02x}")).collect(),
            missed,
        }
    }

    /// Whether somebody sits there at the end.
    fn sits(&self, seat: usize) -> bool {
        self.seated.get(&seat).and_then(|times| times.last()).is_some_and(|(_, end)| end.is_none())
    }

    /// Whether both were there, in a network that was whole, for long enough around a moment. In a part of a network even those
    /// who are there may know nobody who is.
    fn has_to_hear(&self, by: usize, seat: usize, at: Instant) -> bool {
        let steady = |seat: &usize| {
            self.seated
                .get(seat)
                .into_iter()
                .flatten()
                .any(|(from, to)| *from + STEADY <= at && to.is_none_or(|to| to >= at + STEADY))
        };
        let around = |(from, to): &(Instant, Option<Instant>)| {
            *from <= at + STEADY && to.is_none_or(|to| to + RECOVERED >= at)
        };
        steady(&by) && steady(&seat) && !self.splits.iter().any(around)
    }
}

fn name(bytes: &[u8]) -> Name {
    let mut name = [0; 16];
    name.copy_from_slice(&bytes[..16]);
    name
}
