//! From settings to a running client: the store, the owner, the network, the layers, the threads.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use rand::rngs::{StdRng, SysRng};
use rand_core::SeedableRng;
use status_crypto::SecretKey;
use status_layer::{CryptoRng, DeviceId, Draft, Network, Store, StoreError, Unit};
use status_p2p::{Config, Discovery, Fleet, HostKey, KnownNode, Mdns, Mode, Node, Overview, PeerAddr};
use status_store::Continuity;
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use zeroize::Zeroizing;

use super::{ClientBuilder, MakeStack, Us};
use crate::client::{Client, Ears, Reached};
use crate::clock::{Clock, SharedClock, SystemClock};
use crate::core::{AREA, Core};
use crate::devices::DeviceName;
use crate::driver::{Driver, Parts};
use crate::error::OpenError;
use crate::guest::{Door, Shared};
use crate::home::{folder_to_open, open_store, secret_areas};
use crate::identity::{Identity, RecoveryPhrase};
use crate::nodes;
use crate::pairing::Kit;
use crate::push::Courier;
use crate::stream;
use crate::table::{self, Owner, devices as rows};

/// Events kept for a slow application; older ones are reported as missed.
const MAX_EVENTS: usize = 4_096;
/// Calls that wait for the driver; more wait in their callers.
const MAX_COMMANDS: usize = 256;

/// Gives a client a thread of its own, and runs it there once it was started.
pub(crate) async fn launch<F, E>(start: impl FnOnce() -> F + Send + 'static) -> Result<Client, E>
where
    F: Future<Output = Result<(Client, Driver), E>>,
    E: From<OpenError> + Send + 'static,
{
    let (ready, opened) = oneshot::channel();
    // A thread of its own: a commit waits for the disk, and that must not hold up the application's executor.
    std::thread::Builder::new()
        .name("status-chat".into())
        .spawn(move || run(start, ready))
        .map_err(OpenError::Thread)?;
    // The thread always answers; if it died, the operating system took it.
    opened.await.unwrap_or_else(|_| Err(OpenError::Thread(std::io::Error::other("the thread ended")).into()))
}

/// The life of a client's thread.
fn run<F, E>(start: impl FnOnce() -> F, mut ready: oneshot::Sender<Result<Client, E>>)
where
    F: Future<Output = Result<(Client, Driver), E>>,
    E: From<OpenError>,
{
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("status-chat-net")
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        // Whoever opened may be gone; then nobody is to be told.
        Err(error) => return drop(ready.send(Err(OpenError::Thread(error).into()))),
    };
    let waiting = runtime.block_on(async {
        let started = tokio::select! {
            started = start() => started,
            // Nobody waits for it any more.
            () = ready.closed() => return None,
        };
        match started {
            Ok((client, driver)) => {
                drop(ready.send(Ok(client)));
                driver.run().await
            }
            Err(error) => {
                drop(ready.send(Err(error)));
                None
            }
        }
    });
    drop(runtime);
    if let Some(waiting) = waiting {
        // Whoever waits may be gone; then nobody is to be told.
        let _ = waiting.send(());
    }
}

/// What a client stands on.
pub(crate) struct Ground {
    pub(crate) store: Box<dyn Store + Send>,
    pub(crate) continuity: Continuity,
    pub(crate) clock: SharedClock,
    pub(crate) rng: StdRng,
}

/// The network of a client, reached.
pub(crate) struct Line {
    pub(crate) shared: Shared,
    pub(crate) door: Door,
    addresses: Vec<String>,
    overview: Option<Overview>,
    /// Whether it looks for nodes, so that those that are found are worth keeping.
    looks: bool,
}

impl ClientBuilder {
    /// Opens the store. Randomness comes from the operating system unless there is a seed.
    pub(crate) fn ground(&mut self, seed: Option<u64>) -> Result<Ground, OpenError> {
        let clock = self.shared_clock();
        let rng = match seed {
            Some(seed) => StdRng::seed_from_u64(seed),
            None => StdRng::try_from_rng(&mut SysRng).map_err(|_| OpenError::Randomness)?,
        };
        let (store, continuity) = match self.store.take() {
            Some(store) => (store, Continuity::Whole),
            None => {
                let secret = secret_areas();
                let secret = secret.iter().chain(&self.secret).copied().collect::<Vec<_>>();
                open_store(self.folder()?.as_deref(), self.lock.as_ref(), self.anchor.as_deref(), &secret)?
            }
        };
        Ok(Ground { store, continuity, clock, rng })
    }

    /// The clock, for all who need it.
    pub(crate) fn shared_clock(&mut self) -> SharedClock {
        let clock = self.clock.take().unwrap_or_else(|| Box::new(SystemClock));
        let shared = SharedClock::new(clock);
        self.clock = Some(Box::new(shared.clone()));
        shared
    }

    /// What makes the layers.
    pub(crate) fn layers(&self) -> MakeStack {
        let policy = self.policy;
        let deployed = || -> MakeStack { Arc::new(move |us| Box::new(crate::default::stack(us, policy))) };
        self.stack.clone().unwrap_or_else(deployed)
    }

    /// The folder of the account, if it has one.
    pub(crate) fn folder(&self) -> Result<Option<PathBuf>, OpenError> {
        match (&self.home, &self.account) {
            (Some(home), Some(label)) => folder_to_open(home, label).map(Some),
            (None, Some(_)) => Err(OpenError::NoHome),
            (home, None) => Ok(home.clone()),
        }
    }

    /// Whether an identity or a store was given, which has to be looked at before anything else.
    pub(crate) const fn brings(&self) -> (bool, bool) {
        (self.identity.is_some(), self.store.is_some())
    }

    /// The name of the device, if one was given and it may be one.
    pub(crate) fn named(&self) -> DeviceName {
        let name = self.device_name.as_deref().unwrap_or_default();
        DeviceName::new(name, DeviceName::KIND).unwrap_or_default()
    }

    /// Starts the network. `known` are the nodes that were kept.
    pub(crate) async fn reach(
        &mut self,
        host_key: &HostKeyBytes,
        known: impl FnOnce() -> Result<Vec<KnownNode>, StoreError>,
    ) -> Result<Line, OpenError> {
        let looks = self.fleet.is_some() || self.discovery.is_some();
        let (network, addresses, overview) = match self.network.take() {
            Some(network) => (network, Vec::new(), None),
            None => {
                let known = if looks { known()? } else { Vec::new() };
                let (listen, peers) = (&self.listen, &self.peers);
                let (fleet, discovery) = (self.fleet.take(), self.discovery.take());
                let way =
                    Way { listen, peers, local: self.local, light: self.light, fleet, discovery, known };
                let node = start_node(host_key, way).await?;
                let addresses = node.listen_addrs().iter().map(ToString::to_string).collect();
                let overview = node.overview();
                (Box::new(node) as Box<dyn Network>, addresses, Some(overview))
            }
        };
        let (shared, door) = Shared::new(network);
        Ok(Line { shared, door, addresses, overview, looks })
    }

    /// Puts a client together, and runs the first step.
    pub(crate) fn assemble(
        self,
        mut ground: Ground,
        owner: Owner,
        line: Line,
    ) -> Result<(Client, Driver), OpenError> {
        let streams = self.streams.iter().map(|name| stream::check(name)).collect::<Result<Vec<_>, _>>();
        let streams = streams.map_err(|why| OpenError::Stream(Box::new(why)))?;
        let key = SecretKey::from_bytes(owner.chat_key.as_slice()).map_err(|_| damaged())?;
        let us = Us { keyring: Arc::new(key), device: device(&owner)? };
        let make = self.layers();
        let engine = make(&us);
        let (commands, inbox) = mpsc::channel(MAX_COMMANDS);
        let (events, first) = broadcast::channel(MAX_EVENTS);
        let ears = events.downgrade();
        let (kept, keeps) = watch::channel(());
        let (errands, due) = watch::channel(None);
        let me = us.keyring.user();
        let keyring = Arc::clone(&us.keyring);
        let courier_rng = StdRng::from_rng(&mut ground.rng);
        let driver = Driver::new(Parts {
            core: Core { engine, keyring: us.keyring, device: us.device.clone() },
            store: ground.store,
            network: Box::new(line.shared),
            clock: Box::new(ground.clock.clone()),
            rng: Box::new(ground.rng),
            commands: inbox,
            events,
        });
        // Who does not look for nodes knows none, and would forget those that are kept.
        let nodes = line.overview.clone().filter(|_| line.looks).map(nodes::Keeper::new);
        let mut driver = Driver { kept, errands, nodes, ..driver };
        driver
            .start(streams, self.chats, ground.continuity == Continuity::PutBack)
            .map_err(OpenError::Layer)?;
        let phrase = RecoveryPhrase::kept(owner.phrase);
        let node = Reached { addresses: line.addresses, overview: line.overview };
        let (clock, door, runtime) = (ground.clock, line.door, tokio::runtime::Handle::current());
        let pairing = Kit { make, clock: clock.clone(), door: door.clone(), runtime: runtime.clone() };
        let ears = Ears { events: ears, first: Mutex::new(Some(first)), kept: keeps };
        let client = Client::new(me, us.device, phrase, node, pairing, commands, ears);
        let courier = Courier { client: client.weak(), keyring, door, clock, rng: courier_rng, due };
        runtime.spawn(courier.run());
        Ok((client, driver))
    }
}

/// Opens everything and runs the first step; see [`ClientBuilder::ground`] for the seed.
pub(crate) async fn start(
    mut builder: ClientBuilder,
    seed: Option<u64>,
) -> Result<(Client, Driver), OpenError> {
    let mut ground = builder.ground(seed)?;
    let identity = builder.identity.take();
    let name = builder.named();
    let mut unit = Unit::new(ground.clock.now(), &mut ground.rng, &*ground.store);
    let owner = own(&mut unit, identity, &name)?;
    let batch = unit.into_batch();
    ground.store.commit(batch)?;
    let known = || nodes::load(&Draft::new(&*ground.store).shelf(nodes::AREA));
    let line = builder.reach(&owner.host_key, known).await?;
    builder.assemble(ground, owner, line)
}

/// Who the home belongs to; whoever comes first owns it.
fn own(unit: &mut Unit<'_>, identity: Option<Identity>, name: &DeviceName) -> Result<Owner, OpenError> {
    let kept = table::load_owner(&unit.cx(AREA).shelf)?;
    match (kept, identity) {
        (Some(owner), None) => Ok(owner),
        (Some(owner), Some(identity)) if **owner.chat_key == *identity.key().to_bytes() => Ok(owner),
        (Some(_), Some(_)) => Err(OpenError::OtherIdentity),
        (None, identity) => {
            let cx = &mut unit.cx(AREA);
            let identity = identity.map_or_else(|| Identity::draw(cx.rng), Ok)?;
            let owner = Owner {
                chat_key: Box::new(identity.key().to_bytes()),
                host_key: new_host_key(cx.rng)?,
                device: new_device(cx.rng),
                phrase: Zeroizing::new(identity.phrase().expose().to_owned()),
            };
            rows::save_name(&mut cx.shelf, &device(&owner)?, name, 0);
            table::save_owner(&mut cx.shelf, &owner);
            Ok(owner)
        }
    }
}

/// The secret by which our node is known on the network.
pub(crate) type HostKeyBytes = Zeroizing<[u8; 32]>;

/// A new one.
pub(crate) fn new_host_key(rng: &mut dyn CryptoRng) -> Result<Box<HostKeyBytes>, StoreError> {
    let key = HostKey::generate(rng);
    let key = key.secret().expose().try_into().map_err(|_| damaged())?;
    Ok(Box::new(Zeroizing::new(key)))
}

fn device(owner: &Owner) -> Result<DeviceId, StoreError> {
    DeviceId::new(owner.device.clone()).map_err(|_| damaged())
}

/// How the node of our own reaches others.
struct Way<'a> {
    listen: &'a [String],
    peers: &'a [String],
    local: bool,
    light: bool,
    fleet: Option<Fleet>,
    discovery: Option<Discovery>,
    known: Vec<KnownNode>,
}

async fn start_node(host_key: &HostKeyBytes, way: Way<'_>) -> Result<Node, OpenError> {
    let address = |text: &String| {
        text.parse::<PeerAddr>().map_err(|error| OpenError::Network(format!("{text}: {error}")))
    };
    let key = HostKey::from_bytes(host_key.as_slice()).map_err(|_| damaged())?;
    let mut config = match way.fleet {
        Some(fleet) => Config::of_fleet(key, fleet),
        None => Config::new(key),
    };
    config.listen = way.listen.iter().map(address).collect::<Result<_, _>>()?;
    config.peers = way.peers.iter().map(address).collect::<Result<_, _>>()?;
    config.discovery = way.discovery.unwrap_or(config.discovery);
    config.discovery.known.extend(way.known);
    if way.local {
        config.mdns = Mdns::On;
    }
    if way.light {
        config.mode = Mode::Light;
        // Being found is of no use to a node that serves nobody, and walking about costs more than all else.
        config.discovery.discv5 = None;
    }
    Node::start(config).await.map_err(|error| OpenError::Network(error.to_string()))
}

/// A new installation id: a UUID version 4 in text form.
///
/// Spec: RFC 9562, section 5.4.
pub(crate) fn new_device(rng: &mut dyn CryptoRng) -> String {
    let mut bytes = [0; 16];
    rng.fill_bytes(&mut bytes);
    let number = u128::from_be_bytes(bytes);
    let versioned = (number & !(0xf << 76 | 0b11 << 62)) | 0x4 << 76 | 0b10 << 62;
    let hex = format!("{versioned:032x}");
    let part = |from, to| hex.get(from..to).unwrap_or_default();
    [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
}

const fn damaged() -> StoreError {
    StoreError::Damaged { what: "the owner of this home" }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Ones;

    impl rand_core::TryRng for Ones {
        type Error = std::convert::Infallible;

        fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
            Ok(u32::MAX)
        }

        fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
            Ok(u64::MAX)
        }

        fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Self::Error> {
            out.fill(0xff);
            Ok(())
        }
    }

    impl rand_core::TryCryptoRng for Ones {}

    // Spec: RFC 9562, section 5.4: version in the seventh byte, variant in the ninth.
    #[test]
    fn a_device_is_named_by_a_random_uuid() {
        assert_eq!(new_device(&mut Ones), "ffffffff-ffff-4fff-bfff-ffffffffffff");
    }
}
