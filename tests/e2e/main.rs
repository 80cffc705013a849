//! Tests of the whole: every real layer at once.

mod conversation;
