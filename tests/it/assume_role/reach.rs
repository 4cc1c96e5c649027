//! An STS that cannot be reached is told from a store that cannot: here the store is up.

use datastored::pb::{self, FindingReason};
use tokio::net::TcpListener;

use super::{Stage, assert_not_assumed};
use crate::connection::{assert_holds, report};
use crate::lab::proxy::{Proxy, Reply};
use crate::lab::{self, Server};
use crate::server::Datastored;

/// Tests in both roles with an STS at that address, and asserts that STS is blamed and not the store.
async fn assert_blamed(
    server: &Datastored,
    s3: &Server,
    stage: &Stage,
    sts: &str,
    reason: FindingReason,
) {
    for role in [pb::Role::Source, pb::Role::Enrichment] {
        let config = stage.config(s3.endpoint(), sts);
        let report = report(server, config, role).await;
        let finding = assert_not_assumed(&report, reason);
        assert!(finding.title.contains("STS"), "{finding:?}");
        assert!(finding.title.contains(sts), "{finding:?}");
        assert!(!finding.title.contains(s3.endpoint()), "{finding:?}");
        assert!(finding.remedy.contains("s3.assume_role.sts_endpoint"));
    }
    assert_holds(s3, &stage.bucket, &[]).await;
}

#[tokio::test]
async fn an_sts_that_cannot_be_reached_is_told_from_a_store_that_cannot() {
    let server = Datastored::start(&[]);
    let s3 = lab::moto().await;
    let stage = Stage::new(&s3).await;
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = closed.local_addr().unwrap();
    drop(closed);
    // It speaks no TLS.
    let plain = s3.endpoint().replace("http://", "https://");
    for (sts, reason) in [
        (
            &*format!("http://{address}"),
            FindingReason::ConnectionRefused,
        ),
        ("http://sts.invalid", FindingReason::DnsFailure),
        (&*plain, FindingReason::TlsFailure),
    ] {
        assert_blamed(&server, &s3, &stage, sts, reason).await;
    }
}

#[tokio::test]
async fn an_sts_that_never_answers_is_a_timeout_of_sts() {
    let server = Datastored::start(&["--check-timeout", "1s"]);
    let s3 = lab::moto().await;
    let stage = Stage::new(&s3).await;
    // The system takes the connections; nobody reads from them.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let sts = format!("http://{}", listener.local_addr().unwrap());
    assert_blamed(&server, &s3, &stage, &sts, FindingReason::Timeout).await;
}

#[tokio::test]
async fn what_answers_something_else_than_sts_is_not_sts() {
    let server = Datastored::start(&[]);
    let s3 = lab::moto().await;
    let stage = Stage::new(&s3).await;
    for (status, content_type, body) in [
        (200, "text/html", "<html><body>Sign in</body></html>"),
        (200, "text/plain", "ok"),
        (200, "text/xml", "<AssumeRoleResponse/>"),
        (403, "text/html", "<html><body>Forbidden</body></html>"),
        (404, "text/plain", "404 page not found"),
    ] {
        let reply = Reply {
            status,
            content_type,
            body: body.to_owned(),
        };
        let web_server = Proxy::answering(reply).await;
        let sts = web_server.endpoint();
        println!("{status} {body}");
        assert_blamed(&server, &s3, &stage, sts, FindingReason::RoleNotAssumed).await;
    }
}

/// STS is behind the same guard as S3: a datastore does not send the server anywhere by way of its role.
#[tokio::test]
async fn an_sts_at_a_forbidden_address_is_not_asked() {
    let s3 = lab::moto().await;
    let stage = Stage::new(&s3).await;
    let server = Datastored::start(&["--private-endpoints", "allow"]);
    for sts in [
        "http://169.254.169.254",
        "http://[fd00:ec2::254]",
        "http://2852039166",
    ] {
        let config = stage.config(s3.endpoint(), sts);
        let report = report(&server, config, pb::Role::Enrichment).await;
        let finding = assert_not_assumed(&report, FindingReason::EndpointForbidden);
        assert!(finding.title.contains("metadata"), "{finding:?}");
    }
}
