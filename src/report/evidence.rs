//! The S3 call that a verdict rests on.

use std::borrow::Cow;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The call behind a verdict.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The S3 operation: `ListObjectsV2`.
    pub operation: Cow<'static, str>,
    /// The HTTP status of the last answer; `None` when none came.
    pub http_status: Option<u16>,
    /// The S3 error code of the answer.
    pub s3_error_code: Option<String>,
    /// S3's id of the call.
    pub request_id: Option<String>,
    /// S3's second id of the call, `x-amz-id-2`.
    pub extended_request_id: Option<String>,
    /// How often the call was sent: a second time when the answer to the first was lost, or asked for it.
    pub attempts: u32,
    /// How many of these were not answered by the store itself: nothing came, or a gateway spoke for it. Each may still be carried out.
    #[serde(skip)]
    pub lost_attempts: u32,
    /// From the call to its answer, retries included.
    pub duration: Duration,
    /// How far S3's clock is ahead of ours, in seconds, by the `Date` of the answer.
    pub clock_ahead: Option<i64>,
}
