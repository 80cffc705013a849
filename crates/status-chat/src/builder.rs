//! How a client comes to be.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use rand::rngs::{StdRng, SysRng};
use rand_core::SeedableRng;
use status_crypto::{Keyring, SecretKey};
use status_layer::{Area, DeviceId, Draft, Network, Store, Unit};
use status_p2p::{Config, Discovery, Fleet, HostKey, KnownNode, Mdns, Mode, Node, PeerAddr};
use status_stack::Engine;
use status_store::{Continuity, Lock};
use tokio::sync::{broadcast, mpsc, oneshot};
use zeroize::Zeroizing;

use crate::client::{Client, Reached};
use crate::clock::{Clock, SystemClock};
use crate::core::{AREA, Core};
use crate::driver::{Driver, Miner, ONLINE_GAP, Window};
use crate::error::OpenError;
use crate::event::{Chat, Tally};
use crate::home::{open_store, secret_areas};
use crate::identity::{Identity, RecoveryPhrase};
use crate::nodes;
use crate::table::{self, Owner};
use crate::throttle::Throttle;

/// Events kept for a slow application; older ones are reported as missed.
const MAX_EVENTS: usize = 4_096;
/// Calls that wait for the driver; more wait in their callers.
const MAX_COMMANDS: usize = 256;

/// Sets up a [`Client`].
#[derive(Default)]
#[must_use = "a client runs when it is opened"]
pub struct ClientBuilder {
    home: Option<PathBuf>,
    lock: Option<Lock>,
    anchor: Option<PathBuf>,
    secret: Vec<Area>,
    identity: Option<Identity>,
    listen: Vec<String>,
    peers: Vec<String>,
    local: bool,
    light: bool,
    fleet: Option<Fleet>,
    discovery: Option<Discovery>,
    chats: Vec<Chat>,
    network: Option<Box<dyn Network>>,
    store: Option<Box<dyn Store + Send>>,
    clock: Option<Box<dyn Clock>>,
    stack: Option<MakeStack>,
}

type MakeStack = Box<dyn FnOnce(&Us) -> Box<dyn Engine + Send> + Send>;

/// Who we are, for whoever makes the layers.
#[derive(Clone, Debug)]
pub struct Us {
    /// Signs and agrees with the chat key.
    pub keyring: Arc<dyn Keyring>,
    /// This installation.
    pub device: DeviceId,
}

impl ClientBuilder {
    /// Keeps everything in a folder, which is made if it does not exist. Without a home nothing outlives the client.
    ///
    /// What is in it is sealed. Unless [`ClientBuilder::lock`] says otherwise the key lies in a file of the home, for
    /// its owner to read: then a copy of the other files is of no use, but a copy of the whole home is.
    pub fn home(mut self, folder: impl Into<PathBuf>) -> Self {
        self.home = Some(folder.into());
        self
    }

    /// Opens the home with a passphrase or a key, such as `Passphrase::new("…")?` or `StoreKey::read(path)?`; a new
    /// home is locked with it. [`home::relock`](crate::home::relock) replaces it.
    pub fn lock(mut self, lock: impl Into<Lock>) -> Self {
        self.lock = Some(lock.into());
        self
    }

    /// Keeps the anchor, by which an old copy of the home is noticed, in another file than one of the home.
    ///
    /// An anchor in the home notices a store that was put back, and a home that was copied; not a home that was put back
    /// whole into its old place, or a snapshot of its disk. An anchor on a disk that such copies do not reach does.
    pub fn anchor(mut self, file: impl Into<PathBuf>) -> Self {
        self.anchor = Some(file.into());
        self
    }

    /// Erases what is deleted of an area, beside that of the security layer of the deployed network, whose rows are always
    /// kept so: with the next commit nobody can read it any more. For [`stack`](Self::stack)s with areas of their own.
    pub fn secret_area(mut self, area: Area) -> Self {
        self.secret.push(area);
        self
    }

    /// Gives a new home this identity. Without one a new home gets a new identity; an old home keeps its own.
    pub fn identity(mut self, identity: Identity) -> Self {
        self.identity = Some(identity);
        self
    }

    /// Listens at a multiaddress, such as `/ip4/0.0.0.0/tcp/30303`; may be called several times.
    pub fn listen(mut self, address: impl Into<String>) -> Self {
        self.listen.push(address.into());
        self
    }

    /// Stays connected to a node, such as `/ip4/192.0.2.1/tcp/30303/p2p/16Uiu2…`; may be called several times.
    pub fn peer(mut self, address: impl Into<String>) -> Self {
        self.peers.push(address.into());
        self
    }

    /// Finds nodes on the local network by multicast DNS, and is found by them.
    pub fn local_discovery(mut self) -> Self {
        self.local = true;
        self
    }

    /// Finds nodes across the internet by way of a fleet of public ones, and is found: without it only named nodes, those
    /// of the local network and those that dial this one are connected.
    ///
    /// Whoever runs the fleet's domain, and other nodes, learn the address of this device, as every node does that is
    /// connected.
    pub fn fleet(mut self, fleet: Fleet) -> Self {
        self.fleet = Some(fleet);
        self
    }

    /// Has others carry its traffic, as suits a device with a battery or a metered line: nodes that serve light ones push what
    /// is listened for and publish what is sent. Some of the [`peer`](Self::peer)s or of the fleet have to serve light nodes; they
    /// learn which topics are listened for.
    pub fn light(mut self) -> Self {
        self.light = true;
        self
    }

    /// Finds nodes in another way than by a public fleet, for networks of one's own. Nodes that were found before are
    /// added to it.
    pub fn discovery(mut self, discovery: Discovery) -> Self {
        self.discovery = Some(discovery);
        self
    }

    /// Takes part in a chat from the first moment on, before anything is heard from the network: a channel, or a
    /// user whose keys are listened for. May be called several times.
    pub fn chat(mut self, chat: impl Into<Chat>) -> Self {
        self.chats.push(chat.into());
        self
    }

    /// Uses another network than a node of its own.
    pub fn network(mut self, network: impl Network + 'static) -> Self {
        self.network = Some(Box::new(network));
        self
    }

    /// Uses another store than a file in the home.
    pub fn store(mut self, store: impl Store + Send + 'static) -> Self {
        self.store = Some(Box::new(store));
        self
    }

    /// Uses another clock than that of the operating system.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Some(Box::new(clock));
        self
    }

    /// Uses other layers than those of the deployed network.
    ///
    /// On a home that other layers have written to, give the new ones areas of their own, and the conductor too
    /// ([`status_stack::Config`]): then they are told of all chats at the start.
    pub fn stack<E: Engine + Send + 'static>(mut self, make: impl FnOnce(&Us) -> E + Send + 'static) -> Self {
        self.stack = Some(Box::new(|us| Box::new(make(us))));
        self
    }

    /// Opens the client: opens the store, starts the node and the threads.
    ///
    /// # Errors
    /// [`OpenError`] if the home, the identity or the network cannot be used; then nothing runs.
    pub async fn open(self) -> Result<Client, OpenError> {
        let (ready, opened) = oneshot::channel();
        // A thread of its own: a commit waits for the disk, and that must not hold up the application's executor.
        std::thread::Builder::new()
            .name("status-chat".into())
            .spawn(move || run(self, ready))
            .map_err(OpenError::Thread)?;
        // The thread always answers; if it died, the operating system took it.
        opened.await.unwrap_or_else(|_| Err(OpenError::Thread(std::io::Error::other("the thread ended"))))
    }
}

/// The life of a client's thread.
fn run(builder: ClientBuilder, ready: oneshot::Sender<Result<Client, OpenError>>) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("status-chat-net")
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        // Whoever opened may be gone; then nobody is to be told.
        Err(error) => return drop(ready.send(Err(OpenError::Thread(error)))),
    };
    let waiting = runtime.block_on(async {
        match start(builder, None).await {
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

/// Opens everything and runs the first step. Randomness comes from the operating system unless there is a seed.
pub(crate) async fn start(builder: ClientBuilder, seed: Option<u64>) -> Result<(Client, Driver), OpenError> {
    let clock = builder.clock.unwrap_or_else(|| Box::new(SystemClock));
    let mut rng = match seed {
        Some(seed) => StdRng::seed_from_u64(seed),
        None => StdRng::try_from_rng(&mut SysRng).map_err(|_| OpenError::Randomness)?,
    };
    let (mut store, continuity) = match builder.store {
        Some(store) => (store, Continuity::Whole),
        None => {
            let secret = secret_areas();
            let secret = secret.iter().chain(&builder.secret).copied().collect::<Vec<_>>();
            open_store(builder.home.as_deref(), builder.lock.as_ref(), builder.anchor.as_deref(), &secret)?
        }
    };
    let mut unit = Unit::new(clock.now(), &mut rng, &*store);
    let owner = own(&mut unit, builder.identity)?;
    let batch = unit.into_batch();
    store.commit(batch)?;

    let key = SecretKey::from_bytes(owner.chat_key.as_slice()).map_err(|_| damaged())?;
    let us =
        Us { keyring: Arc::new(key), device: DeviceId::new(owner.device.clone()).map_err(|_| damaged())? };
    let looks = builder.fleet.is_some() || builder.discovery.is_some();
    let (network, addresses, overview) = match builder.network {
        Some(network) => (network, Vec::new(), None),
        None => {
            let known =
                if looks { nodes::load(&Draft::new(&*store).shelf(nodes::AREA))? } else { Vec::new() };
            let (listen, peers) = (&builder.listen, &builder.peers);
            let (fleet, discovery) = (builder.fleet, builder.discovery);
            let way =
                Way { listen, peers, local: builder.local, light: builder.light, fleet, discovery, known };
            let node = start_node(&owner, way).await?;
            let addresses = node.listen_addrs().iter().map(ToString::to_string).collect();
            let overview = node.overview();
            (Box::new(node) as Box<dyn Network>, addresses, Some(overview))
        }
    };
    let engine = match builder.stack {
        Some(make) => make(&us),
        None => Box::new(crate::default::stack(&us)),
    };
    let (commands, inbox) = mpsc::channel(MAX_COMMANDS);
    let (events, first) = broadcast::channel(MAX_EVENTS);
    let listeners = events.downgrade();
    let me = us.keyring.user();
    let mut driver = Driver {
        core: Core { engine, keyring: us.keyring },
        store,
        network,
        clock,
        rng: Box::new(rng),
        commands: inbox,
        events,
        tally: Tally::default(),
        wake: None,
        waiting: BTreeSet::new(),
        miner: Miner::new(),
        online: Throttle::new(ONLINE_GAP),
        unheard: false,
        window: Window::default(),
        settles: None,
        // Who does not look for nodes knows none, and would forget those that are kept.
        nodes: overview.clone().filter(|_| looks).map(nodes::Keeper::new),
    };
    driver.start(builder.chats, continuity == Continuity::PutBack).map_err(OpenError::Layer)?;
    let phrase = RecoveryPhrase::kept(owner.phrase);
    let node = Reached { addresses, overview };
    Ok((Client::new(me, us.device, phrase, node, commands, listeners, first), driver))
}

/// Who the home belongs to; whoever comes first owns it.
fn own(unit: &mut Unit<'_>, identity: Option<Identity>) -> Result<Owner, OpenError> {
    let kept = table::load_owner(&unit.cx(AREA).shelf)?;
    match (kept, identity) {
        (Some(owner), None) => Ok(owner),
        (Some(owner), Some(identity)) if **owner.chat_key == *identity.key().to_bytes() => Ok(owner),
        (Some(_), Some(_)) => Err(OpenError::OtherIdentity),
        (None, identity) => {
            let cx = &mut unit.cx(AREA);
            let identity = identity.map_or_else(|| Identity::draw(cx.rng), Ok)?;
            let host_key = HostKey::generate(cx.rng);
            let host_key = host_key.secret().expose().try_into().map_err(|_| damaged())?;
            let owner = Owner {
                chat_key: Box::new(identity.key().to_bytes()),
                host_key: Box::new(Zeroizing::new(host_key)),
                device: new_device(cx.rng),
                phrase: Zeroizing::new(identity.phrase().expose().to_owned()),
            };
            table::save_owner(&mut cx.shelf, &owner);
            Ok(owner)
        }
    }
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

async fn start_node(owner: &Owner, way: Way<'_>) -> Result<Node, OpenError> {
    let address = |text: &String| {
        text.parse::<PeerAddr>().map_err(|error| OpenError::Network(format!("{text}: {error}")))
    };
    let key = HostKey::from_bytes(owner.host_key.as_slice()).map_err(|_| damaged())?;
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
pub(crate) fn new_device(rng: &mut dyn status_layer::CryptoRng) -> String {
    let mut bytes = [0; 16];
    rng.fill_bytes(&mut bytes);
    let number = u128::from_be_bytes(bytes);
    let versioned = (number & !(0xf << 76 | 0b11 << 62)) | 0x4 << 76 | 0b10 << 62;
    let hex = format!("{versioned:032x}");
    let part = |from, to| hex.get(from..to).unwrap_or_default();
    [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
}

const fn damaged() -> status_layer::StoreError {
    status_layer::StoreError::Damaged { what: "the owner of this home" }
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
