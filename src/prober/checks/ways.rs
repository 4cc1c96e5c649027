//! The two ways of putting, an object and an upload: what the refusal of one means in the light of the other.

use tokio::sync::SetOnce;

use super::S3Steps;
use crate::prober::plan::Step;
use crate::prober::run::{Ended, refusal};
use crate::report::{Finding, FindingReason};

/// Whether each way was open, once that is known for good.
#[derive(Debug, Default)]
pub(super) struct Ways {
    object: SetOnce<bool>,
    upload: SetOnce<bool>,
}

impl Ways {
    /// The way that a step tries, and the other one.
    fn of(&self, step: Step) -> Option<[&SetOnce<bool>; 2]> {
        match step {
            Step::PutCanary => Some([&self.object, &self.upload]),
            Step::CreateUpload => Some([&self.upload, &self.object]),
            _ => None,
        }
    }

    /// Notes how a step has ended. A refusal is not noted before it is believed.
    pub(super) fn note(&self, step: Step, ended: &Ended) {
        if let Some([own, _]) = self.of(step)
            && refusal(ended).is_none()
        {
            let _ = own.set(matches!(ended, Ended::Done(Some(_))));
        }
    }
}

impl S3Steps {
    /// Both ways need the same right. When one is open, the right is there, and the refusal of the other has another cause.
    pub(super) async fn believe_write(&self, step: Step, refused: Ended) -> Ended {
        let Some([own, other]) = self.ways.of(step) else {
            return refused;
        };
        let _ = own.set(false);
        if !*other.wait().await {
            return refused;
        }
        match (step, refused) {
            (Step::CreateUpload, Ended::Failed(finding, _)) => {
                let _ = self.facts.no_upload.set(upload_refused(finding));
                Ended::Done(None)
            }
            (Step::PutCanary, Ended::Failed(finding, evidence)) if !is_about_kms(&finding) => {
                Ended::Inconclusive(object_refused(finding), Some(evidence))
            }
            (_, refused) => refused,
        }
    }
}

fn is_about_kms(finding: &Finding) -> bool {
    finding.reason == FindingReason::KmsAccessDenied
}

/// Nothing of S3's is missing; where KMS was named, what it said stays.
fn upload_refused(finding: Finding) -> Finding {
    if is_about_kms(&finding) {
        return finding;
    }
    Finding {
        title: "Multipart uploads cannot be started, although objects can be written.".to_owned(),
        remedy: "Look at kms:Decrypt on the key that the bucket encrypts with, which uploads need and objects do not, and for a condition of a policy that holds for one of them alone."
            .to_owned(),
        resource: None,
        missing_action: None,
        ..finding
    }
}

fn object_refused(finding: Finding) -> Finding {
    Finding {
        title: "An object could not be put, although a multipart upload could be started, which needs s3:PutObject too."
            .to_owned(),
        remedy: "Look for a condition of a policy that holds for one of them alone, and at the policy of the KMS key that the bucket encrypts with."
            .to_owned(),
        resource: None,
        missing_action: None,
        ..finding
    }
}
