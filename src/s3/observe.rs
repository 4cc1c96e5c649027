//! Reads each answer of S3 as it came over the wire, before the SDK makes an output or an error of it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_sdk_s3::config::interceptors::{
    AfterDeserializationInterceptorContextRef, BeforeDeserializationInterceptorContextRef,
    BeforeTransmitInterceptorContextRef,
};
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint;

/// Longer request IDs are none, and not repeated; those of Ceph, with the name of a zone in them, are the longest that were seen.
const MAX_REQUEST_ID: usize = 128;

/// The call behind a verdict.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// The S3 operation: `ListObjectsV2`.
    pub operation: &'static str,
    /// The HTTP status of the last answer; `None` when none came.
    pub http_status: Option<u16>,
    /// The S3 error code of the answer.
    pub s3_error_code: Option<String>,
    /// S3's id of the call.
    pub request_id: Option<String>,
    /// From the call to its answer, retries included.
    pub duration: Duration,
}

/// What the last answer of a call said outside its body.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    pub(super) status: Option<u16>,
    pub(super) request_id: Option<String>,
    pub(super) bucket_region: Option<String>,
    /// The body is a page, or no XML: S3 sends neither, but as the content of an object.
    pub(super) is_foreign: bool,
    /// The name of the body's first XML element, of an answer whose body was read.
    pub(super) root: Option<String>,
    /// How often the call was sent, so far.
    pub(super) attempts: u32,
}

/// Remembers the last answer of the one call that it is attached to.
#[derive(Clone, Debug, Default)]
pub(super) struct Observer(Arc<Mutex<Seen>>);

impl Observer {
    pub(super) fn seen(&self) -> Seen {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[dyn_dispatch_hint]
impl Intercept for Observer {
    fn name(&self) -> &'static str {
        "datastored::s3::Observer"
    }

    fn read_before_attempt(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.lock().attempts += 1;
        Ok(())
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response();
        let header = |name: &str| response.headers().get(name).map(str::to_owned);
        let mut seen = self.lock();
        *seen = Seen {
            status: Some(response.status().as_u16()),
            request_id: header("x-amz-request-id").filter(|id| id.len() <= MAX_REQUEST_ID),
            bucket_region: header("x-amz-bucket-region"),
            is_foreign: false,
            root: None,
            attempts: seen.attempts,
        };
        Ok(())
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response();
        // The content of an object is not read yet.
        let Some(body) = response.body().bytes() else {
            return Ok(());
        };
        let content_type = response.headers().get("content-type");
        let is_html = content_type.is_some_and(|t| t.starts_with("text/html"));
        let root = root_element(body);
        let is_xml = root
            .as_ref()
            .is_some_and(|r| !r.eq_ignore_ascii_case("html"));
        let mut seen = self.lock();
        // Without a body the type says nothing: moto sends its 204s as text/html.
        seen.is_foreign = (is_html || !is_xml) && !body.trim_ascii().is_empty();
        seen.root = root;
        Ok(())
    }
}

/// The name of the first element of an XML document.
fn root_element(body: &[u8]) -> Option<String> {
    // The cut can go through a character.
    let head = String::from_utf8_lossy(&body[..body.len().min(512)]);
    let mut tags = head.split('<').skip(1);
    let tag = tags.find(|tag| !tag.starts_with(['?', '!']))?;
    let end = tag.find(|c: char| !c.is_ascii_alphanumeric())?;
    Some(tag[..end].to_owned())
}

#[cfg(test)]
mod tests {
    use super::root_element;

    #[test]
    fn the_root_element_is_found_behind_the_declaration_and_comments() {
        let body =
            b"<?xml version=\"1.0\"?>\n<!-- x --><ListPartsResponse xmlns=\"http://s3\"><Bucket>";
        assert_eq!(root_element(body).as_deref(), Some("ListPartsResponse"));
        let cut = format!("<ListBucketResult><Key>{}</Key>", "é".repeat(600));
        assert_eq!(
            root_element(cut.as_bytes()).as_deref(),
            Some("ListBucketResult")
        );
        assert_eq!(root_element(b"plain text"), None);
        assert_eq!(root_element(b"<cut"), None);
    }
}
