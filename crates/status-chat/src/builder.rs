//! How a client comes to be.

mod start;

use std::path::PathBuf;
use std::sync::Arc;

use status_crypto::Keyring;
use status_layer::{Area, DeviceId, Network, Store};
use status_p2p::{Discovery, Fleet};
use status_stack::Engine;
use status_store::Lock;

use crate::client::Client;
use crate::clock::Clock;
use crate::error::OpenError;
use crate::event::Chat;
use crate::home::AccountLabel;
use crate::identity::Identity;
use crate::preset::Policy;

pub(crate) use start::{Ground, Line, launch, new_device, new_host_key, start};

/// Sets up a [`Client`].
#[derive(Default)]
#[must_use = "a client runs when it is opened"]
pub struct ClientBuilder {
    home: Option<PathBuf>,
    account: Option<AccountLabel>,
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
    streams: Vec<String>,
    network: Option<Box<dyn Network>>,
    store: Option<Box<dyn Store + Send>>,
    clock: Option<Box<dyn Clock>>,
    policy: Policy,
    stack: Option<MakeStack>,
    device_name: Option<String>,
}

/// Makes layers: for the user, and for a passing identity while a device is paired.
pub(crate) type MakeStack = Arc<dyn Fn(&Us) -> Box<dyn Engine + Send> + Send + Sync>;

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

    /// Opens one of several accounts of the [`home`](Self::home), or makes it there if it is new. Each has a lock of its own;
    /// [`home::accounts`](crate::home::accounts) lists them. Without a label it is the account that lies in the home itself.
    pub fn account(mut self, label: AccountLabel) -> Self {
        self.account = Some(label);
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

    /// Keeps events for the [`Stream`](crate::Stream) of this name from the first moment on, so that it misses nothing. May be
    /// called several times; a stream that exists goes on.
    pub fn stream(mut self, name: impl Into<String>) -> Self {
        self.streams.push(name.into());
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

    /// What may be said to somebody whose keys are not known yet. Default: [`Policy::AsDeployed`]. A [`stack`](Self::stack) of
    /// one's own has its own rules.
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// Whether an address to listen at was given.
    pub(crate) fn listens(&self) -> bool {
        !self.listen.is_empty()
    }

    /// How nodes are found, in words.
    #[cfg(test)]
    pub(crate) fn ways(&self) -> String {
        let fleet = self.fleet.as_ref().map(|fleet| format!("{fleet:?}"));
        let local = self.local.then(|| "local".to_owned());
        let own = self.discovery.as_ref().map(|_| "its own".to_owned());
        let peers = Some(format!("peers: {}", self.peers.join(" ")));
        [fleet, local, own, peers].into_iter().flatten().collect::<Vec<_>>().join(", ")
    }

    /// Where it listens.
    #[cfg(test)]
    pub(crate) fn addresses_to_listen(self) -> Vec<String> {
        self.listen
    }

    /// Uses other layers than those of the deployed network.
    ///
    /// On a home that other layers have written to, give the new ones areas of their own, and the conductor too
    /// ([`status_stack::Config`]): then they are told of all chats at the start. They are made once more, for a passing
    /// identity, each time a device is paired.
    pub fn stack<E: Engine + Send + 'static>(
        mut self,
        make: impl Fn(&Us) -> E + Send + Sync + 'static,
    ) -> Self {
        self.stack = Some(Arc::new(move |us| Box::new(make(us))));
        self
    }

    /// Gives the device of a new home a name, by which the user knows it among their own, such as `Bob's phone`.
    /// [`Devices::rename`](crate::Devices::rename) gives another one.
    pub fn device_name(mut self, name: impl Into<String>) -> Self {
        self.device_name = Some(name.into());
        self
    }

    /// Opens the client: opens the store, starts the node and the threads.
    ///
    /// # Errors
    /// [`OpenError`] if the home, the identity or the network cannot be used; then nothing runs.
    pub async fn open(self) -> Result<Client, OpenError> {
        launch(move || start(self, None)).await
    }
}
