//! Faults of one call while the others work: none of them becomes a missing permission, and nothing is left behind.

use datastored::pb::{self, Check, FindingReason, Verdict};

use super::{assert_broken, check, finding};
use crate::connection::{assert_holds, behind_a_proxy, report, through};
use crate::lab::proxy::{EVERY, Reply};
use crate::lab::rule::{Rule, When};
use crate::lab::{self, Server};
use crate::server::Datastored;

/// The operations of an enrichment test and the check that each decides.
const OPERATIONS: [(&str, Check); 4] = [
    ("ListObjectsV2", Check::ListObjects),
    ("ListMultipartUploads", Check::ListMultipartUploads),
    ("GetObject", Check::GetObject),
    ("ListParts", Check::ListParts),
];

fn faults() -> Vec<(&'static str, Rule)> {
    let reply = |status, content_type, body: &str| Reply {
        status,
        content_type,
        body: body.to_owned(),
    };
    let always = |reply| Rule::reply(When::Always, reply);
    let page = "<html><body>wall of words</body></html>";
    let cut = "<?xml version=\"1.0\"?><Error><Code>Acc";
    vec![
        (
            "500",
            always(Reply::error(500, "InternalError", "We are sorry.")),
        ),
        ("a page", always(reply(403, "text/html", page))),
        ("a friendly page", always(reply(200, "text/html", page))),
        (
            "malformed XML",
            always(reply(403, "application/xml", "<Error><Code>")),
        ),
        (
            "truncated",
            always(reply(403, "application/xml", cut)).with("content-length", "400"),
        ),
    ]
}

async fn a_fault_of_one_call_is_never_a_missing_permission(s3: &Server) {
    let server = Datastored::start(&[]);
    for (name, rule) in faults() {
        for (operation, of) in OPERATIONS {
            let (proxy, bucket, config) = behind_a_proxy(s3).await;
            proxy.rule(operation, rule.clone());
            let report = report(&server, config, pb::Role::Enrichment).await;
            let check = check(&report, of);
            let told = [Verdict::Inconclusive, Verdict::Skipped];
            assert!(
                told.contains(&check.verdict()),
                "{name} {operation}: {check:?}"
            );
            assert_eq!(report.missing_actions, Vec::<String>::new(), "{name}");
            assert!(!format!("{report:?}").contains("wall of words"), "{name}");
            assert_holds(s3, &bucket, &[]).await;
        }
    }
}

#[tokio::test]
async fn on_moto_a_fault_of_one_call_is_never_a_missing_permission() {
    a_fault_of_one_call_is_never_a_missing_permission(lab::moto().await.as_ref()).await;
}

#[tokio::test]
async fn on_seaweedfs_a_fault_of_one_call_is_never_a_missing_permission() {
    a_fault_of_one_call_is_never_a_missing_permission(lab::seaweedfs().await.as_ref()).await;
}

#[tokio::test]
async fn a_connection_that_is_reset_once_is_made_again() {
    let server = Datastored::start(&[]);
    let s3 = lab::moto().await;
    let (proxy, bucket, config) = behind_a_proxy(&s3).await;
    proxy.reset_connections();
    proxy.lose_first_answer("ListObjectsV2");
    let report = report(&server, config, pb::Role::Enrichment).await;
    super::assert_passed(&report);
    let list = check(&report, Check::ListObjects);
    assert_eq!(list.evidence.expect("proof").attempts, 2);
    assert_holds(&s3, &bucket, &[]).await;
}

#[tokio::test]
async fn connections_that_are_always_reset_are_a_cause() {
    let server = Datastored::start(&[]);
    let s3 = lab::moto().await;
    let (proxy, _, config) = behind_a_proxy(&s3).await;
    proxy.reset_connections();
    // Every connection is lost in the middle of an answer's head.
    let cut = Rule::header("content-length", "1000000");
    for _ in 0..40 {
        proxy.lose_first_answer(EVERY);
    }
    proxy.rule(EVERY, cut);
    let report = report(&server, config, pb::Role::Source).await;
    assert_broken(&report, FindingReason::EndpointUnreachable);
}

#[tokio::test]
async fn a_host_without_an_address_is_a_cause() {
    let server = Datastored::start(&[]);
    let keys = super::retrying::any_keys();
    for role in [pb::Role::Source, pb::Role::Enrichment] {
        let config = through("http://no-such-host.invalid:9000", "s3://bucket/x", &keys);
        let report = report(&server, config, role).await;
        assert_broken(&report, FindingReason::DnsFailure);
        assert_eq!(report.suggested_config, None);
    }
}

#[tokio::test]
async fn content_that_is_not_the_canarys_is_inconclusive() {
    let server = Datastored::start(&[]);
    let s3 = lab::moto().await;
    let (proxy, bucket, config) = behind_a_proxy(&s3).await;
    let reply = Reply {
        status: 200,
        content_type: "text/plain",
        body: "a cache's old words".to_owned(),
    };
    let kept = Rule::reply(When::Always, reply).with("etag", "\"old\"");
    proxy.rule("GetObject", kept);
    let report = report(&server, config, pb::Role::Enrichment).await;
    let get = finding(&report, Check::GetObject);
    assert_eq!(get.reason(), FindingReason::ContentMismatch);
    assert!(!format!("{report:?}").contains("old words"));
    assert_holds(&s3, &bucket, &[]).await;
}
