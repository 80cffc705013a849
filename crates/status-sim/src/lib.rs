//! Many whole stacks in one thread: virtual time, a lossy network, crashes; everything from one seed.
//!
//! A [`World`] holds nodes, each a stack with a store, a clock and randomness of its own, and a network that
//! delays, loses, doubles and reorders. Nothing reads a clock or the operating system's randomness, so
//! a run follows from its seed to the last event, and a failure found once can be seen again.
//!
//! ```
//! use status_layer::{Audience, Body, MessageId, testing::{Courier, Glass, OpenBook}};
//! use status_sim::{Link, World};
//! use std::time::Duration;
//!
//! let user = |n: u8| { let mut k = [n; 33]; k[0] = 2; status_layer::UserId::from_compressed(&k).unwrap() };
//! let mut world = World::new(7, Link { loss: 20, ..Link::default() });
//! let [alice, bob] = [1, 2].map(|n| {
//!     world.add(user(n), Box::new(status_stack::Stack::new(Courier, OpenBook::new(user(n)), Glass)))
//! });
//!
//! world.send(alice, Audience::User(user(2)), MessageId::new([1; 32]), Body::new(b"hi".to_vec()));
//! world.run_for(Duration::from_secs(3600));
//!
//! assert_eq!(world.node(bob).inbox.len(), 1);
//! assert!(world.node(alice).delivered.contains(&MessageId::new([1; 32])));
//! ```

mod hub;
mod link;
mod node;
mod world;

pub use hub::{Hub, Port};
pub use link::Link;
pub use node::{Cut, Mail, Node, NodeId};
pub use world::{Stats, World};
