//! Counts.

use status_layer::Traffic;

/// What a client has done since it was opened.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Tally {
    /// Messages of ours that were committed.
    pub sent: u64,
    /// Messages that arrived.
    pub received: u64,
    /// Acknowledgements that arrived.
    pub acked: u64,
    /// Copies that were recognised.
    pub copies: u64,
    /// Messages of strangers, strangers, and what came in groups into which strangers took us, that were forgotten or refused for
    /// want of room.
    pub turned_away: u64,
    /// Times that an asymmetric ratchet turned because of what arrived.
    pub turns: u64,
    /// Parcels that carried keys alone: announcements of other users.
    pub keys: u64,
    /// Frames given to the network.
    pub frames_out: u64,
    /// Bytes in these frames.
    pub bytes_out: u64,
    /// Frames taken from the network that were for us.
    pub frames_in: u64,
    /// Bytes in these frames.
    pub bytes_in: u64,
    /// Commits to the store.
    pub commits: u64,
    /// Frames that wait to be published.
    pub waiting: u64,
    /// What went through our node.
    pub traffic: Traffic,
}

impl Tally {
    /// Adds what one step counted.
    pub(crate) fn add(&mut self, other: &Self) {
        let Self {
            sent,
            received,
            acked,
            copies,
            turned_away,
            turns,
            keys,
            frames_out,
            bytes_out,
            frames_in,
            bytes_in,
            commits,
            ..
        } = other;
        self.sent += sent;
        self.received += received;
        self.acked += acked;
        self.copies += copies;
        self.turned_away += turned_away;
        self.turns += turns;
        self.keys += keys;
        self.frames_out += frames_out;
        self.bytes_out += bytes_out;
        self.frames_in += frames_in;
        self.bytes_in += bytes_in;
        self.commits += commits;
    }
}
