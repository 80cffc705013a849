//! The loop that gives the pure core its inputs: gather, run, commit, and only then let anything out.

mod group;
mod mine;
#[cfg(test)]
mod tests;
mod work;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use status_layer::{
    CryptoRng, Draft, Fetching, FrameId, Network, NetworkEvent, Read, Store, Timestamp, Unpublished,
};
use status_stack::Input;
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio::time::Instant;
use tracing::{debug, error, info};

use crate::clock::Clock;
use crate::core::{Core, Task};
use crate::error::SendError;
use crate::event::{Chat, Event, Refused, Tally};
use crate::nodes;
use crate::throttle::Throttle;
use group::{Group, Job};
use mine::Mined;

pub(crate) use group::Window;
pub(crate) use mine::Miner;

/// The longest sleep; a clock that was set back is noticed after this time at the latest.
const MAX_SLEEP: Duration = Duration::from_secs(60);

/// How long after a commit the store gets the time to erase what was deleted, unless the next commit does it before.
const SETTLE_AFTER: Duration = Duration::from_secs(1);

/// How often a node that joins may set off what waits. Any node can join and leave as often as it likes.
pub(crate) const ONLINE_GAP: Duration = Duration::from_secs(2);

/// What the application asks of the driver.
pub(crate) enum Command {
    /// Something for the core.
    Do(Task, oneshot::Sender<Result<(), SendError>>),
    /// Something to be read from the store.
    Ask(Question),
    /// How much was done so far.
    Tally(oneshot::Sender<Tally>),
    /// Stop; answered when everything is closed.
    Close(oneshot::Sender<()>),
}

/// Reads what is committed, and answers whoever asked.
pub(crate) type Question = Box<dyn FnOnce(&Reading<'_>) + Send>;

/// What may be read: what is committed, at this time.
pub(crate) struct Reading<'a> {
    pub(crate) store: &'a dyn Read,
    pub(crate) now: Timestamp,
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
    /// Told after each commit that kept events for streams.
    pub(crate) kept: watch::Sender<()>,
    /// Told when something is to be said to notification servers.
    pub(crate) errands: watch::Sender<Option<Timestamp>>,
    pub(crate) tally: Tally,
    pub(crate) wake: Option<Timestamp>,
    /// Frames given to the network that it has not confirmed.
    pub(crate) waiting: BTreeSet<FrameId>,
    /// Does the work for frames that need some.
    pub(crate) miner: Miner,
    /// How often what waits is set off.
    pub(crate) online: Throttle,
    /// Somebody joined, and the step that was to take it in failed.
    pub(crate) unheard: bool,
    /// How long inputs wait for each other.
    pub(crate) window: Window,
    /// When the store gets time for itself; never, if nothing was committed since it had.
    pub(crate) settles: Option<Instant>,
    /// Keeps the nodes that were found; nothing, if the network is not a node of our own.
    pub(crate) nodes: Option<nodes::Keeper>,
}

/// What a driver is made of; everything else begins at nothing.
pub(crate) struct Parts {
    pub(crate) core: Core,
    pub(crate) store: Box<dyn Store + Send>,
    pub(crate) network: Box<dyn Network>,
    pub(crate) clock: Box<dyn Clock>,
    pub(crate) rng: Box<dyn CryptoRng + Send>,
    pub(crate) commands: mpsc::Receiver<Command>,
    pub(crate) events: broadcast::Sender<Event>,
}

/// Why the driver woke up.
enum Woken {
    Command(Option<Command>),
    Network(NetworkEvent),
    Mined(Mined),
    Time,
}

impl Driver {
    /// A driver that has not begun.
    pub(crate) fn new(parts: Parts) -> Self {
        let Parts { core, store, network, clock, rng, commands, events } = parts;
        Self {
            core,
            store,
            network,
            clock,
            rng,
            commands,
            events,
            kept: watch::channel(()).0,
            errands: watch::channel(None).0,
            tally: Tally::default(),
            wake: None,
            waiting: BTreeSet::new(),
            miner: Miner::new(),
            online: Throttle::new(ONLINE_GAP),
            unheard: false,
            window: Window::default(),
            settles: None,
            nodes: None,
        }
    }

    /// Runs until the client is closed or dropped; returns who waits for the end, if anybody does.
    pub(crate) async fn run(mut self) -> Option<oneshot::Sender<()>> {
        let waiting = self.serve().await;
        self.keep_nodes();
        self.network.close().await;
        waiting
    }

    async fn serve(&mut self) -> Option<oneshot::Sender<()>> {
        loop {
            self.settle();
            if self.nodes.as_ref().is_some_and(nodes::Keeper::is_due) {
                self.keep_nodes();
            }
            let mut group = Group::default();
            let until = Instant::now() + self.pause();
            let woken = self.woken(self.settles.map_or(until, |settles| until.min(settles))).await;
            let mut end = match woken {
                Woken::Time => {
                    self.look_at_the_clock(&mut group);
                    None
                }
                woken => self.hear(woken, &mut group),
            };
            if end.is_none() {
                end = self.gather(&mut group).await;
            }
            self.work(group);
            if let Some(End(waiting)) = end {
                return waiting;
            }
        }
    }

    /// Runs the first tasks after a start.
    pub(crate) fn start(
        &mut self,
        streams: Vec<Arc<str>>,
        chats: Vec<Chat>,
        put_back: bool,
    ) -> Result<(), String> {
        // Before anything happens that they should hear of.
        self.start_with(streams.into_iter().map(Task::stream).collect())?;
        // Alone: nothing else is to be committed if it fails.
        self.start_with(vec![Task::Start { put_back }])?;
        self.start_with(chats.into_iter().map(Task::join).collect())
    }

    fn start_with(&mut self, tasks: Vec<Task>) -> Result<(), String> {
        let jobs: Vec<Job> = tasks.into_iter().map(|task| Job { task, reply: None }).collect();
        let done = self.turn(&jobs).map_err(|failed| failed.to_string())?;
        if let Some(fault) = done.iter().find_map(|done| done.as_ref().err()) {
            return Err(fault.to_string());
        }
        self.let_out(done, jobs);
        Ok(())
    }

    /// Gives the store time for itself, if that is due.
    fn settle(&mut self) {
        if self.settles.take_if(|at| *at <= Instant::now()).is_some()
            && let Err(why) = self.store.settle()
        {
            // The next commit does it, or the next opening.
            debug!(%why, "the store could not erase what was deleted");
        }
    }

    /// Keeps the nodes that were found, so that the next start finds its way. That it fails harms nobody.
    fn keep_nodes(&mut self) {
        let Some(keeper) = &mut self.nodes else { return };
        let mut draft = Draft::new(&*self.store);
        let written = keeper.keep(&mut draft.shelf(nodes::AREA));
        let batch = draft.into_batch();
        let kept = written.and_then(|()| if batch.is_empty() { Ok(()) } else { self.store.commit(batch) });
        if let Err(why) = kept {
            debug!(%why, "the nodes that were found are not kept");
        }
    }

    /// Waits for whatever comes first, until a time.
    async fn woken(&mut self, until: Instant) -> Woken {
        tokio::select! {
            // In this order, so that equal lives are equal. Nobody starves: a group takes from all in turn.
            biased;
            command = self.commands.recv() => Woken::Command(command),
            event = self.network.next() => Woken::Network(event),
            mined = self.miner.next() => Woken::Mined(mined),
            () = tokio::time::sleep_until(until) => Woken::Time,
        }
    }

    fn look_at_the_clock(&mut self, group: &mut Group) {
        let now = self.clock.now();
        let wakes = self.wake.is_some_and(|wake| wake <= now);
        if self.online.due(now) || (wakes && self.unheard) {
            self.unheard = false;
            add(group, Task::Layers(Input::Online(true)));
        } else if wakes {
            add(group, Task::Layers(Input::Tick));
        }
    }

    /// Takes what is ready, and waits for more while the window says so.
    async fn gather(&mut self, group: &mut Group) -> Option<End> {
        loop {
            let end = self.take_what_is_ready(group);
            if end.is_some() {
                return end;
            }
            let until = self.window.holds(group)?;
            match self.woken(until).await {
                Woken::Time => return None,
                woken => {
                    let end = self.hear(woken, group);
                    if end.is_some() {
                        return end;
                    }
                }
            }
        }
    }

    /// Takes what is ready, a command and something of the network in turn, so that neither waits for the other.
    fn take_what_is_ready(&mut self, group: &mut Group) -> Option<End> {
        let mut missed = 0;
        for of_network in [false, true].into_iter().cycle() {
            if group.is_empty() || !group.has_room() || missed == 2 {
                break;
            }
            let ready = if of_network {
                futures::FutureExt::now_or_never(self.network.next()).map(Woken::Network)
            } else {
                self.commands.try_recv().ok().map(|command| Woken::Command(Some(command)))
            };
            missed = if ready.is_some() { 0 } else { missed + 1 };
            let end = ready.and_then(|woken| self.hear(woken, group));
            if end.is_some() {
                return end;
            }
        }
        None
    }

    fn hear(&mut self, woken: Woken, group: &mut Group) -> Option<End> {
        match woken {
            Woken::Command(command) => self.take(command, group),
            Woken::Network(event) => self.take_event(event, group),
            Woken::Mined(mined) => {
                self.take_mined(mined, group);
                None
            }
            Woken::Time => None,
        }
    }

    fn take(&mut self, command: Option<Command>, group: &mut Group) -> Option<End> {
        match command {
            Some(Command::Do(task, reply)) => group.add(Job { task, reply: Some(reply) }, Instant::now()),
            Some(Command::Ask(question)) => question(&Reading { store: &*self.store, now: self.clock.now() }),
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

    fn take_event(&mut self, event: NetworkEvent, group: &mut Group) -> Option<End> {
        let input = match event {
            NetworkEvent::Frame(frame) => Input::Frame(frame),
            NetworkEvent::Published(id) => {
                self.waiting.remove(&id);
                self.miner.stop(id);
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
                self.unheard = false;
                if !online {
                    self.online.forget();
                } else if !self.online.ask(self.clock.now()) {
                    return None;
                }
                Input::Online(online)
            }
            NetworkEvent::Stored(id) => Input::Stored(id),
            NetworkEvent::Covered(history, until) => Input::Covered { history, until },
            NetworkEvent::Fetched(history) => {
                self.tell(Event::Fetched);
                Input::Covered { history, until: self.clock.now() }
            }
            NetworkEvent::Fetching(Fetching { messages, bytes }) => {
                self.tell(Event::Fetching { messages, bytes });
                return None;
            }
            NetworkEvent::NoHistory(_) => {
                info!("nobody who keeps history can be asked now");
                return None;
            }
            NetworkEvent::Closed => return Some(End(None)),
            _ => return None,
        };
        add(group, Task::Layers(input));
        None
    }

    fn take_mined(&self, mined: Mined, group: &mut Group) {
        match mined {
            Mined::Found(id, frame, number) => add(group, Task::Layers(Input::Worked { id, frame, number })),
            Mined::TooLate(id, why) => {
                debug!(frame = id.0, %why, "a frame waits");
                self.tell(Event::Refused(Refused { layer: "work".into(), why: why.to_string() }));
            }
        }
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

fn add(group: &mut Group, task: Task) {
    group.add(Job { task, reply: None }, Instant::now());
}
