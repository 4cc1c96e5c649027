//! S3's answers, as a target of fuzzing: they go through the SDK, as those from the network do.

use aws_sdk_s3::Client as Sdk;
use aws_sdk_s3::config::http::{HttpRequest, HttpResponse};
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_types::body::SdkBody;
use tokio::runtime::Builder;

use super::calls::Answer;
use super::failure::{Cause, Failure};
use super::send::observed;
use crate::fuzz::text;
use crate::iam::Denial;

/// Says the same to every request.
#[derive(Clone, Debug)]
struct Canned {
    status: u16,
    body: Vec<u8>,
}

impl HttpConnector for Canned {
    fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
        let status = self.status.try_into().expect("it is a status");
        let body = SdkBody::from(self.body.clone());
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status, body)))
    }
}

/// Whatever answers: a success is one of HTTP's, and what is repeated of a failure is short and plain. The first line is the status, the rest the body.
pub(crate) fn s3_error(bytes: &[u8]) {
    let end = bytes.iter().position(|&b| b == b'\n').unwrap_or_default();
    let (line, body) = bytes.split_at(end);
    let status = text(line).parse().ok();
    let canned = Canned {
        status: status.filter(|s| (200..600).contains(s)).unwrap_or(403),
        body: body.get(1..).unwrap_or_default().to_vec(),
    };
    let status = canned.status;
    for answer in answers(canned) {
        assert_eq!(answer.evidence.attempts, 1);
        match answer.result {
            Ok(()) => assert!((200..300).contains(&status), "{status}"),
            Err(failure) => check(&failure, status),
        }
    }
}

fn check(failure: &Failure, status: u16) {
    assert_eq!(failure.status, Some(status));
    assert!(
        matches!(failure.cause, Cause::Refused | Cause::NotS3),
        "{failure:?}"
    );
    assert!(failure.code.as_deref().is_none_or(is_plain), "{failure:?}");
    if failure.is_refused() {
        assert!(!(200..300).contains(&status), "{failure:?}");
    }
    assert!(!(failure.is_missing() && failure.is_denied()));
    assert!(format!("{failure:?}").len() <= 200, "{failure:?}");
    if let Some(denial) = failure.message.as_deref().and_then(Denial::parse) {
        assert!(denial.action.len() <= 2_048);
    }
}

fn is_plain(code: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'.';
    code.len() <= 64 && code.bytes().all(plain)
}

/// What two calls make of the answer: one that lists, and one whose success has no body.
fn answers(canned: Canned) -> [Answer<()>; 2] {
    let connector = SharedHttpConnector::new(canned);
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("eu-west-1"))
        .credentials_provider(Credentials::new("AKIA", "secret", None, None, "fuzz"))
        .retry_config(RetryConfig::disabled())
        .http_client(http_client_fn(move |_, _| connector.clone()));
    let sdk = Sdk::from_conf(config.build());
    let runtime = Builder::new_current_thread().enable_time().build();
    runtime.expect("a runtime starts").block_on(async {
        let list = |sdk: &Sdk, seen| {
            let call = sdk.list_objects_v2().bucket("logs").customize();
            call.interceptor(seen).send()
        };
        let delete = |sdk: &Sdk, seen| {
            let call = sdk.delete_object().bucket("logs").key("a").customize();
            call.interceptor(seen).send()
        };
        [
            observed("ListObjectsV2", "logs", &sdk, list)
                .await
                .map(drop),
            observed("DeleteObject", "logs", &sdk, delete)
                .await
                .map(drop),
        ]
    })
}
