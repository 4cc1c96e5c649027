//! One failure type for every S3 call, made from the SDK's errors by one generic function.

use std::error::Error as StdError;
use std::io;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::dns::ResolveDnsError;

use super::address::Kind;
use super::body::TooLong;
use super::guard::Forbidden;
use super::observe::Seen;
use super::role::NotAssumed;
use crate::report::Evidence;

/// Why a call did not succeed. Holds no secret; [`Failure::message`] is the endpoint's and must not be shown as it is.
#[derive(Clone, PartialEq, Eq)]
pub struct Failure {
    /// What kind of failure it is.
    pub cause: Cause,
    /// The HTTP status; `None` when no answer came.
    pub status: Option<u16>,
    /// S3's error code. An error without a body has none, such as those of HEAD and some 403s.
    pub code: Option<String>,
    /// S3's message, to be searched for known words.
    pub message: Option<String>,
    /// The bucket's region, when the answer names it (`x-amz-bucket-region`, or `Region` in the body).
    pub bucket_region: Option<String>,
    /// How far S3's clock is ahead of ours, in seconds, when the answer has a date.
    pub clock_ahead: Option<i32>,
    /// The body is the list of parts that moto writes, which the SDK cannot read.
    pub(super) is_list_of_parts: bool,
}

/// The kinds of failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// S3 answered with an error.
    Refused,
    /// Something answered, but not S3: an HTML page, or what cannot be read as an answer.
    NotS3,
    /// The answer is longer than any of S3's could be.
    TooLong,
    /// The endpoint is at an address that the server does not connect to.
    Forbidden(Kind),
    /// No answer in time.
    Timeout,
    /// The host name has no address.
    Dns,
    /// Nothing listens there.
    ConnectionRefused,
    /// The certificate is not trusted, or TLS failed otherwise: in the TLS library's words.
    Tls(String),
    /// No connection for another reason: the innermost cause, in the operating system's words.
    Unreachable(String),
    /// There were no credentials to sign with.
    NoCredentials,
    /// The role that was to sign could not be assumed: how the call of STS failed.
    RoleNotAssumed(Box<Failure>),
}

/// Without the endpoint's message, which may repeat what it was sent.
impl std::fmt::Debug for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Failure")
            .field("cause", &self.cause)
            .field("status", &self.status)
            .field("code", &self.code)
            .finish_non_exhaustive()
    }
}

impl Failure {
    /// A failure of the named kind with nothing else known.
    #[must_use]
    pub fn new(cause: Cause) -> Self {
        Self {
            cause,
            status: None,
            code: None,
            message: None,
            bucket_region: None,
            clock_ahead: None,
            is_list_of_parts: false,
        }
    }

    /// A success that S3 would not word so.
    pub(super) fn not_s3(evidence: &Evidence) -> Self {
        Self {
            status: evidence.http_status,
            ..Self::new(Cause::NotS3)
        }
    }

    /// Whether S3 itself has answered with an error.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.cause == Cause::Refused
    }

    /// Whether S3 has said that what was asked for is not there. A page of something on the way says nothing.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        let code = self.code.as_deref();
        let is_coded = matches!(
            code,
            None | Some("NoSuchKey" | "NoSuchVersion" | "NoSuchUpload" | "NoSuchBucket")
        );
        self.cause == Cause::Refused && self.status == Some(404) && is_coded
    }

    /// Whether S3 has said that the credentials may not. Clocks, signatures and pages of something on the way are refusals of another kind.
    #[must_use]
    pub fn is_denied(&self) -> bool {
        let is_coded = matches!(self.code.as_deref(), None | Some("AccessDenied"));
        self.cause == Cause::Refused && self.status == Some(403) && is_coded
    }

    pub(super) fn from_sdk<E, R>(error: &SdkError<E, R>, seen: &Seen) -> Self
    where
        E: ProvideErrorMetadata + StdError + 'static,
        R: std::fmt::Debug + 'static,
    {
        let code = error.code().filter(|c| is_code(c));
        let cause = match error {
            // An error with a status of success is a body that the SDK could not read; XML without a code is none of S3's.
            SdkError::ServiceError(_)
                if seen.is_foreign
                    || is_success(seen.status)
                    || code.is_none() && seen.root.is_some() =>
            {
                Cause::NotS3
            }
            SdkError::ServiceError(_) => Cause::Refused,
            SdkError::ResponseError(_) if find::<TooLong>(error).is_some() => Cause::TooLong,
            SdkError::ResponseError(_) => Cause::NotS3,
            SdkError::TimeoutError(_) => Cause::Timeout,
            SdkError::DispatchFailure(failure) if failure.is_timeout() => Cause::Timeout,
            _ => no_connection(error),
        };
        Self {
            cause,
            status: seen.status,
            code: code.map(str::to_owned),
            message: error.message().map(str::to_owned),
            bucket_region: seen.bucket_region.clone(),
            clock_ahead: seen.clock_ahead.and_then(|s| i32::try_from(s).ok()),
            is_list_of_parts: seen.root.as_deref() == Some("ListPartsResponse"),
        }
    }
}

/// Whether a text can be an error code of S3. They are plain words; what is not is not repeated.
#[must_use]
pub fn is_code(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'.';
    !text.is_empty() && text.len() <= 64 && text.bytes().all(plain)
}

fn is_success(status: Option<u16>) -> bool {
    status.is_some_and(|s| (200..300).contains(&s))
}

fn no_connection(error: &(dyn StdError + 'static)) -> Cause {
    if let Some(NotAssumed(why)) = chain(error).find_map(|e| e.downcast_ref()) {
        return Cause::RoleNotAssumed(Box::new(why.clone()));
    }
    if find::<CredentialsError>(error).is_some() {
        return Cause::NoCredentials;
    }
    if let Some(Forbidden(kind)) = find(error) {
        return Cause::Forbidden(*kind);
    }
    if let Some(tls) = find::<rustls::Error>(error) {
        return Cause::Tls(tls.to_string());
    }
    let mut of_io = chain(error).filter_map(|e| e.downcast_ref::<io::Error>());
    if of_io.any(|e| e.kind() == io::ErrorKind::ConnectionRefused) {
        return Cause::ConnectionRefused;
    }
    if find::<ResolveDnsError>(error).is_some() {
        return Cause::Dns;
    }
    let innermost = chain(error).last().map(ToString::to_string);
    Cause::Unreachable(innermost.unwrap_or_default())
}

/// The outermost error of a type among an error and its causes.
pub(super) fn find<'a, T: StdError + 'static>(
    error: &'a (dyn StdError + 'static),
) -> Option<&'a T> {
    chain(error).find_map(|e| e.downcast_ref())
}

/// An error and its causes, outermost first. What an [`io::Error`] wraps is among them, which its `source` passes over.
fn chain<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |e| match e.downcast_ref::<io::Error>() {
        Some(io) => io.get_ref().map(|inner| inner as &(dyn StdError + 'static)),
        None => StdError::source(*e),
    })
}
