//! Datastores whose credentials come from assuming a role, on moto's STS and its S3; here is what these tests share.
//!
//! moto knows users, roles, trust policies and signatures on STS as on S3. What it does otherwise than AWS: it lets a role be assumed without
//! an external id where the trust policy asks for one (a wrong one it refuses), takes any `DurationSeconds`, and has no session that expires.

mod reach;
mod refusals;
mod retrying;
mod verdicts;

use datastored::pb::s3_config::Credentials;
use datastored::pb::{self, FindingReason, Outcome, Verdict};

use crate::lab::{self, Keys, Server, policies};

/// A role with rights on a bucket, and a user that may assume the role and nothing else.
struct Stage {
    bucket: String,
    role_arn: String,
    user_arn: String,
    keys: Keys,
}

impl Stage {
    /// A stage whose role has the rights of an enrichment datastore.
    async fn new(s3: &Server) -> Self {
        Self::with(s3, None, policies::enrichment).await
    }

    /// A stage whose role asks for that external id, and has that policy on the bucket.
    async fn with(s3: &Server, external_id: Option<&str>, policy: impl Fn(&str) -> String) -> Self {
        let (bucket, name) = (s3.bucket().await, lab::new_name());
        let user_arn = format!("arn:aws:iam::123456789012:user/{name}");
        let trust = policies::trusting(&user_arn, external_id);
        let role_arn = s3.role(&trust, &policy(&bucket)).await;
        let keys = s3.named_user(&name, &policies::assuming(&role_arn)).await;
        Self {
            bucket,
            role_arn,
            user_arn,
            keys,
        }
    }

    /// The configuration that assumes the role at `sts`, for the bucket at `endpoint`.
    fn config(&self, endpoint: &str, sts: &str) -> pb::S3Config {
        let role = pb::AssumeRole {
            role_arn: self.role_arn.clone(),
            sts_endpoint: sts.to_owned(),
            base: Some(base(&self.keys)),
            ..pb::AssumeRole::default()
        };
        pb::S3Config {
            uri: format!("s3://{}/anomalies", self.bucket),
            endpoint: endpoint.to_owned(),
            credentials: Some(Credentials::AssumeRole(role)),
            ..pb::S3Config::default()
        }
    }
}

fn base(keys: &Keys) -> pb::assume_role::Base {
    pb::assume_role::Base::AccessKey(pb::AccessKey {
        access_key_id: keys.access_key_id.clone(),
        secret_access_key: keys.secret_access_key.clone(),
        session_token: String::new(),
    })
}

/// The role of a configuration.
fn role_mut(config: &mut pb::S3Config) -> &mut pb::AssumeRole {
    match &mut config.credentials {
        Some(Credentials::AssumeRole(role)) => role,
        other => panic!("no role: {other:?}"),
    }
}

/// Asserts that the role was not assumed, for this reason, and that nothing is said of S3.
#[track_caller]
fn assert_not_assumed(report: &pb::ConnectionTestReport, reason: FindingReason) -> pb::Finding {
    let finding = report.connection_finding.clone();
    let finding = finding.unwrap_or_else(|| panic!("no cause: {report:?}"));
    assert_eq!(finding.reason(), reason, "{finding:?}");
    assert_eq!(report.outcome(), Outcome::Failed);
    for check in &report.checks {
        assert_eq!(check.verdict(), Verdict::Skipped, "{check:?}");
        assert_eq!(check.skipped_because_of(), pb::Check::Unspecified);
    }
    assert_eq!(report.missing_actions, Vec::<String>::new());
    assert_eq!(report.missing_policy, "");
    assert_eq!(report.residue, []);
    finding
}
