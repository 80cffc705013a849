//! A running service node.

use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use status_layer::{Network, NetworkEvent};
use status_p2p::{
    Archive, Circuits, Config, Discv5, FilterLimits, HostKey, Mdns, Node, NodeId, PeerAddr, Rate, Serve,
    Switch,
};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use crate::http::{self, Told};
use crate::measured::Measured;
use crate::metrics::Metrics;
use crate::state::{self, State};
use crate::{ArchiveKind, Public, RedbArchive, ServiceError, Settings, key_file, known, retention};

/// How often the nodes that were found are kept for the next start.
const NOTE: Duration = Duration::from_secs(10 * 60);
/// How often the node says how it is.
const TELL: Duration = Duration::from_secs(1);

/// A running service node: it relays, and serves others as its [`Settings`] say. Dropping it ends it.
pub struct Service {
    node: Node,
    state: Arc<State>,
    http: Option<SocketAddr>,
    book: PathBuf,
    tasks: JoinSet<()>,
}

/// Why a running node ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum End {
    /// It was asked to.
    Stopped,
    /// Its network ended by itself: a failure. What runs it may start it anew.
    Failed,
}

impl Service {
    /// Opens the archive, starts the node, and returns once it listens everywhere it was asked to. The folder and the key are
    /// made if they are missing.
    ///
    /// Call it on a Tokio runtime with time and I/O.
    ///
    /// # Errors
    /// [`ServiceError`] if anything that the settings ask for cannot be had; then nothing runs.
    pub async fn start(settings: &Settings) -> Result<Self, ServiceError> {
        std::fs::create_dir_all(&settings.folder)
            .map_err(|error| ServiceError::Folder { path: settings.folder.clone(), error })?;
        let key = key_file::key_in(&settings.key_file())?;
        let listener = match settings.http {
            Some(address) => {
                Some(http::listen(address).await.map_err(|error| ServiceError::Http { address, error })?)
            }
            None => None,
        };
        let archive = open(settings).await?;
        let kept = if archive.is_some() { state::Archive::Works } else { state::Archive::None };
        let state = Arc::new(State::new(settings.ready_peers, kept));
        let metrics = Metrics::new(&state);
        let watched = |archive| Measured::new(archive, metrics.archive.clone(), Arc::clone(&state));
        let archive = archive.map(|archive| Arc::new(watched(archive)) as Arc<dyn Archive>);

        let mut config = config(settings, key);
        config.archive.clone_from(&archive);
        let node = Node::start(config).await?;
        state.tell(node.stats(), node.listen_addrs().len());

        let mut tasks = JoinSet::new();
        if let Some(archive) = archive {
            let bytes = settings.mebibytes.saturating_mul(1024 * 1024);
            let keep = retention::Keep { days: settings.days, bytes };
            tasks.spawn(retention::tend(archive, keep, retention::LOOK));
        }
        let http = listener.as_ref().and_then(|listener| listener.local_addr().ok());
        if let Some(listener) = listener {
            let told = Arc::new(Told { metrics, state: Arc::clone(&state) });
            tasks.spawn(http::serve(listener, told));
        }
        let book = settings.book_file();
        Ok(Self { node, state, http, book, tasks })
    }

    /// The name of the node.
    #[must_use]
    pub const fn id(&self) -> &NodeId {
        self.node.id()
    }

    /// Where the node can be reached.
    #[must_use]
    pub fn listen_addrs(&self) -> Vec<PeerAddr> {
        self.node.listen_addrs()
    }

    /// What it says of itself to those who look for nodes: `enr:…`, if it takes part in discv5.
    #[must_use]
    pub fn record(&self) -> Option<String> {
        self.node.overview().record().map(|record| record.to_string())
    }

    /// Where metrics and health are told.
    #[must_use]
    pub const fn http_addr(&self) -> Option<SocketAddr> {
        self.http
    }

    /// Runs until `stop` is over, or the network ends by itself.
    pub async fn run(&mut self, stop: impl Future<Output = ()>) -> End {
        let mut ticks = interval(TELL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut notes = interval(NOTE);
        notes.set_missed_tick_behavior(MissedTickBehavior::Delay);
        tokio::pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => return End::Stopped,
                _ = ticks.tick() => self.state.tell(self.node.stats(), self.node.listen_addrs().len()),
                _ = notes.tick() => self.note_known().await,
                event = self.node.next() => match event {
                    NetworkEvent::Closed => return End::Failed,
                    NetworkEvent::Online(online) => tracing::info!(online, "the shard"),
                    _ => {}
                },
            }
        }
    }

    /// Ends the node: connections are closed, and what is being written to the archive is written.
    pub async fn close(mut self) {
        self.note_known().await;
        self.tasks.shutdown().await;
        self.node.close().await;
    }

    /// Keeps the nodes that were found for the next start.
    async fn note_known(&self) {
        let (nodes, path) = (self.node.overview().known(), self.book.clone());
        let written = tokio::task::spawn_blocking(move || known::write(&path, &nodes)).await;
        if !matches!(written, Ok(Ok(()))) {
            tracing::warn!("the nodes that were found cannot be kept for the next start");
        }
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Service({})", self.node.id())
    }
}

fn config(settings: &Settings, key: HostKey) -> Config {
    let mut config = match settings.fleet {
        Some(Public(fleet)) => Config::of_fleet(key, fleet),
        None => Config::new(key),
    };
    config.cluster = settings.cluster;
    config.shards.clone_from(&settings.shards);
    config.listen.clone_from(&settings.listen);
    config.peers.clone_from(&settings.peers);
    config.mdns = if settings.local { Mdns::On } else { Mdns::Off };
    config.limits.incoming = settings.incoming;
    config.limits.per_ip = settings.per_ip;
    config.discovery.known = known::read(&settings.book_file());
    if let Some(listen) = settings.discv5 {
        config.discovery.discv5.get_or_insert_with(|| Discv5::new(listen)).listen = listen;
    }
    if let Some(discv5) = &mut config.discovery.discv5 {
        discv5.boot.extend(settings.boot.iter().cloned());
    }
    let filter = FilterLimits { subscribers: settings.subscribers, ..FilterLimits::default() };
    config.serve = Serve {
        filter: settings.filter.then_some(filter),
        light_push: settings.lightpush.then(Rate::default),
        peer_exchange: settings.peer_exchange.then(Rate::default),
    };
    config.reach.known.clone_from(&settings.announce);
    config.reach.answer = Switch::On;
    config.reach.circuits = settings.circuits.then(Circuits::default);
    config
}

async fn open(settings: &Settings) -> Result<Option<Arc<dyn Archive>>, ServiceError> {
    match settings.archive {
        ArchiveKind::None => Ok(None),
        ArchiveKind::File => Ok(Some(Arc::new(RedbArchive::open(settings.archive_file())?))),
        ArchiveKind::Postgres => postgres(settings).await.map(Some),
    }
}

#[cfg(feature = "postgres")]
async fn postgres(settings: &Settings) -> Result<Arc<dyn Archive>, ServiceError> {
    let connection = settings.postgres.as_ref().ok_or(ServiceError::NoConnection)?;
    Ok(Arc::new(crate::PostgresArchive::open(connection.expose()).await?))
}

#[cfg(not(feature = "postgres"))]
async fn postgres(_: &Settings) -> Result<Arc<dyn Archive>, ServiceError> {
    Err(ServiceError::NoPostgres)
}
