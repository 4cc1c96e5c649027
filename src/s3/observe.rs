//! Reads each answer of S3 as it came over the wire, before the SDK makes an output or an error of it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use aws_sdk_s3::config::interceptors::{
    AfterDeserializationInterceptorContextRef, BeforeDeserializationInterceptorContextRef,
    BeforeTransmitInterceptorContextRef,
};
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::primitives::{DateTime, DateTimeFormat};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint;

/// Longer request IDs are none, and not repeated; those of Ceph, with the name of a zone in them, are the longest that were seen.
const MAX_REQUEST_ID: usize = 128;
/// The statuses with which a gateway says that it has no answer of the store's.
const FROM_GATEWAYS: [u16; 2] = [502, 504];
/// How much of a body is looked at, in bytes: an error of S3 is shorter.
const MAX_HEAD: usize = 2_048;

/// What the last answer of a call said outside its body.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    pub(super) status: Option<u16>,
    pub(super) request_id: Option<String>,
    pub(super) extended_request_id: Option<String>,
    /// From the header, or from the body of an error.
    pub(super) bucket_region: Option<String>,
    pub(super) clock_ahead: Option<i64>,
    /// The body is a page, or no XML: S3 sends neither, but as the content of an object.
    pub(super) is_foreign: bool,
    /// The name of the body's first XML element, of an answer whose body was read.
    pub(super) root: Option<String>,
    /// The code of an error, wherever it stands in the body.
    pub(super) code: Option<String>,
    /// The message that goes with it.
    pub(super) message: Option<String>,
    /// How often the call was sent, so far.
    pub(super) attempts: u32,
    /// How many of the attempts the store itself has not answered, so far.
    pub(super) lost: u32,
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
        let mut seen = self.lock();
        // What an earlier attempt was answered is not the answer to this one.
        *seen = Seen {
            attempts: seen.attempts + 1,
            lost: seen.lost + 1,
            ..Seen::default()
        };
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
        let id = |name: &str| header(name).filter(|id| id.len() <= MAX_REQUEST_ID);
        let mut seen = self.lock();
        let status = response.status().as_u16();
        seen.status = Some(status);
        if !FROM_GATEWAYS.contains(&status) {
            seen.lost -= 1;
        }
        seen.request_id = id("x-amz-request-id");
        seen.extended_request_id = id("x-amz-id-2");
        seen.bucket_region = header("x-amz-bucket-region");
        seen.clock_ahead = header("date").and_then(|date| clock_ahead(&date));
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
        // The cut can go through a character.
        let head = String::from_utf8_lossy(&body[..body.len().min(MAX_HEAD)]);
        let root = root_element(&head);
        let is_xml = root
            .as_ref()
            .is_some_and(|r| !r.eq_ignore_ascii_case("html"));
        let mut seen = self.lock();
        // Without a body the type says nothing: moto sends its 204s as text/html.
        seen.is_foreign = (is_html || !is_xml) && !body.trim_ascii().is_empty();
        seen.root = root;
        if !response.status().is_success() {
            seen.code = element(&head, "Code");
            seen.message = element(&head, "Message");
        }
        if seen.bucket_region.is_none() {
            seen.bucket_region = element(&head, "Region");
        }
        Ok(())
    }
}

/// How far the clock that wrote an HTTP date is ahead of ours, in seconds.
fn clock_ahead(date: &str) -> Option<i64> {
    let theirs = DateTime::from_str(date, DateTimeFormat::HttpDate).ok()?;
    let since = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    Some(theirs.secs() - i64::try_from(since.as_secs()).ok()?)
}

/// The text of an element without children.
fn element(text: &str, name: &str) -> Option<String> {
    let (_, rest) = text.split_once(&format!("<{name}>"))?;
    let (value, _) = rest.split_once('<')?;
    Some(value.to_owned())
}

/// The name of the first element of an XML document.
fn root_element(head: &str) -> Option<String> {
    let mut tags = head.split('<').skip(1);
    let tag = tags.find(|tag| !tag.starts_with(['?', '!']))?;
    let end = tag.find(|c: char| !c.is_ascii_alphanumeric())?;
    Some(tag[..end].to_owned())
}

#[cfg(test)]
mod tests {
    use super::{element, root_element};

    #[test]
    fn the_root_element_is_found_behind_the_declaration_and_comments() {
        let body =
            "<?xml version=\"1.0\"?>\n<!-- x --><ListPartsResponse xmlns=\"http://s3\"><Bucket>";
        assert_eq!(root_element(body).as_deref(), Some("ListPartsResponse"));
        let cut = format!("<ListBucketResult><Key>{}</Key>", "é".repeat(600));
        assert_eq!(root_element(&cut).as_deref(), Some("ListBucketResult"));
        assert_eq!(root_element("plain text"), None);
        assert_eq!(root_element("<cut"), None);
    }

    #[test]
    fn the_region_is_found_in_the_body_of_an_error() {
        let body =
            "<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-1</Region></Error>";
        assert_eq!(element(body, "Region").as_deref(), Some("eu-west-1"));
        assert_eq!(element(body, "Endpoint"), None);
    }
}
