//! Which requests the proxy answers otherwise than the server, and how.

use http::HeaderMap;

use super::proxy::Reply;

/// An answer to some calls of an operation alone.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Which requests.
    pub when: When,
    /// How many of them; `None` for all.
    pub times: Option<usize>,
    /// What is answered; `None` for what the server answers.
    pub reply: Option<Reply>,
    /// Headers that are set on the answer.
    pub headers: Vec<(&'static str, String)>,
}

/// Which requests a rule is for.
#[derive(Clone, Copy, Debug)]
pub enum When {
    /// All of them.
    Always,
    /// Those that were signed for another region.
    NotSignedFor(&'static str),
    /// Those whose Host does not begin so.
    HostIsNot(&'static str),
    /// Those whose Host begins so.
    HostIs(&'static str),
    /// Those that are to be carried out only if there is no such object.
    IfNoneMatch,
    /// Those with a checksum that the SDK adds by default, in a header or a trailer.
    WithChecksum,
}

impl Rule {
    /// This reply to every such request.
    pub fn reply(when: When, reply: Reply) -> Self {
        Self {
            when,
            times: None,
            reply: Some(reply),
            headers: Vec::new(),
        }
    }

    /// The server's own answers, with a header set.
    pub fn header(name: &'static str, value: &str) -> Self {
        Self {
            when: When::Always,
            times: None,
            reply: None,
            headers: vec![(name, value.to_owned())],
        }
    }

    /// The same for the first so many requests alone.
    pub fn first(self, times: usize) -> Self {
        Self {
            times: Some(times),
            ..self
        }
    }

    /// The same with one more header.
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// Counts one request; whether it was the last.
    pub fn count(&mut self) -> bool {
        if let Some(left) = &mut self.times {
            *left -= 1;
        }
        self.times == Some(0)
    }

    /// Sets the headers.
    pub fn set_headers(&self, headers: &mut HeaderMap) {
        for (name, value) in &self.headers {
            let value = value.parse().expect("a test's header is a valid one");
            headers.insert(*name, value);
        }
    }
}

impl When {
    /// Whether a request with these headers is one of them.
    pub fn holds(self, headers: &HeaderMap) -> bool {
        let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
        let text = |name: &str| text(name).unwrap_or_default();
        match self {
            Self::Always => true,
            Self::NotSignedFor(region) => {
                !text("authorization").contains(&format!("/{region}/s3/aws4_request"))
            }
            Self::HostIs(host) => text("host").starts_with(host),
            Self::HostIsNot(host) => !text("host").starts_with(host),
            Self::IfNoneMatch => headers.contains_key("if-none-match"),
            Self::WithChecksum => {
                let mut names = headers.keys().map(http::HeaderName::as_str);
                text("content-encoding").contains("aws-chunked")
                    || names.any(|name| name.contains("checksum") || name == "x-amz-trailer")
            }
        }
    }
}
