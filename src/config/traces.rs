//! The options of `datastored serve` that say where traces are sent.

use clap::Args;
use url::Url;

/// Where traces are sent, and how many.
#[derive(Args, Clone, Debug)]
pub struct TraceOptions {
    /// The collector that traces are sent to, over OTLP in gRPC: `http://` or `https://` and its host and port. None are made when it is not given.
    /// What lets them in is read from `OTEL_EXPORTER_OTLP_HEADERS`.
    #[arg(long, env = "DATASTORED_OTLP_ENDPOINT", value_name = "URL", value_parser = endpoint)]
    pub otlp_endpoint: Option<String>,

    /// How many of the calls are traced whose caller does not say whether they are to be, from 0 to 1.
    #[arg(long, env = "DATASTORED_TRACE_SAMPLE_RATIO", default_value = "1", value_parser = ratio)]
    pub trace_sample_ratio: f64,
}

/// The URL of a collector. What is sent with each batch to be let in is no part of it: the log shows the URL.
fn endpoint(text: &str) -> Result<String, String> {
    let how = || {
        "write http:// or https://, a host and a port, for example http://127.0.0.1:4317".to_owned()
    };
    let url = Url::parse(text).map_err(|_| how())?;
    let is_known = matches!(url.scheme(), "http" | "https") && url.has_host();
    let is_bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    if !url.username().is_empty() || url.password().is_some() {
        return Err("a name or a password has no place in it; headers that let in are read from OTEL_EXPORTER_OTLP_HEADERS".to_owned());
    }
    if !is_known || !is_bare {
        return Err(how());
    }
    Ok(text.trim_end_matches('/').to_owned())
}

fn ratio(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(ratio) if (0.0..=1.0).contains(&ratio) => Ok(ratio),
        _ => Err("write a number from 0 to 1".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::{endpoint, ratio};

    #[test]
    fn a_collector_is_a_scheme_a_host_and_a_port() {
        for good in [
            "http://127.0.0.1:4317",
            "https://collector.example",
            "http://[::1]:4317",
        ] {
            assert_eq!(endpoint(good).as_deref(), Ok(good));
            assert_eq!(endpoint(&format!("{good}/")).as_deref(), Ok(good));
        }
        for bad in [
            "",
            "127.0.0.1:4317",
            "collector:4317",
            "grpc://collector",
            "http://",
            "http://a/v1/traces",
            "http://a/?key=b",
        ] {
            assert!(
                endpoint(bad).is_err_and(|e| e.contains("http://127.0.0.1:4317")),
                "{bad}"
            );
        }
        let secret = endpoint("https://user:hidden@collector").unwrap_err();
        assert!(secret.contains("OTEL_EXPORTER_OTLP_HEADERS") && !secret.contains("hidden"));
    }

    #[test]
    fn a_ratio_is_from_0_to_1() {
        for good in ["0", "1", "0.25", "1e-3"] {
            assert!(ratio(good).is_ok(), "{good}");
        }
        for bad in ["", "-0.1", "1.1", "NaN", "half"] {
            assert!(ratio(bad).is_err(), "{bad}");
        }
    }
}
