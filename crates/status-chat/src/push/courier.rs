//! Says what is to be said to notification servers, beside the layers of the home.
//!
//! The chat decides what is said, and when ([`Errand`]); the courier says it under throw-away identities, and brings back what is
//! answered. It keeps nothing: when it dies, what was not answered is due again.

use std::sync::Arc;
use std::time::Duration;

use rand::rngs::StdRng;
use status_crypto::Keyring;
use status_layer::{Frame, Timestamp, Topic};
use tokio::sync::watch;
use tokio::time::Instant;
use tracing::debug;

use super::passing::{About, Answer, Failed, Passing, say_as};
use crate::client::WeakClient;
use crate::clock::{Clock as _, SharedClock};
use crate::core::Errand;
use crate::guest::{Door, Guest, Place};

/// Throw-away identities at a time. Further errands wait.
const MAX_PASSING: usize = 32;

/// How long answers to a question are heard. What comes after the 3 seconds for which it is waited is of use the next time.
const ASKED_FOR: Duration = Duration::from_secs(10);

/// How long the answer of a server that is to notify somebody is heard: longer than the longest pause between two tries.
const NOTIFIES_FOR: Duration = Duration::from_secs(330);

/// How long to wait when there is no room, or our own side failed.
const PAUSE: Duration = Duration::from_secs(10);

/// The longest sleep; a clock that was set is noticed after this time at the latest.
const MAX_SLEEP: Duration = Duration::from_secs(60);

/// One client's courier.
pub(crate) struct Courier {
    pub(crate) client: WeakClient,
    pub(crate) keyring: Arc<dyn Keyring>,
    pub(crate) door: Door,
    pub(crate) clock: SharedClock,
    pub(crate) rng: StdRng,
    /// When an errand is due.
    pub(crate) due: watch::Receiver<Option<Timestamp>>,
}

/// A courier at work.
struct Round {
    courier: Courier,
    guest: Option<Guest>,
    passing: Vec<Passing>,
    /// The topics that the guest listens to.
    watched: Vec<Topic>,
    /// Not before this time.
    pause: Option<Instant>,
}

/// The client has stopped.
struct End;

impl Courier {
    /// Works until the client stops.
    pub(crate) async fn run(self) {
        let mut round =
            Round { courier: self, guest: None, passing: Vec::new(), watched: Vec::new(), pause: None };
        while round.turn().await.is_ok() {}
    }
}

impl Round {
    async fn turn(&mut self) -> Result<(), End> {
        let now = self.courier.clock.now();
        self.passing.retain(|passing| passing.until > now);
        self.listen().await;
        let due = *self.courier.due.borrow_and_update();
        let sleep = self.sleep(due, now);
        if due.is_some() && sleep.is_zero() {
            return self.work().await;
        }
        let heard = async {
            match &mut self.guest {
                Some(guest) => guest.next().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            changed = self.courier.due.changed() => changed.map_err(|_| End),
            frame = heard => {
                self.hear(frame).await;
                Ok(())
            }
            () = tokio::time::sleep(sleep) => Ok(()),
        }
    }

    /// How long there is nothing to do.
    fn sleep(&mut self, due: Option<Timestamp>, now: Timestamp) -> Duration {
        self.pause = self.pause.filter(|until| *until > Instant::now());
        let pause =
            self.pause.map_or(Duration::ZERO, |until| until.saturating_duration_since(Instant::now()));
        let work = due.map_or(MAX_SLEEP, |due| due.since(now).max(pause));
        let lapse = self.passing.iter().map(|passing| passing.until).min();
        work.min(lapse.map_or(MAX_SLEEP, |lapse| lapse.since(now))).min(MAX_SLEEP)
    }

    /// Takes what is due, and says it.
    async fn work(&mut self) -> Result<(), End> {
        let room = MAX_PASSING.saturating_sub(self.passing.len());
        let client = self.courier.client.upgrade().ok_or(End)?;
        let errands = match room {
            0 => Ok(Vec::new()),
            room => client.wish(move |core, step| core.errands(step, room)).await,
        };
        drop(client);
        match errands {
            // What stays due although it was looked at is not to keep us busy.
            Ok(errands) if errands.is_empty() && self.is_due() => self.pause(),
            Ok(errands) => {
                for errand in errands {
                    if let Err(why) = self.say(errand).await {
                        debug!(%why, "nothing is said to a notification server now");
                    }
                }
            }
            Err(why) => {
                debug!(%why, "nothing is asked of notification servers now");
                self.pause();
            }
        }
        Ok(())
    }

    fn is_due(&self) -> bool {
        self.courier.due.borrow().is_some_and(|due| due <= self.courier.clock.now())
    }

    fn pause(&mut self) {
        self.pause = Some(Instant::now() + PAUSE);
    }

    async fn say(&mut self, errand: Errand) -> Result<(), Failed> {
        let Courier { clock, rng, keyring, .. } = &mut self.courier;
        let now = clock.now();
        let frames = match errand {
            Errand::Register { server, body } => say_as(Arc::clone(keyring), server, body, now, rng)?,
            Errand::Ask { user } => {
                let passing = Passing::ask(user, now.after(ASKED_FOR), rng)?;
                return self.begin(passing, now).await;
            }
            Errand::Notify { message, user, server, request, fresh } => {
                let mine = |about: &About| matches!(about, About::Notify { message: its, user: theirs, .. } if (*its, *theirs) == (message, user));
                if !fresh && self.passing.iter().any(|passing| mine(&passing.about)) {
                    let mut frames = Vec::new();
                    for passing in self.passing.iter_mut().filter(|passing| mine(&passing.about)) {
                        frames.extend(passing.say(now, rng)?);
                    }
                    frames
                } else {
                    let about = About::Notify { message, user, server };
                    self.passing.retain(|passing| passing.about != about);
                    let until = now.after(NOTIFIES_FOR);
                    let passing = Passing::notify((message, user, server), request, until, rng)?;
                    return self.begin(passing, now).await;
                }
            }
        };
        self.publish(frames).await;
        Ok(())
    }

    async fn begin(&mut self, mut passing: Passing, now: Timestamp) -> Result<(), Failed> {
        let frames = passing.say(now, &mut self.courier.rng)?;
        self.passing.push(passing);
        // Before anything is said: the answer may come at once.
        self.listen().await;
        self.publish(frames).await;
        Ok(())
    }

    /// Has the network listen to where the answers come.
    async fn listen(&mut self) {
        if self.passing.is_empty() {
            self.guest = None;
            return;
        }
        self.enter().await;
        let mut topics: Vec<_> = self.passing.iter().flat_map(|passing| passing.topics.clone()).collect();
        topics.sort();
        topics.dedup();
        if let Some(guest) = self.guest.as_ref().filter(|_| topics != self.watched) {
            guest.watch(topics.clone()).await;
            self.watched = topics;
        }
    }

    async fn enter(&mut self) {
        if self.guest.is_none() {
            self.guest = self.courier.door.enter(Place::Courier).await;
            self.watched.clear();
        }
    }

    async fn publish(&mut self, frames: Vec<Frame>) {
        self.enter().await;
        if let Some(guest) = &self.guest {
            for frame in frames {
                guest.publish(frame).await;
            }
        }
    }

    async fn hear(&mut self, frame: Option<Frame>) {
        let Some(frame) = frame else {
            self.guest = None;
            return;
        };
        let now = self.courier.clock.now();
        let rng = &mut self.courier.rng;
        let answer = self.passing.iter_mut().find_map(|passing| passing.hear(frame.clone(), now, rng));
        let (Some(answer), Some(client)) = (answer, self.courier.client.upgrade()) else { return };
        let done = match answer {
            Answer::Infos { user, server, infos } => {
                let take = client
                    .wish(move |core, step| Ok(core.learn_infos(step, &user, Some(&server), &infos)?));
                take.await
            }
            Answer::Reports { about, reports } => {
                let (message, user, server) = about;
                let about_it = About::Notify { message, user, server };
                self.passing.retain(|passing| passing.about != about_it);
                client.wish(move |core, step| Ok(core.reported(step, about, &reports)?)).await
            }
        };
        if let Err(why) = done {
            debug!(%why, "the answer of a notification server is not kept");
        }
    }
}
