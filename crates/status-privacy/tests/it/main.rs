//! The privacy layer from outside.

#[cfg(test)]
#[path = "../../examples/chacha.rs"]
#[expect(dead_code, unreachable_pub, reason = "an example has a `main` of its own, and shows what is public")]
mod chacha;
#[cfg(test)]
mod conformance;
#[cfg(test)]
mod darkness;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod rendezvous;
#[cfg(test)]
mod segments;
#[cfg(test)]
mod support;
#[cfg(test)]
mod vectors;
#[cfg(test)]
mod waku;
#[cfg(test)]
mod whisper;
#[cfg(test)]
mod whisper_hostile;
#[cfg(test)]
mod whisper_vectors;
