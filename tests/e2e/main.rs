//! Tests of the whole: every real layer at once.

mod conversation;
mod crashes;
mod glass_privacy;
