//! The steps that read an object, and what each answer proves.

use std::ops::ControlFlow;

use super::{CANARY_FOLDER, S3Steps};
use crate::iam::Action;
use crate::model::datastore::S3Config;
use crate::prober::run::Ended;
use crate::report::{Evidence, Finding, FindingReason};
use crate::s3::{Answer, Cause, Failure};

/// How many keys are listed, to find one that no test has written.
const LISTED: i32 = 20;

impl S3Steps {
    /// Lists, and gives the first key that no test has written: what a test writes is gone in a moment.
    pub(super) async fn list_others(&self) -> Answer<Option<String>> {
        let prefix = self.config.prefix.as_str();
        let answer = self.client.list_keys(prefix, LISTED).await;
        answer.map(|keys| keys.into_iter().find(|key| !is_of_a_test(key)))
    }

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
        if let Some(key) = &self.sample_key {
            return match self.read(key).await {
                Read::Break(ended) => ended,
                Read::Continue(evidence) => Ended::Inconclusive(no_such_sample(), Some(evidence)),
            };
        }
        match self.facts.listed.get() {
            Some(Some(key)) => self.get_listed(key).await,
            Some(None) => self.get_missing().await,
            None => Ended::NoMeans(no_object_to_read(&self.config)),
        }
    }

    /// Reads a key that was listed. If it is gone by then, once more one that is listed now.
    async fn get_listed(&self, key: &str) -> Ended {
        let mut evidence = match self.read(key).await {
            Read::Break(ended) => return ended,
            Read::Continue(evidence) => evidence,
        };
        if let Ok(Some(key)) = self.list_others().await.result {
            evidence = match self.read(&key).await {
                Read::Break(ended) => return ended,
                Read::Continue(evidence) => evidence,
            };
        }
        Ended::Inconclusive(gone_when_read(), Some(evidence))
    }

    /// Reads a key that was listed, or that the caller says is there.
    async fn read(&self, key: &str) -> Read {
        let answer = self.seen(self.client.get_first_byte(key).await);
        let Err(failure) = answer.result else {
            return Read::Break(Ended::Done(Some(answer.evidence)));
        };
        if failure.code.as_deref() == Some("InvalidObjectState") {
            let _ = self.facts.archived.set(key.to_owned());
            return Read::Break(Ended::Done(Some(answer.evidence)));
        }
        // The object is empty and has no first byte, which only a reader is told.
        if failure.cause == Cause::Refused && failure.status == Some(416) {
            return Read::Break(Ended::Done(Some(answer.evidence)));
        }
        if is_missing(&failure) {
            return Read::Continue(answer.evidence);
        }
        match self.judge(Action::GetObject, &failure, answer.evidence) {
            Ended::Failed(finding, evidence) if may_hide(&failure, &finding) => {
                self.look_for(key, finding, evidence).await
            }
            ended => Read::Break(ended),
        }
    }

    /// A key was refused in a way that does not tell whether it exists: who may list can be told.
    async fn look_for(&self, key: &str, finding: Finding, evidence: Evidence) -> Read {
        if self.facts.listed.get().is_some() {
            match self.client.list_objects(key).await.result {
                Ok(Some(first)) if first == key => {
                    return Read::Break(Ended::Failed(finding, evidence));
                }
                Ok(_) => return Read::Continue(evidence),
                Err(_) => {}
            }
        }
        Read::Break(Ended::Inconclusive(
            refused_or_missing(key, finding),
            Some(evidence),
        ))
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

/// Whether a key is in a folder that tests write to, that of this datastore or of another one in the bucket.
fn is_of_a_test(key: &str) -> bool {
    let is_folder = |(at, _): (usize, &str)| at == 0 || key[..at].ends_with('/');
    key.match_indices(CANARY_FOLDER).any(is_folder)
}

/// What reading a key came to: it tells of the right to read, or there is no such object and the search goes on.
type Read = ControlFlow<Ended, Evidence>;

/// Whether S3 says that there is no such object. Where the right to list is not there to be told so, S3 blames that.
fn is_missing(failure: &Failure) -> bool {
    let is_answer = failure.cause == Cause::Refused && failure.status == Some(404);
    is_answer && failure.code.as_deref() != Some("NoSuchBucket") || names(failure, "s3:ListBucket")
}

/// Whether a refusal can be that of a key that does not exist: from those who may not list the whole bucket, S3 hides it.
fn may_hide(failure: &Failure, finding: &Finding) -> bool {
    finding.reason == FindingReason::AccessDenied && !names(failure, "s3:GetObject")
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

fn gone_when_read() -> Finding {
    Finding::new(
        FindingReason::NoObjectToRead,
        "The objects that were listed were gone when they were read.",
        "Test again, or name in sample_key the key of an object that stays.",
    )
}

/// Nothing is known to be missing, so no action is named as such.
fn refused_or_missing(key: &str, refusal: Finding) -> Finding {
    Finding {
        title: format!("`{key}` was refused, and whether it exists cannot be told."),
        remedy: format!(
            "Check that the key exists: from those who may not list, S3 hides it. If it does: {}",
            refusal.remedy
        ),
        resource: None,
        missing_action: None,
        ..refusal
    }
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

#[cfg(test)]
mod tests {
    use super::is_of_a_test;

    #[test]
    fn what_tests_write_is_known_by_its_folder() {
        for key in [
            ".datastored-connection-test/1/object",
            "a/b/.datastored-connection-test/1/object",
        ] {
            assert!(is_of_a_test(key), "{key}");
        }
        for key in [
            "a.csv",
            "a.datastored-connection-test/x",
            ".datastored-connection-test",
        ] {
            assert!(!is_of_a_test(key), "{key}");
        }
    }
}
