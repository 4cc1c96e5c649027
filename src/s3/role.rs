//! Assumes a role: temporary credentials from STS, asked for once for all calls of a client.
//!
//! The SDK's own `AssumeRoleProvider` writes into the log what STS answers, which may repeat what it was sent, and gives neither the HTTP status
//! nor every error code. Its identity cache shares a success among the calls that wait for it, but sends each of them to STS after a failure.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials as SdkCredentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use aws_sdk_s3::config::{BehaviorVersion, IdentityCache, Region as SdkRegion, SharedHttpClient};
use aws_sdk_sts::operation::assume_role::builders::AssumeRoleFluentBuilder;
use aws_sdk_sts::types::Credentials as StsCredentials;
use tokio::sync::Mutex;
use tracing::Instrument;

use super::client::{retries, timeouts};
use super::failure::{Cause, Failure, is_code};
use super::observe::{Observer, Seen};
use super::result_class;
use super::span::CallSpan;
use crate::metrics::S3Calls;
use crate::model::credentials::AssumedRole;
use crate::model::region::Region;

/// How long before they expire credentials are no longer used.
const MARGIN: Duration = Duration::from_mins(1);

/// A role and the credentials that assuming it has given. Clones share them; they live no longer than the client that they are for.
#[derive(Clone)]
pub(super) struct Role(Arc<Shared>);

struct Shared {
    request: AssumeRoleFluentBuilder,
    calls: S3Calls,
    /// What the last attempt came to. Who holds the lock makes the next one.
    last: Mutex<Option<Result<SdkCredentials, Failure>>>,
    /// How many attempts have come to an end.
    ended: AtomicUsize,
    /// Whether one of them was a success.
    is_assumed: AtomicBool,
}

/// Carries the reason through the errors of the SDK.
#[derive(Debug, thiserror::Error)]
#[error("the role was not assumed")]
pub(super) struct NotAssumed(pub(super) Failure);

impl Role {
    /// A role that is assumed with the base credentials when it is first needed, on the connections of `http`.
    pub(super) fn new(
        role: &AssumedRole,
        base: Option<SharedCredentialsProvider>,
        region: &Region,
        http: SharedHttpClient,
        calls: S3Calls,
    ) -> Self {
        let mut config = aws_sdk_sts::Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(SdkRegion::new(region.as_str().to_owned()))
            .retry_config(retries())
            .timeout_config(timeouts())
            .identity_cache(IdentityCache::no_cache())
            .http_client(http);
        config.set_credentials_provider(base);
        config.set_endpoint_url(role.sts_endpoint.as_ref().map(ToString::to_string));
        let external_id = role.external_id.as_ref();
        let request = aws_sdk_sts::Client::from_conf(config.build())
            .assume_role()
            .role_arn(role.role_arn.as_str())
            .role_session_name(role.session_name.as_str())
            .set_external_id(external_id.map(|id| id.as_str().to_owned()))
            .set_duration_seconds(i32::try_from(role.duration.as_secs()).ok());
        Self(Arc::new(Shared {
            request,
            calls,
            last: Mutex::default(),
            ended: AtomicUsize::default(),
            is_assumed: AtomicBool::default(),
        }))
    }

    /// Whether nothing can be sent to S3 yet, because STS has not given any credentials so far.
    pub(super) fn is_awaited(&self) -> bool {
        !self.0.is_assumed.load(Ordering::Relaxed)
    }

    /// The role's credentials. Calls that come while STS is being asked share its answer, be it a refusal; a later one asks again. A call that is
    /// given up leaves the question to the next one that waits.
    async fn credentials(&self) -> Result<SdkCredentials, Failure> {
        let ended = || self.0.ended.load(Ordering::SeqCst);
        let before = ended();
        let mut last = self.0.last.lock().await;
        match &*last {
            Some(Ok(credentials)) if is_fresh(credentials) => return Ok(credentials.clone()),
            Some(Err(failure)) if ended() > before => return Err(failure.clone()),
            _ => {}
        }
        let counted = self.0.calls.begin("AssumeRole");
        let result = self.ask().await;
        counted.end(result_class::of(result.as_ref().err()));
        self.0
            .is_assumed
            .fetch_or(result.is_ok(), Ordering::Relaxed);
        *last = Some(result.clone());
        self.0.ended.fetch_add(1, Ordering::SeqCst);
        result
    }

    async fn ask(&self) -> Result<SdkCredentials, Failure> {
        let observer = Observer::default();
        let request = self.0.request.clone().customize();
        let request = request.interceptor(observer.clone());
        let span = CallSpan::begin("STS", "AssumeRole", None);
        let answer = request.send().instrument(span.span()).await;
        let seen = observer.seen();
        let answer = answer.map_err(|error| reread(Failure::from_sdk(&error, &seen), &seen));
        let credentials = answer.and_then(|output| {
            let credentials = output.credentials().and_then(of_sts);
            credentials.ok_or_else(|| Failure {
                status: seen.status,
                ..Failure::new(Cause::NotS3)
            })
        });
        span.end(&seen, credentials.as_ref().err());
        credentials
    }
}

impl ProvideCredentials for Role {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            let credentials = self.credentials().await;
            credentials.map_err(|failure| CredentialsError::provider_error(NotAssumed(failure)))
        })
    }
}

/// Says nothing of the credentials.
impl std::fmt::Debug for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Role").finish_non_exhaustive()
    }
}

fn is_fresh(credentials: &SdkCredentials) -> bool {
    let expiry = credentials.expiry();
    expiry.is_none_or(|expiry| expiry > SystemTime::now() + MARGIN)
}

/// moto writes one element more around an error than STS does, and says that it is a page: the SDK finds no code in that.
fn reread(failure: Failure, seen: &Seen) -> Failure {
    let is_error = failure.cause == Cause::NotS3 && seen.root.as_deref() == Some("ErrorResponse");
    let code = seen.code.as_deref().filter(|code| is_code(code));
    if !is_error || code.is_none() {
        return failure;
    }
    Failure {
        cause: Cause::Refused,
        code: code.map(str::to_owned),
        message: seen.message.clone(),
        ..failure
    }
}

/// `None` for an expiry that is no time.
fn of_sts(credentials: &StsCredentials) -> Option<SdkCredentials> {
    let expiry = SystemTime::try_from(*credentials.expiration()).ok()?;
    Some(SdkCredentials::new(
        credentials.access_key_id(),
        credentials.secret_access_key(),
        Some(credentials.session_token().to_owned()),
        Some(expiry),
        "assumed role",
    ))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use aws_sdk_s3::config::SharedHttpClient;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    use super::Role;
    use crate::metrics::S3Calls;
    use crate::model::credentials::{
        AccessKey, AssumedRole, Base, RoleArn, SessionDuration, SessionName,
    };
    use crate::model::endpoint::Endpoint;
    use crate::model::region::Region;
    use crate::model::secret::Secret;
    use crate::s3::failure::Cause;

    const REFUSAL: &str = "HTTP/1.1 403 Forbidden\r\ncontent-type: text/xml\r\nconnection: close\r\n\r\n<ErrorResponse><Error><Code>AccessDenied</Code><Message>words</Message></Error></ErrorResponse>";

    fn success(expiration: &str) -> String {
        format!(
            "HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\nconnection: close\r\n\r\n<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIA1</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>{expiration}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"
        )
    }

    /// Reads a request to the form in its body, and answers.
    async fn answer(mut stream: TcpStream, answer: &str) {
        let mut read = Vec::new();
        while !read.windows(17).any(|w| w == b"Action=AssumeRole") {
            let mut some = [0; 4_096];
            let length = stream.read(&mut some).await.unwrap();
            assert!(length > 0, "the client has hung up");
            read.extend_from_slice(&some[..length]);
        }
        stream.write_all(answer.as_bytes()).await.unwrap();
    }

    /// A role whose STS always gives that answer, and how often it was asked.
    async fn role(text: String) -> (Role, Arc<AtomicUsize>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let sts = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(AtomicUsize::default());
        let count = Arc::clone(&asked);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                count.fetch_add(1, Ordering::SeqCst);
                answer(stream, &text).await;
            }
        });
        let role = AssumedRole {
            role_arn: RoleArn::parse("arn:aws:iam::123456789012:role/reader").unwrap(),
            external_id: None,
            session_name: SessionName::default(),
            duration: SessionDuration::default(),
            sts_endpoint: Some(Endpoint::parse(&sts).unwrap()),
            base: Base::AccessKey(AccessKey {
                access_key_id: "AKIA1".to_owned(),
                secret_access_key: Secret::new("secret".to_owned()),
                session_token: None,
            }),
        };
        let http: SharedHttpClient = aws_smithy_http_client::Builder::new().build_http();
        let base = crate::s3::signer::base(&role.base, &Region::default()).await;
        let role = Role::new(&role, base, &Region::default(), http, S3Calls::default());
        (role, asked)
    }

    #[tokio::test]
    async fn calls_that_wait_for_sts_share_its_refusal_and_a_later_one_asks_again() {
        let (role, asked) = role(REFUSAL.to_owned()).await;
        for round in 1..=2 {
            let (one, two, three) =
                tokio::join!(role.credentials(), role.credentials(), role.credentials());
            for result in [one, two, three] {
                let failure = result.unwrap_err();
                assert_eq!((failure.cause, failure.status), (Cause::Refused, Some(403)));
                assert_eq!(failure.code.as_deref(), Some("AccessDenied"));
            }
            assert_eq!(asked.load(Ordering::SeqCst), round);
            assert!(role.is_awaited());
        }
    }

    #[tokio::test]
    async fn what_sts_gives_is_used_until_shortly_before_it_expires() {
        for (expiration, times) in [("2099-01-01T00:00:00Z", 1), ("2001-01-01T00:00:00Z", 3)] {
            let (role, asked) = role(success(expiration)).await;
            for _ in 0..3 {
                let credentials = role.credentials().await.unwrap();
                assert_eq!(credentials.access_key_id(), "ASIA1");
                assert!(!role.is_awaited());
            }
            assert_eq!(asked.load(Ordering::SeqCst), times, "{expiration}");
        }
    }
}
