//! With js-waku.

mod client;
mod envelope;
mod relay;
mod services;
