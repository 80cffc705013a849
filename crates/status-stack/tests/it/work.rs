//! Frames that need work before they are published.

use std::time::Duration;

use status_layer::testing::{Courier, DoubleError, Glass, OpenBook, Party};
use status_layer::{
    Audience, Body, Cx, Due, Frame, FrameId, Interest, Late, MessageId, Name, Parcel, Privacy, Ready,
    Rendezvous, Store, Topic, Unit, UserId, Work,
};
use status_stack::{Engine, Input, Layer, News, Output, Stack};

/// Glass whose frames bear the time at which they were made ready, and a number; 7 is the right one.
struct Toil;

fn work() -> Work {
    Work { prefix: vec![1], zeros: 3, within: Duration::from_secs(5), late: Late::GiveUp }
}

impl Privacy for Toil {
    type Error = DoubleError;

    fn watch(&self, cx: &mut Cx<'_>, meet: &Rendezvous, how: Interest) -> Result<Vec<Topic>, DoubleError> {
        Glass.watch(cx, meet, how)
    }

    fn wrap(&self, cx: &mut Cx<'_>, parcel: Parcel) -> Result<Vec<Frame>, DoubleError> {
        Glass.wrap(cx, parcel)
    }

    fn peel(&self, cx: &mut Cx<'_>, frame: Frame) -> Result<Option<Parcel>, DoubleError> {
        Glass.peel(cx, frame)
    }

    fn ready(&self, cx: &mut Cx<'_>, frame: Frame) -> Result<Ready, DoubleError> {
        Ok(Ready { frame: Frame { at: cx.now, ..frame }, work: Some(work()) })
    }

    fn prove(&self, _: &mut Cx<'_>, mut frame: Frame, number: u64) -> Result<Frame, DoubleError> {
        if number != 7 {
            return Err(DoubleError::Malformed);
        }
        frame.bytes.push(7);
        Ok(frame)
    }

    fn due(&self, cx: &mut Cx<'_>) -> Result<Due<Vec<Frame>>, DoubleError> {
        Glass.due(cx)
    }
}

fn stack() -> Stack<Courier, OpenBook, Toil> {
    let mut key = [1; 33];
    key[0] = 2;
    Stack::new(Courier, OpenBook::new(UserId::from_compressed(&key).unwrap()), Toil)
}

fn step(party: &mut Party, input: Input) -> Output {
    let mut unit = Unit::new(party.now, &mut party.rng, &party.store);
    let out = stack().step(&mut unit, input).unwrap();
    let batch = unit.into_batch();
    party.store.commit(batch).unwrap();
    out
}

/// Sends something; the frame that is to be worked for.
fn send(party: &mut Party) -> (FrameId, Frame) {
    let to = Audience::Channel(Name::new("room").unwrap());
    let out = step(party, Input::Send { id: MessageId::new([1; 32]), to, body: Body::new(b"body".to_vec()) });
    assert_eq!(out.frames, [], "nothing leaves before its work is done");
    let [(id, frame, asked)] = <[_; 1]>::try_from(out.work).unwrap();
    assert_eq!(asked, work());
    (id, frame)
}

#[test]
fn a_frame_leaves_when_its_work_is_done() {
    let mut party = Party::new(1);
    let (id, frame) = send(&mut party);

    let out = step(&mut party, Input::Worked { id, frame: frame.clone(), number: 7 });

    let proved = Frame { bytes: [frame.bytes.as_slice(), &[7]].concat(), ..frame };
    assert_eq!(out.frames, [(id, proved)]);
}

#[test]
fn unfinished_work_is_asked_for_again_after_a_crash_and_after_a_minute() {
    let mut party = Party::new(1);
    let (id, frame) = send(&mut party);

    party.wait(Duration::from_secs(10));
    let restarted = step(&mut party, Input::Start).work;
    step(&mut party, Input::Online(true));
    party.wait(Duration::from_secs(61));
    let tried_again = step(&mut party, Input::Tick).work;

    for (later, again) in [(10, restarted), (71, tried_again)] {
        let at = frame.at.after(Duration::from_secs(later));
        assert_eq!(again, [(id, Frame { at, ..frame.clone() }, work())], "made ready anew");
    }
}

#[test]
fn work_that_does_not_suffice_lets_nothing_out() {
    let mut party = Party::new(1);
    let (id, frame) = send(&mut party);

    let out = step(&mut party, Input::Worked { id, frame, number: 8 });

    assert_eq!(out.frames, []);
    assert!(matches!(out.news.as_slice(), [News::Refused { id: None, layer: Layer::Privacy, .. }]));
    assert_eq!(step(&mut party, Input::Start).work.len(), 1, "it waits in the outbox still");
}

#[test]
fn work_for_a_frame_that_has_left_is_for_nothing() {
    let mut party = Party::new(1);
    let (id, frame) = send(&mut party);
    step(&mut party, Input::Published(id));

    let out = step(&mut party, Input::Worked { id, frame, number: 7 });

    assert!(out.frames.is_empty() && out.news.is_empty());
}
