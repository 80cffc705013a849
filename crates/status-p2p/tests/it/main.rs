//! Nodes on real loopback sockets, and peers that do not keep the rules.

#[cfg(test)]
mod abuse;
#[cfg(test)]
mod care;
#[cfg(test)]
mod conformance;
#[cfg(test)]
mod decoders;
#[cfg(test)]
mod discovery;
#[cfg(test)]
mod filter;
#[cfg(test)]
mod filter_slow;
#[cfg(test)]
mod history;
#[cfg(test)]
mod keepers;
#[cfg(test)]
mod light;
#[cfg(test)]
mod light_push;
#[cfg(test)]
mod light_trouble;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod mdns;
#[cfg(test)]
mod metadata;
#[cfg(test)]
mod pair;
#[cfg(test)]
mod peer_exchange;
#[cfg(test)]
mod raw;
#[cfg(test)]
mod reach;
#[cfg(test)]
mod redial;
#[cfg(test)]
mod relay;
#[cfg(test)]
mod services;
#[cfg(test)]
mod store;
#[cfg(test)]
mod support;
#[cfg(test)]
mod topics;
#[cfg(test)]
mod transports;
#[cfg(test)]
mod usage;
