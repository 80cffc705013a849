//! What the process uses, as Linux tells it. Elsewhere only the time of the start is told.

use std::fmt;
use std::fs;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

/// The unit of processor time in `/proc`: a hundredth of a second on all that Rust runs on.
const TICKS: f64 = 100.0;

/// This process.
#[derive(Debug)]
pub(super) struct Process {
    began: f64,
}

impl Process {
    pub(super) fn begin() -> Self {
        Self { began: crate::clock::now().as_secs_f64() }
    }
}

impl Collector for Process {
    fn encode(&self, mut to: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let gauges = [
            ("process_start_time_seconds", "When it began, since the Unix epoch", Some(self.began)),
            ("process_resident_memory_bytes", "Memory that it has", memory()),
            ("process_open_fds", "Files and sockets that are open", files()),
        ];
        for (name, about, value) in gauges {
            let Some(value) = value else { continue };
            let gauge = ConstGauge::new(value);
            gauge.encode(to.encode_descriptor(name, about, None, gauge.metric_type())?)?;
        }
        if let Some(seconds) = processor() {
            let counter = ConstCounter::new(seconds);
            let name = "process_cpu_seconds";
            counter.encode(to.encode_descriptor(name, "Processor time", None, counter.metric_type())?)?;
        }
        Ok(())
    }
}

/// Resident memory in bytes.
fn memory() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024.0)
}

fn files() -> Option<f64> {
    let count = fs::read_dir("/proc/self/fd").ok()?.count();
    u32::try_from(count).ok().map(f64::from)
}

/// Processor time in seconds, of the program and of the system for it.
fn processor() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program, in brackets, may have spaces.
    let (_, behind) = stat.rsplit_once(')')?;
    let mut fields = behind.split_whitespace().skip(11);
    let (user, system): (f64, f64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some((user + system) / TICKS)
}
