//! Path versus virtual-hosted style: the other one is tried, and suggested when there is a bucket that way.

use std::net::ToSocketAddrs;

use datastored::pb::{self, AddressingStyle, FindingReason};

use super::{assert_broken, assert_passed};
use crate::connection::{assert_holds, behind_a_proxy, report, through};
use crate::lab::proxy::{EVERY, Proxy, Reply};
use crate::lab::rule::{Rule, When};
use crate::lab::{self, policies};
use crate::server::Datastored;

fn at_localhost(endpoint: &str) -> String {
    endpoint.replace("127.0.0.1", "localhost")
}

/// `bucket.localhost` has no address on many systems; where it has, the store does not know the bucket that way.
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

/// Not every system gives `*.localhost` an address; without one nothing virtual-hosted can be reached on one machine.
#[tokio::test]
async fn a_store_that_only_understands_hosts_is_asked_by_host() {
    if ("bucket.localhost", 80).to_socket_addrs().is_err() {
        println!("skipped: *.localhost has no address here");
        return;
    }
    let server = Datastored::start(&[]);
    let keys = super::retrying::any_keys();
    for (status, code) in [
        (404, "NoSuchBucket"),
        (400, "InvalidURI"),
        (400, "InvalidBucketName"),
    ] {
        let proxy = Proxy::start("http://nothing.invalid").await;
        let refusal = Reply::error(status, code, "no such thing");
        proxy.rule(EVERY, Rule::reply(When::HostIs("localhost"), refusal));
        let list = "<ListBucketResult><Contents><Key>a</Key></Contents></ListBucketResult>";
        let uploads = "<ListMultipartUploadsResult></ListMultipartUploadsResult>";
        for (operation, body) in [
            ("ListObjectsV2", list),
            ("ListMultipartUploads", uploads),
            ("GetObject", "a"),
        ] {
            let (content_type, body) = ("application/xml", body.to_owned());
            let reply = Reply {
                status: 200,
                content_type,
                body,
            };
            proxy.answer(operation, reply);
        }
        let config = through(&at_localhost(proxy.endpoint()), "s3://bucket", &keys);
        let report = report(&server, config, pb::Role::Source).await;
        assert_passed(&report);
        let suggested = report.suggested_config.expect("a suggestion");
        assert_eq!(suggested.addressing_style(), AddressingStyle::VirtualHosted);
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
