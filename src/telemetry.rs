//! The log, text or JSON on standard error, with nothing in it that could hold a secret; and traces, if they are to be sent.

mod otlp;

use std::io::IsTerminal;

use tracing::level_filters::LevelFilter;
use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::filter::{FilterExt, filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt};

pub use otlp::Traces;

use crate::config::{LogFormat, TraceOptions};
use crate::spans;

/// The targets of our own events. Other crates log whole requests, session tokens and stored records below info.
const OURS: &str = "datastored";

/// Starts the log, of which `RUST_LOG` chooses what is in it, `info` without; and traces, if they are to be sent somewhere. Within a runtime.
///
/// # Errors
/// A sentence, when traces cannot be sent there.
pub fn init(format: LogFormat, options: &TraceOptions) -> Result<Traces, String> {
    let (layer, traces) = Traces::begin(options)?;
    let subscriber = tracing_subscriber::registry().with(log(format));
    match layer {
        Some(layer) => subscriber.with(layer).init(),
        // A layer that is none would have every span and event asked for anew.
        None => subscriber.init(),
    }
    Ok(traces)
}

fn log<S>(format: LogFormat) -> impl Layer<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let chosen = EnvFilter::builder()
        .with_default_directive(Level::INFO.into())
        .from_env_lossy();
    // Without a level of its own it would make all that is not logged cost something.
    let loggable = filter_fn(is_loggable).with_max_level_hint(LevelFilter::TRACE);
    let layer = fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    let layer = match format {
        LogFormat::Text => layer.boxed(),
        LogFormat::Json => layer.json().flatten_event(true).boxed(),
    };
    layer.with_filter(loggable.and(chosen))
}

/// Whether it is for the log, and what is logged there can hold no secret, whatever `RUST_LOG` asks for.
fn is_loggable(metadata: &Metadata<'_>) -> bool {
    let target = metadata.target();
    let root = target.split_once("::").map_or(target, |(root, _)| root);
    target != spans::TARGET && (root == OURS || *metadata.level() <= Level::INFO)
}

#[cfg(test)]
mod tests {
    use tracing::subscriber::with_default;
    use tracing::{Subscriber, info_span};
    use tracing_subscriber::layer::SubscriberExt;

    use super::log;
    use crate::config::LogFormat;
    use crate::spans;

    #[test]
    fn where_no_traces_are_sent_nobody_is_ever_asked_for_a_span_of_one() {
        let subscriber = tracing_subscriber::registry().with(log(LogFormat::Text));
        let everything = tracing_subscriber::registry();
        let (traced, logged) = with_default(everything, || {
            (info_span!(target: spans::TARGET, "a"), info_span!("b"))
        });
        for (span, is_never) in [(traced, true), (logged, false)] {
            let metadata = span.metadata().expect("a span says what it is");
            let interest = subscriber.register_callsite(metadata);
            assert_eq!(interest.is_never(), is_never, "{}", metadata.name());
        }
        assert!(subscriber.max_level_hint().is_some());
    }
}
