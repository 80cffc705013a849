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
mod history;
#[cfg(test)]
mod keepers;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod mdns;
#[cfg(test)]
mod metadata;
#[cfg(test)]
mod pair;
#[cfg(test)]
mod raw;
#[cfg(test)]
mod reach;
#[cfg(test)]
mod redial;
#[cfg(test)]
mod relay;
#[cfg(test)]
mod store;
#[cfg(test)]
mod support;
#[cfg(test)]
mod topics;
#[cfg(test)]
mod transports;
