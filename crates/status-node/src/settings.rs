//! What a service node is set to: from a file, the environment and flags, in this order; later ones win.

mod error;
mod given;
mod keys;

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use status_p2p::{Fleet, NodeRecord, PeerAddr};

pub use error::{SettingsError, Source};
use given::Given;
use keys::KEYS;

/// What the names of environment variables begin with: `archive.days` is `STATUS_NODE_ARCHIVE_DAYS`.
pub const ENVIRONMENT: &str = "STATUS_NODE_";

/// What a service node is set to. [`Settings::default`] is a node of the Status network that keeps a month of history.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Settings {
    /// The folder of its key and its archive.
    pub folder: PathBuf,
    /// The cluster.
    pub cluster: u16,
    /// The shards that it carries.
    pub shards: Vec<u16>,
    /// Where it listens.
    pub listen: Vec<PeerAddr>,
    /// Nodes that it stays connected to.
    pub peers: Vec<PeerAddr>,
    /// Addresses at which it is known to be reached.
    pub announce: Vec<PeerAddr>,
    /// Public nodes by which it finds others.
    pub fleet: Option<Public>,
    /// Where it is found over discv5, on UDP.
    pub discv5: Option<SocketAddr>,
    /// Nodes to begin with there.
    pub boot: Vec<NodeRecord>,
    /// Whether it finds nodes of the local network, and is found by them.
    pub local: bool,
    /// Incoming connections at the same time.
    pub incoming: u32,
    /// Incoming connections at the same time from one address.
    pub per_ip: u32,
    /// Whether it pushes to light nodes what they have subscribed to.
    pub filter: bool,
    /// Light nodes with a subscription at the same time.
    pub subscribers: usize,
    /// Whether it gossips what light nodes give it.
    pub lightpush: bool,
    /// Whether it tells which nodes it knows.
    pub peer_exchange: bool,
    /// Whether it relays connections to nodes that cannot be reached otherwise.
    pub circuits: bool,
    /// In what history is kept.
    pub archive: ArchiveKind,
    /// For how many days a message is kept.
    pub days: u32,
    /// How much is kept, in MiB of messages.
    pub mebibytes: u64,
    /// How the PostgreSQL database is reached.
    pub postgres: Option<Secret>,
    /// Where metrics and health are told; `None` for nowhere.
    pub http: Option<SocketAddr>,
    /// With so many nodes of its shard it is ready.
    pub ready_peers: u64,
    /// What is logged: a level, or a filter.
    pub log: String,
    /// How it is logged.
    pub log_format: LogFormat,
}

/// A set of public nodes, by its name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Public(
    /// Which one.
    pub Fleet,
);

/// In what history is kept.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum ArchiveKind {
    /// In a file of the node's folder.
    #[default]
    File,
    /// In a PostgreSQL database.
    Postgres,
    /// Nowhere: the node keeps no history.
    None,
}

/// How logs are written.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// A text that is not shown.
#[derive(Clone, Eq, PartialEq)]
pub struct Secret(zeroize::Zeroizing<String>);

impl Default for Settings {
    fn default() -> Self {
        Self {
            folder: "status-node".into(),
            cluster: 16,
            shards: vec![32, 64],
            listen: "/ip4/0.0.0.0/tcp/30303".parse().into_iter().collect(),
            peers: Vec::new(),
            announce: Vec::new(),
            fleet: None,
            discv5: None,
            boot: Vec::new(),
            local: false,
            incoming: 220,
            per_ip: 5,
            filter: true,
            subscribers: 200,
            lightpush: true,
            peer_exchange: true,
            circuits: true,
            archive: ArchiveKind::File,
            days: 30,
            mebibytes: 10 * 1024,
            postgres: None,
            http: Some(SocketAddr::from(([127, 0, 0, 1], 8008))),
            ready_peers: 1,
            log: "info".to_owned(),
            log_format: LogFormat::Text,
        }
    }
}

impl Settings {
    /// Reads settings: those of a file, if there is one; over them those of `environment`, as far as their names begin
    /// with [`ENVIRONMENT`]; over them `flags`, pairs of a name such as `archive.days` and a value. Lists are written with commas
    /// outside of the file.
    ///
    /// A list that is given takes the place of the one before; an empty text stands for nothing.
    ///
    /// # Errors
    /// [`SettingsError`]: the file cannot be read or understood, or something in one of the three is unknown or makes no sense.
    pub fn read(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
        flags: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, SettingsError> {
        let mut settings = Self::default();
        if let Some(path) = file {
            let source = Source::File(path.to_owned());
            for (name, given) in given::of_file(path)? {
                settings.take(&name, &given, &source)?;
            }
        }
        for (variable, text) in environment {
            // The file itself is named by a variable too.
            let Some(name) = variable.strip_prefix(ENVIRONMENT).filter(|name| *name != "CONFIG") else {
                continue;
            };
            let key = KEYS.iter().find(|key| key.variable() == name);
            let name = key.map_or_else(|| name.to_lowercase(), |key| key.name.to_owned());
            settings.take(&name, &Given::Text(text), &Source::Environment)?;
        }
        for (name, text) in flags {
            settings.take(&name, &Given::Text(text), &Source::Flags)?;
        }
        Ok(settings)
    }

    fn take(&mut self, name: &str, given: &Given, source: &Source) -> Result<(), SettingsError> {
        let Some(key) = KEYS.iter().find(|key| key.name == name) else {
            let hint = keys::nearest(name);
            return Err(SettingsError::Unknown { name: name.to_owned(), hint, place: source.clone() });
        };
        match (key.take)(self, given) {
            Some(()) => Ok(()),
            None => {
                let (name, wanted) = (key.name, key.wanted);
                Err(SettingsError::Wrong { name, wanted, place: source.clone() })
            }
        }
    }

    /// The settings as a file that says the same, with a comment above each. Secrets are left out.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let mut text = String::new();
        let mut section = "";
        for key in &KEYS {
            let (of, name) = key.name.split_once('.').unwrap_or(("", key.name));
            if of != section {
                text.push_str(&format!("\n[{of}]\n"));
                section = of;
            }
            text.push_str(&format!("# {}\n", key.about));
            match (key.show)(self) {
                Some(value) => text.push_str(&format!("{name} = {value}\n")),
                None => text.push_str(&format!("# {name} = ...  (set, and not shown)\n")),
            }
        }
        text
    }

    /// The names of all settings, and what each is for.
    pub fn names() -> impl Iterator<Item = (&'static str, &'static str)> {
        KEYS.iter().map(|key| (key.name, key.about))
    }

    /// The file of the node's key.
    #[must_use]
    pub fn key_file(&self) -> PathBuf {
        self.folder.join("node.key")
    }

    /// The file of the nodes that were found.
    #[must_use]
    pub fn book_file(&self) -> PathBuf {
        self.folder.join("nodes")
    }

    /// The file of the archive, if that is in a file.
    #[must_use]
    pub fn archive_file(&self) -> PathBuf {
        self.folder.join("archive.redb")
    }
}

impl Secret {
    /// A text that is not to be shown.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into().into())
    }

    /// The text.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests;
