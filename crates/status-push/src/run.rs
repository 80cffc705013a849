//! A server that runs: the rules on a network, with a store and a gateway.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt as _;
use status_crypto::Keyring;
use status_layer::{
    CryptoRng, Draft, Network, NetworkEvent, Store, StoreError, Timestamp, Unit, Unpublished, UserId,
};
use status_stack::Fault;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{sleep, timeout};

use crate::clock::Clock;
use crate::config::Config;
use crate::error::StartError;
use crate::gateway::{Gateway, Outcome};
use crate::server::{Input, Output, Server, Tally, Waiting};
use crate::table::{AREA, Totals, queue};

/// Notifications that are with the gateway at a time.
const AT_GATEWAY: usize = 8;
/// How long the gateway may take for one.
const PATIENCE: Duration = Duration::from_secs(60);
/// Inputs that share a commit.
const GROUP: usize = 64;
/// The longest sleep; a clock that was set back is noticed after this time at the latest.
const MAX_SLEEP: Duration = Duration::from_secs(60);
/// How long nothing is handed over after the store has failed: what was cannot be noted.
const AFTER_FAILURE: Duration = Duration::from_secs(10);
/// How often a node that joins may set off what waits.
const ONLINE_GAP: Duration = Duration::from_secs(2);

/// What a server is made of.
pub struct Parts {
    /// The key of the server.
    pub keyring: Arc<dyn Keyring>,
    /// Where it keeps its rows. They hold secrets: [`home::store_in`](crate::home::store_in) seals them.
    pub store: Box<dyn Store + Send>,
    /// How it is reached.
    pub network: Box<dyn Network>,
    /// Who talks to the push services.
    pub gateway: Arc<dyn Gateway>,
    /// What time it is.
    pub clock: Box<dyn Clock>,
    /// Where randomness comes from.
    pub rng: Box<dyn CryptoRng + Send>,
    /// What may be chosen.
    pub config: Config,
}

/// A running server. It does something while [`run`](Self::run) is awaited, on a Tokio runtime with time; its commits wait for the
/// disk on that thread.
pub struct PushServer {
    server: Server,
    store: Box<dyn Store + Send>,
    network: Box<dyn Network>,
    gateway: Arc<dyn Gateway>,
    clock: Box<dyn Clock>,
    rng: Box<dyn CryptoRng + Send>,
    watcher: Watcher,
    /// When the layers want to be asked again.
    wake: Option<Timestamp>,
    /// When the next notification is due.
    push_at: Option<Timestamp>,
    /// What is with the gateway: number and version, by task.
    at_gateway: BTreeMap<Id, (u64, u64)>,
    tasks: JoinSet<Outcome>,
    /// What the gateway has said and the store did not take: version and outcome, by number.
    unnoted: BTreeMap<u64, (u64, Outcome)>,
    online: Option<Timestamp>,
}

/// Why a server ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum End {
    /// It was asked to.
    Stopped,
    /// Its network ended by itself: a failure.
    Failed,
}

/// What a server has done so far, for whoever looks after it.
#[derive(Clone, Debug, Default)]
pub struct Watcher(Arc<Mutex<Tally>>);

/// How much a server has.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Stock {
    /// People who have, or had, a device registered.
    pub people: u32,
    /// Their devices.
    pub devices: u32,
    /// Notifications that wait for the gateway.
    pub waiting: u32,
}

impl Watcher {
    /// What was done since the server was started.
    #[must_use]
    pub fn tally(&self) -> Tally {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, tally: &Tally) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).add(tally);
    }
}

impl PushServer {
    /// Runs the first step, and begins to listen. What waits for the gateway since an earlier life goes on.
    ///
    /// # Errors
    /// [`StartError`] if the store or the layers fail.
    pub fn start(parts: Parts) -> Result<Self, StartError> {
        let Parts { keyring, store, network, gateway, clock, rng, config } = parts;
        let server = Server::new(keyring, config);
        let mut this = Self {
            server,
            store,
            network,
            gateway,
            push_at: Some(clock.now()),
            clock,
            rng,
            watcher: Watcher::default(),
            wake: None,
            at_gateway: BTreeMap::new(),
            tasks: JoinSet::new(),
            unnoted: BTreeMap::new(),
            online: None,
        };
        let mut done = this.turn(&[Input::Start])?;
        this.let_out(done.pop().transpose()?.unwrap_or_default());
        Ok(this)
    }

    /// The server's name: what clients are told to register at.
    #[must_use]
    pub fn user(&self) -> UserId {
        self.server.user()
    }

    /// Tells what the server has done, also while it runs.
    #[must_use]
    pub fn watcher(&self) -> Watcher {
        self.watcher.clone()
    }

    /// How much there is in the store.
    ///
    /// # Errors
    /// [`StoreError`] if it fails.
    pub fn stock(&self) -> Result<Stock, StoreError> {
        let mut draft = Draft::new(&*self.store);
        let shelf = draft.shelf(AREA);
        let Totals { people, devices, .. } = Totals::load(&shelf)?;
        Ok(Stock { people, devices, waiting: queue::numbers(&shelf)?.1 })
    }

    /// Serves until `stop` is over, or the network ends by itself. May be called again.
    pub async fn run(&mut self, stop: impl Future<Output = ()>) -> End {
        tokio::pin!(stop);
        loop {
            self.hand_over();
            let pause = self.pause();
            let mut inputs = Vec::new();
            let mut open = true;
            tokio::select! {
                biased;
                () = &mut stop => return End::Stopped,
                Some(done) = self.tasks.join_next_with_id() => inputs.extend(self.handed(done)),
                event = self.network.next() => open = self.hear(event, &mut inputs),
                () = sleep(pause) => {
                    let now = self.clock.now();
                    if self.wake.is_some_and(|wake| wake <= now) {
                        self.wake = None;
                        inputs.push(Input::Layers(status_stack::Input::Tick));
                    }
                }
            }
            while open && inputs.len() < GROUP {
                if let Some(done) = self.tasks.try_join_next_with_id() {
                    inputs.extend(self.handed(done));
                } else if let Some(event) = self.network.next().now_or_never() {
                    open = self.hear(event, &mut inputs);
                } else {
                    break;
                }
            }
            self.work(inputs);
            if !open {
                return End::Failed;
            }
        }
    }

    /// Leaves the network. What is with the gateway is handed to it again by the next life.
    pub async fn close(mut self) {
        self.tasks.shutdown().await;
        self.network.close().await;
    }

    /// Hands what is due to the gateway.
    fn hand_over(&mut self) {
        let now = self.clock.now();
        if self.push_at.is_none_or(|at| at > now) || self.tasks.len() >= AT_GATEWAY {
            return;
        }
        // What is not noted would be handed over again and again.
        for (number, (version, outcome)) in std::mem::take(&mut self.unnoted) {
            self.work(vec![Input::Handed { number, version, outcome }]);
        }
        if !self.unnoted.is_empty() {
            return;
        }
        let under_way: BTreeSet<u64> = self.at_gateway.values().map(|(number, _)| *number).collect();
        let room = AT_GATEWAY.saturating_sub(under_way.len());
        let (waiting, next) = match self.server.waiting(&*self.store, now, room, &under_way) {
            Ok(found) => found,
            Err(why) => {
                tracing::error!(%why, "the queue cannot be read");
                (Vec::new(), Some(now.after(AFTER_FAILURE)))
            }
        };
        self.push_at = next;
        let mut inputs = Vec::new();
        for waiting in waiting {
            match waiting {
                Waiting::Push(push) => {
                    let (number, version) = (push.number, push.version);
                    let gateway = Arc::clone(&self.gateway);
                    let task = async move { timeout(PATIENCE, gateway.push(&push)).await };
                    let task = self.tasks.spawn(task.map(|done| done.unwrap_or(Outcome::TryLater)));
                    self.at_gateway.insert(task.id(), (number, version));
                }
                Waiting::Unregistered { number } => {
                    inputs.push(Input::Handed { number, version: 0, outcome: Outcome::Gone });
                }
            }
        }
        if !inputs.is_empty() {
            // There may be more behind them.
            self.push_at = Some(now);
            self.work(inputs);
        }
    }

    /// A gateway that broke down has not taken it.
    fn handed(&mut self, done: Result<(Id, Outcome), JoinError>) -> Option<Input> {
        let (id, outcome) = match done {
            Ok(done) => done,
            Err(failed) => (failed.id(), Outcome::TryLater),
        };
        let (number, version) = self.at_gateway.remove(&id)?;
        Some(Input::Handed { number, version, outcome })
    }

    /// What an event of the network means; `false` if it was the last one.
    fn hear(&mut self, event: NetworkEvent, inputs: &mut Vec<Input>) -> bool {
        use status_stack::Input as Layers;

        let input = match event {
            NetworkEvent::Frame(frame) => Layers::Frame(frame),
            NetworkEvent::Published(id) => Layers::Published(id),
            NetworkEvent::Unpublished(id, Unpublished::TooLarge) => Layers::Unpublishable(id),
            NetworkEvent::Stored(id) => Layers::Stored(id),
            NetworkEvent::Covered(history, until) => Layers::Covered { history, until },
            NetworkEvent::Fetched(history) => Layers::Covered { history, until: self.clock.now() },
            NetworkEvent::Online(online) => {
                let now = self.clock.now();
                // What is spared here goes when its next try is due.
                if online && self.online.is_some_and(|since| now.since(since) < ONLINE_GAP && since <= now) {
                    return true;
                }
                tracing::info!(online, "network");
                self.online = online.then_some(now);
                Layers::Online(online)
            }
            NetworkEvent::Closed => return false,
            _ => return true,
        };
        inputs.push(Input::Layers(input));
        true
    }

    /// Runs inputs as one unit; if the store does not take what came of them, each alone.
    fn work(&mut self, mut inputs: Vec<Input>) {
        if inputs.is_empty() {
            return;
        }
        match self.turn(&inputs) {
            Ok(done) => done.into_iter().zip(inputs).for_each(|(done, input)| match done {
                Ok(out) => self.let_out(out),
                Err(why) => self.failed(&why, &input),
            }),
            Err(why) if inputs.len() == 1 => inputs.drain(..).for_each(|input| self.failed(&why, &input)),
            Err(_) => inputs.drain(..).for_each(|input| self.work(vec![input])),
        }
    }

    /// The one durable moment. An input that fails leaves no trace, and the others go on.
    fn turn(&mut self, inputs: &[Input]) -> Result<Vec<Result<Output, Fault>>, StoreError> {
        let mut unit = Unit::new(self.clock.now(), &mut *self.rng, &*self.store);
        let server = &self.server;
        let run = |input: &Input| unit.attempt(|unit| server.step(unit, input.clone()));
        let done = inputs.iter().map(run).collect();
        let batch = unit.into_batch();
        if !batch.is_empty() {
            self.store.commit(batch)?;
        }
        Ok(done)
    }

    /// After the commit.
    fn let_out(&mut self, out: Output) {
        if let Some(wake) = out.wake {
            self.wake = wake;
        }
        if let Some(topics) = out.topics {
            self.network.watch(&topics);
        }
        for (id, frame) in out.frames {
            self.network.publish(id, frame);
        }
        if let Some(wanted) = out.fetch {
            self.network.fetch(wanted);
        }
        // What was put into the queue, or back into it, may come before all that waited.
        self.push_at = Some(self.clock.now());
        self.watcher.add(&out.tally);
    }

    fn failed(&mut self, why: &dyn fmt::Display, input: &Input) {
        if let Input::Handed { number, version, outcome } = input {
            self.unnoted.insert(*number, (*version, *outcome));
        }
        tracing::error!(%why, "a step failed and left no trace");
        let later = self.clock.now().after(AFTER_FAILURE);
        self.push_at = Some(later);
        self.wake = Some(self.wake.map_or(later, |wake| wake.max(later)));
    }

    fn pause(&self) -> Duration {
        let push_at = self.push_at.filter(|_| self.tasks.len() < AT_GATEWAY);
        let next = [self.wake, push_at].into_iter().flatten().min();
        next.map_or(MAX_SLEEP, |next| next.since(self.clock.now()).min(MAX_SLEEP))
    }
}

impl fmt::Debug for PushServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PushServer({})", self.user())
    }
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Parts(of {})", self.keyring.user())
    }
}
