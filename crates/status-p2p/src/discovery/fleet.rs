//! Nodes that are there for everybody.

use std::net::Ipv4Addr;

use crate::{Config, Discovery, Discv5, HostKey, NodeRecord, TreeUrl};

/// A set of public nodes by which others find each other.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Fleet {
    /// The Status network.
    StatusProd,
    /// The Status network as its makers try it out.
    StatusStaging,
    /// The Waku Network, for those who build upon it.
    WakuSandbox,
    /// The Waku Network, for those who build it.
    WakuTest,
}

/// The cluster of The Waku Network, and its shards. Spec: 64/WAKU2-NETWORK.
const WAKU_CLUSTER: u16 = 1;
const WAKU_SHARDS: u16 = 8;

impl Fleet {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::StatusProd, Self::StatusStaging, Self::WakuSandbox, Self::WakuTest];

    /// The name by which it is known, such as `status.prod`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::StatusProd => "status.prod",
            Self::StatusStaging => "status.staging",
            Self::WakuSandbox => "waku.sandbox",
            Self::WakuTest => "waku.test",
        }
    }

    /// The fleet of that name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fleet| fleet.name() == name)
    }

    /// The tree of its nodes.
    #[must_use]
    pub fn tree(self) -> Option<TreeUrl> {
        let text = match self {
            Self::StatusProd => {
                "enrtree://AMOJVZX4V6EXP7NTJPMAYJYST2QP6AJXYW76IU6VGJS7UVSNDYZG4@boot.prod.status.nodes.status.im"
            }
            Self::StatusStaging => {
                "enrtree://AI4W5N5IFEUIHF5LESUAOSMV6TKWF2MB6GU2YK7PU4TYUGUNOCEPW@boot.staging.status.nodes.status.im"
            }
            Self::WakuSandbox => {
                "enrtree://AIRVQ5DDA4FFWLRBCHJWUWOO6X6S4ZTZ5B667LQ6AJU6PEYDLRD5O@sandbox.waku.nodes.status.im"
            }
            Self::WakuTest => {
                "enrtree://AOGYWMBYOUIMOENHXCHILPKY3ZRFEULMFI4DOM442QSZ73TT2A7VI@test.waku.nodes.status.im"
            }
        };
        text.parse().ok()
    }

    /// Nodes of it that take part in discv5, for when its tree cannot be read.
    #[must_use]
    pub fn boot(self) -> Vec<NodeRecord> {
        let texts: &[&str] = match self {
            Self::StatusProd => &STATUS_PROD,
            Self::StatusStaging => &STATUS_STAGING,
            Self::WakuSandbox | Self::WakuTest => &[],
        };
        texts.iter().filter_map(|text| text.parse().ok()).collect()
    }
}

impl Config {
    /// A node that finds others by way of a fleet, and is found: with its tree, with discv5 at a port that the system
    /// chooses, and on its cluster and shards. It is listening nowhere yet.
    ///
    /// On The Waku Network, messages need a proof that this node does not make: it can relay there, not publish.
    #[must_use]
    pub fn of_fleet(key: HostKey, fleet: Fleet) -> Self {
        let mut config = Self::new(key);
        if matches!(fleet, Fleet::WakuSandbox | Fleet::WakuTest) {
            config.cluster = WAKU_CLUSTER;
            config.shards = (0..WAKU_SHARDS).collect();
        }
        let anywhere = (Ipv4Addr::UNSPECIFIED, 0).into();
        config.discovery = Discovery {
            trees: fleet.tree().into_iter().collect(),
            discv5: Some(Discv5 { boot: fleet.boot(), ..Discv5::new(anywhere) }),
            ..Discovery::default()
        };
        config
    }
}

const STATUS_PROD: [&str; 3] = [
    "enr:-QEKuED9AJm2HGgrRpVaJY2nj68ao_QiPeUT43sK-aRM7sMJ6R4G11OSDOwnvVacgN1sTw-K7soC5dzHDFZgZkHU0u-XAYJpZIJ2NIJpcISnYxMvim11bHRpYWRkcnO4WgAqNiVib290LTAxLmRvLWFtczMuc3RhdHVzLnByb2Quc3RhdHVzLmltBnZfACw2JWJvb3QtMDEuZG8tYW1zMy5zdGF0dXMucHJvZC5zdGF0dXMuaW0GAbveA4Jyc40AEAUAAQAgAEAAgAEAiXNlY3AyNTZrMaEC3rRtFQSgc24uWewzXaxTY8hDAHB8sgnxr9k8Rjb5GeSDdGNwgnZfg3VkcIIjKIV3YWt1Mg0",
    "enr:-QEcuED7ww5vo2rKc1pyBp7fubBUH-8STHEZHo7InjVjLblEVyDGkjdTI9VdqmYQOn95vuQH-Htku17WSTzEufx-Wg4mAYJpZIJ2NIJpcIQihw1Xim11bHRpYWRkcnO4bAAzNi5ib290LTAxLmdjLXVzLWNlbnRyYWwxLWEuc3RhdHVzLnByb2Quc3RhdHVzLmltBnZfADU2LmJvb3QtMDEuZ2MtdXMtY2VudHJhbDEtYS5zdGF0dXMucHJvZC5zdGF0dXMuaW0GAbveA4Jyc40AEAUAAQAgAEAAgAEAiXNlY3AyNTZrMaECxjqgDQ0WyRSOilYU32DA5k_XNlDis3m1VdXkK9xM6kODdGNwgnZfg3VkcIIjKIV3YWt1Mg0",
    "enr:-QEcuEAoShWGyN66wwusE3Ri8hXBaIkoHZHybUB8cCPv5v3ypEf9OCg4cfslJxZFANl90s-jmMOugLUyBx4EfOBNJ6_VAYJpZIJ2NIJpcIQI2hdMim11bHRpYWRkcnO4bAAzNi5ib290LTAxLmFjLWNuLWhvbmdrb25nLWMuc3RhdHVzLnByb2Quc3RhdHVzLmltBnZfADU2LmJvb3QtMDEuYWMtY24taG9uZ2tvbmctYy5zdGF0dXMucHJvZC5zdGF0dXMuaW0GAbveA4Jyc40AEAUAAQAgAEAAgAEAiXNlY3AyNTZrMaEDP7CbRk-YKJwOFFM4Z9ney0GPc7WPJaCwGkpNRyla7mCDdGNwgnZfg3VkcIIjKIV3YWt1Mg0",
];

const STATUS_STAGING: [&str; 3] = [
    "enr:-QEQuEBuiQgFlJNcv255042zwyl4pOBOivakX8N30Dr9vaaEU2q8-7N4GVY4Hk87iEKELjlIXTpE9Wj6EQq1lrBuc7ayAYJpZIJ2NIJpcISPxvrpim11bHRpYWRkcnO4YAAtNihib290LTAxLmRvLWFtczMuc3RhdHVzLnN0YWdpbmcuc3RhdHVzLmltBnZfAC82KGJvb3QtMDEuZG8tYW1zMy5zdGF0dXMuc3RhZ2luZy5zdGF0dXMuaW0GAbveA4Jyc40AEAUAAQAgAEAAgAEAiXNlY3AyNTZrMaEDq-yGgpuoUG6NKkbIDRmrMiT-bEVzFlpWLEK_rF3yKUaDdGNwgnZfg3VkcIIjKIV3YWt1Mg0",
    "enr:-QEiuED2UusuHo1d6WN2-tHjtj0T0gdnsOh7aRZnFF6OEYLDbyxOtQo2_4dFUHhc9xm5SHNrWJJq8X7FRsxc4VCMGjjbAYJpZIJ2NIJpcIRoxQVgim11bHRpYWRkcnO4cgA2NjFib290LTAxLmdjLXVzLWNlbnRyYWwxLWEuc3RhdHVzLnN0YWdpbmcuc3RhdHVzLmltBnZfADg2MWJvb3QtMDEuZ2MtdXMtY2VudHJhbDEtYS5zdGF0dXMuc3RhZ2luZy5zdGF0dXMuaW0GAbveA4Jyc40AEAUAAQAgAEAAgAEAiXNlY3AyNTZrMaEDNAvlGjekD1YV4WpmjwArGAH2g9kHFJnMRfgUhcIkoA2DdGNwgnZfg3VkcIIjKIV3YWt1Mg0",
    "enr:-QEiuECJPv2vL00Jp5sTEMAFyW7qXkK2cFgphlU_G8-FJuJqoW_D5aWIy3ylGdv2K8DkiG7PWgng4Ql_VI7Qc2RhBdwfAYJpZIJ2NIJpcIQvTKi6im11bHRpYWRkcnO4cgA2NjFib290LTAxLmFjLWNuLWhvbmdrb25nLWMuc3RhdHVzLnN0YWdpbmcuc3RhdHVzLmltBnZfADg2MWJvb3QtMDEuYWMtY24taG9uZ2tvbmctYy5zdGF0dXMuc3RhZ2luZy5zdGF0dXMuaW0GAbveA4Jyc40AEAUAAQAgAEAAgAEAiXNlY3AyNTZrMaEDkbgV7oqPNmFtX5FzSPi9WH8kkmrPB1R3n9xRXge91M-DdGNwgnZfg3VkcIIjKIV3YWt1Mg0",
];

#[cfg(test)]
mod tests {
    use status_layer::testing::rng;

    use super::*;
    use crate::ClusterShards;

    #[test]
    fn every_fleet_has_a_tree_and_a_name() {
        for fleet in Fleet::ALL {
            assert!(fleet.tree().is_some(), "{fleet:?}");
            assert_eq!(Fleet::of_name(fleet.name()), Some(fleet));
        }
        assert_eq!(Fleet::of_name("status"), None);
    }

    #[test]
    fn nodes_of_the_status_fleets_carry_its_shards_and_can_be_reached() {
        let ours = ClusterShards { cluster: 16, shards: [32, 64].into() };
        for fleet in [Fleet::StatusProd, Fleet::StatusStaging] {
            let boot = fleet.boot();

            assert_eq!(boot.len(), 3, "each of them is signed");
            for node in boot {
                assert!(node.shards().unwrap().shards.is_superset(&ours.shards), "{node:?}");
                assert!(node.udp().is_some() && !node.addresses().is_empty(), "{node:?}");
            }
        }
    }

    #[test]
    fn a_fleet_settles_cluster_and_shards() {
        let of = |fleet| {
            let config = Config::of_fleet(HostKey::generate(&mut rng(1)), fleet);
            (
                config.cluster,
                config.shards.len(),
                config.discovery.trees.len(),
                config.discovery.discv5.is_some(),
            )
        };

        assert_eq!(of(Fleet::StatusProd), (16, 2, 1, true));
        assert_eq!(of(Fleet::WakuTest), (1, 8, 1, true));
    }
}
