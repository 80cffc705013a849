//! What can be asked for on the command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use status_chat::home::{AccountLabel, account_folder};
use status_chat::{Client, ClientBuilder, Fleet};

use crate::account::AccountTask;
use crate::groups::GroupTask;
use crate::message::MessageTask;
use crate::profile::ProfileTask;
use crate::push_server::PushServerArgs;
use crate::sim::Storm;

/// Decentralised chat in a terminal: forward secret between two people, open in channels, no server to trust.
#[derive(Parser)]
#[command(name = "status-chat", version, about, propagate_version = true)]
pub(crate) struct Args {
    /// Print one JSON object a line, for programs.
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// Tell more on the error output; twice for even more. `STATUS_CHAT_LOG` takes a filter instead.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,

    #[command(flatten)]
    pub(crate) here: Here,

    #[command(subcommand)]
    pub(crate) task: Task,
}

/// Where this user lives and how the network is reached.
#[derive(clap::Args)]
pub(crate) struct Here {
    /// The folder that holds the identity, the keys and the messages.
    #[arg(
        long,
        global = true,
        env = "STATUS_CHAT_HOME",
        value_name = "FOLDER",
        default_value = ".status-chat"
    )]
    pub(crate) home: PathBuf,

    /// Which of several accounts in the home this is about: a-z, 0-9, - and _. Each has its own lock, keys and messages.
    #[arg(long, global = true, env = "STATUS_CHAT_ACCOUNT", value_name = "LABEL")]
    pub(crate) account: Option<AccountLabel>,

    /// The file with the key of the home: 64 hexadecimal digits. Without it the home asks for its passphrase, or has
    /// its key in itself. `STATUS_CHAT_PASSPHRASE` and `STATUS_CHAT_KEY` hold either for programs.
    #[arg(long, global = true, env = "STATUS_CHAT_KEY_FILE", value_name = "FILE")]
    pub(crate) key_file: Option<PathBuf>,

    /// Listen at this multiaddress, such as /ip4/0.0.0.0/tcp/30303; may be given several times.
    #[arg(long, global = true, value_name = "MULTIADDR")]
    pub(crate) listen: Vec<String>,

    /// Stay connected to this node; may be given several times.
    #[arg(long, global = true, env = "STATUS_CHAT_PEERS", value_delimiter = ',', value_name = "MULTIADDR")]
    pub(crate) peer: Vec<String>,

    /// Find nodes across the internet by way of a fleet of public ones, and be found: `status.prod` is the Status network.
    #[arg(long, global = true, env = "STATUS_CHAT_FLEET", value_name = "FLEET", value_parser = fleet)]
    pub(crate) fleet: Option<Fleet>,

    /// Find nodes on the local network, and be found by them (multicast DNS).
    #[arg(long, global = true)]
    pub(crate) local: bool,

    /// Have others carry the traffic: nodes that serve light ones push what is listened for and publish what is sent.
    #[arg(long, global = true, env = "STATUS_CHAT_LIGHT")]
    pub(crate) light: bool,
}

impl Here {
    /// The folder of the account: a home of its own.
    pub(crate) fn folder(&self) -> PathBuf {
        match &self.account {
            Some(label) => account_folder(&self.home, label),
            None => self.home.clone(),
        }
    }

    /// A client of the account.
    pub(crate) fn client(&self) -> ClientBuilder {
        let builder = Client::builder().home(&self.home);
        match &self.account {
            Some(label) => builder.account(label.clone()),
            None => builder,
        }
    }
}

fn fleet(name: &str) -> Result<Fleet, String> {
    let known = || Fleet::ALL.map(Fleet::name).join(", ");
    Fleet::of_name(name).ok_or_else(|| format!("no such fleet; there are {}", known()))
}

#[derive(Subcommand)]
pub(crate) enum Task {
    /// Watch two new users find each other and talk, through every layer, in a few seconds.
    Demo,
    /// Make an identity in the home and print its recovery phrase.
    Init {
        /// Restore an identity: reads the words from standard input.
        #[arg(long)]
        recover: bool,
    },
    /// Print the key that others write to.
    Whoami,
    /// Make, restore or show an account, compare safety numbers, and hand over contact cards.
    #[command(subcommand)]
    Account(AccountTask),
    /// Replace what opens the home: by a new passphrase, unless an option says otherwise. The home must not be in use.
    Lock {
        /// The file with the new key; it is made if there is none.
        #[arg(long, value_name = "FILE", conflicts_with = "in_home")]
        to_key_file: Option<PathBuf>,
        /// Put the key into the home, so that nothing is asked for.
        #[arg(long)]
        in_home: bool,
    },
    /// Make, check or restore a backup: one encrypted file with the account, the chats and the history.
    Backup {
        /// What to do. Restoring makes a new device of the same account; what was sealed for the old one alone stays unread.
        #[command(subcommand)]
        task: BackupTask,
    },
    /// Look whether everything in the home is in order, and say what is wrong and what to do. Changes nothing by itself.
    Doctor {
        /// Mend what follows from other rows, such as the order of messages, after copying the file beside itself.
        #[arg(long, conflicts_with = "export")]
        repair: bool,
        /// Write all messages and chats that can be read, also of a damaged home, into this new file: one JSON object a line,
        /// not encrypted.
        #[arg(long, value_name = "FILE")]
        export: Option<PathBuf>,
    },
    /// Send one message, and wait for its acknowledgement.
    Send {
        /// A user's key, #channel, or the id of a group.
        to: String,
        /// What to say.
        text: String,
        /// How long to wait for the acknowledgement, in seconds. What is not acknowledged by then is sent on at
        /// the next start of any command that goes online with this home.
        #[arg(long, default_value_t = 30, value_name = "SECONDS")]
        wait: u64,
    },
    /// Print what arrives, until interrupted.
    Listen {
        /// Channels to take part in, such as #status.
        channels: Vec<String>,
    },
    /// Talk with a user or in a channel: what is typed is sent, what arrives is printed.
    Chat {
        /// A user's key, #channel, or the id of a group.
        with: String,
    },
    /// Print the last messages of a chat, the oldest of them first.
    History {
        /// A user's key, #channel, or the id of a group.
        chat: String,
        /// How many.
        #[arg(long, default_value_t = 50, value_name = "COUNT")]
        last: usize,
        /// Print the id of each message before it, for `message`.
        #[arg(long)]
        ids: bool,
    },
    /// Find messages with words that begin like these, and print them, the newest first.
    Search {
        /// The words.
        words: Vec<String>,
        /// Look in this chat alone.
        #[arg(long, value_name = "CHAT")]
        within: Option<String>,
        /// How many at most.
        #[arg(long, default_value_t = 50, value_name = "COUNT")]
        limit: usize,
    },
    /// Write the history into a new file: one JSON object a line, not encrypted.
    Export {
        /// The file; - is the standard output.
        file: PathBuf,
        /// Write this chat alone.
        #[arg(long, value_name = "CHAT")]
        only: Option<String>,
    },
    /// Go online and print the nodes that are known: how each was found, how it is connected or why it is not.
    Peers {
        /// How long to look for nodes first, in seconds.
        #[arg(long, default_value_t = 10, value_name = "SECONDS")]
        wait: u64,
    },
    /// The devices of this identity: without more, a list. `invite` and `join` bring a new one in.
    Devices {
        /// What to do; a removed device is written to no more, but keeps the words of the account.
        #[command(subcommand)]
        task: Option<DeviceTask>,
    },
    /// The people of this identity: without more, a list. What they are to be told goes out with the next command that is online.
    Contacts {
        /// What to do.
        #[command(subcommand)]
        task: Option<ContactTask>,
    },
    /// The closed groups of this identity: without more, a list. `chat` and `send` take the id of a group.
    Groups {
        /// What to do.
        #[command(subcommand)]
        task: Option<GroupTask>,
    },
    /// Change, delete, react to or pin a message.
    #[command(subcommand)]
    Message(MessageTask),
    /// What others read of you: name, words and picture. What they are to be told goes out with the next command that is online.
    Profile {
        /// What to do.
        #[command(subcommand)]
        task: Option<ProfileTask>,
    },
    /// Run a node that serves others: it relays, and keeps for them what they missed. It needs no identity and no home.
    Node(NodeArgs),
    /// Run a push notification server: it wakes the phones of those who register at it, and does not learn what is written.
    /// It needs no identity and no home.
    PushServer(PushServerArgs),
    /// Try whole stacks in a simulated storm: thousands of hours in seconds, all of it from one seed.
    #[command(subcommand)]
    Sim(SimTask),
    /// Work with interoperability vectors.
    #[command(subcommand)]
    Vectors(VectorTask),
}

#[derive(Subcommand)]
pub(crate) enum BackupTask {
    /// Write a backup of the home, which must not be in use, into a new file.
    Make(BackupFile),
    /// Read a whole backup and check everything in it. No home is needed.
    Check(BackupFile),
    /// Make a new home from a backup, as a new device of its account.
    Restore(BackupFile),
}

/// A backup, and what opens it.
#[derive(clap::Args)]
pub(crate) struct BackupFile {
    /// The file.
    pub(crate) file: PathBuf,
    /// The file with the key of the backup; `make` writes one if there is none. Without it a passphrase is asked for;
    /// `STATUS_CHAT_BACKUP_PASSPHRASE` holds it for programs.
    #[arg(long, value_name = "FILE")]
    pub(crate) backup_key_file: Option<PathBuf>,
}

#[derive(Subcommand)]
pub(crate) enum DeviceTask {
    /// Invite a new device: prints a code, which is typed there within ten minutes, and waits for it.
    Invite,
    /// Make this an additional device of somebody's account: the home must be empty. The other device invites.
    Join {
        /// The code, such as 482193-guitar-velvet, or the text of the QR code.
        code: String,
        /// What this device is called.
        #[arg(long, default_value = "")]
        name: String,
    },
    /// List the devices.
    List,
    /// Call this device by another name, which the others are told.
    Rename {
        /// The name; empty for none.
        name: String,
    },
    /// Confirm that a device is yours: it gets copies of what you send, and others write to it as well.
    Confirm {
        /// The id, as the list shows it.
        device: String,
    },
    /// Remove a device: nobody seals anything for it any more, as soon as they hear of it.
    Remove {
        /// The id, as the list shows it.
        device: String,
    },
    /// Ask the other devices for what was said before this one was there, and wait for it. They give it while they are online
    /// with any command.
    History {
        /// Only these chats: a user's key, #channel, or the id of a group. Without any, all.
        chats: Vec<String>,
        /// Only messages of so many days.
        #[arg(long, value_name = "DAYS")]
        days: Option<u32>,
        /// How long to wait, in seconds. What has not come by then comes when both are online next.
        #[arg(long, default_value_t = 600, value_name = "SECONDS")]
        wait: u64,
        /// Ask for nothing any more; what came stays.
        #[arg(long, conflicts_with_all = ["chats", "days"])]
        stop: bool,
    },
}

#[derive(Subcommand)]
pub(crate) enum VectorTask {
    /// Run every vector file of a folder through the real layers.
    Check {
        /// The folder; folders in it are searched too.
        folder: PathBuf,
        /// Fail too if a case was skipped.
        #[arg(long)]
        strict: bool,
    },
}

/// How a service node is set. What is set here wins over the environment (`STATUS_NODE_ARCHIVE_DAYS` and the like), and that
/// over the file. `--listen`, `--peer`, `--local` and `--fleet` set `network.listen`, `network.peers`, `network.local` and `network.fleet`.
#[derive(clap::Args)]
pub(crate) struct NodeArgs {
    /// A file of settings, as `--print-config` writes it.
    #[arg(long, env = "STATUS_NODE_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The folder of the node's key and archive.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) folder: Option<String>,
    /// Any setting, such as archive.days=7; may be given several times.
    #[arg(long, value_name = "NAME=VALUE", value_parser = setting)]
    pub(crate) set: Vec<(String, String)>,
    /// Print the settings that are in force, as a file that can be edited, and do nothing else.
    #[arg(long)]
    pub(crate) print_config: bool,
}

fn setting(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE, such as archive.days=7")?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

#[derive(Subcommand)]
pub(crate) enum SimTask {
    /// Run many people over a bad network, and judge after every step. A run that breaks a rule is made small and shown.
    Run {
        #[command(flatten)]
        storm: Storm,
        /// The first seed.
        #[arg(long, default_value_t = 7)]
        seed: u64,
        /// How many seeds.
        #[arg(long, default_value_t = 1)]
        seeds: u64,
    },
    /// Run one seed again, and print all that happens. Give the options that it was run with.
    Replay {
        /// The seed.
        seed: u64,
        #[command(flatten)]
        storm: Storm,
    },
}

/// What to do about people.
#[derive(Subcommand)]
pub(crate) enum ContactTask {
    /// List them: how the two stand, how well the next message to them would be sealed, whether they were verified.
    List,
    /// Print our card, for somebody to add. It is valid for a day, and makes their first message forward secret.
    Card,
    /// Ask somebody to be a contact.
    Add {
        /// Their card, or their key.
        who: String,
        /// Some words of introduction.
        note: Option<String>,
    },
    /// Take somebody's request.
    Accept {
        /// Their key.
        who: String,
    },
    /// Do not take somebody's request. They are not told, and can only ask again.
    Deny {
        /// Their key.
        who: String,
    },
    /// Take back a request, or give up a contact, for both.
    Remove {
        /// Their key.
        who: String,
    },
    /// Drop unread whatever somebody sends.
    Block {
        /// Their key.
        who: String,
    },
    /// Let somebody write again.
    Unblock {
        /// Their key.
        who: String,
    },
    /// Give somebody a name that nobody else hears of; an empty one takes it away.
    Rename {
        /// Their key.
        who: String,
        /// The name.
        name: String,
    },
    /// Show the safety number, which is the same at theirs if nobody stands between.
    Verify {
        /// Their key.
        who: String,
        /// Both have compared it, and it is the same.
        #[arg(long)]
        yes: bool,
    },
}
