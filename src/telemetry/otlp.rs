//! Sends the spans of traces to a collector, over OTLP in gRPC: in batches, on a thread of its own, from a queue that is bounded.
//!
//! A collector that is not there holds nothing up: what does not fit into the queue is lost, and so is what was not taken in time.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithTonicConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{BatchSpanProcessor, Sampler, SdkTracerProvider, SpanData};
use tonic::transport::{Channel, ClientTlsConfig, Endpoint};
use tracing::level_filters::LevelFilter;
use tracing::{Subscriber, info, warn};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::registry::LookupSpan;

use crate::config::TraceOptions;
use crate::spans::TARGET;

/// How long connecting to the collector may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long the collector may take to take a batch in.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How long a server that stops waits until the collector has the last spans.
const PATIENCE: Duration = Duration::from_secs(3);
/// How often it is said that the collector does not take spans in.
const COMPLAINT_EVERY: Duration = Duration::from_mins(5);

/// The traces that a server sends, or does not send.
#[derive(Debug)]
pub struct Traces(Option<SdkTracerProvider>);

impl Traces {
    /// The layer that makes spans of OpenTelemetry of those with our target, if they are to be sent; and what sends them. Within a runtime.
    ///
    /// # Errors
    /// A sentence, when the collector cannot be spoken to like that.
    pub(super) fn begin<S>(options: &TraceOptions) -> Result<(Option<impl Layer<S>>, Self), String>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let Some(collector) = &options.otlp_endpoint else {
            return Ok((None, Self(None)));
        };
        let exporter = Reporting {
            inner: exporter(collector)
                .map_err(|why| format!("--otlp-endpoint {collector} cannot be used: {why}"))?,
            collector: collector.clone(),
            trouble: Mutex::default(),
        };
        let of_its_own = Sampler::TraceIdRatioBased(options.trace_sample_ratio);
        let provider = SdkTracerProvider::builder()
            .with_resource(resource())
            .with_sampler(Sampler::ParentBased(Box::new(of_its_own)))
            .with_span_processor(BatchSpanProcessor::builder(exporter).build())
            .build();
        let layer = tracing_opentelemetry::layer()
            .with_tracer(provider.tracer(env!("CARGO_PKG_NAME")))
            .with_context_activation(false)
            .with_tracked_inactivity(false)
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_filter(Targets::new().with_target(TARGET, LevelFilter::INFO));
        Ok((Some(layer), Self(Some(provider))))
    }

    /// Sends what has not been sent, for at most 3 s. Blocks; the runtime must still be there.
    pub fn end(self) {
        let Some(provider) = self.0 else { return };
        if let Err(error) = provider.shutdown_with_timeout(PATIENCE) {
            warn!(%error, "the last traces may be lost");
        }
    }
}

/// What the spans are of. `OTEL_RESOURCE_ATTRIBUTES` adds to it.
fn resource() -> Resource {
    Resource::builder()
        .with_service_name(env!("CARGO_PKG_NAME"))
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .build()
}

fn exporter(collector: &str) -> Result<SpanExporter, String> {
    let exporter = SpanExporter::builder()
        .with_tonic()
        .with_channel(channel(collector)?)
        .with_timeout(TIMEOUT);
    exporter.build().map_err(|error| error.to_string())
}

/// A channel that connects when it is first used.
fn channel(collector: &str) -> Result<Channel, String> {
    let endpoint = Endpoint::from_shared(collector.to_owned())
        .map_err(|error| error.to_string())?
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(TIMEOUT);
    if !collector.starts_with("https:") {
        return Ok(endpoint.connect_lazy());
    }
    let tls = ClientTlsConfig::new().with_enabled_roots();
    let endpoint = endpoint.tls_config(tls).map_err(|_| {
        "there are no certificate authorities to know it by; install those of the system, or name a file of them in SSL_CERT_FILE"
    })?;
    Ok(endpoint.connect_lazy())
}

/// Sends, and says once in a while when that comes to nothing.
#[derive(Debug)]
struct Reporting {
    inner: SpanExporter,
    collector: String,
    trouble: Mutex<Trouble>,
}

/// What has gone wrong since the collector last took a batch in.
#[derive(Debug, Default)]
struct Trouble {
    lost: usize,
    said: Option<Instant>,
}

impl Reporting {
    fn note(&self, spans: usize, sent: &OTelSdkResult) {
        let collector = &self.collector;
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        let Err(error) = sent else {
            if trouble.lost > 0 {
                let lost = trouble.lost;
                info!(collector, lost, "the collector takes traces again");
            }
            *trouble = Trouble::default();
            return;
        };
        trouble.lost += spans;
        if trouble
            .said
            .is_none_or(|said| said.elapsed() >= COMPLAINT_EVERY)
        {
            trouble.said = Some(Instant::now());
            let lost = trouble.lost;
            warn!(collector, %error, lost, "the collector does not take traces; nothing else depends on it");
        }
    }
}

impl opentelemetry_sdk::trace::SpanExporter for Reporting {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len();
        let sent = self.inner.export(batch).await;
        self.note(spans, &sent);
        sent
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}
