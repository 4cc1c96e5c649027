//! Ends a call whose time is up: by the deadline that the caller has sent, or by the one that the server has for all.
//!
//! tonic has a timer of its own for the caller's deadline, but answers CANCELLED, and knows none for a stream that has begun.

use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http::HeaderMap;
use tokio::time::{Instant, Sleep, sleep_until};
use tonic::Status;

use super::Kind;
use crate::grpc::status::past_deadline;

/// By how much a call ends before the caller's deadline, so that tonic's timer does not ring first.
const LEAD: Duration = Duration::from_millis(5);

/// When a call ends. An answer must have begun within its time; a stream must have ended within that of its caller.
#[derive(Clone, Copy, Debug)]
pub(in crate::grpc) struct Deadline {
    begun: Instant,
    callers: Option<Duration>,
    allowed: Duration,
}

/// When the answers of a stream end.
#[derive(Debug)]
pub(in crate::grpc) struct End {
    deadline: Deadline,
    at: Pin<Box<Sleep>>,
}

impl Deadline {
    /// That of a call that begins now. `most`: how long a call may take, whatever its caller gives.
    pub(in crate::grpc) fn of(headers: &HeaderMap, most: Duration) -> Self {
        let callers = sent(headers);
        Self {
            begun: Instant::now(),
            callers,
            allowed: callers.unwrap_or(most).min(most),
        }
    }

    /// How long the answer may take to begin.
    pub(in crate::grpc) fn of_the_answer(self) -> Duration {
        self.allowed.saturating_sub(LEAD)
    }

    /// When a stream ends that has begun. The one answer of any other call is there when it begins.
    pub(in crate::grpc) fn of_the_stream(self, kind: Kind) -> Option<End> {
        let callers = self.callers.filter(|_| kind == Kind::Stream)?;
        // A deadline past the end of all calls is none.
        let at = self.begun.checked_add(callers)?;
        Some(End {
            deadline: Self {
                allowed: callers,
                ..self
            },
            at: Box::pin(sleep_until(at)),
        })
    }

    /// The status of a call that has not ended by then.
    pub(in crate::grpc) fn passed(self) -> Status {
        past_deadline(self.allowed, self.callers == Some(self.allowed))
    }
}

impl End {
    /// The trailers of a stream whose time is up.
    pub(in crate::grpc) fn poll(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<HeaderMap, Status>> {
        ready!(self.at.as_mut().poll(cx));
        let mut trailers = HeaderMap::new();
        let written = self.deadline.passed().add_header(&mut trailers);
        Poll::Ready(written.map(|()| trailers))
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
