//! What the environment says of a bot.

use std::path::PathBuf;

use status_p2p::Fleet;
use status_store::{Key, Passphrase};

use super::BotError;
use crate::builder::ClientBuilder;
use crate::client::Client;
use crate::error::Error;
use crate::event::Chat;
use crate::home::AccountLabel;

/// The variables that [`Bot::from_env`](super::Bot::from_env) reads. Those that the command `status-chat` knows too mean the same there,
/// so both can use one home, though not at the same time.
///
/// | variable | what it says | without it |
/// | --- | --- | --- |
/// | `STATUS_CHAT_HOME` | the folder of the home, made if it does not exist | `status-bot` |
/// | `STATUS_CHAT_ACCOUNT` | the label of one of several accounts in the home | the account in the home itself |
/// | `STATUS_CHAT_NAME` | how the bot is called | `bot` |
/// | `STATUS_CHAT_LISTEN` | addresses to listen at, with commas between | `/ip4/0.0.0.0/tcp/0` |
/// | `STATUS_CHAT_PEERS` | nodes to stay connected to, with commas between | none |
/// | `STATUS_CHAT_FLEET` | the public fleet by which nodes are found, such as `status.prod` | none; without peers either, nodes of the local network |
/// | `STATUS_CHAT_LIGHT` | `1` or `true`: others carry the traffic | `0` |
/// | `STATUS_CHAT_CHANNELS` | channels to take part in, `#one,#two` | none |
/// | `STATUS_CHAT_PASSPHRASE` | the passphrase that opens the home | |
/// | `STATUS_CHAT_KEY_FILE` | the key file that opens the home | a key in the home itself |
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Settings {
    /// The folder of the home.
    pub home: PathBuf,
    /// Which of several accounts in the home it is.
    pub account: Option<AccountLabel>,
    /// How the bot is called.
    pub name: String,
    /// Addresses to listen at.
    pub listen: Vec<String>,
    /// Nodes to stay connected to.
    pub peers: Vec<String>,
    /// The public fleet by which nodes are found.
    pub fleet: Option<Fleet>,
    /// Whether others carry the traffic.
    pub light: bool,
    /// Channels to take part in.
    pub channels: Vec<Chat>,
    passphrase: Option<Secret>,
    key_file: Option<PathBuf>,
}

/// Not for logs.
#[derive(Clone, Eq, PartialEq)]
struct Secret(zeroize::Zeroizing<String>);

impl Settings {
    /// Reads the environment of this process.
    ///
    /// # Errors
    /// [`BotError::Setting`] if a variable cannot be used.
    pub fn from_env() -> Result<Self, BotError> {
        Self::read(|variable| std::env::var(variable).ok())
    }

    fn read(get: impl Fn(&str) -> Option<String>) -> Result<Self, BotError> {
        let get = |variable| get(variable).filter(|value| !value.trim().is_empty());
        let list = |variable| -> Vec<String> {
            let words = get(variable).unwrap_or_default();
            words.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
        };
        let refused = |variable, why: &str| BotError::Setting { variable, why: why.to_owned() };
        let mut listen = list("STATUS_CHAT_LISTEN");
        if listen.is_empty() {
            listen.push("/ip4/0.0.0.0/tcp/0".into());
        }
        let fleet = get("STATUS_CHAT_FLEET").map(|name| {
            let known = Fleet::ALL.map(Fleet::name).join(", ");
            let why = format!("no fleet has this name; there are {known}");
            Fleet::of_name(name.trim()).ok_or_else(|| refused("STATUS_CHAT_FLEET", &why))
        });
        let light = match get("STATUS_CHAT_LIGHT").as_deref().map(str::trim) {
            None | Some("0" | "false") => false,
            Some("1" | "true") => true,
            Some(_) => return Err(refused("STATUS_CHAT_LIGHT", "say 1 or 0")),
        };
        let channel = |name: String| {
            name.parse().map_err(|why: crate::SendError| refused("STATUS_CHAT_CHANNELS", &why.to_string()))
        };
        let account = get("STATUS_CHAT_ACCOUNT").map(|label| {
            AccountLabel::new(label.trim()).map_err(|why| refused("STATUS_CHAT_ACCOUNT", &why.to_string()))
        });
        Ok(Self {
            account: account.transpose()?,
            home: get("STATUS_CHAT_HOME").map_or_else(|| "status-bot".into(), PathBuf::from),
            name: get("STATUS_CHAT_NAME").map_or_else(|| "bot".into(), |name| name.trim().to_owned()),
            listen,
            peers: list("STATUS_CHAT_PEERS"),
            fleet: fleet.transpose()?,
            light,
            channels: list("STATUS_CHAT_CHANNELS").into_iter().map(channel).collect::<Result<_, _>>()?,
            passphrase: get("STATUS_CHAT_PASSPHRASE").map(|words| Secret(words.into())),
            key_file: get("STATUS_CHAT_KEY_FILE").map(PathBuf::from),
        })
    }

    /// A client that is set up so.
    ///
    /// # Errors
    /// [`Error::Key`] or [`Error::Lock`] if the passphrase or the key file cannot be used.
    pub fn builder(&self) -> Result<ClientBuilder, Error> {
        let mut builder = Client::builder().home(&self.home);
        if let Some(label) = &self.account {
            builder = builder.account(label.clone());
        }
        builder = self.listen.iter().fold(builder, |builder, address| builder.listen(address.as_str()));
        builder = self.peers.iter().fold(builder, |builder, address| builder.peer(address.as_str()));
        builder = self.channels.iter().fold(builder, |builder, chat| builder.chat(chat.clone()));
        if let Some(fleet) = self.fleet {
            builder = builder.fleet(fleet);
        } else if self.peers.is_empty() {
            builder = builder.local_discovery();
        }
        if self.light {
            builder = builder.light();
        }
        if let Some(Secret(words)) = &self.passphrase {
            builder = builder.lock(Passphrase::new(words)?);
        } else if let Some(file) = &self.key_file {
            builder = builder.lock(Key::read(file)?);
        }
        Ok(builder)
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Settings, BotError> {
        let found = |wanted: &str| variables.iter().find(|(name, _)| *name == wanted);
        Settings::read(|wanted| found(wanted).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn without_any_variable_a_bot_has_a_home_and_a_name() {
        let settings = read(&[("STATUS_CHAT_FLEET", " ")]).unwrap();

        assert_eq!((settings.home, settings.name.as_str()), ("status-bot".into(), "bot"));
        assert_eq!((settings.listen.len(), settings.fleet), (1, None));
    }

    #[test]
    fn every_variable_is_read() {
        let settings = read(&[
            ("STATUS_CHAT_HOME", "/srv/echo"),
            ("STATUS_CHAT_ACCOUNT", "echo-2"),
            ("STATUS_CHAT_NAME", "echo"),
            ("STATUS_CHAT_LISTEN", "/ip4/0.0.0.0/tcp/1, /ip4/0.0.0.0/tcp/2"),
            ("STATUS_CHAT_PEERS", "/ip4/192.0.2.1/tcp/3"),
            ("STATUS_CHAT_FLEET", "status.prod"),
            ("STATUS_CHAT_LIGHT", "1"),
            ("STATUS_CHAT_CHANNELS", "#one,#two"),
            ("STATUS_CHAT_PASSPHRASE", "open sesame"),
        ]);
        let settings = settings.unwrap();

        assert_eq!((settings.listen.len(), settings.peers.len(), settings.channels.len()), (2, 1, 2));
        assert_eq!((settings.fleet, settings.light), (Some(Fleet::StatusProd), true));
        assert_eq!(settings.account.as_ref().map(AccountLabel::as_str), Some("echo-2"));
        assert!(settings.builder().is_ok());
        assert!(!format!("{settings:?}").contains("sesame"));
    }

    #[test]
    fn what_cannot_be_used_is_refused_by_name() {
        for (variable, value) in [
            ("STATUS_CHAT_FLEET", "nowhere"),
            ("STATUS_CHAT_ACCOUNT", "../other"),
            ("STATUS_CHAT_LIGHT", "perhaps"),
            ("STATUS_CHAT_CHANNELS", "one"),
        ] {
            let refused = read(&[(variable, value)]);

            assert!(matches!(refused, Err(BotError::Setting { variable: named, .. }) if named == variable));
        }
    }
}
