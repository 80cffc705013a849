//! What can be set, and what is set if nobody does.

use core::time::Duration;

use status_layer::Timestamp;

/// The tick of deployed peers. Here nothing ticks; it is the gap between two payloads for one peer when more is
/// due than one payload holds.
pub const EPOCH: Duration = Duration::from_millis(300);

/// How this user syncs. The default is what deployed peers do, made a little more careful.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Config {
    /// Whether bodies are sent or offered first.
    pub mode: Mode,
    /// Which messages of a peer are taken.
    pub groups: Groups,
    /// When to send again what was not confirmed.
    pub resend: Resend,
    /// What was sent less than this ago is not sent again just because the network came back.
    pub wake_gap: Duration,
    /// Several things due for one peer share a payload of at most this many bytes. A single larger message still
    /// goes, alone. A payload is sealed for each device of its reader and has to fit the network's 150 KiB.
    pub max_payload: usize,
    /// The longest body that can be appended, in bytes. Raise it together with a layer below that splits.
    pub max_body: usize,
    /// What was not confirmed for so long after it was appended is sent once more, and then given up:
    /// [`Arrival::GaveUp`](status_layer::Arrival::GaveUp).
    pub give_up_after: Duration,
    /// For how long it is known what became of a message: which devices confirmed it, or that it was given up.
    pub keep_settled: Duration,
    /// Most messages that wait for one reader's confirmation.
    pub max_waiting: u32,
    /// Most messages of one peer within [`SEEN_FOR`](crate::SEEN_FOR) that are noted, so that no copy is shown. Beyond it
    /// the peer's new messages are not taken, nor acknowledged, until there is room: the peer repeats them.
    pub max_seen: u32,
    /// Whether messages name those before them, to peers who do the same.
    pub order: Order,
    /// With [`Order::Consistent`], how long a message waits for those before it.
    pub hold_for: Duration,
}

/// Whether messages name those before them. Spec: 4/MVDS-META.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Order {
    /// They do not, as deployed peers do it.
    #[default]
    Off,
    /// They do; what is missing is asked for and told, and what is here is handed up at once.
    Eventual,
    /// They do, and a message is handed up after those before it, unless these do not come in time.
    Consistent,
}

/// Whether bodies are sent or offered first. Peers understand both, whatever they do themselves.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Mode {
    /// Send the message itself: one way, as all deployed peers do.
    #[default]
    Batch,
    /// Offer it, and send it when it is requested: three ways, for large bodies that the reader may have.
    Interactive,
}

/// Which messages of a peer are taken, by their MVDS group.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Groups {
    /// The group of the pair, and groups that were [shared](status_layer::DataSync::share) with the peer. All
    /// that honest peers send. It binds a message to its sender: a payload that somebody else made and that was
    /// merely passed on under another identity is refused.
    #[default]
    Known,
    /// Any group, as deployed peers do.
    Any,
}

/// When to send again: after `first`, then twice as long, and so on up to `cap`, each time up to `jitter` later.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Resend {
    /// The pause after the first sending.
    pub first: Duration,
    /// At most this much is added, at random, so that peers do not answer in step.
    pub jitter: Duration,
    /// The longest pause.
    pub cap: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            mode: Mode::Batch,
            groups: Groups::Known,
            resend: Resend::default(),
            wake_gap: Duration::from_secs(5),
            max_payload: 64 * 1024,
            max_body: 100 * 1024,
            give_up_after: Duration::from_secs(30 * 86_400),
            keep_settled: Duration::from_secs(7 * 86_400),
            max_waiting: 1 << 17,
            max_seen: 1 << 17,
            order: Order::Off,
            hold_for: Duration::from_secs(3_600),
        }
    }
}

impl Default for Resend {
    /// 27 s doubling, with up to 9 s of jitter, as deployed; but capped at an hour, because we do not give up
    /// after 16 sendings, and a day's pause is of no use to anybody.
    fn default() -> Self {
        Self {
            first: Duration::from_secs(27),
            jitter: Duration::from_secs(9),
            cap: Duration::from_secs(3_600),
        }
    }
}

impl Resend {
    /// The moment of the next sending after `sends` sendings, the last of them at `now`. `draw` is random.
    pub(crate) fn next(&self, now: Timestamp, sends: u32, draw: u32) -> Timestamp {
        let doublings = sends.saturating_sub(1).min(31);
        let pause = self.first.saturating_mul(1 << doublings).min(self.cap);
        let late = (self.jitter.as_millis() * u128::from(draw)) >> u32::BITS;
        now.after(pause).after(Duration::from_millis(u64::try_from(late).unwrap_or(u64::MAX)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_000);

    #[test]
    fn pauses_double_from_27_seconds_up_to_an_hour() {
        let resend = Resend::default();

        let pauses =
            [1, 2, 3, 7, 8, 9, u32::MAX].map(|sends| resend.next(NOW, sends, 0).since(NOW).as_secs());

        assert_eq!(pauses, [27, 54, 108, 1_728, 3_456, 3_600, 3_600]);
    }

    #[test]
    fn jitter_adds_less_than_nine_seconds() {
        let resend = Resend::default();

        let late = resend.next(NOW, 1, u32::MAX).since(NOW);

        assert!(late > Duration::from_millis(35_990) && late < Duration::from_secs(36), "{late:?}");
    }
}
