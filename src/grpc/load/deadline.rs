//! The layer that ends a call whose time is up: by the deadline that the caller has sent, or by the one that the server has for all.
//!
//! tonic has a timer of its own for the caller's deadline, but answers CANCELLED, and knows none for a stream that has begun.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{HeaderMap, Request, Response};
use tokio::time::{Instant, sleep_until, timeout};
use tonic::body::Body;
use tower::{Layer, Service};

use super::body::Timed;
use crate::grpc::status::past_deadline;

/// By how much a call ends before the caller's deadline, so that tonic's timer does not ring first.
const LEAD: Duration = Duration::from_millis(5);

/// The layer. An answer must have begun within its time; a stream must have ended within that of its caller.
#[derive(Clone, Copy, Debug)]
pub struct Deadline(pub Duration);

/// A service whose calls end in time. What they were doing is dropped.
#[derive(Clone, Debug)]
pub struct Ending<S> {
    most: Duration,
    inner: S,
}

impl<S> Layer<S> for Deadline {
    type Service = Ending<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Ending {
            most: self.0,
            inner,
        }
    }
}

impl<S, B> Service<Request<B>> for Ending<S>
where
    S: Service<Request<B>, Response = Response<Body>>,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let begun = Instant::now();
        let callers = sent(request.headers());
        let allowed = callers.unwrap_or(self.most).min(self.most);
        let answer = timeout(allowed.saturating_sub(LEAD), self.inner.call(request));
        Box::pin(async move {
            let Ok(answer) = answer.await else {
                return Ok(past_deadline(allowed, callers == Some(allowed)).into_http());
            };
            let response = answer?;
            // A deadline past the end of all calls is none.
            let end = callers.and_then(|allowed| Some((allowed, begun.checked_add(allowed)?)));
            Ok(match end {
                Some((allowed, end)) => response.map(|body| {
                    Body::new(Timed {
                        body: Some(body),
                        deadline: Box::pin(sleep_until(end)),
                        allowed,
                    })
                }),
                None => response,
            })
        })
    }
}

/// The time that the caller gives, from `grpc-timeout`: at most eight digits and a unit, see "Requests" in gRPC's PROTOCOL-HTTP2.md. None if it is not
/// written so.
fn sent(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get("grpc-timeout")?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let number: u64 = digits.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(number * 3600),
        "M" => Duration::from_secs(number * 60),
        "S" => Duration::from_secs(number),
        "m" => Duration::from_millis(number),
        "u" => Duration::from_micros(number),
        "n" => Duration::from_nanos(number),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::{HeaderMap, HeaderValue};

    use super::sent;

    #[test]
    fn the_deadline_of_a_caller_is_read_as_grpc_writes_it() {
        let read = |text: &'static str| {
            let value = HeaderValue::from_static(text);
            sent(&HeaderMap::from_iter([(
                http::HeaderName::from_static("grpc-timeout"),
                value,
            )]))
        };
        assert_eq!(sent(&HeaderMap::new()), None);
        for (text, expected) in [
            ("2H", Duration::from_hours(2)),
            ("3M", Duration::from_mins(3)),
            ("99999999S", Duration::from_secs(99_999_999)),
            ("0S", Duration::ZERO),
            ("1500m", Duration::from_millis(1500)),
            ("7u", Duration::from_micros(7)),
            ("8n", Duration::from_nanos(8)),
        ] {
            assert_eq!(read(text), Some(expected), "{text}");
        }
        for text in [
            "",
            "S",
            "1",
            "1s",
            "-1S",
            "+1S",
            "100000000S",
            "1.5S",
            "1 S",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
