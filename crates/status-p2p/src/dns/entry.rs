//! The texts of a tree.

use std::fmt;

use data_encoding::{BASE32_NOPAD, BASE64URL_NOPAD};
use k256::ecdsa::signature::hazmat::PrehashVerifier;
use k256::ecdsa::{Signature, SigningKey};
use sha3::{Digest, Keccak256};

use super::url::TreeUrl;
use crate::NodeRecord;

/// Longest text that is read, in bytes. One that fits a DNS answer without TCP has about 400.
pub(super) const MAX_TEXT: usize = 4096;
/// Children of one branch that are read.
const MAX_CHILDREN: usize = MAX_TEXT / (LABEL_LEN + 1);
/// Of the hash of a text so many bytes name it, when we write.
const HASH: usize = 16;
/// Length of their base32.
const LABEL_LEN: usize = 26;
/// Of the hash at least and at most so many bytes are taken, when we read. Spec: EIP-1459, "Record Structure".
const HASH_TAKEN: std::ops::RangeInclusive<usize> = 12..=32;

const ROOT: &str = "enrtree-root:v1";
const BRANCH: &str = "enrtree-branch:";

/// The name of a text within its tree: base32 of the beginning of its hash.
#[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct Label(String);

impl Label {
    /// The name that we give to a text.
    pub(super) fn of(text: &str) -> Self {
        let hash = Keccak256::digest(text);
        Self(BASE32_NOPAD.encode(hash.get(..HASH).unwrap_or_default()))
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let len = BASE32_NOPAD.decode(text.as_bytes()).ok()?.len();
        HASH_TAKEN.contains(&len).then(|| Self(text.to_owned()))
    }

    /// Whether this is the name of `text`.
    pub(super) fn names(&self, text: &str) -> bool {
        let hash = Keccak256::digest(text);
        BASE32_NOPAD.decode(self.0.as_bytes()).is_ok_and(|begin| hash.starts_with(&begin))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Label({})", self.0)
    }
}

/// The beginning of a tree: where its two halves start, and the number of this version of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Root {
    /// Where the nodes are.
    pub(crate) nodes: Label,
    /// Where links to other trees are.
    pub(crate) links: Label,
    pub(crate) seq: u64,
}

impl Root {
    /// Reads a root that the owner of the tree signed.
    pub(crate) fn open(text: &str, url: &TreeUrl) -> Option<Self> {
        let (signed, signature) = text.rsplit_once(" sig=")?;
        let signature = BASE64URL_NOPAD.decode(signature.as_bytes()).ok()?;
        // The last byte tells which key would fit; we know the key.
        let [signature @ .., _] = signature.as_slice() else { return None };
        let signature = Signature::from_slice(signature).ok()?;
        url.key().verify_prehash(&Keccak256::digest(signed), &signature).ok()?;

        let mut parts = signed.split(' ');
        let mut part = |name| parts.next()?.strip_prefix(name);
        part(ROOT).filter(|rest| rest.is_empty())?;
        let nodes = Label::parse(part("e=")?)?;
        let links = Label::parse(part("l=")?)?;
        let seq = part("seq=")?.parse().ok()?;
        parts.next().is_none().then_some(Self { nodes, links, seq })
    }

    /// Signs it.
    pub(super) fn seal(&self, key: &SigningKey) -> String {
        let Self { nodes, links, seq } = self;
        sign(&format!("{ROOT} e={} l={} seq={seq}", nodes.as_str(), links.as_str()), key)
    }
}

/// Puts the signature of a root behind it.
pub(crate) fn sign(text: &str, key: &SigningKey) -> String {
    let (signature, recovery) = key.sign_prehash_recoverable(&Keccak256::digest(text));
    let bytes = [signature.to_bytes().as_slice(), &[recovery.to_byte()]].concat();
    format!("{text} sig={}", BASE64URL_NOPAD.encode(&bytes))
}

/// A text below the root.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Entry {
    Branch(Vec<Label>),
    Node(NodeRecord),
    Link(TreeUrl),
}

impl Entry {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let Some(children) = text.strip_prefix(BRANCH) else {
            let node = text.parse().ok().map(Self::Node);
            return node.or_else(|| text.parse().ok().map(Self::Link));
        };
        if children.is_empty() {
            return Some(Self::Branch(Vec::new()));
        }
        let children = children.split(',').map(Label::parse).take(MAX_CHILDREN).collect::<Option<_>>()?;
        Some(Self::Branch(children))
    }

    pub(super) fn branch(children: &[Label]) -> String {
        let children: Vec<_> = children.iter().map(Label::as_str).collect();
        format!("{BRANCH}{}", children.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tree that go-ethereum signed, for its own tests.
    const URL: &str = "enrtree://AKPYQIUQIL7PSIACI32J7FGZW56E5FKHEFCCOFHILBIMW3M6LWXS2@n";
    const SIGNED: &str = "enrtree-root:v1 e=JWXYDBPXYWG6FX3GMDIBFA6CJ4 l=C7HRFPF3BLGF3YR4DY5KX3SMBE seq=1 \
        sig=o908WmNp7LibOfPsr4btQwatZJ5URBr2ZAuxvK4UWHlsB9sUOTJQaGAlLPVAhM__XJesCHxLISo94z5Z2a463gA";

    #[test]
    fn a_root_that_go_ethereum_signed_is_believed() {
        let root = Root::open(SIGNED, &URL.parse().unwrap()).unwrap();

        assert_eq!(root.nodes.as_str(), "JWXYDBPXYWG6FX3GMDIBFA6CJ4");
        assert_eq!(root.links.as_str(), "C7HRFPF3BLGF3YR4DY5KX3SMBE");
        assert_eq!(root.seq, 1);
    }

    #[test]
    fn a_root_that_was_changed_or_is_of_somebody_else_is_not_believed() {
        let url: TreeUrl = URL.parse().unwrap();
        let other = "enrtree://AMOJVZX4V6EXP7NTJPMAYJYST2QP6AJXYW76IU6VGJS7UVSNDYZG4@nodes.example.org"
            .parse()
            .unwrap();

        assert_eq!(Root::open(SIGNED, &other), None);
        for (from, to) in
            [("seq=1", "seq=2"), ("e=J", "e=K"), ("sig=o9", "sig=o8"), (" sig=", ""), ("gA", "")]
        {
            assert_eq!(Root::open(&SIGNED.replace(from, to), &url), None, "{from} -> {to}");
        }
    }

    #[test]
    fn what_is_signed_is_read_again() {
        let key = SigningKey::from_slice(&[7; 32]).unwrap();
        let url = TreeUrl::new(*key.verifying_key(), "example.org").unwrap();
        let root = Root { nodes: Label::of("a"), links: Label::of("b"), seq: u64::MAX };

        assert_eq!(Root::open(&root.seal(&key), &url), Some(root));
    }

    #[test]
    fn a_label_is_the_beginning_of_a_hash() {
        let text = "enrtree://AM5FCQLWIZX2QFPNJAP7VUERCCRNGRHWZG3YYHIUV7BVDQ5FDPRT2@morenodes.example.org";
        let label = Label::of(text);

        assert_eq!(label.as_str(), "C7HRFPF3BLGF3YR4DY5KX3SMBE");
        assert!(label.names(text) && !label.names(URL));
        let long = BASE32_NOPAD.encode(&Keccak256::digest(text));
        assert!(Label::parse(&long).unwrap().names(text));
        for bad in ["", "C7HRFPF3BLGF3YR4", "c7hrfpf3blgf3yr4dy5kx3smbe", "1", &format!("{long}AA")] {
            assert_eq!(Label::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn branches_nodes_and_links_are_read_and_nothing_else() {
        let one = Label::of("one");
        let two = Label::of("two");
        let branch = Entry::branch(&[one.clone(), two.clone()]);

        assert_eq!(Entry::parse(&branch), Some(Entry::Branch(vec![one, two])));
        assert_eq!(Entry::parse(BRANCH), Some(Entry::Branch(Vec::new())));
        assert!(matches!(Entry::parse(URL), Some(Entry::Link(_))));
        assert_eq!(Entry::parse(&format!("{branch},")), None);
        assert_eq!(Entry::parse(SIGNED), None);
        assert_eq!(Entry::parse(""), None);
    }
}
