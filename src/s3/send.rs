//! Sends a call and says how it went; once more another way, when the answer says that the configured way is the wrong one.

use std::future::Future;

use aws_sdk_s3::Client as Sdk;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use tokio::time::Instant;
use tracing::Instrument;

use super::calls::Answer;
use super::client::{Client, Route};
use super::failure::{Cause, Failure};
use super::observe::Observer;
use super::result_class;
use super::span::CallSpan;
use crate::model::region::Region;
use crate::report::Evidence;

impl Client {
    /// Sends a call. It is signed again, once, for the region that S3 names, or with the bucket's name in the other place.
    pub(super) async fn call<T, E, F>(
        &self,
        operation: &'static str,
        send: impl Fn(&Sdk, Observer) -> F,
    ) -> Answer<T>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let (route, sdk) = self.current();
        let bucket = self.bucket.as_str();
        let answer = self.observed(operation, bucket, &sdk, &send).await;
        let Err(failure) = &answer.result else {
            return answer;
        };
        let Some(other) = self.other_route(&route, failure).await else {
            return answer;
        };
        let sdk = self.on(&other);
        let again = self.observed(operation, bucket, &sdk, &send).await;
        if again.result.as_ref().is_err_and(is_lost) {
            return answer;
        }
        tracing::info!(operation, region = %other.region, path_style = other.path_style, "took another way to the bucket");
        self.take(other, sdk);
        again
    }

    /// The way to try instead, if the failure says that this one is wrong.
    async fn other_route(&self, route: &Route, failure: &Failure) -> Option<Route> {
        if is_wrong_region(failure) {
            let named = failure.bucket_region.as_deref();
            let region = named.and_then(|r| Region::parse(r).ok())?;
            return (region != route.region).then(|| Route {
                region,
                ..route.clone()
            });
        }
        if !self.may_change_style || !may_be_wrong_style(failure) {
            return None;
        }
        let found = self.other_style.get_or_init(|| self.try_style(route));
        found.await.clone().filter(|other| other != route)
    }

    /// The route with the bucket's name in the other place, if there is a bucket that way.
    async fn try_style(&self, route: &Route) -> Option<Route> {
        let other = Route {
            path_style: !route.path_style,
            ..route.clone()
        };
        let answer = self.list_on(&other, self.bucket.as_str()).await;
        let is_there = match &answer.result {
            Ok(()) => true,
            Err(failure) => is_denial(failure) && !self.denies_any_bucket(&other).await,
        };
        is_there.then_some(other)
    }

    /// Whether a bucket that cannot exist is denied as well. A store that does not look at the Host takes a listing of a bucket for one of all
    /// buckets, and its refusal of that says nothing of the bucket.
    async fn denies_any_bucket(&self, route: &Route) -> bool {
        let nobodys = uuid::Uuid::new_v4().simple().to_string();
        let answer = self.list_on(route, &nobodys).await;
        answer.result.as_ref().is_err_and(is_denial)
    }

    async fn list_on(&self, route: &Route, bucket: &str) -> Answer<()> {
        let send = |sdk: &Sdk, seen| {
            let call = sdk.list_objects_v2().bucket(bucket).max_keys(1);
            call.customize().interceptor(seen).send()
        };
        let sdk = self.on(route);
        let answer = self.observed("ListObjectsV2", bucket, &sdk, &send).await;
        Answer {
            evidence: answer.evidence,
            result: answer.result.map(|_| ()),
        }
    }

    /// One attempt on one way, which is counted.
    async fn observed<T, E, F>(
        &self,
        operation: &'static str,
        bucket: &str,
        sdk: &Sdk,
        send: impl Fn(&Sdk, Observer) -> F,
    ) -> Answer<T>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let counted = self.calls.begin(operation);
        let answer = observed(operation, bucket, sdk, send).await;
        counted.end(result_class::of(answer.result.as_ref().err()));
        answer
    }
}

fn is_denial(failure: &Failure) -> bool {
    failure.status == Some(403) && failure.cause == Cause::Refused
}

/// The codes and statuses with which S3 says that a request was signed for, or sent to, the wrong region.
pub(super) fn is_wrong_region(failure: &Failure) -> bool {
    let code = failure.code.as_deref().unwrap_or_default();
    let coded = matches!(
        code,
        "PermanentRedirect" | "AuthorizationHeaderMalformed" | "IllegalLocationConstraintException"
    );
    coded || (code.is_empty() && matches!(failure.status, Some(301 | 307)))
}

/// A host with the bucket's name in it that is not there, or a store that takes the path, or the host, for something else.
fn may_be_wrong_style(failure: &Failure) -> bool {
    match failure.cause {
        Cause::Dns => true,
        Cause::Refused => matches!(
            (failure.code.as_deref(), failure.status),
            (Some("NoSuchBucket" | "InvalidBucketName" | "InvalidURI"), _)
                | (None, Some(400 | 404 | 405))
        ),
        Cause::NotS3
        | Cause::TooLong
        | Cause::Forbidden(_)
        | Cause::Timeout
        | Cause::ConnectionRefused
        | Cause::Tls(_)
        | Cause::Unreachable(_)
        | Cause::NoCredentials
        | Cause::RoleNotAssumed(_) => false,
    }
}

/// A second try that came to nothing: the first failure says more. Not where the second may still be carried out.
fn is_lost(failure: &Failure) -> bool {
    let was_refused = failure.cause == Cause::Refused && !is_wrong_region(failure);
    !was_refused && !may_be_carried_out(failure)
}

/// Whether a call that failed so was sent, and nothing says that the store has turned it down.
fn may_be_carried_out(failure: &Failure) -> bool {
    match failure.cause {
        Cause::Timeout | Cause::Unreachable(_) | Cause::TooLong => true,
        Cause::NotS3 | Cause::Refused => failure.status.is_none_or(|status| status >= 500),
        Cause::Dns
        | Cause::ConnectionRefused
        | Cause::Tls(_)
        | Cause::NoCredentials
        | Cause::Forbidden(_)
        | Cause::RoleNotAssumed(_) => false,
    }
}

/// Sends a call as it is, in a span of its own, and says how it went.
pub(super) async fn observed<T, E, F>(
    operation: &'static str,
    bucket: &str,
    sdk: &Sdk,
    send: impl Fn(&Sdk, Observer) -> F,
) -> Answer<T>
where
    F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let observer = Observer::default();
    let span = CallSpan::begin("S3", operation, Some(bucket));
    let start = Instant::now();
    let call = send(sdk, observer.clone()).instrument(span.span());
    let result = call.await;
    let duration = start.elapsed();
    let seen = observer.seen();
    let mut answer = Answer {
        evidence: Evidence {
            operation: operation.into(),
            http_status: seen.status,
            s3_error_code: None,
            request_id: seen.request_id.clone(),
            extended_request_id: seen.extended_request_id.clone(),
            attempts: seen.attempts,
            lost_attempts: seen.lost,
            duration,
            clock_ahead: seen.clock_ahead,
        },
        result: result.map_err(|error| Failure::from_sdk(&error, &seen)),
    };
    if answer.result.is_ok() && seen.is_foreign {
        answer.result = Err(Failure::not_s3(&answer.evidence));
    }
    let failure = answer.result.as_ref().err();
    answer.evidence.s3_error_code = failure.and_then(|f| f.code.clone());
    span.end(&seen, failure);
    answer
}
