//! What a running node counts, in the text form that Prometheus reads.

mod process;

use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, text};
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use crate::state::State;

/// The one label there is: what was asked of the archive.
type Call = [(&'static str, &'static str); 1];

/// All metrics of a node.
pub(crate) struct Metrics {
    registry: Registry,
    pub(crate) archive: ArchiveMetrics,
}

/// What is counted of an archive.
#[derive(Clone, Debug)]
pub(crate) struct ArchiveMetrics {
    took: Family<Call, Histogram, fn() -> Histogram>,
    failed: Family<Call, Counter>,
    forgotten: Counter,
}

impl Metrics {
    pub(crate) fn new(state: &Arc<State>) -> Self {
        let mut registry = Registry::with_prefix("status_node");
        let archive = ArchiveMetrics {
            took: Family::new_with_constructor(|| Histogram::new(exponential_buckets(0.000_5, 2.0, 16))),
            failed: Family::default(),
            forgotten: Counter::default(),
        };
        registry.register(
            "archive_call_seconds",
            "How long calls of the archive took: keep, page, forget",
            archive.took.clone(),
        );
        registry.register("archive_failures", "Calls of the archive that failed", archive.failed.clone());
        registry.register(
            "archive_forgotten_messages",
            "Messages that were forgotten because they were old or too many",
            archive.forgotten.clone(),
        );
        registry.register_collector(Box::new(Told(Arc::clone(state))));
        registry.register_collector(Box::new(process::Process::begin()));
        Self { registry, archive }
    }

    /// All of them as text.
    pub(crate) fn text(&self) -> String {
        let mut out = String::new();
        // A string takes whatever it is given.
        let _ = text::encode(&mut out, &self.registry);
        out
    }
}

impl ArchiveMetrics {
    pub(crate) fn took(&self, call: &'static str, seconds: f64) {
        self.took.get_or_create(&[("call", call)]).observe(seconds);
    }

    pub(crate) fn failed(&self, call: &'static str) {
        self.failed.get_or_create(&[("call", call)]).inc();
    }

    pub(crate) fn forgotten(&self, messages: u64) {
        self.forgotten.inc_by(messages);
    }
}

/// What the node and the archive last said of themselves.
#[derive(Debug)]
struct Told(Arc<State>);

impl Collector for Told {
    fn encode(&self, mut to: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let now = self.0.now();
        let stats = now.stats;
        for (name, about, value) in [
            ("connected_nodes", "Nodes that are connected", stats.connected),
            ("shard_nodes", "Connected nodes that carry our first shard", stats.carriers),
            ("listening_addresses", "Addresses at which the node listens", now.listening as u64),
            ("ready", "Whether the node says that it is ready", self.0.ready().is_ready().into()),
            ("archive_messages", "Messages that are kept", now.size.messages),
            ("archive_bytes", "Their data, without indices", now.size.bytes),
            (
                "archive_oldest_timestamp_seconds",
                "The time of the oldest, since the Unix epoch",
                now.size.oldest.map_or(0, |at| u64::try_from(at / 1_000_000_000).unwrap_or_default()),
            ),
        ] {
            let gauge = ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
            gauge.encode(to.encode_descriptor(name, about, None, gauge.metric_type())?)?;
        }
        for (name, about, value) in [
            ("messages_in", "Messages that came by gossip, each once", stats.messages_in),
            ("bytes_in", "Their encoded size", stats.bytes_in),
            ("messages_out", "Messages of our own that went out", stats.messages_out),
            ("bytes_out", "Their encoded size", stats.bytes_out),
            ("messages_relayed", "Messages of others that were forwarded", stats.relayed),
            ("messages_refused", "Messages that were refused", stats.refused),
            ("messages_slow", "Messages that did not reach a node because it was slow", stats.slow),
            ("messages_untapped", "Messages that did not reach a service of this node", stats.untapped),
            ("messages_archived", "Messages that were kept for others", stats.archived),
            (
                "messages_unarchived",
                "Messages that were not kept because the archive failed",
                stats.unarchived,
            ),
            ("strangers", "Nodes of other clusters or shards that were disconnected", stats.strangers),
            ("messages_pushed", "Messages that were pushed to light nodes", stats.pushed),
            (
                "messages_unpushed",
                "Messages that did not reach a light node that wanted them",
                stats.unpushed,
            ),
            ("messages_gossiped_for", "Messages that were gossiped for light nodes", stats.gossiped_for),
            (
                "put_out",
                "Nodes that were disconnected because gossip thinks too little of them",
                stats.put_out,
            ),
            ("dropped_slow", "Nodes that were disconnected because they were too slow", stats.dropped_slow),
            ("pruned", "Nodes that were disconnected to make room", stats.pruned),
            ("dead", "Connections that were closed because nobody answered", stats.dead),
            ("circuits", "Connections that were relayed for others", stats.circuits),
            ("turned_away", "Connections that were refused because there were too many", stats.turned_away),
        ] {
            let counter = ConstCounter::new(value);
            counter.encode(to.encode_descriptor(name, about, None, counter.metric_type())?)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::Archive;

    #[test]
    fn what_is_counted_is_written_as_prometheus_reads_it() {
        let state = Arc::new(State::new(0, Archive::Works));
        let metrics = Metrics::new(&state);
        metrics.archive.took("page", 0.003);
        metrics.archive.failed("keep");
        let mut stats = status_p2p::Stats::default();
        stats.messages_in = 7;

        state.tell(stats, 1);

        let text = metrics.text();
        for line in [
            "status_node_messages_in_total 7",
            "status_node_listening_addresses 1",
            "status_node_ready 1",
            "status_node_archive_call_seconds_count{call=\"page\"} 1",
            "status_node_archive_call_seconds_bucket{le=\"0.004\",call=\"page\"} 1",
            "status_node_archive_failures_total{call=\"keep\"} 1",
            "# EOF",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is missing:\n{text}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_process_tells_what_it_uses() {
        let text = Metrics::new(&Arc::new(State::new(0, Archive::None))).text();

        for name in ["process_resident_memory_bytes", "process_open_fds", "process_cpu_seconds_total"] {
            let value = text.lines().find_map(|line| line.strip_prefix(&format!("status_node_{name} ")));
            assert!(value.unwrap().parse::<f64>().unwrap() >= 0.0, "{name}:\n{text}");
        }
    }
}
