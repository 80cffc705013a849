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

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::time::Duration;

    use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
    use hickory_resolver::net::runtime::TokioRuntimeProvider;
    use hickory_resolver::proto::op::{Message, ResponseCode};
    use hickory_resolver::proto::rr::Record;
    use hickory_resolver::proto::rr::rdata::TXT;
    use tokio::net::UdpSocket;

    use super::*;

    /// Answers `nodes.example.org.` with a text in two pieces, and says of all other names that they do not exist.
    async fn server() -> SocketAddr {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let at = socket.local_addr().unwrap();
        tokio::spawn(async move {
            let mut bytes = [0; 2048];
            loop {
                let (len, from) = socket.recv_from(&mut bytes).await.unwrap();
                let mut answer = Message::from_vec(&bytes[..len]).unwrap().into_response();
                let name = answer.queries[0].name().clone();
                if name.to_string() == "nodes.example.org." {
                    let text = RData::TXT(TXT::new(vec!["enrtree-".to_owned(), "root:v1".to_owned()]));
                    answer.add_answer(Record::from_rdata(name, 60, text));
                } else {
                    answer.metadata.response_code = ResponseCode::NXDomain;
                }
                socket.send_to(&answer.to_vec().unwrap(), from).await.unwrap();
            }
        });
        at
    }

    /// Asks that server and no other.
    fn resolver(at: SocketAddr) -> SystemResolver {
        let mut udp = ConnectionConfig::udp();
        udp.port = at.port();
        let servers = vec![NameServerConfig::new(at.ip(), true, vec![udp])];
        let settings = ResolverConfig::from_parts(None, Vec::new(), servers);
        let mut builder = TokioResolver::builder_with_config(settings, TokioRuntimeProvider::default());
        builder.options_mut().timeout = Duration::from_millis(500);
        builder.options_mut().attempts = 1;
        SystemResolver { resolver: OnceCell::new_with(Some(builder.build().unwrap())) }
    }

    #[tokio::test]
    async fn the_pieces_of_a_text_are_put_together() {
        let resolver = resolver(server().await);

        assert_eq!(resolver.txt("nodes.example.org").await, Ok(vec!["enrtree-root:v1".to_owned()]));
        assert_eq!(resolver.txt("other.example.org").await, Err(ResolveError::NoText));
    }

    #[tokio::test]
    async fn a_server_that_does_not_answer_is_told_from_a_name_without_a_text() {
        let silent = UdpSocket::bind("127.0.0.1:0").await.unwrap();

        let answer = resolver(silent.local_addr().unwrap()).txt("nodes.example.org").await;

        assert_eq!(answer, Err(ResolveError::Unreachable));
    }
}
