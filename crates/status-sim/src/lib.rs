//! Many whole stacks in one thread: virtual time, a bad network, crashes; everything from one seed.
//!
//! [`run`] carries out a [`Plan`], a scenario as a value, with the real layers, and judges after every step whether a
//! [`Rule`] was broken; [`shrink`] makes a plan that breaks one small. Which rules there are, and how each was shown to fail,
//! is in `docs/simulator.md`.
//!
//! ```
//! use status_sim::{Lines, Plan, Shape, real, run};
//!
//! let plan = Plan::new(7, &Shape { nodes: 2, hours: 1, messages: 5, bursts: 0, ..Shape::default() });
//! let report = run(&plan, &real, Lines::Drop, &mut |_| ());
//!
//! assert_eq!(report.broken, None);
//! ```
//!
//! For tests that say themselves what happens: a [`World`] holds nodes, each a stack with a store, a clock and randomness of its own, and a network that
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

mod air;
mod app;
mod digest;
mod hub;
mod judge;
mod link;
mod make;
mod node;
mod note;
mod place;
mod plan;
mod record;
mod report;
mod run;
mod shrink;
mod tap;
mod trace;
mod world;

pub use air::Archive;
pub use app::{App, Clock, Kept, lamport};
pub use hub::{Hub, Port};
pub use judge::{Broken, Rule, Tally};
pub use link::Link;
pub use make::{Make, RealStack, Us, real};
pub use node::{Cut, Mail, Node, NodeId, Order};
pub use note::{Note, Place};
pub use plan::{Action, Manner, Person, Plan, Seat, Shape, To};
pub use record::{Fate, Said, Step, What};
pub use report::{Progress, Report};
pub use run::{Lines, SETTLED_WITHIN, run};
pub use shrink::shrink;
pub use tap::{Tap, Tapped};
pub use world::{Notices, Stats, World};
