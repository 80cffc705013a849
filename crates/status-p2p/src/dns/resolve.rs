//! Asking for texts.

use std::fmt;

use async_trait::async_trait;
use hickory_resolver::TokioResolver;
use hickory_resolver::proto::rr::RData;
use tokio::sync::OnceCell;

/// Answers what texts a name has in the domain name system.
///
/// A node asks the system's resolver unless it is given another one, for example one that asks over an encrypted
/// connection.
#[async_trait]
pub trait Resolve: fmt::Debug + Send + Sync {
    /// The TXT records of `name`; the pieces of one record are put together. Whoever asks sets a time limit.
    ///
    /// # Errors
    /// [`ResolveError`] if there are none or nobody can be asked.
    async fn txt(&self, name: &str) -> Result<Vec<String>, ResolveError>;
}

/// Why a name was not answered.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ResolveError {
    /// The name has no text.
    #[error("the name has no TXT record")]
    NoText,
    /// No server answers, or the settings of the system cannot be read.
    #[error("no DNS server answers; check the network and its DNS settings")]
    Unreachable,
}

/// Asks the servers that the system is set up with.
///
/// They and whoever listens on the way see which trees are asked for.
#[derive(Default)]
pub struct SystemResolver {
    resolver: OnceCell<TokioResolver>,
}

#[async_trait]
impl Resolve for SystemResolver {
    async fn txt(&self, name: &str) -> Result<Vec<String>, ResolveError> {
        let make = async || TokioResolver::builder_tokio()?.build();
        let resolver = self.resolver.get_or_try_init(make).await.map_err(|_| ResolveError::Unreachable)?;
        // The dot at the end: the name is whole, and no domain of the local network is tried behind it.
        let answer = resolver.txt_lookup(format!("{name}.")).await.map_err(|error| {
            if error.is_no_records_found() { ResolveError::NoText } else { ResolveError::Unreachable }
        })?;
        let texts = answer.answers().iter().filter_map(|record| match &record.data {
            RData::TXT(text) => String::from_utf8(text.txt_data.concat()).ok(),
            _ => None,
        });
        Ok(texts.collect())
    }
}

impl fmt::Debug for SystemResolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SystemResolver")
    }
}
