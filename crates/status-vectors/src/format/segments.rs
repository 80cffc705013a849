//! Parcels in several envelopes (`segments-v1`).

use status_layer::testing::Party;
use status_layer::{Name, Parcel, Rendezvous, Sealed};
use status_privacy::hazmat;

use super::Choice;
use crate::Rule;
use crate::read::Node;
use crate::trial::{Check, Stop, Trial};

pub(super) fn check(kind: &str) -> Option<Choice> {
    let check: Check = match kind {
        "parity" => parity,
        "split" => split,
        _ => return None,
    };
    Some(Choice::Run(check))
}

fn parity(case: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
    let data = list(case, "data")?;
    let pieces: Vec<&[u8]> = data.iter().map(Vec::as_slice).collect();
    let size = pieces.iter().map(|piece| piece.len()).max().unwrap_or_default();
    trial.same("parity", hazmat::parity(&pieces, size), list(case, "parity")?);
    Ok(())
}

fn split(case: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
    let (whole, theirs) = (case.bytes("whole")?, list(case, "segments")?);
    let size = usize::try_from(case.number("size")?).unwrap_or(usize::MAX);
    let ours = hazmat::split(&Sealed::new(whole.clone()), size);
    let pieces = whole.len().div_ceil(size.max(1));
    trial.same("number of segments", ours.len(), theirs.len());
    for (number, (ours, theirs)) in ours.iter().zip(&theirs).enumerate() {
        if number < pieces {
            trial.bytes("segments", ours, theirs);
        } else {
            trial.bytes("segments", ours.get(..theirs.len()).unwrap_or(ours), theirs);
            trial.note(Rule::OwnFields);
        }
    }
    let lost = theirs.len().saturating_sub(pieces);
    for from in [0, pieces.saturating_sub(lost)] {
        let left = theirs.iter().enumerate().filter(|(at, _)| !(from..from + lost).contains(at));
        let got = gathered(left.map(|(_, segment)| segment))?;
        trial.same("what is put together", got, vec![whole.clone()]);
    }
    Ok(())
}

/// What comes out of segments.
fn gathered<'s>(segments: impl Iterator<Item = &'s Vec<u8>>) -> Result<Vec<Vec<u8>>, Stop> {
    let name = Name::new("segments").map_err(|error| Stop::Malformed(error.to_string()))?;
    let (mut party, meet) = (Party::new(1), Rendezvous::Named(name));
    let mut got = Vec::new();
    for segment in segments {
        let parcel = Parcel { meet: meet.clone(), sealed: Sealed::new(segment.clone()), hint: None };
        let whole = party.run(|cx| hazmat::gather(cx, parcel));
        let whole = whole.map_err(|error| Stop::Differs(format!("a segment is refused: {error}")))?;
        got.extend(whole.map(|parcel| parcel.sealed.as_bytes().to_vec()));
    }
    Ok(got)
}

fn list(case: &Node<'_>, name: &str) -> Result<Vec<Vec<u8>>, Stop> {
    case.list(name)?.iter().map(Node::as_bytes).collect()
}
