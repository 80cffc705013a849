//! What people recognise each other by, all of it made from a key: names, pictures, numbers to compare, and the contact
//! card that one person hands to another.
//!
//! - [`AliasIndexes`] with [`WordLists`]: three words; [`short_key`] where the lists are not at hand.
//! - [`Identicon`], [`ColourHash`] and [`EmojiHash`]: the pictures that deployed peers show beside a name.
//! - [`SafetyNumber`]: sixty digits that two people compare to know that nobody stands between them.
//! - [`Card`]: a key, a name and a bundle, signed, as text or as a QR code; [`Pasted`] reads all that people paste.
//!
//! Everything is a pure function of its arguments. The feature `pictures` adds PNG, rings and QR codes, and `camera` reads
//! QR codes out of photographs; both need std.
//!
//! ```
//! use status_crypto::SecretKey;
//! use status_identity::{ColourHash, Identicon, SafetyNumber, short_key};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let alice = SecretKey::from_bytes(&[0x11; 32])?.public();
//! let bob = SecretKey::from_bytes(&[0x22; 32])?.public();
//!
//! assert!(short_key(&alice.user()).starts_with("zQ3..."));
//! assert_eq!(Identicon::of(&alice).pixels().width(), 50);
//! assert!(ColourHash::of(&alice.user()).segments().len() <= ColourHash::MAX);
//! assert_eq!(SafetyNumber::of(&alice, &bob), SafetyNumber::of(&bob, &alice));
//! # Ok(())
//! # }
//! ```
#![cfg_attr(not(any(test, feature = "pictures")), no_std)]

extern crate alloc;

mod alias;
mod base32;
#[cfg(feature = "camera")]
pub mod camera;
mod card;
mod colour;
mod digits;
mod emoji;
#[allow(missing_docs, unreachable_pub, clippy::all)]
#[path = "generated/status.identity.v1.rs"]
mod generated;
mod identicon;
mod list;
mod name;
mod pasted;
mod pixels;
#[cfg(feature = "pictures")]
mod png;
#[cfg(feature = "pictures")]
pub mod qr;
#[cfg(feature = "pictures")]
mod ring;
mod safety;
mod svg;
mod terminal;

pub use alias::{ADJECTIVES, ANIMALS, AliasIndexes, WordLists, short_key};
pub use card::{Card, CardContent, CardError, MakeCardError};
pub use colour::{ColourHash, PALETTE, Rgb, Segment, colour_id};
pub use emoji::{EMOJIS, EmojiHash, EmojiList};
pub use identicon::Identicon;
pub use list::ListError;
pub use name::{DisplayName, NameError};
pub use pasted::{Pasted, PastedError};
pub use pixels::Pixels;
#[cfg(feature = "pictures")]
pub use png::PngError;
pub use safety::{SafetyNumber, SafetyNumberError};
pub use terminal::Ink;
