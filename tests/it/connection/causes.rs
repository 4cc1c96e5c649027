//! What keeps a test from S3 as a whole is one cause of its own, never a list of missing permissions.

use datastored::pb::s3_config::Credentials;
use datastored::pb::{self, Check, FindingReason, Verdict};
use tokio::net::TcpListener;
use tonic::Code;

use super::watch::start;
use super::{assert_holds, config, put, refusal, report, through, verdicts};
use crate::lab::proxy::{Proxy, Reply};
use crate::lab::{self, Keys, Server, policies};
use crate::server::{Datastored, datastore};

const ROLES: [pb::Role; 2] = [pb::Role::Source, pb::Role::Enrichment];

/// Tests in both roles and asserts that the whole connection has this one cause.
async fn assert_cause(server: &Datastored, config: &pb::S3Config, reason: FindingReason) {
    for role in ROLES {
        let report = report(server, config.clone(), role).await;
        assert_eq!(report.outcome(), pb::Outcome::Failed, "{reason:?}");
        let cause = report
            .connection_finding
            .expect("the connection has a cause");
        assert_eq!(cause.reason(), reason);
        assert!(!cause.title.is_empty() && !cause.remedy.is_empty());
        assert_eq!((&*cause.resource, &*cause.missing_action), ("", ""));
        assert_eq!(report.missing_actions, Vec::<String>::new());
        assert_eq!(report.residue, []);
        for check in report.checks {
            assert_eq!(check.verdict(), Verdict::Skipped, "{reason:?}: {check:?}");
            assert_eq!(check.skipped_because_of(), Check::Unspecified);
        }
    }
}

/// A user that may do everything the roles need, and its bucket.
async fn able_user(s3: &Server) -> (String, Keys) {
    let bucket = s3.bucket().await;
    let keys = s3.user(&policies::enrichment(&bucket)).await;
    (bucket, keys)
}

async fn wrong_keys_and_buckets_are_causes_of_their_own(s3: &Server) {
    let server = Datastored::start(&[]);
    let (bucket, keys) = able_user(s3).await;
    let uri = format!("s3://{bucket}/anomalies");

    let wrong_secret = Keys {
        secret_access_key: format!("{}x", keys.secret_access_key),
        ..keys.clone()
    };
    let config_of = |keys: &Keys| config(s3, &uri, keys);
    let reason = FindingReason::SignatureMismatch;
    assert_cause(&server, &config_of(&wrong_secret), reason).await;

    let unknown = Keys {
        access_key_id: "AKIAIOSFODNN7UNKNOWN".to_owned(),
        ..keys
    };
    let reason = FindingReason::UnknownAccessKey;
    assert_cause(&server, &config_of(&unknown), reason).await;
    assert_holds(s3, &bucket, &[]).await;

    let missing = format!("{bucket}-missing");
    let keys = s3.user(&policies::enrichment(&missing)).await;
    let config = config(s3, &format!("s3://{missing}"), &keys);
    assert_cause(&server, &config, FindingReason::NoSuchBucket).await;
}

#[tokio::test]
async fn on_moto_wrong_keys_and_buckets_are_causes_of_their_own() {
    wrong_keys_and_buckets_are_causes_of_their_own(lab::moto().await.as_ref()).await;
}

#[tokio::test]
async fn on_seaweedfs_wrong_keys_and_buckets_are_causes_of_their_own() {
    wrong_keys_and_buckets_are_causes_of_their_own(lab::seaweedfs().await.as_ref()).await;
}

#[tokio::test]
async fn on_s3s_wrong_keys_and_buckets_are_causes_of_their_own() {
    wrong_keys_and_buckets_are_causes_of_their_own(lab::s3s().await.as_ref()).await;
}

/// The keys of nobody.
fn any_keys() -> Keys {
    Keys {
        access_key_id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
        secret_access_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned(),
    }
}

#[tokio::test]
async fn a_closed_port_refuses_the_connection() {
    let server = Datastored::start(&[]);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let config = through(&format!("http://{address}"), "s3://bucket", &any_keys());
    assert_cause(&server, &config, FindingReason::ConnectionRefused).await;
}

#[tokio::test]
async fn an_endpoint_that_never_answers_is_a_timeout() {
    let server = Datastored::start(&["--check-timeout", "300ms"]);
    // The system takes the connections; nobody reads from them.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let config = through(&endpoint, "s3://bucket", &any_keys());
    assert_cause(&server, &config, FindingReason::Timeout).await;
}

#[tokio::test]
async fn what_answers_something_else_than_s3_is_not_s3() {
    let server = Datastored::start(&[]);
    let page = "<!DOCTYPE html><html><body>Sign in to the network</body></html>";
    for (status, content_type, body) in [
        (200, "text/html; charset=utf-8", page),
        (403, "text/html", page),
        (404, "text/html", page),
        (403, "application/json", r#"{"error":"forbidden"}"#),
        (404, "text/plain", "404 page not found"),
        (403, "application/xml", "<denied/>"),
    ] {
        let reply = Reply {
            status,
            content_type,
            body: body.to_owned(),
        };
        let web_server = Proxy::answering(reply).await;
        let config = through(web_server.endpoint(), "s3://bucket/x", &any_keys());
        println!("{status} {content_type}");
        assert_cause(&server, &config, FindingReason::NotS3).await;
    }
}

/// Not even where nothing has to be read from an answer, as with DELETE, does a friendly page pass for S3.
#[tokio::test]
async fn a_server_that_says_yes_to_everything_passes_no_check() {
    let server = Datastored::start(&[]);
    for (content_type, body) in [("text/plain", "ok"), ("application/json", "{}"), ("", "")] {
        let reply = Reply {
            status: 200,
            content_type,
            body: body.to_owned(),
        };
        let web_server = Proxy::answering(reply).await;
        let config = through(web_server.endpoint(), "s3://bucket/x", &any_keys());
        for role in ROLES {
            let report = report(&server, config.clone(), role).await;
            let passed = |c: &&pb::CheckResult| c.verdict() == Verdict::Passed;
            assert_eq!(report.checks.iter().find(passed), None, "{content_type}");
            assert_eq!(report.missing_actions, Vec::<String>::new());
        }
    }
}

#[tokio::test]
async fn the_errors_of_a_whole_connection_are_told_apart_by_their_code() {
    let server = Datastored::start(&[]);
    for (status, code, message, reason) in [
        (
            400,
            "ExpiredToken",
            "The provided token has expired.",
            FindingReason::InvalidToken,
        ),
        (
            400,
            "InvalidToken",
            "The token is malformed.",
            FindingReason::InvalidToken,
        ),
        (
            403,
            "RequestTimeTooSkewed",
            "Too large a difference.",
            FindingReason::ClockSkew,
        ),
        (
            301,
            "PermanentRedirect",
            "Use another endpoint.",
            FindingReason::WrongRegion,
        ),
        // Garage answers a wrong secret so.
        (
            403,
            "AccessDenied",
            "Forbidden: Invalid signature",
            FindingReason::SignatureMismatch,
        ),
    ] {
        let proxy = Proxy::answering(Reply::error(status, code, message)).await;
        let config = through(proxy.endpoint(), "s3://bucket/x", &any_keys());
        println!("{code}");
        assert_cause(&server, &config, reason).await;
    }
}

/// The invariants of every stream look for the secret and the token in the events.
#[tokio::test]
async fn what_an_endpoint_writes_back_of_the_credentials_is_not_repeated() {
    let server = Datastored::start(&[]);
    // The secret is never sent; a session token is, and this is how long they are.
    let token = &"FwoGZXIvYXdzEBYaDExample".repeat(12);
    let mut config = through("http://nothing.invalid", "s3://bucket/x", &any_keys());
    if let Some(Credentials::AccessKey(key)) = &mut config.credentials {
        key.session_token.clone_from(token);
    }
    let secret = any_keys().secret_access_key;
    for code in [token, "AccessDenied", "ExpiredToken"] {
        let message = format!("{code}: {secret} {token}");
        let proxy = Proxy::answering(Reply::error(403, code, &message)).await;
        proxy.endpoint().clone_into(&mut config.endpoint);
        for role in ROLES {
            report(&server, config.clone(), role).await;
        }
    }
    for secret in [&secret, token] {
        assert!(!server.log().contains(secret), "{secret} is in the log");
    }
}

/// moto answers an anonymous listing with 500, so it is not asked here.
#[tokio::test]
async fn anonymous_callers_of_a_private_bucket_lack_permissions() {
    let server = Datastored::start(&[]);
    for s3 in [lab::seaweedfs().await, lab::s3s().await] {
        let bucket = s3.bucket().await;
        put(&s3, &bucket, "a.csv", b"a,b").await;
        let config = pb::S3Config {
            uri: format!("s3://{bucket}"),
            endpoint: s3.endpoint().to_owned(),
            credentials: Some(Credentials::Anonymous(pb::Anonymous {})),
            ..pb::S3Config::default()
        };
        let report = report(&server, config, pb::Role::Source).await;
        let expected = [
            "LIST_OBJECTS FAILED ACCESS_DENIED",
            "LIST_MULTIPART_UPLOADS FAILED ACCESS_DENIED",
            "GET_OBJECT SKIPPED by LIST_OBJECTS",
        ];
        assert_eq!(verdicts(&report), expected, "{:?}", s3.kind());
        assert_eq!(report.connection_finding, None);
        let missing = ["s3:ListBucket", "s3:ListBucketMultipartUploads"];
        assert_eq!(report.missing_actions, missing);
    }
}

#[tokio::test]
async fn the_credentials_of_the_server_are_not_lent_unless_its_operator_allows_it() {
    let server = Datastored::start(&[]);
    let config = pb::S3Config {
        uri: "s3://bucket".to_owned(),
        credentials: Some(Credentials::Ambient(pb::Ambient {})),
        ..pb::S3Config::default()
    };
    let target = datastore("", pb::Role::Source, config);
    let target = pb::test_connection_request::Target::Datastore(target);
    let refused = start(&server, target, pb::Role::Unspecified).await;
    let (code, reason, details) = refusal(&refused.expect_err("it is refused"));
    assert_eq!(code, Code::FailedPrecondition);
    assert_eq!(reason, "AMBIENT_CREDENTIALS_NOT_ALLOWED");
    assert!(details.precondition_failure().is_some());
}
