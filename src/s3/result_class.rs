//! What a call comes to in one word of a closed list, for counting.

use super::failure::{Cause, Failure};

/// The error codes of S3 and STS that tell an operator something. A store can write any others.
const CODES: [&str; 22] = [
    "AccessDenied",
    "AllAccessDisabled",
    "AuthorizationHeaderMalformed",
    "ExpiredToken",
    "InternalError",
    "InvalidAccessKeyId",
    "InvalidArgument",
    "InvalidRange",
    "InvalidRequest",
    "InvalidToken",
    "KMS.AccessDeniedException",
    "MethodNotAllowed",
    "NoSuchBucket",
    "NoSuchKey",
    "NoSuchUpload",
    "NotImplemented",
    "PermanentRedirect",
    "PreconditionFailed",
    "RequestTimeTooSkewed",
    "ServiceUnavailable",
    "SignatureDoesNotMatch",
    "SlowDown",
];

/// `ok`, a well-known error code, what kept the call from an answer of S3's, or `other`.
pub(super) fn of(failure: Option<&Failure>) -> &'static str {
    let Some(failure) = failure else {
        return "ok";
    };
    match &failure.cause {
        Cause::Refused => {
            let sent = failure.code.as_deref().unwrap_or_default();
            let known = CODES.into_iter().find(|code| *code == sent);
            known.unwrap_or("other")
        }
        Cause::NotS3 => "not_s3",
        Cause::TooLong => "too_long",
        Cause::Forbidden(_) => "endpoint_forbidden",
        Cause::Timeout => "timeout",
        Cause::Dns => "dns",
        Cause::ConnectionRefused => "connection_refused",
        Cause::Tls(_) => "tls",
        Cause::Unreachable(_) => "unreachable",
        Cause::NoCredentials => "no_credentials",
        Cause::RoleNotAssumed(_) => "role_not_assumed",
    }
}

#[cfg(test)]
mod tests {
    use super::of;
    use crate::s3::failure::{Cause, Failure};

    #[test]
    fn what_a_store_makes_up_is_other() {
        let refused = |code: Option<&str>| Failure {
            code: code.map(str::to_owned),
            ..Failure::new(Cause::Refused)
        };
        assert_eq!(of(Some(&refused(Some("AccessDenied")))), "AccessDenied");
        for made_up in [Some("MyBucketIsSecret"), Some(""), None] {
            assert_eq!(of(Some(&refused(made_up))), "other");
        }
        assert_eq!(of(None), "ok");
    }
}
