//! The steps of a test as S3 calls, and what each answer proves. It knows nothing of order or concurrency: `plan.rs` says what comes first.
//!
//! Which answer proves what is measured on real servers; the odd ones are named where they are handled.

use std::sync::OnceLock;

use uuid::Uuid;

use super::diagnose::{self, Diagnosis, diagnose};
use super::plan::Step;
use super::report::{Finding, FindingReason};
use super::residue::{Trace, Traces};
use super::run::{Ended, Steps};
use crate::iam::Action;
use crate::model::datastore::S3Config;
use crate::s3::{Answer, Cause, Client, Evidence, Failure};

/// The folder under the datastore's prefix that holds what a test writes, while it writes it.
const CANARY_FOLDER: &str = ".datastored-connection-test/";

/// The steps of one test, and what they have found so far.
#[derive(Debug)]
pub(super) struct S3Steps {
    client: Client,
    config: S3Config,
    canary_key: String,
    upload_key: String,
    canary_body: String,
    facts: Facts,
    pub(super) traces: Traces,
}

/// What earlier steps have found out, for later ones.
#[derive(Debug, Default)]
struct Facts {
    /// S3 has answered a call.
    reached: OnceLock<()>,
    /// Listing is allowed; the first key under the prefix, if there is one.
    listed: OnceLock<Option<String>>,
    /// Listing uploads is allowed.
    uploads_listed: OnceLock<()>,
    /// Listing parts is allowed.
    parts_listed: OnceLock<()>,
    delete_allowed: OnceLock<()>,
    abort_allowed: OnceLock<()>,
    /// The canary is written; its version in a versioned bucket.
    canary: OnceLock<Option<String>>,
    upload_id: OnceLock<String>,
}

impl S3Steps {
    pub(super) fn new(client: Client, config: S3Config, test_id: Uuid) -> Self {
        let folder = format!("{}{CANARY_FOLDER}{test_id}", config.prefix.as_str());
        Self {
            client,
            config,
            canary_key: format!("{folder}/object"),
            upload_key: format!("{folder}/upload"),
            canary_body: format!("datastored connection test {test_id}; safe to delete\n"),
            facts: Facts::default(),
            traces: Traces::default(),
        }
    }

    async fn list_objects(&self) -> Ended {
        let prefix = self.config.prefix.as_str();
        let answer = self.seen(self.client.list_objects(prefix).await);
        match answer.result {
            Ok(first) => {
                let _ = self.facts.listed.set(first);
                Ended::Done(Some(answer.evidence))
            }
            Err(failure) => self.judge(Action::ListBucket, &failure, answer.evidence),
        }
    }

    async fn list_multipart_uploads(&self) -> Ended {
        let prefix = self.config.prefix.as_str();
        let answer = self.seen(self.client.list_uploads(prefix, 1).await);
        if answer.result.is_ok() {
            let _ = self.facts.uploads_listed.set(());
        }
        self.proves(Action::ListBucketMultipartUploads, answer)
    }

    /// DELETE of a key that does not exist is 204 when it is allowed and 403 when it is not.
    async fn guard_delete(&self) -> Ended {
        let answer = self.seen(self.client.delete(&self.canary_key, None).await);
        match answer.result {
            Ok(deleted) => {
                self.note_marker(deleted.delete_marker);
                let _ = self.facts.delete_allowed.set(());
                Ended::Done(Some(answer.evidence))
            }
            Err(failure) => self.judge(Action::DeleteObject, &failure, answer.evidence),
        }
    }

    /// Abort of an upload that does not exist is 404 `NoSuchUpload` when it is allowed and 403 when it is not. Some stores say 204.
    async fn guard_abort(&self) -> Ended {
        let bogus = Uuid::new_v4().simple().to_string();
        let answer = self.seen(self.client.abort_upload(&self.upload_key, &bogus).await);
        match answer.result {
            Err(failure) if !is_no_such_upload(&failure) => {
                self.judge(Action::AbortMultipartUpload, &failure, answer.evidence)
            }
            _ => {
                let _ = self.facts.abort_allowed.set(());
                Ended::Done(Some(answer.evidence))
            }
        }
    }

    /// Writes the canary, unless it could not be removed again: then the upload alone has to prove the permission.
    async fn put_canary(&self) -> Ended {
        if self.facts.delete_allowed.get().is_none() {
            return Self::leave_to_other(self.facts.abort_allowed.get().is_some());
        }
        let trace = Trace::Object {
            key: self.canary_key.clone(),
        };
        self.traces.add(trace.clone());
        let body = self.canary_body.clone().into_bytes();
        let answer = self.seen(self.client.put(&self.canary_key, body).await);
        match answer.result {
            Ok(version_id) => {
                if let Some(version_id) = version_id.clone() {
                    self.note_version(version_id);
                }
                let _ = self.facts.canary.set(version_id);
                Ended::Done(Some(answer.evidence))
            }
            Err(failure) => {
                if wrote_nothing(&failure, answer.attempts) {
                    self.traces.strike(&trace);
                }
                self.judge(Action::PutObject, &failure, answer.evidence)
            }
        }
    }

    /// Starts an upload, unless it could not be aborted: then the canary alone has to prove the permission.
    async fn create_upload(&self) -> Ended {
        if self.facts.abort_allowed.get().is_none() {
            return Self::leave_to_other(self.facts.delete_allowed.get().is_some());
        }
        let (key, unknown) = (self.upload_key.clone(), None);
        let trace = Trace::Upload {
            key: key.clone(),
            upload_id: unknown,
        };
        self.traces.add(trace.clone());
        let answer = self.seen(self.client.create_upload(&key).await);
        match answer.result {
            Ok(upload_id) => {
                let upload = self.upload_trace(&upload_id);
                self.traces.add(upload);
                // An attempt whose answer was lost may have started another one.
                if answer.attempts == 1 {
                    self.traces.strike(&trace);
                }
                let _ = self.facts.upload_id.set(upload_id);
                Ended::Done(Some(answer.evidence))
            }
            Err(failure) => {
                if wrote_nothing(&failure, answer.attempts) {
                    self.traces.strike(&trace);
                }
                self.judge(Action::PutObject, &failure, answer.evidence)
            }
        }
    }

    /// For a step that must not write: done if the other way of writing is open.
    fn leave_to_other(other_is_possible: bool) -> Ended {
        if other_is_possible {
            return Ended::Done(None);
        }
        Ended::NoMeans(Finding::new(
            FindingReason::Unremovable,
            "Nothing was written, because it could not have been removed again.",
            "Mend `delete object` or `abort multipart upload` and test again.",
        ))
    }

    /// Reads the canary and compares it; without a canary, reads what there is.
    async fn get_object(&self) -> Ended {
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
        match self.facts.listed.get() {
            Some(Some(key)) => {
                let answer = self.seen(self.client.get_first_byte(key).await);
                match answer.result {
                    Err(failure) if !proves_read(&failure) => {
                        self.judge(Action::GetObject, &failure, answer.evidence)
                    }
                    _ => Ended::Done(Some(answer.evidence)),
                }
            }
            Some(None) => self.get_missing().await,
            None => Ended::NoMeans(no_object_to_read(&self.config)),
        }
    }

    /// With nothing to read: where listing is allowed, Amazon S3 answers 404 for a missing key when reading is allowed too, and
    /// 403 when it is not. Other stores may look for the key before they look at the permission, so there a 404 proves nothing.
    async fn get_missing(&self) -> Ended {
        let answer = self.seen(self.client.get_first_byte(&self.canary_key).await);
        match answer.result {
            Err(failure) if failure.status == Some(404) && self.is_amazon() => {
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
        let names = |action| failure.message.as_ref().is_some_and(|m| m.contains(action));
        let lists_everything = self.config.prefix.as_str().is_empty();
        names("s3:GetObject") || lists_everything && !names("s3:ListBucket")
    }

    async fn list_parts(&self) -> Ended {
        let Some(upload_id) = self.facts.upload_id.get() else {
            return nothing_was_made();
        };
        let answer = self.client.list_parts(&self.upload_key, upload_id).await;
        let answer = self.seen(answer);
        if answer.result.is_ok() {
            let _ = self.facts.parts_listed.set(());
        }
        self.proves(Action::ListMultipartUploadParts, answer)
    }

    async fn delete_canary(&self) -> Ended {
        let Some(version) = self.facts.canary.get() else {
            return nothing_was_made();
        };
        let answer = self.seen(self.client.delete(&self.canary_key, None).await);
        match answer.result {
            Ok(deleted) => {
                self.note_marker(deleted.delete_marker);
                self.traces.strike(&Trace::Object {
                    key: self.canary_key.clone(),
                });
                tracing::debug!(versioned = version.is_some(), "canary deleted");
                Ended::Done(Some(answer.evidence))
            }
            Err(failure) => self.judge(Action::DeleteObject, &failure, answer.evidence),
        }
    }

    /// Aborts the upload, and looks whether it is gone.
    async fn abort_upload(&self) -> Ended {
        let Some(upload_id) = self.facts.upload_id.get() else {
            return nothing_was_made();
        };
        let answer = self.client.abort_upload(&self.upload_key, upload_id).await;
        let answer = self.seen(answer);
        if let Err(failure) = answer.result {
            return self.judge(Action::AbortMultipartUpload, &failure, answer.evidence);
        }
        if self.is_still_listed(upload_id).await {
            return Ended::Inconclusive(not_removed(), Some(answer.evidence));
        }
        self.traces.strike(&self.upload_trace(upload_id));
        Ended::Done(Some(answer.evidence))
    }

    /// Whether the upload is shown although it was aborted. It looks in a way that has worked before: one that is not allowed, or never
    /// answered, must not decide about the abort. Where there is none, the answer to the abort has to do.
    async fn is_still_listed(&self, upload_id: &str) -> bool {
        if self.facts.uploads_listed.get().is_some() {
            let uploads = self.client.list_uploads(&self.upload_key, 1_000).await;
            let uploads = uploads.result.unwrap_or_default();
            return uploads.iter().any(|u| u.upload_id == upload_id);
        }
        if self.facts.parts_listed.get().is_some() {
            let parts = self.client.list_parts(&self.upload_key, upload_id).await;
            return parts.result.is_ok();
        }
        false
    }

    /// A call that succeeds exactly when the action is allowed.
    fn proves<T>(&self, action: Action, answer: Answer<T>) -> Ended {
        match answer.result {
            Ok(_) => Ended::Done(Some(answer.evidence)),
            Err(failure) => self.judge(action, &failure, answer.evidence),
        }
    }

    fn judge(&self, action: Action, failure: &Failure, evidence: Evidence) -> Ended {
        tracing::debug!(?failure, operation = evidence.operation, "S3 call failed");
        let reached = self.facts.reached.get().is_some();
        match diagnose(&self.config, action, failure, reached) {
            Diagnosis::Denied(finding) => Ended::Failed(finding, evidence),
            Diagnosis::Unclear(finding) => Ended::Inconclusive(finding, Some(evidence)),
            Diagnosis::Broken(finding) => Ended::Broken(finding),
        }
    }

    /// Remembers that S3 has answered, if it has.
    fn seen<T>(&self, answer: Answer<T>) -> Answer<T> {
        let failure = answer.result.as_ref().err();
        if failure.is_none_or(|failure| failure.cause == Cause::Refused) {
            let _ = self.facts.reached.set(());
        }
        answer
    }

    fn note_version(&self, version_id: String) {
        let key = self.canary_key.clone();
        self.traces.add(Trace::Version { key, version_id });
    }

    fn note_marker(&self, marker: Option<String>) {
        if let Some(version_id) = marker {
            self.note_version(version_id);
        }
    }

    fn upload_trace(&self, upload_id: &str) -> Trace {
        Trace::Upload {
            key: self.upload_key.clone(),
            upload_id: Some(upload_id.to_owned()),
        }
    }

    fn is_amazon(&self) -> bool {
        self.config.endpoint.is_none()
    }
}

impl Steps for S3Steps {
    type Step = Step;

    async fn run(&self, step: Step) -> Ended {
        match step {
            Step::ListObjects => self.list_objects().await,
            Step::ListMultipartUploads => self.list_multipart_uploads().await,
            Step::GuardDelete => self.guard_delete().await,
            Step::GuardAbort => self.guard_abort().await,
            Step::PutCanary => self.put_canary().await,
            Step::CreateUpload => self.create_upload().await,
            Step::GetObject => self.get_object().await,
            Step::ListParts => self.list_parts().await,
            Step::DeleteCanary => self.delete_canary().await,
            Step::AbortUpload => self.abort_upload().await,
        }
    }

    fn timed_out(&self, _: Step) -> Ended {
        let finding = diagnose::timeout(&self.config);
        if self.facts.reached.get().is_some() {
            Ended::Inconclusive(finding, None)
        } else {
            Ended::Broken(finding)
        }
    }
}

fn is_no_such_upload(failure: &Failure) -> bool {
    failure.code.as_deref() == Some("NoSuchUpload")
        || (failure.code.is_none() && failure.status == Some(404))
}

/// Errors of a GET that only those see who may read: the object is archived, or it is empty and has no first byte.
fn proves_read(failure: &Failure) -> bool {
    failure.code.as_deref() == Some("InvalidObjectState") || failure.status == Some(416)
}

/// Whether a write that failed can have left nothing: it was sent once and refused.
fn wrote_nothing(failure: &Failure, attempts: u32) -> bool {
    attempts == 1 && failure.status.is_some_and(|s| (400..500).contains(&s))
}

fn nothing_was_made() -> Ended {
    Ended::NoMeans(Finding::new(
        FindingReason::Dependency,
        "There was nothing to try it on.",
        "Mend the other checks and test again.",
    ))
}

fn content_mismatch() -> Finding {
    Finding::new(
        FindingReason::ContentMismatch,
        "What was read is not what the test had just written.",
        "Look for a cache or a proxy that changes objects between this server and the store.",
    )
}

fn not_removed() -> Finding {
    Finding::new(
        FindingReason::NotRemoved,
        "The store confirmed the abort, but the upload is still listed.",
        "Abort it by hand, and tell the maker of the store.",
    )
}

fn no_object_to_read(config: &S3Config) -> Finding {
    Finding::new(
        FindingReason::NoObjectToRead,
        format!("There is no object under {} to read.", config.uri()),
        "Put an object there and test again; if the URI names a single object, use its folder.",
    )
}
