//! A bucket in another region than the configured one: signed again once for the region that S3 names, which is the one to save.

use datastored::pb::{self, FindingReason};

use super::{assert_broken, assert_passed};
use crate::connection::{assert_holds, behind_a_proxy, report, through};
use crate::lab;
use crate::lab::proxy::{EVERY, Proxy, Reply};
use crate::lab::rule::{Rule, When};
use crate::server::Datastored;

const ROLES: [pb::Role; 2] = [pb::Role::Source, pb::Role::Enrichment];
const THERE: &str = "eu-west-1";

fn moved() -> Reply {
    Reply::error(
        301,
        "PermanentRedirect",
        "Please send all future requests to this endpoint.",
    )
}

/// What S3 answers to a request that was signed for another region: with the region in a header, in the body, or in both.
fn answers() -> Vec<Rule> {
    let elsewhere = |reply| Rule::reply(When::NotSignedFor(THERE), reply);
    let malformed = Reply {
        status: 400,
        content_type: "application/xml",
        body: format!(
            "<Error><Code>AuthorizationHeaderMalformed</Code><Message>The region 'us-east-1' is wrong; expecting '{THERE}'</Message><Region>{THERE}</Region></Error>"
        ),
    };
    let bare = Reply {
        status: 301,
        content_type: "application/xml",
        body: String::new(),
    };
    vec![
        elsewhere(moved()).with("x-amz-bucket-region", THERE),
        elsewhere(malformed.clone()),
        elsewhere(malformed).with("x-amz-bucket-region", THERE),
        elsewhere(bare).with("x-amz-bucket-region", THERE),
    ]
}

#[tokio::test]
async fn the_region_that_s3_names_is_tried_and_suggested() {
    let server = Datastored::start(&[]);
    for s3 in [lab::moto().await, lab::seaweedfs().await] {
        for answer in answers() {
            let (proxy, bucket, config) = behind_a_proxy(&s3).await;
            crate::connection::put(&s3, &bucket, "a.csv", b"a,b").await;
            proxy.rule(EVERY, answer);
            for role in ROLES {
                let report = report(&server, config.clone(), role).await;
                assert_passed(&report);
                let suggested = report.suggested_config.clone().expect("a suggestion");
                assert_eq!(suggested.region, THERE);
                assert_eq!(
                    suggested.addressing_style(),
                    pb::AddressingStyle::Unspecified
                );
                // What was suggested works without a detour.
                let region = suggested.region;
                let mended = pb::S3Config {
                    region,
                    ..config.clone()
                };
                let again = crate::connection::report(&server, mended, role).await;
                assert_passed(&again);
                assert_eq!(again.suggested_config, None);
            }
            assert_holds(&s3, &bucket, &["a.csv"]).await;
        }
    }
}

/// Two regions that each say the other: it is signed again once, not for ever.
#[tokio::test]
async fn a_region_that_does_not_lead_there_is_a_cause_and_not_followed_for_ever() {
    let server = Datastored::start(&[]);
    for named in [
        "eu-west-1",
        "us-east-1",
        "",
        "<script>",
        "not a region at all",
    ] {
        let proxy = Proxy::start("http://nothing.invalid").await;
        let rule = Rule::reply(When::Always, moved());
        let rule = if named.is_empty() {
            rule
        } else {
            rule.with("x-amz-bucket-region", named)
        };
        proxy.rule(EVERY, rule);
        let keys = super::retrying::any_keys();
        let config = through(proxy.endpoint(), "s3://bucket/x", &keys);
        let report = report(&server, config, pb::Role::Source).await;
        let cause = assert_broken(&report, FindingReason::WrongRegion);
        assert!(!format!("{report:?}").contains("script"), "{cause:?}");
        assert_eq!(report.suggested_config, None, "{named}");
        assert!(proxy.calls("ListObjectsV2") <= 2, "{named}");
    }
}

/// A missing right stays one on the way that the suggestion leads.
#[tokio::test]
async fn a_right_that_is_missing_in_the_right_region_is_missing() {
    let server = Datastored::start(&[]);
    let s3 = lab::moto().await;
    for answer in answers() {
        let bucket = s3.bucket().await;
        let without = lab::policies::enrichment_without(&bucket, "s3:PutObject", lab::Kind::Moto);
        let keys = s3.user(&without).await;
        let proxy = Proxy::start(s3.endpoint()).await;
        proxy.rule(EVERY, answer);
        let config = through(proxy.endpoint(), &format!("s3://{bucket}"), &keys);
        let report = report(&server, config, pb::Role::Enrichment).await;
        assert_eq!(report.missing_actions, ["s3:PutObject"], "{report:?}");
        assert_eq!(report.suggested_config.expect("it is").region, THERE);
        assert_holds(&s3, &bucket, &[]).await;
    }
}
