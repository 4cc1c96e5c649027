//! A refusal to assume a role may be due to a policy, or a key, that is too new for STS to know it.

use datastored::pb::{self, Check, FindingReason, Outcome, Verdict};

use super::{Stage, assert_not_assumed};
use crate::connection::report;
use crate::connection::watch::watch_with;
use crate::lab;
use crate::lab::proxy::{Proxy, Reply};
use crate::lab::rule::{Rule, When};
use crate::server::Datastored;

fn patient(seconds: i64) -> pb::TestConnectionRequest {
    pb::TestConnectionRequest {
        retry_access_denied_for: Some(prost_types::Duration { seconds, nanos: 0 }),
        ..pb::TestConnectionRequest::default()
    }
}

/// moto knows a new policy at once; a proxy in front of it does not.
#[tokio::test]
async fn a_trust_policy_or_a_key_that_is_too_new_is_waited_for_and_shown_as_retrying() {
    let server = Datastored::start(&[]);
    let s3 = lab::moto().await;
    let stage = Stage::new(&s3).await;
    for code in ["AccessDenied", "InvalidClientTokenId"] {
        let proxy = Proxy::start(s3.endpoint()).await;
        let refusal = Reply::sts_error(403, code, "not yet");
        proxy.rule("AssumeRole", Rule::reply(When::Always, refusal).first(1));
        let config = stage.config(s3.endpoint(), proxy.endpoint());
        let watched = watch_with(&server, config, pb::Role::Enrichment, patient(60)).await;
        let mut watched = watched.expect("the test starts");
        watched.until(Check::ListObjects, Verdict::Retrying).await;
        let report = watched.ended().await;
        assert_eq!(report.outcome(), Outcome::Passed, "{report:?}");
    }
}

#[tokio::test]
async fn a_refusal_that_stays_is_believed_in_the_end_and_a_mistake_at_once() {
    let server = Datastored::start(&[]);
    let s3 = lab::moto().await;
    let stage = Stage::new(&s3).await;
    for (code, seconds, at_least) in [
        ("AccessDenied", 1, 2),
        ("AccessDenied", 0, 1),
        // Waiting does not make a duration shorter.
        ("ValidationError", 300, 1),
    ] {
        let proxy = Proxy::start(s3.endpoint()).await;
        proxy.answer("AssumeRole", Reply::sts_error(403, code, "DurationSeconds"));
        let config = stage.config(s3.endpoint(), proxy.endpoint());
        let watched = watch_with(&server, config, pb::Role::Source, patient(seconds)).await;
        let report = watched.expect("the test starts").ended().await;
        assert_not_assumed(&report, FindingReason::RoleNotAssumed);
        assert!(proxy.calls("AssumeRole") >= at_least, "{code}");
    }
}

#[tokio::test]
async fn a_hiccup_of_sts_is_got_over_without_patience() {
    let server = Datastored::start(&[]);
    let s3 = lab::moto().await;
    let stage = Stage::new(&s3).await;
    for (status, code) in [(500, "InternalFailure"), (400, "Throttling")] {
        let proxy = Proxy::start(s3.endpoint()).await;
        let hiccup = Reply::sts_error(status, code, "Try again.");
        proxy.rule("AssumeRole", Rule::reply(When::Always, hiccup).first(1));
        let config = stage.config(s3.endpoint(), proxy.endpoint());
        let report = report(&server, config, pb::Role::Enrichment).await;
        assert_eq!(report.outcome(), Outcome::Passed, "{code}: {report:?}");
        assert_eq!(proxy.calls("AssumeRole"), 2);
    }
}
