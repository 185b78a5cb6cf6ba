//! The recorder behind the `metrics` macros, and its text for Prometheus.

use std::sync::OnceLock;
use std::time::Duration;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

use super::names::{self, Kind};

/// The macros know one recorder a process, so this is one a process too: many tests in one process may all install it.
static INSTALLED: OnceLock<PrometheusHandle> = OnceLock::new();

/// Samples of histograms are kept until somebody sorts them into buckets; nobody may ask for `/metrics` for days.
const SORTED_EVERY: Duration = Duration::from_secs(5);

/// Reads what was counted in this process.
#[derive(Clone)]
pub struct Metrics {
    handle: PrometheusHandle,
}

/// Installs the recorder, or finds the one that was installed before.
pub fn install() -> Metrics {
    let handle = INSTALLED.get_or_init(|| {
        let recorder = recorder();
        let handle = recorder.handle();
        if metrics::set_global_recorder(recorder).is_err() {
            tracing::warn!("another recorder of metrics was installed before; `/metrics` stays empty");
        }
        names::describe_all();
        keep_sorted(handle.clone());
        handle
    });
    Metrics { handle: handle.clone() }
}

impl Metrics {
    /// All metrics in Prometheus' text format.
    pub fn render(&self) -> String {
        self.handle.render()
    }
}

pub(super) fn recorder() -> PrometheusRecorder {
    let builder = names::ALL.iter().fold(PrometheusBuilder::new(), |builder, metric| match metric.kind {
        Kind::Histogram(buckets) => builder
            .set_buckets_for_metric(Matcher::Full(metric.name.to_owned()), buckets)
            .expect("every histogram of the table has buckets"),
        Kind::Counter | Kind::Gauge => builder,
    });
    builder.build_recorder()
}

fn keep_sorted(handle: PrometheusHandle) {
    let sort = move || {
        loop {
            std::thread::sleep(SORTED_EVERY);
            handle.run_upkeep();
        }
    };
    std::thread::Builder::new().name("fathom-metrics".to_owned()).spawn(sort).expect("a process can start one thread");
}
