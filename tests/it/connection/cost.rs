//! What a test costs the store.

use datastored::pb::{self, Role};

use super::{behind_a_proxy, put, report};
use crate::lab;
use crate::lab::proxy::EVERY;
use crate::server::Datastored;

#[tokio::test]
async fn an_enrichment_test_takes_thirteen_requests_and_a_source_test_three() {
    let server = Datastored::start(&[]);
    for s3 in [lab::moto().await, lab::seaweedfs().await, lab::s3s().await] {
        for (role, number) in [(Role::Source, 3), (Role::Enrichment, 13)] {
            let (proxy, bucket, config) = behind_a_proxy(&s3).await;
            put(&s3, &bucket, "a.csv", b"a,b").await;
            let report = report(&server, config, role).await;
            assert_eq!(report.outcome(), pb::Outcome::Passed);
            assert_eq!(proxy.calls(EVERY), number, "{:?} {role:?}", s3.kind());
        }
    }
}
