//! One failure type for every S3 call, made from the SDK's errors by one generic function.

use std::error::Error as StdError;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

use super::observe::Seen;

/// Why a call did not succeed. Holds no secret; [`Failure::message`] is the endpoint's and must not be shown as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What kind of failure it is.
    pub cause: Cause,
    /// The HTTP status; `None` when no answer came.
    pub status: Option<u16>,
    /// S3's error code. An error without a body has none, such as those of HEAD and some 403s.
    pub code: Option<String>,
    /// S3's message, to be searched for known words.
    pub message: Option<String>,
    /// The bucket's region, when the answer names it (`x-amz-bucket-region`).
    pub bucket_region: Option<String>,
}

/// The kinds of failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// S3 answered with an error.
    Refused,
    /// Something answered, but not S3: an HTML page, or what cannot be read as an answer.
    NotS3,
    /// No answer in time.
    Timeout,
    /// No connection: the innermost cause, in the operating system's or the TLS library's words.
    Unreachable(String),
    /// There were no credentials to sign with.
    NoCredentials,
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
        }
    }

    /// A success that S3 would not word so.
    pub(super) fn not_s3(seen: &Seen) -> Self {
        Self {
            status: seen.status,
            ..Self::new(Cause::NotS3)
        }
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
            SdkError::ResponseError(_) => Cause::NotS3,
            SdkError::TimeoutError(_) => Cause::Timeout,
            SdkError::DispatchFailure(failure) if failure.is_timeout() => Cause::Timeout,
            _ if has_source::<CredentialsError>(error) => Cause::NoCredentials,
            _ => Cause::Unreachable(innermost(error)),
        };
        Self {
            cause,
            status: seen.status,
            code: code.map(str::to_owned),
            message: error.message().map(str::to_owned),
            bucket_region: seen.bucket_region.clone(),
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

/// An error and its causes, outermost first.
fn sources<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |e| StdError::source(*e))
}

fn has_source<T: StdError + 'static>(error: &(dyn StdError + 'static)) -> bool {
    sources(error).any(<dyn StdError>::is::<T>)
}

fn innermost(error: &(dyn StdError + 'static)) -> String {
    sources(error)
        .last()
        .map(ToString::to_string)
        .unwrap_or_default()
}
