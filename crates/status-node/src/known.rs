//! Nodes that were found, kept in a file until the next start.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use status_p2p::{KnownNode, MAX_KNOWN};
use tempfile::NamedTempFile;

/// Largest file that is read, in bytes.
const MAX_FILE: u64 = 8 * 1024 * 1024;

/// What is in a file. What cannot be read is left out: nodes are found again.
pub(crate) fn read(path: &Path) -> Vec<KnownNode> {
    if fs::metadata(path).map_or(0, |file| file.len()) > MAX_FILE {
        return Vec::new();
    }
    let text = fs::read_to_string(path).unwrap_or_default();
    let nodes = text.lines().filter_map(|line| KnownNode::decode(&hex::decode(line).ok()?).ok());
    nodes.take(MAX_KNOWN).collect()
}

/// Puts nodes in the place of those that are in a file.
pub(crate) fn write(path: &Path, nodes: &[KnownNode]) -> io::Result<()> {
    let mut draft = NamedTempFile::new_in(path.parent().unwrap_or_else(|| Path::new(".")))?;
    for node in nodes {
        writeln!(draft, "{}", hex::encode(node.encode()))?;
    }
    draft.persist(path).map(|_| ()).map_err(|error| error.error)
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    #[test]
    fn what_cannot_be_read_is_left_out() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("nodes");
        assert!(read(&path).is_empty());
        fs::write(&path, "00\nnonsense\n\n").unwrap();

        assert!(read(&path).is_empty());

        write(&path, &[]).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"");
    }
}
