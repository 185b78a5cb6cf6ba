//! Sets up logs to standard error and, where a collector is configured, the export of spans to it.

use std::io::IsTerminal;
use std::time::Duration;

use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::level_filters::LevelFilter;
use tracing::{Level, Subscriber};
use tracing_subscriber::filter::{FilterExt, Targets, filter_fn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry};

use super::{Format, Settings};

const EXPORT_TIME: Duration = Duration::from_secs(10);
/// What the end of the process waits for a collector that does not answer.
const LAST_EXPORT_TIME: Duration = Duration::from_secs(3);

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("`{text}` is not a log directive: {reason}")]
    BadDirective { text: String, reason: String },
    #[error("spans cannot be exported to `{endpoint}`: {reason}")]
    CannotExport { endpoint: String, reason: String },
}

/// Keeps the export alive. What is still to be sent goes out in [`Guard::shutdown`], or, at worst, when it is dropped.
#[must_use = "spans that were not sent yet are lost without it"]
pub struct Guard {
    provider: Option<SdkTracerProvider>,
}

/// Sets up the process. A subscriber that is there already stays: the first one wins, as in a process of many tests.
pub fn init(settings: &Settings) -> Result<Guard, Error> {
    let (subscriber, guard) = subscriber(settings, std::io::stderr, std::io::stderr().is_terminal())?;
    let _first_one_wins = subscriber.try_init();
    Ok(guard)
}

/// Each lost connection is an error to the SDK of MCP; what it means is told once, by who called.
const QUIET: &str = "rmcp::transport=off";
/// Of what is said here below `info`, some are codes, and what else comes with a token.
const SIGNING_IN: &str = "rmcp::transport::auth";

/// The subscriber that [`init`] installs, with a writer of the caller's choice.
pub(super) fn subscriber<W>(settings: &Settings, writer: W, colours: bool) -> Result<(impl Subscriber + Send + Sync + use<W>, Guard), Error>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let filter =
        EnvFilter::try_new(&settings.log).map_err(|error| Error::BadDirective { text: settings.log.clone(), reason: error.to_string() })?;
    // Who names the SDK wants to hear it, but for what it says of signing in.
    let filter = match settings.log.contains("rmcp") {
        true => filter,
        false => filter.add_directive(QUIET.parse().expect("it is a directive")),
    };
    let filter = filter.and(filter_fn(|told| !told.target().starts_with(SIGNING_IN) || *told.level() <= Level::INFO));
    let provider = settings.otlp_endpoint.as_deref().map(|endpoint| provider(endpoint, &settings.service_name)).transpose()?;
    let export = provider.as_ref().map(export);
    let subscriber = Registry::default().with(log(settings.format, writer, colours).with_filter(filter)).with(export);
    Ok((subscriber, Guard { provider }))
}

fn log<S, W>(format: Format, writer: W, colours: bool) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let lines = tracing_subscriber::fmt::layer().with_writer(writer);
    match format {
        Format::Pretty => lines.with_ansi(colours).boxed(),
        Format::Json => lines.json().flatten_event(true).with_span_list(false).boxed(),
    }
}

/// Only our own spans: those of the client that sends them would make it send for ever.
fn export<S>(provider: &SdkTracerProvider) -> impl Layer<S> + Send + Sync + use<S>
where
    S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
{
    let own = Targets::new().with_target("fathom", LevelFilter::INFO);
    tracing_opentelemetry::layer().with_tracer(provider.tracer("fathom")).with_filter(own)
}

fn provider(endpoint: &str, service_name: &str) -> Result<SdkTracerProvider, Error> {
    // The exporter builds an HTTP client, which panics without a provider of cryptography; a second installation is refused and harmless.
    let _installed_before = rustls::crypto::ring::default_provider().install_default();
    let exporter = SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
        .with_timeout(EXPORT_TIME)
        .build()
        .map_err(|error| Error::CannotExport { endpoint: endpoint.to_owned(), reason: error.to_string() })?;
    let resource = Resource::builder().with_service_name(service_name.to_owned()).build();
    Ok(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build())
}

impl Guard {
    /// Sends what is left. The exporter blocks, so it does that beside the runtime's own threads.
    pub async fn shutdown(mut self) {
        if let Some(provider) = self.provider.take() {
            let sent = tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(LAST_EXPORT_TIME)).await;
            report(sent.unwrap_or(Ok(())));
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(provider) = self.provider.take() {
            report(provider.shutdown_with_timeout(LAST_EXPORT_TIME));
        }
    }
}

fn report(sent: opentelemetry_sdk::error::OTelSdkResult) {
    if let Err(error) = sent {
        tracing::warn!(%error, "the last spans were not exported");
    }
}
