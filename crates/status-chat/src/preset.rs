//! Networks and rules in a word.

use status_p2p::{Discovery, Fleet};
use status_security::FirstMessage;

use crate::builder::ClientBuilder;

/// A network to be part of. What a preset sets, later calls of the builder add to or replace.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Preset {
    /// The Status network: nodes are found by its public fleet, and this one is found.
    Status,
    /// The Status network as its makers try it out.
    StatusStaging,
    /// The nodes of the local network, found by multicast DNS. Nobody else learns of this node.
    Local,
    /// Named nodes and nobody else, such as `/ip4/192.0.2.1/tcp/30303/p2p/16Uiu2…`.
    Peers(Vec<String>),
    /// Another public fleet.
    Fleet(Fleet),
    /// A network with ways of its own to find nodes.
    Custom(Discovery),
}

/// What may be said to somebody whose keys are not known yet.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Policy {
    /// Anything, as deployed peers do: the first message is sealed to the reader's identity key, hence confidential and not
    /// forward secret, and shown as `Static`. The first answer makes all others forward secret.
    #[default]
    AsDeployed,
    /// A contact request alone; everything else is refused until their keys have come.
    Introductions,
    /// Nothing, until their keys have come: no message is ever sealed to an identity key.
    Strict,
}

/// Where a node listens of which nothing else was said: anywhere, at a port that the operating system chooses.
const ANYWHERE: &str = "/ip4/0.0.0.0/tcp/0";

impl ClientBuilder {
    /// Is part of a network: [`Preset::Status`], [`Preset::Local`], or one of one's own. Unless [`listen`](Self::listen) was called
    /// before, the node listens at any port of every interface.
    pub fn network_preset(self, preset: Preset) -> Self {
        let builder = if self.listens() { self } else { self.listen(ANYWHERE) };
        match preset {
            Preset::Status => builder.fleet(Fleet::StatusProd),
            Preset::StatusStaging => builder.fleet(Fleet::StatusStaging),
            Preset::Local => builder.local_discovery(),
            Preset::Peers(peers) => peers.into_iter().fold(builder, Self::peer),
            Preset::Fleet(fleet) => builder.fleet(fleet),
            Preset::Custom(discovery) => builder.discovery(discovery),
        }
    }
}

impl Policy {
    pub(crate) const fn first_message(self) -> FirstMessage {
        match self {
            Self::AsDeployed => FirstMessage::AllowStatic,
            Self::Introductions => FirstMessage::OnlyIntroductions,
            Self::Strict => FirstMessage::RequireForwardSecrecy,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::Client;

    #[test]
    fn a_policy_is_what_the_security_layer_is_told() {
        let told = [Policy::AsDeployed, Policy::Introductions, Policy::Strict].map(Policy::first_message);

        assert_eq!(Policy::default(), Policy::AsDeployed);
        assert_eq!(
            told,
            [FirstMessage::AllowStatic, FirstMessage::OnlyIntroductions, FirstMessage::RequireForwardSecrecy]
        );
    }

    #[test]
    fn a_preset_says_how_nodes_are_found() {
        let ways = [
            Preset::Status,
            Preset::StatusStaging,
            Preset::Local,
            Preset::Peers(vec!["one".into(), "two".into()]),
            Preset::Fleet(Fleet::StatusStaging),
            Preset::Custom(Discovery::default()),
        ];

        let ways = ways.map(|preset| Client::builder().peer("zero").network_preset(preset).ways());

        let expected = [
            "StatusProd, peers: zero",
            "StatusStaging, peers: zero",
            "local, peers: zero",
            "peers: zero one two",
            "StatusStaging, peers: zero",
            "its own, peers: zero",
        ];
        assert_eq!(ways, expected);
    }

    #[test]
    fn a_preset_listens_anywhere_unless_it_was_said_where() {
        let said = |builder: ClientBuilder| builder.network_preset(Preset::Local).addresses_to_listen();

        assert_eq!(said(Client::builder()), [ANYWHERE]);
        assert_eq!(said(Client::builder().listen("/ip4/127.0.0.1/tcp/7")), ["/ip4/127.0.0.1/tcp/7"]);
    }
}
