//! Having others gossip. Spec: 19/WAKU2-LIGHTPUSH, versions 2 and 3.

mod client;
mod outcome;
mod server;

use libp2p::StreamProtocol;

pub(crate) use client::{Paces, Pusher, run as publish};
#[cfg(feature = "hazmat")]
pub(crate) use outcome::Outcome;
pub(crate) use server::{Server, run as serve};

/// Version 3, named exactly as deployed nodes name it.
pub(crate) const V3: StreamProtocol = StreamProtocol::new("/vac/waku/lightpush/3.0.0");
/// Version 2, named exactly as deployed nodes name it.
pub(crate) const V2: StreamProtocol = StreamProtocol::new("/vac/waku/lightpush/2.0.0-beta1");

/// Largest request beside the message in it, in bytes. What is larger by less than this much is still answered that it
/// is too large.
const MAX_AROUND: usize = 2 * 1024;
/// Largest answer that is read, in bytes.
const MAX_ANSWER: usize = 4 * 1024;
