//! The loop that gives the pure core its inputs: gather, run, commit, and only then let anything out.

use std::collections::BTreeSet;
use std::time::Duration;

use status_layer::{
    CryptoRng, Draft, FrameId, Network, NetworkEvent, Store, StoreError, Timestamp, Unit, Unpublished,
};
use status_stack::{Fault, Input};
use status_store::BackupWriter;
use tokio::sync::{broadcast, mpsc, oneshot};
use tracing::{debug, error, info};

use crate::backup::{self, BackupError, Contents};
use crate::clock::Clock;
use crate::core::{AREA, Answer, Core, Effects, MAX_CHATS, Task};
use crate::devices::{self, OwnDevice};
use crate::error::SendError;
use crate::event::{Chat, Event, Message, Tally};
use crate::table;
use crate::throttle::Throttle;

/// Inputs that may share one unit of work, and so one commit.
const MAX_BURST: usize = 64;

/// The longest sleep; a clock that was set back is noticed after this time at the latest.
const MAX_SLEEP: Duration = Duration::from_secs(60);

/// How long to wait after a step of our own side failed, before the next one is tried.
const AFTER_FAILURE: Duration = Duration::from_secs(10);

/// How often a node that joins may set off what waits. Any node can join and leave as often as it likes.
pub(crate) const ONLINE_GAP: Duration = Duration::from_secs(2);

/// What the application asks of the driver.
pub(crate) enum Command {
    /// Something for the core.
    Do(Task, oneshot::Sender<Result<Answer, SendError>>),
    /// Something to be read from the store.
    Ask(Question),
    /// How much was done so far.
    Tally(oneshot::Sender<Tally>),
    /// Stop; answered when everything is closed.
    Close(oneshot::Sender<()>),
}

/// What may be read from the store.
pub(crate) enum Question {
    /// The messages of a chat with a clock above `after`, oldest first.
    Messages { chat: Chat, after: u64, limit: usize, reply: oneshot::Sender<Result<Vec<Message>, SendError>> },
    /// The chats we take part in.
    Chats(oneshot::Sender<Result<Vec<Chat>, SendError>>),
    /// A backup, written from what is committed now.
    Backup { file: Box<BackupWriter>, reply: oneshot::Sender<Result<Contents, BackupError>> },
    /// The other devices of our own.
    Devices(oneshot::Sender<Result<Vec<OwnDevice>, SendError>>),
}

/// Everything that one user on one device needs to run.
pub(crate) struct Driver {
    pub(crate) core: Core,
    pub(crate) store: Box<dyn Store + Send>,
    pub(crate) network: Box<dyn Network>,
    pub(crate) clock: Box<dyn Clock>,
    pub(crate) rng: Box<dyn CryptoRng + Send>,
    pub(crate) commands: mpsc::Receiver<Command>,
    pub(crate) events: broadcast::Sender<Event>,
    pub(crate) tally: Tally,
    pub(crate) wake: Option<Timestamp>,
    /// Frames given to the network that it has not confirmed.
    pub(crate) waiting: BTreeSet<FrameId>,
    /// How often what waits is set off.
    pub(crate) online: Throttle,
}

/// Why the driver woke up.
enum Woken {
    Command(Option<Command>),
    Network(NetworkEvent),
    Time,
}

/// One input of a burst, and who waits for its answer.
type Job = (Task, Option<oneshot::Sender<Result<Answer, SendError>>>);

impl Driver {
    /// Runs until the client is closed or dropped; returns who waits for the end, if anybody does.
    pub(crate) async fn run(mut self) -> Option<oneshot::Sender<()>> {
        let waiting = self.serve().await;
        self.network.close().await;
        waiting
    }

    async fn serve(&mut self) -> Option<oneshot::Sender<()>> {
        loop {
            let pause = self.pause();
            let woken = tokio::select! {
                command = self.commands.recv() => Woken::Command(command),
                event = self.network.next() => Woken::Network(event),
                () = tokio::time::sleep(pause) => Woken::Time,
            };
            let mut burst: Vec<Job> = Vec::new();
            let asked = match woken {
                Woken::Command(command) => self.take(command, &mut burst),
                Woken::Network(event) => self.hear(event, &mut burst),
                Woken::Time => self.look_at_the_clock(&mut burst),
            };
            if let Some(End(waiting)) = asked {
                return waiting;
            }
            let end = self.gather(&mut burst);
            self.work(burst);
            if let Some(End(waiting)) = end {
                return waiting;
            }
        }
    }

    /// Runs the first tasks after a start.
    pub(crate) fn start(&mut self, chats: Vec<Chat>) -> Result<(), String> {
        let joining = chats.into_iter().map(Task::Join);
        let burst: Vec<Job> = std::iter::once(Task::Start).chain(joining).map(|task| (task, None)).collect();
        let tasks: Vec<&Task> = burst.iter().map(|(task, _)| task).collect();
        let effects = self.turn(&tasks).map_err(|failed| failed.to_string())?;
        self.let_out(effects, burst);
        Ok(())
    }

    fn look_at_the_clock(&mut self, burst: &mut Vec<Job>) -> Option<End> {
        let now = self.clock.now();
        if self.online.due(now) {
            burst.push((Task::Layers(Input::Online(true)), None));
        } else if self.wake.is_some_and(|wake| wake <= now) {
            burst.push((Task::Layers(Input::Tick), None));
        }
        None
    }

    /// Takes what is ready already, so that it shares the commit.
    fn gather(&mut self, burst: &mut Vec<Job>) -> Option<End> {
        while !burst.is_empty() && burst.len() < MAX_BURST {
            match self.commands.try_recv() {
                Ok(command) => {
                    if let Some(end) = self.take(Some(command), burst) {
                        return Some(end);
                    }
                }
                Err(_) => match futures::FutureExt::now_or_never(self.network.next()) {
                    Some(event) => {
                        if let Some(end) = self.hear(event, burst) {
                            return Some(end);
                        }
                    }
                    None => return None,
                },
            }
        }
        None
    }

    fn take(&mut self, command: Option<Command>, burst: &mut Vec<Job>) -> Option<End> {
        match command {
            Some(Command::Do(task, reply)) => burst.push((task, Some(reply))),
            Some(Command::Ask(question)) => self.answer(question),
            // Whoever asked may be gone; then nobody is to be told.
            Some(Command::Tally(reply)) => drop(reply.send(self.tally())),
            Some(Command::Close(reply)) => return Some(End(Some(reply))),
            None => return Some(End(None)),
        }
        None
    }

    fn tally(&self) -> Tally {
        Tally { waiting: self.waiting.len() as u64, traffic: self.network.traffic(), ..self.tally }
    }

    fn answer(&self, question: Question) {
        let mut draft = Draft::new(&*self.store);
        let shelf = draft.shelf(AREA);
        let failed = |error: StoreError| SendError::Failed(error.to_string());
        // Whoever asked may be gone; then nobody is to be told.
        match question {
            Question::Messages { chat, after, limit, reply } => {
                drop(reply.send(table::history(&shelf, &chat, after, limit).map_err(failed)));
            }
            Question::Backup { file, reply } => {
                drop(reply.send(backup::write(&*self.store, self.clock.now(), *file, &mut |_| {})));
            }
            Question::Devices(reply) => drop(reply.send(devices::all(&shelf).map_err(failed))),
            Question::Chats(reply) => drop(reply.send(table::chats(&shelf, MAX_CHATS).map_err(failed))),
        }
    }

    fn hear(&mut self, event: NetworkEvent, burst: &mut Vec<Job>) -> Option<End> {
        let input = match event {
            NetworkEvent::Frame(frame) => Input::Frame(frame),
            NetworkEvent::Published(id) => {
                self.waiting.remove(&id);
                Input::Published(id)
            }
            NetworkEvent::Unpublished(id, Unpublished::TooLarge) => {
                error!(frame = id.0, "a frame is larger than the network carries");
                self.waiting.remove(&id);
                Input::Unpublishable(id)
            }
            NetworkEvent::Unpublished(id, why) => {
                debug!(frame = id.0, %why, "a frame waits");
                return None;
            }
            NetworkEvent::Online(online) => {
                info!(online, "network");
                self.tell(Event::Online(online));
                if online && !self.online.ask(self.clock.now()) {
                    return None;
                }
                Input::Online(online)
            }
            NetworkEvent::Closed => return Some(End(None)),
            _ => return None,
        };
        burst.push((Task::Layers(input), None));
        None
    }

    /// Runs a burst as one unit. If a step fails, each input is run alone, so that one does not take the others down.
    fn work(&mut self, burst: Vec<Job>) {
        if burst.is_empty() {
            return;
        }
        let tasks: Vec<&Task> = burst.iter().map(|(task, _)| task).collect();
        match self.turn(&tasks) {
            Ok(effects) => self.let_out(effects, burst),
            Err(failed) if burst.len() == 1 => self.fail(&failed, burst),
            Err(failed) => {
                debug!(%failed, "a burst is run again one by one");
                for (task, reply) in burst {
                    let one = vec![(task, reply)];
                    match self.turn(&one.iter().map(|(task, _)| task).collect::<Vec<_>>()) {
                        Ok(effects) => self.let_out(effects, one),
                        Err(failed) => self.fail(&failed, one),
                    }
                }
            }
        }
    }

    /// Runs tasks and commits what all layers wrote: the one durable moment.
    fn turn(&mut self, tasks: &[&Task]) -> Result<Vec<Effects>, Failed> {
        let now = self.clock.now();
        let mut unit = Unit::new(now, &mut *self.rng, &*self.store);
        let mut all = Vec::with_capacity(tasks.len());
        for task in tasks {
            all.push(self.core.run(&mut unit, (*task).clone())?);
        }
        let batch = unit.into_batch();
        if !batch.is_empty() {
            self.store.commit(batch)?;
            self.tally.commits += 1;
        }
        Ok(all)
    }

    /// After the commit: publish, listen, answer, tell.
    fn let_out(&mut self, effects: Vec<Effects>, burst: Vec<Job>) {
        for (effects, (_, reply)) in effects.into_iter().zip(burst) {
            self.tally.add(&effects.tally);
            self.wake = effects.wake;
            if let Some(topics) = &effects.topics {
                self.network.watch(topics);
            }
            for (id, frame) in effects.frames {
                self.waiting.insert(id);
                self.network.publish(id, frame);
            }
            if let Some(wanted) = effects.fetch {
                self.network.fetch(wanted);
            }
            if let Some(reply) = reply {
                // Whoever asked may be gone; then nobody is to be told.
                drop(reply.send(effects.answer));
            }
            for event in effects.events {
                self.tell(event);
            }
        }
    }

    fn fail(&mut self, failed: &Failed, burst: Vec<Job>) {
        error!(%failed, "a step failed and left no trace");
        self.wake = Some(self.clock.now().after(AFTER_FAILURE));
        for (_, reply) in burst {
            if let Some(reply) = reply {
                drop(reply.send(Err(SendError::Failed(failed.to_string()))));
            }
        }
        self.tell(Event::Failed { why: failed.to_string() });
    }

    fn tell(&self, event: Event) {
        // Without a listener an event is not lost: what matters is in the store.
        drop(self.events.send(event));
    }

    fn pause(&self) -> Duration {
        let next = self.wake.into_iter().chain(self.online.next()).min();
        next.map_or(MAX_SLEEP, |next| next.since(self.clock.now()).min(MAX_SLEEP))
    }
}

/// The driver is to stop, and who waits for it.
struct End(Option<oneshot::Sender<()>>);

/// Our own side failed.
#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error(transparent)]
    Step(#[from] Fault),
    #[error(transparent)]
    Store(#[from] StoreError),
}
