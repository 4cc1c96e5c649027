//! `missing_policy` closes the loop: the crippled policy and what the report asks for are together enough, and not more than the guide's.

use datastored::pb;
use serde_json::json;

use super::assert_passed;
use crate::connection::{config, report};
use crate::lab::{self, Server, policies};
use crate::server::Datastored;

/// A policy with the statements of both.
fn together(one: &str, other: &str) -> String {
    let all = [policies::statements_of(one), policies::statements_of(other)].concat();
    json!({"Version": "2012-10-17", "Statement": all}).to_string()
}

/// Tests, grants what the report says is missing, and tests again until nothing is: a right that is missing can hide another.
async fn grant_until_it_passes(server: &Datastored, s3: &Server, uri: &str, mut policy: String) {
    for _ in policies::PROVEN {
        let keys = s3.user(&policy).await;
        let report = report(server, config(s3, uri, &keys), pb::Role::Enrichment).await;
        if report.outcome() == pb::Outcome::Passed {
            assert_passed(&report);
            return;
        }
        assert_ne!(report.missing_policy, "", "{report:?}");
        for action in &report.missing_actions {
            assert!(report.missing_policy.contains(action), "{action}");
        }
        policy = together(&policy, &report.missing_policy);
    }
    panic!("never enough: {policy}");
}

async fn what_is_missing_is_enough(s3: &Server) {
    let server = Datastored::start(&[]);
    for folder in ["", "/data"] {
        for kept in [0, 1, 3, 5] {
            let bucket = s3.bucket().await;
            let uri = format!("s3://{bucket}{folder}");
            let policy = policies::allowing(&bucket, &policies::PROVEN[..kept]);
            let policy = if kept == 0 {
                policies::nothing()
            } else {
                policy
            };
            grant_until_it_passes(&server, s3, &uri, policy).await;
        }
    }
}

#[tokio::test]
async fn on_moto_what_is_missing_is_enough() {
    what_is_missing_is_enough(lab::moto().await.as_ref()).await;
}

#[tokio::test]
async fn on_seaweedfs_what_is_missing_is_enough() {
    what_is_missing_is_enough(lab::seaweedfs().await.as_ref()).await;
}
