//! All settings: the name of each, what it is for, what it takes, and where it goes.

use std::fmt::Display;
use std::str::FromStr;

use status_p2p::Fleet;

use super::given::Given;
use super::{ArchiveKind, LogFormat, Public, Secret, Settings};

/// One setting.
pub(super) struct Key {
    /// Section and name.
    pub(super) name: &'static str,
    /// What it is for, in one sentence.
    pub(super) about: &'static str,
    /// What it takes.
    pub(super) wanted: &'static str,
    /// Puts a value in its place.
    pub(super) take: fn(&mut Settings, &Given) -> Option<()>,
    /// The value as a TOML file has it; `None` for one that is not shown.
    pub(super) show: fn(&Settings) -> Option<String>,
}

/// The settings, in the order in which they are shown. A section's are together.
pub(super) const KEYS: [Key; 25] = [
    Key {
        name: "folder",
        about: "The folder of the node's key and its archive. It is made if it is missing.",
        wanted: "a path",
        take: |to, given| put(&mut to.folder, given.one().filter(|path: &std::path::PathBuf| *path != *"")),
        show: |of| quoted(of.folder.display()),
    },
    Key {
        name: "network.cluster",
        about: "The cluster; that of the Status network is 16.",
        wanted: "a number up to 65535",
        take: |to, given| put(&mut to.cluster, given.one()),
        show: |of| plain(of.cluster),
    },
    Key {
        name: "network.shards",
        about: "The shards that are carried; those of the Status network are 32 and 64.",
        wanted: "numbers below 1024",
        take: |to, given| put(&mut to.shards, given.many()),
        show: |of| Some(list(&of.shards, plain)),
    },
    Key {
        name: "network.listen",
        about: "Where to listen, such as /ip4/0.0.0.0/tcp/30303. Open these ports to the world.",
        wanted: "multiaddresses such as /ip4/0.0.0.0/tcp/30303",
        take: |to, given| put(&mut to.listen, given.many()),
        show: |of| Some(list(&of.listen, quoted)),
    },
    Key {
        name: "network.peers",
        about: "Nodes to stay connected to, such as /ip4/192.0.2.7/tcp/30303/p2p/16Uiu2HA...",
        wanted: "multiaddresses such as /ip4/192.0.2.7/tcp/30303",
        take: |to, given| put(&mut to.peers, given.many()),
        show: |of| Some(list(&of.peers, quoted)),
    },
    Key {
        name: "network.announce",
        about: "Addresses at which the world reaches this node, if it cannot see them itself: behind a router, for one.",
        wanted: "multiaddresses such as /ip4/203.0.113.5/tcp/30303",
        take: |to, given| put(&mut to.announce, given.many()),
        show: |of| Some(list(&of.announce, quoted)),
    },
    Key {
        name: "network.fleet",
        about: "Public nodes by which to find others: status.prod is the Status network; empty for none.",
        wanted: "status.prod, status.staging, waku.sandbox, waku.test, or empty",
        take: |to, given| put(&mut to.fleet, given.maybe()),
        show: |of| quoted(of.fleet.map(|Public(fleet)| fleet.name()).unwrap_or_default()),
    },
    Key {
        name: "network.discv5",
        about: "Where to be found by others over UDP (discv5), such as 0.0.0.0:9000; empty for nowhere, with a fleet any port.",
        wanted: "an address and a port such as 0.0.0.0:9000, or empty",
        take: |to, given| put(&mut to.discv5, given.maybe()),
        show: |of| quoted(of.discv5.map(|address| address.to_string()).unwrap_or_default()),
    },
    Key {
        name: "network.boot",
        about: "Records of nodes to begin with when looking for others over discv5: enr:...",
        wanted: "records that begin with enr:",
        take: |to, given| put(&mut to.boot, given.many()),
        show: |of| Some(list(&of.boot, quoted)),
    },
    Key {
        name: "network.local",
        about: "Whether to find nodes of the local network, and to be found by them (multicast DNS).",
        wanted: "true or false",
        take: |to, given| put(&mut to.local, given.one()),
        show: |of| plain(of.local),
    },
    Key {
        name: "network.incoming",
        about: "Incoming connections at the same time.",
        wanted: "a whole number",
        take: |to, given| put(&mut to.incoming, given.one()),
        show: |of| plain(of.incoming),
    },
    Key {
        name: "network.per_ip",
        about: "Incoming connections at the same time from one IPv4 address or one IPv6 /64.",
        wanted: "a whole number",
        take: |to, given| put(&mut to.per_ip, given.one()),
        show: |of| plain(of.per_ip),
    },
    Key {
        name: "services.filter",
        about: "Whether to push to light nodes what they have subscribed to.",
        wanted: "true or false",
        take: |to, given| put(&mut to.filter, given.one()),
        show: |of| plain(of.filter),
    },
    Key {
        name: "services.subscribers",
        about: "Light nodes with a subscription at the same time.",
        wanted: "a whole number",
        take: |to, given| put(&mut to.subscribers, given.one()),
        show: |of| plain(of.subscribers),
    },
    Key {
        name: "services.lightpush",
        about: "Whether to gossip what light nodes give it.",
        wanted: "true or false",
        take: |to, given| put(&mut to.lightpush, given.one()),
        show: |of| plain(of.lightpush),
    },
    Key {
        name: "services.peer_exchange",
        about: "Whether to tell which nodes it knows.",
        wanted: "true or false",
        take: |to, given| put(&mut to.peer_exchange, given.one()),
        show: |of| plain(of.peer_exchange),
    },
    Key {
        name: "services.circuits",
        about: "Whether to relay connections to nodes that cannot be reached otherwise, until they have found a direct way.",
        wanted: "true or false",
        take: |to, given| put(&mut to.circuits, given.one()),
        show: |of| plain(of.circuits),
    },
    Key {
        name: "archive.kind",
        about: "In what history is kept for others: file, postgres or none.",
        wanted: "file, postgres or none",
        take: |to, given| put(&mut to.archive, given.one()),
        show: |of| quoted(of.archive),
    },
    Key {
        name: "archive.days",
        about: "For how many days a message is kept.",
        wanted: "a whole number of days",
        take: |to, given| put(&mut to.days, given.one()),
        show: |of| plain(of.days),
    },
    Key {
        name: "archive.mebibytes",
        about: "How much is kept, in MiB of messages; the oldest go first. The file needs twice as much if messages are small.",
        wanted: "a whole number of MiB",
        take: |to, given| put(&mut to.mebibytes, given.one()),
        show: |of| plain(of.mebibytes),
    },
    Key {
        name: "archive.postgres",
        about: "How the database is reached, such as host=/run/postgresql dbname=status. Not shown: it may have a password.",
        wanted: "a connection string of PostgreSQL",
        take: |to, given| put(&mut to.postgres, given.maybe()),
        show: |of| of.postgres.is_none().then(|| "\"\"".to_owned()),
    },
    Key {
        name: "http.listen",
        about: "Where /metrics, /health and /ready are told; empty for nowhere. There is no password: keep it private.",
        wanted: "an address and a port such as 127.0.0.1:8008, or empty",
        take: |to, given| put(&mut to.http, given.maybe()),
        show: |of| quoted(of.http.map(|address| address.to_string()).unwrap_or_default()),
    },
    Key {
        name: "http.ready_peers",
        about: "With so many nodes of its first shard the node says that it is ready.",
        wanted: "a whole number",
        take: |to, given| put(&mut to.ready_peers, given.one()),
        show: |of| plain(of.ready_peers),
    },
    Key {
        name: "log.level",
        about: "What is logged: error, warn, info, debug or trace, or a filter such as warn,status_p2p=debug.",
        wanted: "a level or a filter",
        take: |to, given| put(&mut to.log, given.one()),
        show: |of| quoted(&of.log),
    },
    Key {
        name: "log.format",
        about: "How it is logged, to the error output: text, or json for one object a line.",
        wanted: "text or json",
        take: |to, given| put(&mut to.log_format, given.one()),
        show: |of| quoted(of.log_format),
    },
];

impl Key {
    /// The name of its environment variable, without what all begin with.
    pub(super) fn variable(&self) -> String {
        self.name.replace('.', "_").to_uppercase()
    }
}

/// The setting whose name is most like this one, if any is.
pub(super) fn nearest(name: &str) -> Option<&'static str> {
    let last = |name: &str| name.rsplit('.').next().unwrap_or_default().to_owned();
    // Who leaves the section out, or takes another one, means the same name.
    let same = KEYS.iter().find(|key| last(key.name) == last(name) || key.variable() == name.to_uppercase());
    let like =
        || KEYS.iter().map(|key| (distance(key.name, name), key)).min_by_key(|(distance, _)| *distance);
    same.or_else(|| like().filter(|(distance, _)| distance * 4 <= name.len()).map(|(_, key)| key))
        .map(|key| key.name)
}

/// How many letters have to be put in, taken out or replaced.
fn distance(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.chars().count()).collect();
    for (line, letter) in from.chars().enumerate() {
        let mut next = vec![line + 1];
        for ((other, above), diagonal) in to.chars().zip(row.iter().skip(1)).zip(&row) {
            let left = next.last().copied().unwrap_or_default();
            let replaced = diagonal + usize::from(letter != other);
            next.push(replaced.min(above + 1).min(left + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

fn put<T>(place: &mut T, value: Option<T>) -> Option<()> {
    *place = value?;
    Some(())
}

fn plain(value: impl Display) -> Option<String> {
    Some(value.to_string())
}

fn quoted(value: impl Display) -> Option<String> {
    Some(toml::Value::String(value.to_string()).to_string())
}

fn list<'a, T>(values: &'a [T], show: impl Fn(&'a T) -> Option<String>) -> String {
    format!("[{}]", values.iter().filter_map(show).collect::<Vec<_>>().join(", "))
}

/// The text is none of those that are known.
#[derive(Debug)]
pub struct NotKnown;

macro_rules! words {
    ($type:ident: $($word:literal => $variant:ident),*) => {
        impl FromStr for $type {
            type Err = NotKnown;

            fn from_str(text: &str) -> Result<Self, NotKnown> {
                match text {
                    $($word => Ok(Self::$variant),)*
                    _ => Err(NotKnown),
                }
            }
        }

        impl Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(match self {
                    $(Self::$variant => $word,)*
                })
            }
        }
    };
}

words!(ArchiveKind: "file" => File, "postgres" => Postgres, "none" => None);
words!(LogFormat: "text" => Text, "json" => Json);

impl FromStr for Secret {
    type Err = NotKnown;

    fn from_str(text: &str) -> Result<Self, NotKnown> {
        Ok(Self::new(text))
    }
}

impl FromStr for Public {
    type Err = NotKnown;

    fn from_str(text: &str) -> Result<Self, NotKnown> {
        Fleet::of_name(text).map(Self).ok_or(NotKnown)
    }
}
