//! The span of one call of S3 or STS, by the conventions of `OpenTelemetry` for the AWS SDK.
//!
//! Of what is sent and answered it has the bucket, the status and ids: never a key, a header or a body.

use tracing::field::Empty;
use tracing::{Span, info_span};

use super::failure::Failure;
use super::observe::Seen;
use super::result_class;
use crate::spans::{ERROR, TARGET};

/// A call that has begun. When it is dropped before it has ended, it was given up.
pub(super) struct CallSpan {
    span: Span,
    has_ended: bool,
}

impl CallSpan {
    /// A call of this operation begins, in whatever span is entered.
    pub(super) fn begin(service: &'static str, operation: &str, bucket: Option<&str>) -> Self {
        let span = info_span!(
            target: TARGET,
            "call",
            otel.name = %format_args!("{service}/{operation}"),
            otel.kind = "client",
            otel.status_code = Empty,
            rpc.system = "aws-api",
            rpc.service = service,
            rpc.method = operation,
            aws.s3.bucket = bucket,
            aws.request_id = Empty,
            aws.extended_request_id = Empty,
            http.response.status_code = Empty,
            http.request.resend_count = Empty,
            "error.type" = Empty,
        );
        Self {
            span,
            has_ended: false,
        }
    }

    /// The span, for the call to run in.
    pub(super) fn span(&self) -> Span {
        self.span.clone()
    }

    /// The call has ended so.
    pub(super) fn end(mut self, seen: &Seen, failure: Option<&Failure>) {
        self.has_ended = true;
        self.span.record("aws.request_id", &seen.request_id);
        let extended = &seen.extended_request_id;
        self.span.record("aws.extended_request_id", extended);
        self.span.record("http.response.status_code", seen.status);
        if seen.attempts > 1 {
            let again = seen.attempts - 1;
            self.span.record("http.request.resend_count", again);
        }
        if failure.is_some() {
            self.fail(result_class::of(failure));
        }
    }

    fn fail(&self, why: &'static str) {
        self.span.record("otel.status_code", ERROR);
        self.span.record("error.type", why);
    }
}

impl Drop for CallSpan {
    fn drop(&mut self) {
        if !self.has_ended {
            self.fail("given_up");
        }
    }
}
