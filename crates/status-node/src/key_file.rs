//! The file in which the key of a node is kept.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use rand::SeedableRng;
use rand::rngs::{StdRng, SysRng};
use status_p2p::HostKey;
use tempfile::NamedTempFile;
use zeroize::Zeroizing;

/// Why a node has no key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// The file cannot be read or written.
    #[error("the key file {} cannot be used: {error}", path.display())]
    Unavailable {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        error: io::Error,
    },
    /// The file holds something else.
    #[error("{} is no key file: that is 64 hexadecimal digits; put the right one back", path.display())]
    NotAKey {
        /// The file.
        path: PathBuf,
    },
    /// The operating system gives no randomness.
    #[error("the operating system gives no randomness; try again")]
    Randomness,
}

/// Reads the key of a node, or makes one, in a file that its owner alone may read.
///
/// # Errors
/// [`KeyFileError`] if there is no key then. A file that is there is never replaced.
pub fn key_in(path: &Path) -> Result<HostKey, KeyFileError> {
    let unavailable = |error| KeyFileError::Unavailable { path: path.to_owned(), error };
    match fs::read_to_string(path) {
        Ok(text) => {
            warn_if_exposed(path);
            parse(&Zeroizing::new(text)).ok_or_else(|| KeyFileError::NotAKey { path: path.to_owned() })
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let mut rng = StdRng::try_from_rng(&mut SysRng).map_err(|_| KeyFileError::Randomness)?;
            let key = HostKey::generate(&mut rng);
            write(path, &key).map_err(unavailable)?;
            Ok(key)
        }
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            Err(KeyFileError::NotAKey { path: path.to_owned() })
        }
        Err(error) => Err(unavailable(error)),
    }
}

fn parse(text: &str) -> Option<HostKey> {
    let bytes = Zeroizing::new(hex::decode(text.trim()).ok()?);
    HostKey::from_bytes(&bytes).ok()
}

/// Writes it beside its place and gives it its name when it is complete.
fn write(path: &Path, key: &HostKey) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    fs::create_dir_all(folder)?;
    // Readable by its owner alone.
    let mut draft = NamedTempFile::new_in(folder)?;
    let text = Zeroizing::new(hex::encode(key.secret().expose()));
    writeln!(draft, "{}", *text)?;
    draft.as_file().sync_all()?;
    draft.persist_noclobber(path).map_err(|error| error.error)?;
    if cfg!(unix) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

#[cfg(unix)]
fn warn_if_exposed(path: &Path) {
    use std::os::unix::fs::PermissionsExt;

    if fs::metadata(path).is_ok_and(|file| file.permissions().mode() & 0o077 != 0) {
        tracing::warn!("others may read the key of this node; `chmod 600` its file");
    }
}

#[cfg(not(unix))]
fn warn_if_exposed(_: &Path) {}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    #[test]
    fn a_key_is_made_once_and_is_the_same_from_then_on() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("deep/in/node.key");

        let first = key_in(&path).unwrap().node();

        assert_eq!(key_in(&path).unwrap().node(), first);
        assert_ne!(key_in(&folder.path().join("other")).unwrap().node(), first);
        assert_eq!(fs::read_to_string(&path).unwrap().trim().len(), 64);
    }

    #[cfg(unix)]
    #[test]
    fn a_new_key_file_is_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt;

        let folder = TempDir::new().unwrap();
        let path = folder.path().join("node.key");

        key_in(&path).unwrap();

        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn what_is_no_key_is_refused_left_alone_and_not_shown() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("node.key");
        for content in [&b""[..], b"deadbeef", &[b'0'; 64], b"\xff\xfe"] {
            fs::write(&path, content).unwrap();

            let refused = key_in(&path).unwrap_err();

            assert!(matches!(refused, KeyFileError::NotAKey { .. }), "{refused}");
            assert!(!refused.to_string().contains("deadbeef"));
            assert_eq!(fs::read(&path).unwrap(), content);
        }
    }
}
