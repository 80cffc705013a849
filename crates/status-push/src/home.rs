//! The folder of a server, and its way into the network.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use rand::SeedableRng as _;
use rand::rngs::{StdRng, SysRng};
use status_crypto::SecretKey;
use status_layer::Network;
pub use status_p2p::Fleet;
use status_p2p::{Config, HostKey, Mdns, Node, PeerAddr};
use status_store::{Key, Sealed};
use tempfile::NamedTempFile;
use zeroize::Zeroizing;

use crate::error::StartError;

/// The file with the key of the server: 64 hexadecimal digits. Clients know it by its public key: who loses it loses them all.
pub const KEY_FILE: &str = "server.key";

/// The file with the registrations, encrypted.
pub const STORE_FILE: &str = "push.store";

/// The file with the key of the store.
pub const STORE_KEY_FILE: &str = "store.key";

/// How a server reaches the network.
#[derive(Clone, Debug, Default)]
pub struct Line {
    /// Multiaddresses to listen at, such as `/ip4/0.0.0.0/tcp/30303`.
    pub listen: Vec<String>,
    /// Nodes to stay connected to.
    pub peers: Vec<String>,
    /// A fleet of public nodes by way of which others are found.
    pub fleet: Option<Fleet>,
    /// Whether nodes of the local network are found.
    pub local: bool,
}

/// Randomness of the operating system.
///
/// # Errors
/// [`StartError::Randomness`].
pub fn randomness() -> Result<StdRng, StartError> {
    StdRng::try_from_rng(&mut SysRng).map_err(|_| StartError::Randomness)
}

/// Reads the key of the server in a folder, or makes one if there is no server in it yet: in a file that its owner alone may
/// read.
///
/// # Errors
/// [`StartError`] if there is no key then. A file that is there is never replaced.
pub fn key_in(folder: &Path) -> Result<SecretKey, StartError> {
    let path = folder.join(KEY_FILE);
    let unusable = |source| StartError::Folder { path: path.clone(), source };
    match fs::read_to_string(&path).map(Zeroizing::new) {
        Ok(text) => parse(&text).ok_or(StartError::NotAKey { path }),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(StartError::NotAKey { path }),
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(unusable(error)),
        Err(_) if folder.join(STORE_FILE).exists() => Err(StartError::KeyGone { path }),
        Err(_) => {
            let key = SecretKey::generate(&mut randomness()?);
            make_private(folder).map_err(unusable)?;
            write(folder, &path, &key).map_err(unusable)?;
            Ok(key)
        }
    }
}

/// Opens the store in a folder, or makes one. It is encrypted; its key lies beside it, for its owner to read.
///
/// # Errors
/// [`StartError`] if it cannot be opened, for example because another process has it open.
pub fn store_in(folder: &Path) -> Result<Sealed, StartError> {
    make_private(folder).map_err(|source| StartError::Folder { path: folder.to_owned(), source })?;
    let lock = Key::read_or_make(&folder.join(STORE_KEY_FILE))?.into();
    Ok(Sealed::open(folder.join(STORE_FILE), &lock)?)
}

/// Starts a node of libp2p; returns the addresses at which it listens.
///
/// # Errors
/// [`StartError::Network`].
pub async fn reach(line: &Line) -> Result<(Box<dyn Network>, Vec<String>), StartError> {
    let address = |text: &String| {
        text.parse::<PeerAddr>().map_err(|error| StartError::Network(format!("{text}: {error}")))
    };
    let key = HostKey::generate(&mut randomness()?);
    let mut config = match line.fleet {
        Some(fleet) => Config::of_fleet(key, fleet),
        None => Config::new(key),
    };
    config.listen = line.listen.iter().map(address).collect::<Result<_, _>>()?;
    config.peers = line.peers.iter().map(address).collect::<Result<_, _>>()?;
    if line.local {
        config.mdns = Mdns::On;
    }
    let node = Node::start(config).await.map_err(|error| StartError::Network(error.to_string()))?;
    let addresses = node.listen_addrs().iter().map(ToString::to_string).collect();
    Ok((Box::new(node), addresses))
}

fn parse(text: &str) -> Option<SecretKey> {
    let bytes = Zeroizing::new(hex::decode(text.trim()).ok()?);
    SecretKey::from_bytes(&bytes).ok()
}

/// Writes it beside its place and gives it its name when it is complete.
fn write(folder: &Path, path: &PathBuf, key: &SecretKey) -> io::Result<()> {
    // Readable by its owner alone.
    let mut draft = NamedTempFile::new_in(folder)?;
    writeln!(draft, "{}", *Zeroizing::new(hex::encode(*key.to_bytes())))?;
    draft.as_file().sync_all()?;
    draft.persist_noclobber(path).map_err(|error| error.error)?;
    if cfg!(unix) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// Makes a folder that only its owner can look into; one that is there already is left as it is.
fn make_private(folder: &Path) -> io::Result<()> {
    let mut maker = fs::DirBuilder::new();
    maker.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut maker, 0o700);
    maker.create(folder)
}

#[cfg(test)]
mod tests {
    use status_crypto::Keyring as _;
    use tempfile::TempDir;

    use super::*;

    #[test]
    fn a_key_is_made_once_for_its_owner_alone_and_is_the_same_from_then_on() {
        let folder = TempDir::new().unwrap();
        let folder = folder.path().join("deep/in");

        let user = key_in(&folder).unwrap().user();

        assert_eq!(key_in(&folder).unwrap().user(), user);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!((mode(&folder.join(KEY_FILE)), mode(&folder)), (0o600, 0o700));
        }
    }

    #[test]
    fn a_key_that_is_none_or_is_gone_is_neither_replaced_nor_shown() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join(KEY_FILE);
        for content in [&b""[..], b"deadbeef", &[b'0'; 64], b"\xff\xfe"] {
            fs::write(&path, content).unwrap();

            let refused = key_in(folder.path()).unwrap_err();

            assert!(matches!(refused, StartError::NotAKey { .. }), "{refused}");
            assert!(!refused.to_string().contains("deadbeef"));
            assert_eq!(fs::read(&path).unwrap(), content);
        }
        fs::remove_file(&path).unwrap();
        drop(store_in(folder.path()).unwrap());

        assert!(matches!(key_in(folder.path()), Err(StartError::KeyGone { .. })));
    }

    #[test]
    fn one_server_at_a_time_has_the_store() {
        let folder = TempDir::new().unwrap();
        let store = store_in(folder.path()).unwrap();

        let second = store_in(folder.path()).map(drop);

        assert!(matches!(second, Err(StartError::Open(_))));
        drop(store);
        store_in(folder.path()).unwrap();
    }
}
