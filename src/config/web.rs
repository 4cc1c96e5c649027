//! The options of `datastored serve` that say which pages in browsers may call.

use clap::Args;
use http::HeaderValue;
use url::Url;

/// Which pages in browsers may call.
#[derive(Args, Clone, Debug)]
pub struct WebOptions {
    /// The origin of a page that may call from a browser (gRPC-Web), such as <https://console.example.com>; can be given more than once. Calls of all
    /// other pages are refused.
    #[arg(long = "cors-origin", env = "DATASTORED_CORS_ORIGINS", value_name = "ORIGIN", value_delimiter = ',', value_parser = origin)]
    pub cors_origins: Vec<HeaderValue>,
}

/// An origin as browsers write it (RFC 6454, section 6.2).
fn origin(text: &str) -> Result<HeaderValue, String> {
    let written = Url::parse(text).map(|url| url.origin().ascii_serialization());
    let is_web = text.starts_with("https://") || text.starts_with("http://");
    let value = HeaderValue::from_str(text);
    match (written, value) {
        (Ok(written), Ok(value)) if is_web && written == text => Ok(value),
        _ => Err(
            "write an origin as browsers do: https://host or https://host:port, in lower case, without a path and without the scheme's own port"
                .to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::origin;

    #[test]
    fn an_origin_is_written_as_browsers_write_it() {
        for good in [
            "https://a.example",
            "http://localhost:8080",
            "http://[::1]:1",
        ] {
            assert_eq!(origin(good).unwrap(), good);
        }
        for bad in [
            "*",
            "null",
            "a.example",
            "https://a.example/",
            "https://a.example/x",
            "https://A.example",
            "https://a.example:443",
            "https://u@a.example",
            "file:///x",
            "",
        ] {
            assert!(origin(bad).is_err(), "{bad}");
        }
    }
}
