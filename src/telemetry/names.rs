//! The one table of metrics: name, kind, unit, labels and what each means.

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};

pub const RUNS_LIVE: &str = "fathom_runs_live";
pub const RUNS_TOTAL: &str = "fathom_runs_total";
pub const TASKS_TOTAL: &str = "fathom_tasks_total";
pub const STEPS_TOTAL: &str = "fathom_steps_total";
pub const MODEL_CALL_SECONDS: &str = "fathom_model_call_seconds";
pub const MODEL_TOKENS_TOTAL: &str = "fathom_model_tokens_total";
pub const MODEL_IN_FLIGHT: &str = "fathom_model_in_flight";
pub const TOOL_SECONDS: &str = "fathom_tool_seconds";
pub const JOURNAL_COMMIT_SECONDS: &str = "fathom_journal_commit_seconds";
pub const JOURNAL_GROUP_SIZE: &str = "fathom_journal_group_size";
pub const JOURNAL_EVENTS_TOTAL: &str = "fathom_journal_events_total";
pub const SSE_SUBSCRIBERS: &str = "fathom_sse_subscribers";
pub const SSE_LAGGED_TOTAL: &str = "fathom_sse_lagged_total";
pub const SSE_LAG_EVENTS: &str = "fathom_sse_lag_events";
pub const MAILBOX_PERMITS_IN_USE: &str = "fathom_mailbox_permits_in_use";

/// A metric as it is described to those who read it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Metric {
    pub name: &'static str,
    pub kind: Kind,
    pub unit: Unit,
    pub labels: &'static [&'static str],
    pub help: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    Counter,
    Gauge,
    /// With the upper bounds of its buckets.
    Histogram(&'static [f64]),
}

const MODEL_TIMES: &[f64] = &[0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0, 120.0, 300.0];
const TOOL_TIMES: &[f64] = &[0.000_1, 0.000_5, 0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];
const COMMIT_TIMES: &[f64] = &[0.000_1, 0.000_25, 0.000_5, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.25, 0.5, 1.0, 5.0];
const GROUP_SIZES: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0];
const LAGS: &[f64] = &[1.0, 4.0, 16.0, 64.0, 256.0, 1_024.0, 4_096.0, 16_384.0, 65_536.0];

pub const ALL: [Metric; 15] = [
    gauge(RUNS_LIVE, Unit::Count, &[], "Runs that have an actor in this process"),
    counter(RUNS_TOTAL, Unit::Count, &["status"], "Runs that ended, by how"),
    counter(TASKS_TOTAL, Unit::Count, &["expert", "state"], "Tasks that came to a state"),
    counter(STEPS_TOTAL, Unit::Count, &["kind"], "Steps of tasks whose result was stored"),
    histogram(
        MODEL_CALL_SECONDS,
        Unit::Seconds,
        MODEL_TIMES,
        &["model", "purpose", "outcome"],
        "Time of a model call, waiting and retries included",
    ),
    counter(MODEL_TOKENS_TOTAL, Unit::Count, &["model", "kind"], "Tokens of prompts and answers"),
    gauge(MODEL_IN_FLIGHT, Unit::Count, &[], "Model calls that are under way"),
    histogram(TOOL_SECONDS, Unit::Seconds, TOOL_TIMES, &["tool", "outcome"], "Time of a tool call"),
    histogram(JOURNAL_COMMIT_SECONDS, Unit::Seconds, COMMIT_TIMES, &[], "Time of one commit of the journal, with all appends in it"),
    histogram(JOURNAL_GROUP_SIZE, Unit::Count, GROUP_SIZES, &[], "Appends that one commit carried"),
    counter(JOURNAL_EVENTS_TOTAL, Unit::Count, &[], "Events that were committed"),
    gauge(SSE_SUBSCRIBERS, Unit::Count, &[], "Readers that follow a stream"),
    counter(SSE_LAGGED_TOTAL, Unit::Count, &[], "Times that a reader fell behind and was served from the journal"),
    histogram(SSE_LAG_EVENTS, Unit::Count, LAGS, &[], "Events by which a reader was behind when it fell back to the journal"),
    gauge(MAILBOX_PERMITS_IN_USE, Unit::Count, &["agent"], "Tasks that an agent has taken and not finished"),
];

/// Tells the recorder what each metric means. Those without labels appear at once, with nothing counted.
pub fn describe_all() {
    for metric in ALL {
        match metric.kind {
            Kind::Counter => describe_counter!(metric.name, metric.unit, metric.help),
            Kind::Gauge => describe_gauge!(metric.name, metric.unit, metric.help),
            Kind::Histogram(_) => describe_histogram!(metric.name, metric.unit, metric.help),
        }
        if metric.labels.is_empty() {
            match metric.kind {
                Kind::Counter => drop(metrics::counter!(metric.name)),
                Kind::Gauge => drop(metrics::gauge!(metric.name)),
                Kind::Histogram(_) => drop(metrics::histogram!(metric.name)),
            }
        }
    }
}

const fn counter(name: &'static str, unit: Unit, labels: &'static [&'static str], help: &'static str) -> Metric {
    Metric { name, kind: Kind::Counter, unit, labels, help }
}

const fn gauge(name: &'static str, unit: Unit, labels: &'static [&'static str], help: &'static str) -> Metric {
    Metric { name, kind: Kind::Gauge, unit, labels, help }
}

const fn histogram(name: &'static str, unit: Unit, buckets: &'static [f64], labels: &'static [&'static str], help: &'static str) -> Metric {
    Metric { name, kind: Kind::Histogram(buckets), unit, labels, help }
}
