//! Lists of nodes in the domain name system. Spec: EIP-1459.
//!
//! Whoever runs nodes writes their records into a tree of TXT records below a domain and signs its root; whoever looks
//! for nodes walks the tree. Every text is named by its hash, so only the root can lie, and that is signed.

pub(crate) mod entry;
mod keeper;
mod resolve;
mod tree;
mod url;
mod walk;

pub(crate) use keeper::{Keeper, Thirst};
pub use resolve::{Resolve, ResolveError, SystemResolver};
pub use tree::SignedTree;
pub use url::{TreeUrl, TreeUrlError};
