//! Where a tree is, and whose it is.

use std::fmt;
use std::str::FromStr;

use data_encoding::BASE32_NOPAD;
use k256::ecdsa::VerifyingKey;

/// What the text form begins with.
const PREFIX: &str = "enrtree://";
/// Longest name of a domain, in bytes. Spec: RFC 1035, 2.3.4.
const MAX_DOMAIN: usize = 253;

/// Names a tree of nodes: the key that signs it, and the domain below which it is.
///
/// Written `enrtree://<key>@<domain>`, the key being 33 bytes in base32.
#[derive(Clone, Eq, PartialEq)]
pub struct TreeUrl {
    key: VerifyingKey,
    domain: String,
}

/// Why a text does not name a tree.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TreeUrlError {
    /// It is not of the right form.
    #[error("a tree is written as enrtree://<key>@<domain>")]
    Malformed,
    /// What stands for the key is none.
    #[error("the key of a tree is a compressed secp256k1 public key in base32")]
    NotAKey,
}

impl TreeUrl {
    /// The domain, in lower case.
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.domain
    }

    pub(super) const fn key(&self) -> &VerifyingKey {
        &self.key
    }

    pub(super) fn new(key: VerifyingKey, domain: &str) -> Result<Self, TreeUrlError> {
        let fits = |label: &str| {
            let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
            (1..=63).contains(&label.len()) && label.bytes().all(known)
        };
        if domain.len() > MAX_DOMAIN || !domain.split('.').all(fits) {
            return Err(TreeUrlError::Malformed);
        }
        Ok(Self { key, domain: domain.to_ascii_lowercase() })
    }
}

impl FromStr for TreeUrl {
    type Err = TreeUrlError;

    fn from_str(text: &str) -> Result<Self, TreeUrlError> {
        let rest = text.strip_prefix(PREFIX).ok_or(TreeUrlError::Malformed)?;
        let (key, domain) = rest.split_once('@').ok_or(TreeUrlError::Malformed)?;
        let key = BASE32_NOPAD.decode(key.as_bytes()).map_err(|_| TreeUrlError::NotAKey)?;
        if key.len() != 33 {
            return Err(TreeUrlError::NotAKey);
        }
        let key = VerifyingKey::from_sec1_bytes(&key).map_err(|_| TreeUrlError::NotAKey)?;
        Self::new(key, domain)
    }
}

impl fmt::Display for TreeUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = self.key.to_sec1_point(true);
        write!(f, "{PREFIX}{}@{}", BASE32_NOPAD.encode(key.as_bytes()), self.domain)
    }
}

impl fmt::Debug for TreeUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TreeUrl({})", self.domain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROD: &str =
        "enrtree://AMOJVZX4V6EXP7NTJPMAYJYST2QP6AJXYW76IU6VGJS7UVSNDYZG4@boot.prod.status.nodes.status.im";

    #[test]
    fn a_tree_is_named_by_key_and_domain() {
        let url: TreeUrl = PROD.parse().unwrap();

        assert_eq!(url.to_string(), PROD);
        assert_eq!(url.domain(), "boot.prod.status.nodes.status.im");
        assert_eq!(PROD.replace("boot", "BOOT").parse(), Ok(url));
    }

    #[test]
    fn what_names_no_tree_is_refused() {
        let key = PROD.split(['/', '@']).nth(2).unwrap();
        for (text, why) in [
            ("", TreeUrlError::Malformed),
            ("enrtree://nobody", TreeUrlError::Malformed),
            ("enrtree://AMOJ@example.org", TreeUrlError::NotAKey),
            (&PROD.replace("AMOJ", "amoj"), TreeUrlError::NotAKey),
            (&PROD.replace("AMOJ", "777J"), TreeUrlError::NotAKey),
            (&format!("enrtree://{key}@"), TreeUrlError::Malformed),
            (&format!("enrtree://{key}@a..b"), TreeUrlError::Malformed),
            (&format!("enrtree://{key}@a b"), TreeUrlError::Malformed),
            (&format!("enrtree://{key}@{}", "a.".repeat(127)), TreeUrlError::Malformed),
        ] {
            assert_eq!(text.parse::<TreeUrl>(), Err(why), "{text}");
        }
    }
}
