//! Which addresses belong to the internet.

use std::net::IpAddr;

use libp2p::Multiaddr;
use libp2p::multiaddr::Protocol;

use crate::PeerAddr;

/// Which addresses of found nodes are dialled, and which of our own are announced.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Scope {
    /// Those that are reached from anywhere. Whoever spreads addresses of private networks does not get this node to
    /// knock at doors there.
    #[default]
    Internet,
    /// All, also those of this host and of private networks.
    Anywhere,
}

impl Scope {
    pub(crate) fn takes(self, address: &PeerAddr) -> bool {
        self.takes_multiaddr(address.multiaddr())
    }

    pub(crate) fn takes_multiaddr(self, address: &Multiaddr) -> bool {
        self == Self::Anywhere || is_public(address)
    }

    pub(crate) fn takes_ip(self, ip: IpAddr) -> bool {
        self == Self::Anywhere || is_public_ip(ip)
    }
}

/// Whether an address is one of the internet. Names are: what they stand for shows when they are dialled.
fn is_public(address: &Multiaddr) -> bool {
    address.iter().all(|part| match part {
        Protocol::Ip4(ip) => is_public_ip(ip.into()),
        Protocol::Ip6(ip) => is_public_ip(ip.into()),
        Protocol::Dns(name) | Protocol::Dns4(name) | Protocol::Dns6(name) | Protocol::Dnsaddr(name) => {
            name.contains('.') && !name.ends_with(".local") && !name.ends_with(".localhost")
        }
        _ => true,
    })
}

fn is_public_ip(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => {
            let [a, b, ..] = ip.octets();
            let shared = a == 100 && (64..128).contains(&b);
            let of_no_use = a == 0 || a >= 224 || (a == 198 && (b == 18 || b == 19));
            !(ip.is_private() || ip.is_loopback() || ip.is_link_local() || shared || of_no_use)
        }
        IpAddr::V6(ip) => {
            let first = ip.segments().first().copied().unwrap_or_default();
            // Spec: RFC 4291, 2.4; global unicast addresses given out so far are those of 2000::/3.
            first & 0xe000 == 0x2000
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_addresses_are_not_of_the_internet() {
        for text in ["192.0.2.7", "1.1.1.1", "100.63.0.1", "172.32.0.1", "2001:db8::1", "::ffff:1.1.1.1"] {
            assert!(is_public_ip(text.parse().unwrap()), "{text}");
        }
        for text in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "ff02::1",
            "::ffff:10.0.0.1",
        ] {
            assert!(!is_public_ip(text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn addresses_are_judged_by_every_part_that_says_where() {
        let takes = |text: &str| is_public(&text.parse().unwrap());

        assert!(takes("/dns4/node.example.org/tcp/30303") && takes("/ip4/192.0.2.7/tcp/1"));
        assert!(!takes("/dns4/localhost/tcp/30303") && !takes("/dns4/printer.local/tcp/30303"));
        assert!(!takes("/ip4/192.168.1.1/tcp/80"));
    }
}
