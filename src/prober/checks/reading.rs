//! The steps that read an object, and what each answer proves.

use super::S3Steps;
use crate::iam::Action;
use crate::model::datastore::S3Config;
use crate::prober::run::Ended;
use crate::report::{Finding, FindingReason};
use crate::s3::Failure;

impl S3Steps {
    /// Reads the canary and compares it; without a canary, reads what there is.
    pub(super) async fn get_object(&self) -> Ended {
        if self.facts.canary.get().is_none() {
            return self.get_existing().await;
        }
        let answer = self.seen(self.client.get_small(&self.canary_key).await);
        match answer.result {
            Ok(bytes) if bytes == self.canary_body.as_bytes() => Ended::Done(Some(answer.evidence)),
            Ok(_) => Ended::Inconclusive(content_mismatch(), Some(answer.evidence)),
            Err(failure) => self.judge(Action::GetObject, &failure, answer.evidence),
        }
    }

    async fn get_existing(&self) -> Ended {
        let listed = self.facts.listed.get();
        let known = self.sample_key.as_ref().or(listed.and_then(Option::as_ref));
        match (known, listed) {
            (Some(key), _) => self.get_known(key).await,
            (None, Some(_)) => self.get_missing().await,
            (None, None) => Ended::NoMeans(no_object_to_read(&self.config)),
        }
    }

    /// Reads a key that was listed, or that the caller says is there.
    async fn get_known(&self, key: &str) -> Ended {
        let answer = self.seen(self.client.get_first_byte(key).await);
        let Err(failure) = answer.result else {
            return Ended::Done(Some(answer.evidence));
        };
        if failure.code.as_deref() == Some("InvalidObjectState") {
            let _ = self.facts.archived.set(key.to_owned());
            return Ended::Done(Some(answer.evidence));
        }
        // The object is empty and has no first byte, which only a reader is told.
        if failure.status == Some(416) {
            return Ended::Done(Some(answer.evidence));
        }
        // For a missing key S3 blames the right to list, where that is not there to tell.
        let is_missing = failure.status == Some(404) || names(&failure, "s3:ListBucket");
        if is_missing && self.sample_key.is_some() {
            return Ended::Inconclusive(no_such_sample(), Some(answer.evidence));
        }
        match self.judge(Action::GetObject, &failure, answer.evidence) {
            Ended::Failed(finding, evidence) if self.facts.listed.get().is_none() => {
                let remedy = format!(
                    "{} Check also that the sample key exists: from those who may not list, S3 hides it.",
                    finding.remedy
                );
                Ended::Failed(Finding { remedy, ..finding }, evidence)
            }
            ended => ended,
        }
    }

    /// With nothing to read: where listing is allowed, Amazon S3 answers 404 for a missing key when reading is allowed too, and
    /// 403 when it is not. Other stores may look for the key before they look at the permission, so there a 404 proves nothing.
    async fn get_missing(&self) -> Ended {
        let answer = self.seen(self.client.get_first_byte(&self.canary_key).await);
        match answer.result {
            Err(failure) if failure.code.as_deref() == Some("NoSuchKey") && self.is_amazon() => {
                Ended::Done(Some(answer.evidence))
            }
            Err(failure) if failure.status != Some(404) => {
                match self.judge(Action::GetObject, &failure, answer.evidence) {
                    Ended::Failed(..) if !self.is_about_reading(&failure) => {
                        Ended::NoMeans(no_object_to_read(&self.config))
                    }
                    ended => ended,
                }
            }
            _ => Ended::NoMeans(no_object_to_read(&self.config)),
        }
    }

    /// Whether the refusal of a key that does not exist is about reading it. From those who may not list, S3 hides whether a key
    /// exists, and a GET has no prefix, so that a policy which allows listing only under a prefix does not count.
    fn is_about_reading(&self, failure: &Failure) -> bool {
        let lists_everything = self.config.prefix.as_str().is_empty();
        names(failure, "s3:GetObject") || lists_everything && !names(failure, "s3:ListBucket")
    }
}

/// Whether the message of a refusal names the action.
fn names(failure: &Failure, action: &str) -> bool {
    failure.message.as_ref().is_some_and(|m| m.contains(action))
}

fn no_such_sample() -> Finding {
    Finding::new(
        FindingReason::NoObjectToRead,
        "There is no object under the sample key.",
        "Name the key of an object that exists.",
    )
}

fn content_mismatch() -> Finding {
    Finding::new(
        FindingReason::ContentMismatch,
        "What was read is not what the test had just written.",
        "Look for a cache or a proxy that changes objects between this server and the store.",
    )
}

fn no_object_to_read(config: &S3Config) -> Finding {
    Finding::new(
        FindingReason::NoObjectToRead,
        format!("There is no object under {} to read.", config.uri()),
        "Put an object there and test again; if the URI names a single object, use its folder.",
    )
}
