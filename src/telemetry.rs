//! The log: text or JSON on standard error, and nothing in it that could hold a secret.

use std::io::IsTerminal;

use tracing::{Level, Metadata};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, filter, fmt};

use crate::config::LogFormat;

/// The crates that log whole requests, session tokens among them, at debug and trace level.
const CHATTY: [&str; 5] = ["aws_", "hyper", "h2", "rustls", "reqwest"];

/// Starts the log. `RUST_LOG` chooses what is in it; `info` without.
pub fn init(format: LogFormat) {
    let chosen = EnvFilter::builder()
        .with_default_directive(Level::INFO.into())
        .from_env_lossy();
    let safe = filter::filter_fn(is_safe);
    let layer = fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    let layer = match format {
        LogFormat::Text => layer.boxed(),
        LogFormat::Json => layer.json().flatten_event(true).boxed(),
    };
    tracing_subscriber::registry()
        .with(layer.with_filter(safe).with_filter(chosen))
        .init();
}

/// Whether what is logged there can hold no secret, whatever `RUST_LOG` asks for.
fn is_safe(metadata: &Metadata<'_>) -> bool {
    let chatty = CHATTY.iter().any(|c| metadata.target().starts_with(c));
    !chatty || *metadata.level() <= Level::INFO
}
