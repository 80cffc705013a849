//! Nodes on real loopback sockets, and peers that do not keep the rules.

#[cfg(test)]
mod conformance;
#[cfg(test)]
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
mod redial;
#[cfg(test)]
mod relay;
#[cfg(test)]
mod store;
#[cfg(test)]
mod support;
