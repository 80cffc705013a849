//! Runs files of interoperability vectors through the real layers.
//!
//! A vector file holds what deployed peers made: keys, plaintexts, wire bytes, verdicts. [`check_dir`] reads every
//! file of a folder, runs each case through the layer that it speaks of, and compares all that the case gives: what
//! peers made is read, and where the randomness is known our own output must equal theirs byte for byte.
//!
//! No file is known by its name and no case by its name or content: the `format` of a file and the `kind` or shape of
//! a case choose the check, so any other file of the same formats can be run. Where a layer is deliberately stricter
//! than the peer, or a field is not compared, a named [`Rule`] says so and the report shows it.
//!
//! ```
//! let file = r#"{ "format": "topics-v1", "cases": [
//!     { "kind": "discovery", "name": "d", "chat_id": "contact-discovery", "topic": "f8946aac" } ] }"#;
//! let report = status_vectors::check_text("example.json", file);
//! assert_eq!((report.passed, report.failed.len()), (1, 0));
//! ```

mod check;
mod format;
mod read;
mod report;
mod rule;
mod trial;

pub use check::{CheckError, MAX_DEPTH, MAX_FILE, check_dir, check_file, check_text};
pub use report::{Failure, Note, Report, Skip, Summary};
pub use rule::Rule;
