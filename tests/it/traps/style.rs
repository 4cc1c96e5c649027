//! Path versus virtual-hosted style: the other one is tried, and suggested when there is a bucket that way.

use datastored::pb::{self, AddressingStyle, FindingReason};

use super::{assert_broken, assert_passed};
use crate::connection::{assert_holds, behind_a_proxy, report, through};
use crate::lab::proxy::{EVERY, Reply};
use crate::lab::rule::{Rule, When};
use crate::lab::{self, policies};
use crate::server::Datastored;

fn at_localhost(endpoint: &str) -> String {
    endpoint.replace("127.0.0.1", "localhost")
}

/// The store does not know the bucket by `bucket.localhost`.
#[tokio::test]
async fn a_store_that_only_understands_paths_is_asked_by_path() {
    let server = Datastored::start(&[]);
    for s3 in [lab::moto().await, lab::seaweedfs().await] {
        let (proxy, bucket, mut config) = behind_a_proxy(&s3).await;
        let unknown = Reply::error(404, "NoSuchBucket", "The bucket does not exist");
        proxy.rule(EVERY, Rule::reply(When::HostIsNot("localhost"), unknown));
        config.endpoint = at_localhost(&config.endpoint);
        config.addressing_style = AddressingStyle::VirtualHosted.into();
        let report = report(&server, config, pb::Role::Enrichment).await;
        assert_passed(&report);
        let suggested = report.suggested_config.expect("a suggestion");
        assert_eq!(suggested.addressing_style(), AddressingStyle::Path);
        assert_eq!(suggested.region, "");
        assert_holds(&s3, &bucket, &[]).await;
    }
}

/// Both stores know `bucket.localhost`; the proxy takes the paths from them.
#[tokio::test]
async fn a_store_that_only_understands_hosts_is_asked_by_host() {
    let server = Datastored::start(&[]);
    for s3 in [lab::moto().await, lab::seaweedfs().await] {
        for (status, code) in [
            (404, "NoSuchBucket"),
            (400, "InvalidURI"),
            (400, "InvalidBucketName"),
        ] {
            let (proxy, bucket, mut config) = behind_a_proxy(&s3).await;
            let refusal = Reply::error(status, code, "no such thing");
            proxy.rule(EVERY, Rule::reply(When::HostIs("localhost"), refusal));
            config.endpoint = at_localhost(&config.endpoint);
            let report = report(&server, config, pb::Role::Enrichment).await;
            assert_passed(&report);
            let suggested = report.suggested_config.expect("a suggestion");
            assert_eq!(suggested.addressing_style(), AddressingStyle::VirtualHosted);
            assert_eq!(suggested.region, "");
            assert_holds(&s3, &bucket, &[]).await;
        }
    }
}

/// A store that does not look at the Host takes a virtual-hosted listing for one of all buckets, and may refuse that: this says nothing of the bucket.
#[tokio::test]
async fn a_bucket_that_does_not_exist_is_not_found_by_another_style() {
    let server = Datastored::start(&[]);
    for s3 in [lab::moto().await, lab::seaweedfs().await] {
        let missing = format!("{}-missing", s3.bucket().await);
        let keys = s3.user(&policies::enrichment(&missing)).await;
        for endpoint in [s3.endpoint().to_owned(), at_localhost(s3.endpoint())] {
            for style in [AddressingStyle::Unspecified, AddressingStyle::Path] {
                let mut config = through(&endpoint, &format!("s3://{missing}"), &keys);
                config.addressing_style = style.into();
                let report = report(&server, config, pb::Role::Enrichment).await;
                assert_broken(&report, FindingReason::NoSuchBucket);
                assert_eq!(report.suggested_config, None);
            }
        }
    }
}

/// The SDK adds checksums in trailers by default, which some stores refuse: an endpoint gets none.
#[tokio::test]
async fn a_store_that_refuses_checksums_is_sent_none() {
    let server = Datastored::start(&[]);
    for s3 in [lab::moto().await, lab::seaweedfs().await] {
        let (proxy, bucket, config) = behind_a_proxy(&s3).await;
        let refusal = Reply::error(400, "InvalidArgument", "x-amz-trailer is not supported");
        proxy.rule(EVERY, Rule::reply(When::WithChecksum, refusal));
        let report = report(&server, config, pb::Role::Enrichment).await;
        assert_passed(&report);
        assert_holds(&s3, &bucket, &[]).await;
    }
}
