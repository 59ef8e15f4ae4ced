//! What Prometheus' own conventions say of a process: when it started, and how much memory it has.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

use crate::deal::Timestamp;

/// Read at each scrape.
#[derive(Debug)]
struct Process {
    started: i64,
}

pub fn register(registry: &mut Registry, started: Timestamp) {
    registry.register_collector(Box::new(Process { started: started.timestamp() }));
}

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let mut gauge = |name, help, value| {
            let encoder = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            ConstGauge::new(value).encode(encoder)
        };
        gauge("process_start_time_seconds", "When the service started, in seconds since 1970.", self.started)?;
        match resident_bytes() {
            Some(bytes) => gauge("process_resident_memory_bytes", "Memory that the process occupies.", bytes),
            None => Ok(()),
        }
    }
}

/// As Linux tells it, in KiB whatever a page is; `None` elsewhere.
fn resident_bytes() -> Option<i64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: i64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}
