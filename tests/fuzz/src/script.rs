//! What an input says, read piece by piece.

use status_layer::{DeviceId, Timestamp};

/// The bytes of an input; zeroes when they are used up.
#[derive(Clone, Debug)]
pub struct Script<'a>(&'a [u8]);

impl<'a> Script<'a> {
    /// Reads from the first byte on.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Whether everything was read.
    pub fn is_over(&self) -> bool {
        self.0.is_empty()
    }

    /// The next byte.
    pub fn byte(&mut self) -> u8 {
        self.take(1).first().copied().unwrap_or_default()
    }

    /// A number below `bound`, which is at most 256.
    pub fn below(&mut self, bound: usize) -> usize {
        usize::from(self.byte()) % bound
    }

    /// One of `all`, which is not empty.
    pub fn one<'b, T>(&mut self, all: &'b [T]) -> &'b T {
        let index = self.below(all.len());
        &all[index]
    }

    /// Four bytes.
    pub fn long(&mut self) -> u32 {
        u32::from_be_bytes([self.byte(), self.byte(), self.byte(), self.byte()])
    }

    /// A number with the odd ones at hand.
    pub fn number(&mut self) -> u32 {
        match self.byte() % 8 {
            0 => 0,
            1 => 1,
            2 => u32::MAX,
            3 => u32::MAX - 1,
            4..6 => u32::from(self.byte()),
            _ => self.long(),
        }
    }

    /// A time in nanoseconds with the odd ones at hand.
    pub fn nanos(&mut self) -> i64 {
        match self.byte() % 8 {
            0 => 0,
            1 => i64::MIN,
            2 => i64::MAX,
            3 => -1,
            4 => 1_700_000_000_000_000_000 + i64::from(self.byte()),
            _ => i64::from(self.long() as i32) << self.below(32),
        }
    }

    /// A time, mostly near that of the story.
    pub fn time(&mut self) -> Timestamp {
        match self.byte() % 8 {
            0 => Timestamp::default(),
            1 => Timestamp::from_millis(u64::MAX),
            2..7 => Timestamp::from_millis(1_700_000_000_000 + u64::from(self.byte())),
            _ => Timestamp::from_secs(u64::from(self.long())),
        }
    }

    /// At most `len` bytes.
    pub fn take(&mut self, len: usize) -> &'a [u8] {
        let (head, rest) = self.0.split_at(len.min(self.0.len()));
        self.0 = rest;
        head
    }

    /// A key of 32 bytes.
    pub fn key(&mut self) -> [u8; 32] {
        let mut key = [0; 32];
        key.fill_with(|| self.byte());
        key
    }

    /// At most 31 bytes.
    pub fn short(&mut self) -> &'a [u8] {
        let len = self.below(32);
        self.take(len)
    }

    /// A short text.
    pub fn text(&mut self) -> String {
        String::from_utf8_lossy(self.short()).into_owned()
    }

    /// An installation id: somebody's, the longest, one that is too long, or an odd one.
    pub fn id(&mut self) -> String {
        match self.byte() % 12 {
            0 => String::new(),
            1 => "x".repeat(DeviceId::MAX),
            2 => "x".repeat(DeviceId::MAX + 1),
            3 => "a1".to_owned(),
            4 => "b1".to_owned(),
            5 => "b2".to_owned(),
            6 => "none".to_owned(),
            7 => "\u{feff}\0\u{10ffff}".to_owned(),
            8..11 => format!("m{}", self.byte() % 20),
            _ => self.text(),
        }
    }
}
