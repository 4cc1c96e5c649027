//! The log: text or JSON on standard error, and nothing in it that could hold a secret.

use std::io::IsTerminal;

use tracing::{Level, Metadata};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, filter, fmt};

use crate::config::LogFormat;

/// The targets of our own events. Other crates log whole requests, session tokens and stored records below info.
const OURS: &str = "datastored";

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
    let (root, _) = metadata
        .target()
        .split_once("::")
        .unwrap_or((metadata.target(), ""));
    root == OURS || *metadata.level() <= Level::INFO
}
