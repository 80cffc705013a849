//! The tasks that look for nodes.

mod discv5;

use std::sync::Arc;
use std::time::Duration;

use libp2p::PeerId;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use crate::dns::{Keeper, Thirst};
use crate::enr::Announcement;
use crate::node::inside::Inside;
use crate::{ClusterShards, Config, Discovery, NodeRecord, Source, StartError};

/// After a tree that was not there it is looked again so soon at first, then after twice as long each time.
const TREE_RETRY: Duration = Duration::from_secs(10);
/// Records that wait to be walked from.
const SEEDS: usize = 64;
/// Records that go to the node at once.
const BATCH: usize = 32;

/// Looks for nodes as long as it lives, and hands what it finds to the node.
#[derive(Debug)]
pub(crate) struct Finder {
    tasks: JoinSet<()>,
    seeds: Option<mpsc::Sender<NodeRecord>>,
    announced: watch::Sender<Announcement>,
    record: watch::Receiver<Option<NodeRecord>>,
    hungry: watch::Sender<Hunger>,
}

/// Whether more nodes are wanted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Hunger {
    Sated,
    Hungry,
}

impl Finder {
    /// Starts what the settings ask for. What this node says of itself is `announcement`, until it says otherwise.
    pub(crate) async fn start(
        config: &Config,
        own: PeerId,
        announcement: Announcement,
        ask: &mpsc::Sender<Inside>,
    ) -> Result<Self, StartError> {
        let (announced, announcement) = watch::channel(announcement);
        let (said, record) = watch::channel(None);
        let (hungry, hunger) = watch::channel(Hunger::Hungry);
        let mut tasks = JoinSet::new();
        let mut seeds = None;
        if let Some(settings) = &config.discovery.discv5 {
            let (seed, sown) = mpsc::channel(SEEDS);
            seeds = Some(seed);
            let ends = discv5::Ends {
                announcement,
                record: said,
                hunger: hunger.clone(),
                seeds: sown,
                ask: ask.clone(),
            };
            let shards =
                ClusterShards { cluster: config.cluster, shards: config.shards.iter().copied().collect() };
            let walker = discv5::Walker::start(settings, config, own, shards, ends).await?;
            tasks.spawn(walker.forever());
        }
        if !config.discovery.trees.is_empty() {
            tasks.spawn(watch_trees(config.discovery.clone(), hunger, ask.clone()));
        }
        Ok(Self { tasks, seeds, announced, record, hungry })
    }

    /// This node says something else of itself from now on.
    pub(crate) fn announce(&self, announcement: Announcement) {
        self.announced.send_if_modified(|said| {
            let changed = *said != announcement;
            *said = announcement;
            changed
        });
    }

    /// A node that was found in another way takes part in discv5, maybe.
    pub(crate) fn sow(&self, record: &NodeRecord) {
        if let Some(seeds) = self.seeds.as_ref().filter(|_| record.udp().is_some()) {
            // If there are many already, one more makes no difference.
            let _ = seeds.try_send(record.clone());
        }
    }

    /// Whether more nodes are wanted.
    pub(crate) fn set_hunger(&self, hunger: Hunger) {
        self.hungry.send_if_modified(|was| std::mem::replace(was, hunger) != hunger);
    }

    /// Our record, as it changes; `None` as long as there is none.
    pub(crate) fn record(&self) -> watch::Receiver<Option<NodeRecord>> {
        self.record.clone()
    }

    /// Ends all of it.
    pub(crate) fn end(&mut self) {
        self.tasks.abort_all();
    }
}

/// Looks at trees: at the start, whenever it is time, and sooner while they are not there.
async fn watch_trees(settings: Discovery, mut hunger: watch::Receiver<Hunger>, ask: mpsc::Sender<Inside>) {
    let trees = settings.trees.len();
    let mut keeper = Keeper::new(Arc::clone(&settings.resolver), settings.trees);
    let mut retry = TREE_RETRY;
    loop {
        let thirst = if *hunger.borrow_and_update() == Hunger::Hungry { Thirst::All } else { Thirst::News };
        let answered = refresh(&mut keeper, thirst, &ask).await;
        let wait = if answered >= trees {
            retry = TREE_RETRY;
            settings.refresh
        } else {
            retry = retry.saturating_mul(2).min(settings.refresh);
            retry
        };
        tokio::time::sleep(wait).await;
    }
}

/// Hands nodes on while the walk goes on: the first ones are dialled before the last ones are read.
async fn refresh(keeper: &mut Keeper, thirst: Thirst, ask: &mpsc::Sender<Inside>) -> usize {
    let (found, mut nodes) = mpsc::unbounded_channel();
    // Invariant: the walk is bounded, and so is what is in the queue.
    let mut hand_on = move |record| drop(found.send(record));
    let walk = async move {
        let answered = keeper.refresh(thirst, &mut hand_on).await;
        drop(hand_on);
        answered
    };
    let pass = async {
        let mut batch = Vec::new();
        while let Some(record) = nodes.recv().await {
            batch.push(record);
            let soon = Instant::now() + Duration::from_millis(200);
            while batch.len() < BATCH {
                let Ok(Some(record)) = timeout_at(soon, nodes.recv()).await else { break };
                batch.push(record);
            }
            let records = std::mem::take(&mut batch);
            if ask.send(Inside::Found { source: Source::Tree, records }).await.is_err() {
                return;
            }
        }
    };
    tokio::join!(walk, pass).0
}
