//! Stacks, applications and drivers that are wrong on purpose.

use std::cell::RefCell;

use status_layer::testing::{Glass, OpenBook};
use status_layer::{Audience, Body, Grade, MessageId, Reason, Recipient, Sender, StoreError, Unit};
use status_sim::{Note, Order, Plan, Rule, Us, real};
use status_stack::{Engine, Fault, Input, Layer, News, Output, Way};

/// What is wrong.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Flaw {
    /// The driver lets frames out before the commit.
    PublishesBeforeTheCommit,
    /// Every sixth body is acknowledged and not handed up.
    SwallowsBodies,
    /// An acknowledgement is reported that nobody has given.
    BelievesItself,
    /// What arrives again is handed up again.
    HandsUpCopies,
    /// The application's clock goes backwards.
    CountsBackwards,
    /// Nothing is sent a second time.
    NeverResends,
    /// A message in six is taken and not sent.
    ForgetsWhatItTook,
    /// Nothing is sealed, nothing is hidden.
    SealsNothing,
    /// Nobody tells the layers that an old copy of the store was put back.
    ForgetsThatItForgot,
    /// Nobody is told of what is given up.
    GivesUpSilently,
    /// Bodies are shown as from ourselves.
    ShowsTheWrongSender,
    /// A layer fails now and then.
    Fails,
    /// What one device sends, the other one does not hear of.
    KeepsItFromItself,
}

/// Every flaw, with the rule that it breaks.
pub(crate) const ALL: [(Flaw, Rule); 13] = [
    (Flaw::PublishesBeforeTheCommit, Rule::AckedIsStored),
    (Flaw::SwallowsBodies, Rule::AckedIsStored),
    (Flaw::BelievesItself, Rule::AckedIsStored),
    (Flaw::HandsUpCopies, Rule::ShownOnce),
    (Flaw::CountsBackwards, Rule::OrderOfClocks),
    (Flaw::NeverResends, Rule::NothingIsSilent),
    (Flaw::ForgetsWhatItTook, Rule::NothingIsSilent),
    (Flaw::GivesUpSilently, Rule::NothingIsSilent),
    (Flaw::SealsNothing, Rule::NoPlaintext),
    (Flaw::ForgetsThatItForgot, Rule::NoKeyTwice),
    (Flaw::KeepsItFromItself, Rule::DevicesConverge),
    (Flaw::ShowsTheWrongSender, Rule::Genuine),
    (Flaw::Fails, Rule::NoFault),
];

impl Flaw {
    /// The stack of a device that has the flaw.
    pub(crate) fn make(self, us: &Us) -> Box<dyn Engine> {
        match self {
            Self::PublishesBeforeTheCommit => real(us),
            Self::CountsBackwards => {
                Box::new(us.app(us.real()).with_clock(|_, now| u64::MAX / 2 - now.millis()))
            }
            Self::SealsNothing => Box::new(us.app(us.stack(us.sync(), OpenBook::new(us.user()), Glass))),
            _ => Box::new(us.app(Flawed { flaw: self, inner: us.real(), heard: RefCell::default() })),
        }
    }

    /// The plan, with what is wrong besides the stack.
    pub(crate) fn plan(self, mut plan: Plan) -> Plan {
        if self == Self::PublishesBeforeTheCommit {
            plan.order = Order::PublishFirst;
        }
        plan
    }
}

/// A stack with a flaw.
struct Flawed<E> {
    flaw: Flaw,
    inner: E,
    heard: RefCell<Heard>,
}

#[derive(Default)]
struct Heard {
    bodies: usize,
    last: Option<(Sender, Grade, Recipient, Body)>,
}

impl<E: Engine> Engine for Flawed<E> {
    fn step(&self, unit: &mut Unit<'_>, input: Input) -> Result<Output, Fault> {
        match (self.flaw, &input) {
            (Flaw::ForgetsWhatItTook, Input::Send { id, .. }) if id.as_bytes()[0] < 40 => {
                return self.pretend(unit, *id);
            }
            (Flaw::KeepsItFromItself, Input::Send { id, body, .. })
                if Note::decode(body).is_some_and(|note| note.id != *id) =>
            {
                return self.pretend(unit, *id);
            }
            (Flaw::NeverResends, Input::Tick | Input::Online(true))
            | (Flaw::ForgetsThatItForgot, Input::RolledBack) => return Ok(Output::default()),
            (Flaw::Fails, Input::Tick) if unit.now().millis() % 7 == 0 => {
                let reason = Reason::new(StoreError::Damaged { what: "a layer" });
                return Err(Fault { layer: Layer::Sync, reason });
            }
            _ => {}
        }
        let sent = match &input {
            Input::Send { id, to: Audience::User(user), .. } => Some((*id, *user)),
            _ => None,
        };
        let mut out = self.inner.step(unit, input)?;
        if let (Flaw::BelievesItself, Some((id, by))) = (self.flaw, sent) {
            out.news.push(News::Delivered { id, by, device: None });
        }
        let news = std::mem::take(&mut out.news);
        out.news = news.into_iter().filter_map(|news| self.spoil(news)).collect();
        Ok(out)
    }
}

impl<E: Engine> Flawed<E> {
    fn pretend(&self, unit: &mut Unit<'_>, id: MessageId) -> Result<Output, Fault> {
        let mut out = self.inner.step(unit, Input::Tick)?;
        out.news.push(News::Accepted { id });
        Ok(out)
    }

    fn spoil(&self, news: News) -> Option<News> {
        let mut heard = self.heard.borrow_mut();
        match (self.flaw, news) {
            (flaw, News::Arrived { mut from, grade, to, body, way }) => {
                heard.bodies += 1;
                heard.last = Some((from.clone(), grade, to.clone(), body.clone()));
                if flaw == Flaw::SwallowsBodies && grade > Grade::Clear && heard.bodies.is_multiple_of(6) {
                    return None;
                }
                if let (Flaw::ShowsTheWrongSender, Recipient::User(us)) = (flaw, &to) {
                    from.user = *us;
                }
                Some(News::Arrived { from, grade, to, body, way })
            }
            (Flaw::HandsUpCopies, News::Again { from: user }) => {
                let last = heard.last.clone().filter(|(from, ..)| from.user == user);
                Some(match last {
                    Some((from, grade, to, body)) => {
                        News::Arrived { from, grade, to, body, way: Way::default() }
                    }
                    None => News::Again { from: user },
                })
            }
            (Flaw::GivesUpSilently, News::GaveUp { .. }) => None,
            (_, news) => Some(news),
        }
    }
}
