//! Judging one case.

use std::collections::BTreeSet;
use std::fmt::Debug;

use crate::Rule;
use crate::read::Node;

/// A check of one kind of case.
pub(crate) type Check = fn(&Node<'_>, &mut Trial) -> Result<(), Stop>;

/// Why the judging of a case ends before its end.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Stop {
    /// The case is not of the shape that its kind has.
    Malformed(String),
    /// It differs in something on which the rest depends.
    Differs(String),
    /// It, or the rest of it, cannot be judged.
    Skipped(String),
}

/// What was found about a case so far.
#[derive(Debug, Default)]
pub(crate) struct Trial {
    pub(crate) wrong: Vec<String>,
    pub(crate) rules: BTreeSet<Rule>,
}

impl Trial {
    /// Compares bytes: ours, then those of the file.
    pub(crate) fn bytes(&mut self, what: &str, ours: impl AsRef<[u8]>, theirs: impl AsRef<[u8]>) {
        let (ours, theirs) = (ours.as_ref(), theirs.as_ref());
        if ours != theirs {
            let first = ours.iter().zip(theirs).take_while(|(a, b)| a == b).count();
            let (ours, theirs) = (shown(ours), shown(theirs));
            self.wrong.push(format!("{what}: {ours} here, {theirs} in the file, equal up to byte {first}"));
        }
    }

    /// Compares a member of the case, in hex, with ours.
    pub(crate) fn member(&mut self, case: &Node<'_>, name: &str, ours: impl AsRef<[u8]>) -> Result<(), Stop> {
        let theirs = case.bytes(name)?;
        self.bytes(&case.place(name), ours, theirs);
        Ok(())
    }

    /// Like [`member`](Self::member), if the case has it.
    pub(crate) fn member_if_any(
        &mut self,
        case: &Node<'_>,
        name: &str,
        ours: impl AsRef<[u8]>,
    ) -> Result<(), Stop> {
        if case.find(name).is_some() { self.member(case, name, ours) } else { Ok(()) }
    }

    /// Compares anything else: ours, then that of the file.
    pub(crate) fn same<T: PartialEq + Debug>(&mut self, what: &str, ours: T, theirs: T) {
        let both = [ours, theirs];
        let [ours, theirs] = &both;
        if ours != theirs {
            self.wrong.push(format!("{what}: {ours:?} here, {theirs:?} in the file"));
        }
    }

    /// Notes that what should hold does not.
    pub(crate) fn holds(&mut self, what: &str, holds: bool) {
        if !holds {
            self.wrong.push(what.to_owned());
        }
    }

    /// Notes that the case is judged by a rule.
    pub(crate) fn note(&mut self, rule: Rule) {
        self.rules.insert(rule);
    }
}

/// The beginning of `bytes` and their number.
fn shown(bytes: &[u8]) -> String {
    const SHOWN: usize = 16;
    match bytes.get(..SHOWN) {
        Some(start) if bytes.len() > SHOWN => format!("{}.. ({} bytes)", hex::encode(start), bytes.len()),
        _ => format!("{} ({} bytes)", hex::encode(bytes), bytes.len()),
    }
}
