//! Why a dial failed.

use std::fmt;
use std::io::ErrorKind;

use libp2p::core::transport::TransportError;
use libp2p::swarm::DialError;

/// Why a node that was dialled is not connected.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// Nothing listens there.
    Refused,
    /// No way leads there from here.
    Unreachable,
    /// Nobody answered in time.
    TimedOut,
    /// The connection broke before both sides had agreed on how to talk.
    Broken,
    /// Another node than the one that was meant is there.
    OtherNode,
    /// This node has as many connections as it wants, or is connected to itself.
    NotWanted,
    /// No address is known that this node knows how to dial.
    NoAddress,
    /// It was connected, and disconnected us within a minute: it is full, or carries nothing that we carry.
    TurnedAway,
    /// It belongs to another cluster.
    OtherCluster,
}

impl Fault {
    pub(crate) fn of(error: &DialError) -> Self {
        match error {
            DialError::WrongPeerId { .. } => Self::OtherNode,
            DialError::LocalPeerId { .. }
            | DialError::Denied { .. }
            | DialError::DialPeerConditionFalse(_)
            | DialError::Aborted => Self::NotWanted,
            DialError::NoAddresses => Self::NoAddress,
            // Each address has its own error; the one that came furthest says most.
            DialError::Transport(errors) => {
                let faults = errors.iter().map(|(_, error)| Self::of_transport(error));
                faults.max_by_key(|fault| fault.distance()).unwrap_or(Self::NoAddress)
            }
        }
    }

    fn of_transport(error: &TransportError<std::io::Error>) -> Self {
        let TransportError::Other(error) = error else { return Self::NoAddress };
        let text = error.to_string();
        let kind = system(&text).unwrap_or(error.kind());
        match kind {
            ErrorKind::ConnectionRefused => Self::Refused,
            ErrorKind::TimedOut => Self::TimedOut,
            ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable | ErrorKind::NetworkDown => {
                Self::Unreachable
            }
            _ if text.contains("imeout") => Self::TimedOut,
            _ => Self::Broken,
        }
    }

    const fn distance(self) -> u8 {
        match self {
            Self::NoAddress => 0,
            Self::Unreachable => 1,
            Self::TimedOut => 2,
            Self::Refused => 3,
            _ => 4,
        }
    }
}

/// What the system said, of an error that transports have wrapped in types that do not let one look inside: each of them
/// passes on the words, in which the number of the system's error is the last thing.
fn system(text: &str) -> Option<ErrorKind> {
    let (_, rest) = text.rsplit_once("(os error ")?;
    let number = rest.split(')').next()?.parse().ok()?;
    Some(std::io::Error::from_raw_os_error(number).kind())
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Refused => "nothing listens there",
            Self::Unreachable => "no way leads there from here",
            Self::TimedOut => "nobody answered in time",
            Self::Broken => "the connection broke before both sides had agreed on how to talk",
            Self::OtherNode => "another node is there than the one that was meant",
            Self::NotWanted => "this node has as many connections as it wants",
            Self::NoAddress => "no address is known that this node knows how to dial",
            Self::TurnedAway => {
                "it disconnected us within a minute: it is full, or carries nothing that we carry"
            }
            Self::OtherCluster => "it belongs to another cluster",
        })
    }
}

#[cfg(test)]
mod tests {
    use libp2p::Multiaddr;

    use super::*;

    fn failed(kinds: &[ErrorKind]) -> Fault {
        let errors = kinds.iter().map(|kind| (Multiaddr::empty(), TransportError::Other((*kind).into())));
        Fault::of(&DialError::Transport(errors.collect()))
    }

    #[test]
    fn of_several_addresses_the_one_that_came_furthest_says_why() {
        assert_eq!(failed(&[ErrorKind::NetworkUnreachable]), Fault::Unreachable);
        assert_eq!(failed(&[ErrorKind::NetworkUnreachable, ErrorKind::ConnectionRefused]), Fault::Refused);
        assert_eq!(failed(&[ErrorKind::InvalidData, ErrorKind::TimedOut]), Fault::Broken);
        assert_eq!(failed(&[]), Fault::NoAddress);
    }

    #[test]
    fn the_error_of_the_system_is_found_below_those_of_transports() {
        let refused = std::net::TcpStream::connect(("127.0.0.1", 1)).unwrap_err();
        let wrapped = std::io::Error::other(refused.to_string());

        assert_eq!(Fault::of_transport(&TransportError::Other(wrapped)), Fault::Refused);
        assert_eq!(system("connection reset"), None);
        assert_eq!(system("(os error x)"), None);
    }
}
