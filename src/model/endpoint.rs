//! The endpoint of an S3-compatible store: an http(s) URL that is a scheme, a host and a port, and no more.

use std::fmt;
use std::net::Ipv6Addr;

use url::Url;

/// Where an S3-compatible store listens.
///
/// Normal form: `scheme://host` or `scheme://host:port`, lower-case, without the scheme's own port and without a
/// trailing slash; an international host is in its ASCII form, and an IPv4 address in four decimal parts.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Endpoint(String);

/// Why an endpoint is refused. No message repeats the input: a pasted URL may carry a password or a signature.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EndpointError {
    /// Nothing was given.
    #[error(
        "the endpoint is empty: write the store's URL, for example https://minio.example.com:9000"
    )]
    Empty,
    /// Longer than any host and port.
    #[error(
        "an endpoint has at most {MAX_BYTES} bytes: keep the scheme, the host and the port only"
    )]
    TooLong,
    /// Neither http nor https, or none at all.
    #[error("an endpoint begins with https:// or http://: put one of them before the host")]
    Scheme,
    /// An `@`: a user name or a password.
    #[error(
        "credentials do not belong in the endpoint: remove everything up to the `@`, and send them as credentials"
    )]
    UserInfo,
    /// White space or a control character within the URL.
    #[error("the endpoint has white space or a control character in it: remove it")]
    Character,
    /// A `?`.
    #[error("an endpoint has no query: remove the `?` and what follows it")]
    Query,
    /// A `#`.
    #[error("an endpoint has no fragment: remove the `#` and what follows it")]
    Fragment,
    /// A path other than `/`.
    #[error(
        "an endpoint has no path: end it after the host and port, and put the bucket into the URI"
    )]
    Path,
    /// No host, or one that cannot exist, or a port that is not a number up to 65535.
    #[error(
        "the endpoint's host or port is not valid ({0}): write for example https://minio.example.com:9000"
    )]
    Host(#[from] url::ParseError),
}

const MAX_BYTES: usize = 512;

impl Endpoint {
    /// Reads the URL of a store. White space around it is ignored, since it comes with pasting.
    ///
    /// # Errors
    /// Anything that is more or less than a scheme, a host and an optional port.
    pub fn parse(text: &str) -> Result<Self, EndpointError> {
        let text = text.trim();
        if is_plain(text) {
            return Ok(Self(text.to_owned()));
        }
        // `Url` drops tabs and newlines, reads `http:host` and takes `host:9000` for a scheme: look before it does.
        check_raw(text)?;
        let url = Url::parse(text)?;
        if url.query().is_some() {
            Err(EndpointError::Query)
        } else if url.fragment().is_some() {
            Err(EndpointError::Fragment)
        } else if url.path() != "/" {
            Err(EndpointError::Path)
        } else if url.host().is_none() {
            Err(EndpointError::Host(url::ParseError::EmptyHost))
        } else {
            Ok(Self(url.as_str().trim_end_matches('/').to_owned()))
        }
    }

    /// The normal form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The host and the port, written the same for every spelling of one address.
    #[must_use]
    pub fn authority(&self) -> String {
        let (host, port) = self.parts();
        let ip = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
        let ip = ip.and_then(|ip| ip.parse::<Ipv6Addr>().ok());
        match ip.and_then(|ip| ip.to_ipv4_mapped()) {
            Some(ip) => format!("{ip}:{port}"),
            None => format!("{host}:{port}"),
        }
    }

    /// Whether it is one of Amazon S3's own addresses, in any partition: `s3.region.amazonaws.com`, dual-stack and FIPS too ("Amazon Simple Storage
    /// Service endpoints and quotas" in the AWS General Reference).
    #[must_use]
    pub fn is_amazon(&self) -> bool {
        let domains = [".amazonaws.com", ".amazonaws.com.cn", ".amazonaws.eu"];
        let (first, _) = self.host().split_once('.').unwrap_or_default();
        let is_s3 = first == "s3" || first.starts_with("s3-");
        is_s3 && domains.iter().any(|domain| self.host().ends_with(domain))
    }

    /// The host without the dot that may end it.
    fn host(&self) -> &str {
        self.parts().0
    }

    /// The host without the dot that may end it, and the port.
    fn parts(&self) -> (&str, &str) {
        let (scheme, authority) = self.0.split_once("://").unwrap_or_default();
        let known = if scheme == "https" { "443" } else { "80" };
        let (host, port) = match authority.rsplit_once(':') {
            // The last colon of an IPv6 address is within the brackets.
            Some((host, port)) if !port.ends_with(']') => (host, port),
            _ => (authority, known),
        };
        (host.strip_suffix('.').unwrap_or(host), port)
    }
}

/// Whether this is a domain name, and perhaps a port, of which it is plain that they are in normal form. What is stored is read so: it takes a fiftieth of the
/// time of a `Url`. Numbers and what may be punycode are left to it.
fn is_plain(text: &str) -> bool {
    let is_word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let is_label = |label: &str| {
        let bytes = label.as_bytes();
        bytes.first().is_some_and(|b| is_word(*b))
            && bytes.last().is_some_and(|b| is_word(*b))
            && bytes.iter().all(|b| is_word(*b) || *b == b'-')
            && !label.contains("--")
    };
    let is_port = |port: &str| {
        !port.starts_with('0')
            && port.bytes().all(|b| b.is_ascii_digit())
            && port.parse::<u16>().is_ok()
    };
    let (known, rest) = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
        (Some(rest), _) => ("443", rest),
        (None, Some(rest)) => ("80", rest),
        (None, None) => return false,
    };
    let (host, port) = rest
        .split_once(':')
        .map_or((rest, None), |(h, p)| (h, Some(p)));
    let last = host.rsplit('.').next().unwrap_or_default();
    text.len() <= MAX_BYTES
        && host.split('.').all(is_label)
        && last.starts_with(|c: char| c.is_ascii_lowercase())
        && port.is_none_or(|port| port != known && is_port(port))
}

fn check_raw(text: &str) -> Result<(), EndpointError> {
    let begins_with = |scheme: &str| {
        text.get(..scheme.len())
            .is_some_and(|s| s.eq_ignore_ascii_case(scheme))
    };
    if text.is_empty() {
        Err(EndpointError::Empty)
    } else if text.contains('@') {
        Err(EndpointError::UserInfo)
    } else if text.len() > MAX_BYTES {
        Err(EndpointError::TooLong)
    } else if text.contains(|c: char| c.is_whitespace() || c.is_control()) {
        Err(EndpointError::Character)
    } else if begins_with("https://") || begins_with("http://") {
        Ok(())
    } else {
        Err(EndpointError::Scheme)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_endpoint_is_brought_into_its_normal_form() {
        for (text, normal) in [
            ("http://localhost:9000", "http://localhost:9000"),
            (
                "HTTP://MinIO.Example.COM:9000/",
                "http://minio.example.com:9000",
            ),
            (" https://s3.example.com:443\n", "https://s3.example.com"),
            ("http://s3.example.com:80", "http://s3.example.com"),
            ("https://s3.example.com:80", "https://s3.example.com:80"),
            ("http://my_minio:9000", "http://my_minio:9000"),
            ("http://127.0.0.1:9000", "http://127.0.0.1:9000"),
            ("http://0x7f.1", "http://127.0.0.1"),
            ("http://[::1]:9000", "http://[::1]:9000"),
            ("http://[0:0:0:0:0:0:0:1]", "http://[::1]"),
            ("https://bücher.example", "https://xn--bcher-kva.example"),
        ] {
            assert_eq!(
                Endpoint::parse(text).map(|e| e.to_string()).as_deref(),
                Ok(normal),
                "{text:?}"
            );
        }
    }

    #[test]
    fn each_mistake_has_its_own_message() {
        let long = format!("http://{}", "a".repeat(MAX_BYTES));
        for (text, error) in [
            ("", EndpointError::Empty),
            ("  ", EndpointError::Empty),
            (&long, EndpointError::TooLong),
            ("localhost:9000", EndpointError::Scheme),
            ("minio.example.com", EndpointError::Scheme),
            ("http:minio", EndpointError::Scheme),
            ("ftp://minio", EndpointError::Scheme),
            ("s3://bucket", EndpointError::Scheme),
            ("http://user:pass@minio", EndpointError::UserInfo),
            ("http://key@minio", EndpointError::UserInfo),
            ("http://@minio", EndpointError::UserInfo),
            ("http://mi\tnio", EndpointError::Character),
            ("http://mi nio", EndpointError::Character),
            ("http://mi\u{1}nio", EndpointError::Character),
            ("http://minio/?", EndpointError::Query),
            ("http://minio?x=1", EndpointError::Query),
            ("http://minio#top", EndpointError::Fragment),
            ("http://minio/bucket", EndpointError::Path),
            ("http://minio//", EndpointError::Path),
            ("http://", EndpointError::Host(url::ParseError::EmptyHost)),
            (
                "http://:9000",
                EndpointError::Host(url::ParseError::EmptyHost),
            ),
            (
                "http://minio:99999",
                EndpointError::Host(url::ParseError::InvalidPort),
            ),
            (
                "http://1.2.3.256",
                EndpointError::Host(url::ParseError::InvalidIpv4Address),
            ),
        ] {
            assert_eq!(Endpoint::parse(text), Err(error), "{text:?}");
        }
    }

    #[test]
    fn no_message_repeats_a_secret() {
        for text in [
            "https://AKIA:hunter2@host",
            "https://AKIA:hun/ter2@host",
            "http://h:hunter2",
            "http://h/?sig=hunter2",
        ] {
            let error = Endpoint::parse(text).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("ter2"), "{error}");
        }
    }

    proptest! {
        #[test]
        fn what_is_plain_is_what_a_url_makes_of_it(text in "https?://[a-z0-9.-]{0,20}(:[0-9]{0,6})?|https?://([a-z0-9-]{1,8}[.]){0,3}[a-z][a-z0-9]{0,5}(:[0-9]{1,5})?") {
            if is_plain(&text) {
                let url = Url::parse(&text).map(|url| url.as_str().trim_end_matches('/').to_owned());
                prop_assert_eq!(url, Ok(text));
            }
        }

        #[test]
        fn any_text_is_read_without_panic_and_what_is_accepted_prints_to_a_form_that_parses_back(
            text in "\\PC*|https?://\\PC{0,20}|(?i:https?)://[a-z0-9.:\\[\\]%_/-]{0,30}"
        ) {
            if let Ok(endpoint) = Endpoint::parse(&text) {
                prop_assert_eq!(Endpoint::parse(endpoint.as_str()), Ok(endpoint.clone()));
                prop_assert!(!endpoint.as_str().ends_with('/'));
            }
        }
    }
}
