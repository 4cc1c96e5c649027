//! What a connection test says: checks, verdicts, findings, evidence and the report. Pure; it is stored as it is, in JSON.
//!
//! A field that is added needs a default, so that reports which were stored before can be read.

mod evidence;
mod kept;
mod word;

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use evidence::Evidence;
pub use kept::{KeptTest, Subject, Tested, VerdictChange, changes};
pub use word::word;

use crate::iam::{Action, Layer};
use crate::model::datastore::{AddressingStyle, S3Config};
use crate::model::region::Region;

/// A permission that a test can check. Its name is a claim that is true exactly when the check has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Check {
    /// Objects can be listed.
    ListObjects,
    /// Open multipart uploads can be listed.
    ListMultipartUploads,
    /// Objects can be read.
    GetObject,
    /// Objects can be written.
    PutObject,
    /// Objects can be deleted.
    DeleteObject,
    /// Multipart uploads can be aborted.
    AbortMultipartUpload,
    /// The parts of a multipart upload can be listed.
    ListParts,
}

impl Check {
    /// The IAM action that the check proves.
    #[must_use]
    pub fn action(self) -> Action {
        match self {
            Self::ListObjects => Action::ListBucket,
            Self::ListMultipartUploads => Action::ListBucketMultipartUploads,
            Self::GetObject => Action::GetObject,
            Self::PutObject => Action::PutObject,
            Self::DeleteObject => Action::DeleteObject,
            Self::AbortMultipartUpload => Action::AbortMultipartUpload,
            Self::ListParts => Action::ListMultipartUploadParts,
        }
    }

    /// The check in words: `list objects`.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::ListObjects => "list objects",
            Self::ListMultipartUploads => "list multipart uploads",
            Self::GetObject => "get object",
            Self::PutObject => "put object",
            Self::DeleteObject => "delete object",
            Self::AbortMultipartUpload => "abort multipart upload",
            Self::ListParts => "list parts",
        }
    }
}

/// What is known of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// Not begun.
    Pending,
    /// Begun.
    Running,
    /// The permission is there.
    Passed,
    /// The permission is missing.
    Failed,
    /// It could not be tried.
    Skipped,
    /// It was tried, and the answer does not tell.
    Inconclusive,
    /// It was refused, and is tried again.
    Retrying,
}

impl Verdict {
    /// Whether the check has ended.
    #[must_use]
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Pending | Self::Running | Self::Retrying)
    }
}

/// One check and what is known of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckResult {
    /// Which.
    pub check: Check,
    /// What is known.
    pub verdict: Verdict,
    /// Why, unless it passed.
    pub finding: Option<Finding>,
    /// The check that made this one impossible. A skip without it is the connection's fault.
    pub skipped_because_of: Option<Check>,
    /// The call that decided.
    pub evidence: Option<Evidence>,
}

impl CheckResult {
    /// A check of which nothing is known yet.
    #[must_use]
    pub fn pending(check: Check) -> Self {
        Self {
            check,
            verdict: Verdict::Pending,
            finding: None,
            skipped_because_of: None,
            evidence: None,
        }
    }
}

/// What is wrong, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The cause.
    pub reason: FindingReason,
    /// The cause in a sentence.
    pub title: String,
    /// What to do, in a sentence.
    pub remedy: String,
    /// The ARN that the missing permission is to be granted on.
    pub resource: Option<String>,
    /// The action that is missing: `s3:PutObject`, or a `kms:` action.
    pub missing_action: Option<String>,
    /// The ARN that S3 knows the credentials by.
    pub principal: Option<String>,
    /// The layer of policies that refused.
    pub denied_by: Option<Layer>,
}

impl Finding {
    /// A finding that is not about a missing permission.
    pub fn new(reason: FindingReason, title: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            reason,
            title: title.into(),
            remedy: remedy.into(),
            resource: None,
            missing_action: None,
            principal: None,
            denied_by: None,
        }
    }
}

/// The causes that a finding can name. What each means is said at `FindingReason` in `proto/datastore/v1/connection_test.proto`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "described in the proto, value for value")]
pub enum FindingReason {
    AccessDenied,
    Dependency,
    NoObjectToRead,
    ContentMismatch,
    NotImplemented,
    Timeout,
    S3Error,
    Cancelled,
    Unremovable,
    KmsAccessDenied,
    NotRemoved,
    EndpointUnreachable,
    NotS3,
    NoSuchBucket,
    WrongRegion,
    UnknownAccessKey,
    SignatureMismatch,
    InvalidToken,
    ClockSkew,
    NoCredentials,
    DnsFailure,
    ConnectionRefused,
    TlsFailure,
    AccountProblem,
    Throttled,
    RoleNotAssumed,
    EndpointForbidden,
}

/// What a test comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// Every check has passed.
    Passed,
    /// A permission is missing, or S3 could not be reached with these credentials.
    Failed,
    /// Nothing has failed, but not everything could be shown.
    Inconclusive,
}

/// Something that the test wrote and could not remove.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Residue {
    /// The bucket it is in.
    pub bucket: String,
    /// The key it is under.
    pub key: String,
    /// Set for an open multipart upload.
    pub upload_id: Option<String>,
    /// Set for one version, or a delete marker.
    pub version_id: Option<String>,
    /// Why it is still there.
    pub cause: String,
    /// The command that removes it.
    pub remedy: String,
}

/// All that a test found.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Report {
    /// Names the test in the log.
    pub test_id: Uuid,
    /// What it comes to.
    pub outcome: Outcome,
    /// Every check, in the order of the plan.
    pub checks: Vec<CheckResult>,
    /// What kept the test from S3 as a whole.
    pub connection_finding: Option<Finding>,
    /// What is left in the bucket.
    pub residue: Vec<Residue>,
    /// Things to know that fail no check.
    pub warnings: Vec<String>,
    /// What to change in the configuration.
    pub suggested_config: Option<SuggestedConfig>,
    /// The smallest policy that grants what is missing, as JSON.
    pub missing_policy: Option<String>,
    /// When the test began.
    pub start_time: SystemTime,
    /// How long it took, cleaning up included.
    pub duration: Duration,
    /// What is otherwise than in the last test of the same datastore and role.
    #[serde(default)]
    pub changes: Vec<VerdictChange>,
}

/// Values that worked where the configured ones did not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SuggestedConfig {
    /// The bucket's region.
    pub region: Option<Region>,
    /// The addressing style that the endpoint understands.
    pub addressing_style: Option<AddressingStyle>,
}

#[cfg(test)]
impl Report {
    /// A report of a test that has just begun and passed, without checks.
    pub(crate) fn passed() -> Self {
        Self {
            test_id: Uuid::now_v7(),
            outcome: Outcome::Passed,
            checks: Vec::new(),
            connection_finding: None,
            residue: Vec::new(),
            warnings: Vec::new(),
            suggested_config: None,
            missing_policy: None,
            start_time: SystemTime::now(),
            duration: Duration::from_secs(1),
            changes: Vec::new(),
        }
    }
}

impl Report {
    /// The actions to grant, each once, in the order of the plan; those of KMS among them.
    #[must_use]
    pub fn missing_actions(&self) -> Vec<String> {
        let mut actions: Vec<String> = Vec::new();
        let findings = self.checks.iter().filter_map(|c| c.finding.as_ref());
        for action in findings.filter_map(|f| f.missing_action.as_ref()) {
            if !actions.contains(action) {
                actions.push(action.clone());
            }
        }
        actions
    }
}

/// The smallest policy of a user or a role that grants what the failed checks lack on S3. What another layer of policies refused is not in it:
/// granting that would not help.
#[must_use]
pub fn missing_policy(checks: &[CheckResult], config: &S3Config) -> Option<String> {
    let is_grantable = |f: &&Finding| f.denied_by.is_none_or(|l| l == Layer::IdentityBased);
    let lacks_its_action = |c: &&CheckResult| {
        let finding = c.finding.as_ref().filter(is_grantable);
        let missing = finding.and_then(|f| f.missing_action.as_deref());
        missing == Some(c.check.action().as_str())
    };
    let lacking = checks.iter().filter(lacks_its_action);
    let actions: Vec<Action> = lacking.map(|c| c.check.action()).collect();
    crate::iam::granting(&actions, config.partition(), &config.bucket, &config.prefix)
}

/// What the checks come to. Skips are never a pass.
#[must_use]
pub fn outcome(checks: &[CheckResult], connection_finding: Option<&Finding>) -> Outcome {
    let any = |verdict| checks.iter().any(|c| c.verdict == verdict);
    if connection_finding.is_some() || any(Verdict::Failed) {
        Outcome::Failed
    } else if checks.iter().all(|c| c.verdict == Verdict::Passed) {
        Outcome::Passed
    } else {
        Outcome::Inconclusive
    }
}

#[cfg(test)]
mod tests {
    use super::{Check, CheckResult, Outcome, Verdict, outcome};

    fn with(verdicts: &[Verdict]) -> Vec<CheckResult> {
        let result = |verdict: &Verdict| CheckResult {
            verdict: *verdict,
            ..CheckResult::pending(Check::GetObject)
        };
        verdicts.iter().map(result).collect()
    }

    #[test]
    fn a_test_passes_only_when_every_check_did() {
        use Verdict::{Failed, Inconclusive, Passed, Skipped};
        for (verdicts, expected) in [
            (vec![Passed, Passed], Outcome::Passed),
            (vec![Passed, Skipped], Outcome::Inconclusive),
            (vec![Skipped, Skipped], Outcome::Inconclusive),
            (vec![Passed, Inconclusive], Outcome::Inconclusive),
            (vec![Passed, Inconclusive, Failed], Outcome::Failed),
        ] {
            assert_eq!(outcome(&with(&verdicts), None), expected, "{verdicts:?}");
        }
    }
}
