//! The steps that write and remove, the guards before them, and what each answer proves.

use uuid::Uuid;

use super::S3Steps;
use crate::iam::Action;
use crate::model::residue::Trace;
use crate::prober::run::Ended;
use crate::report::{Finding, FindingReason};
use crate::s3::{Answer, Cause, Failure};

impl S3Steps {
    /// DELETE of a key that does not exist is 204 when it is allowed and 403 when it is not.
    pub(super) async fn guard_delete(&self) -> Ended {
        let answer = self.seen(self.client.delete(&self.canary_key, None).await);
        match answer.result {
            Ok(deleted) => {
                self.note_version(deleted.delete_marker).await;
                let _ = self.facts.delete_allowed.set(());
                Ended::Done(Some(answer.evidence))
            }
            Err(failure) => self.judge(Action::DeleteObject, &failure, answer.evidence),
        }
    }

    /// Abort of an upload that does not exist is 404 `NoSuchUpload` when it is allowed and 403 when it is not. Some stores say 204.
    pub(super) async fn guard_abort(&self) -> Ended {
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
    pub(super) async fn put_canary(&self) -> Ended {
        if !self.may_write_canary() {
            return Self::leave_to_other(self.facts.abort_allowed.get().is_some());
        }
        let trace = Trace::Object {
            key: self.canary_key.clone(),
        };
        if let Err(error) = self.traces.add(trace.clone()).await {
            self.traces.strike(&trace).await;
            return not_noted(&error);
        }
        let put = self.client.put(&self.canary_key, &self.canary_body);
        let answer = self.written(&trace, put).await;
        match answer.result {
            Ok(version_id) => {
                self.note_version(version_id.clone()).await;
                let _ = self.facts.canary.set(version_id);
                Ended::Done(Some(answer.evidence))
            }
            Err(failure) => {
                if wrote_nothing(&failure, answer.evidence.attempts) {
                    self.traces.strike(&trace).await;
                }
                self.judge(Action::PutObject, &failure, answer.evidence)
            }
        }
    }

    /// Starts an upload, unless it could not be aborted: then the canary alone has to prove the permission.
    pub(super) async fn create_upload(&self) -> Ended {
        if self.facts.abort_allowed.get().is_none() {
            return Self::leave_to_other(self.may_write_canary());
        }
        let trace = self.upload_trace(None);
        if let Err(error) = self.traces.add(trace.clone()).await {
            self.traces.strike(&trace).await;
            return not_noted(&error);
        }
        let create = self.client.create_upload(&self.upload_key);
        let answer = self.written(&trace, create).await;
        match answer.result {
            Ok(upload_id) => {
                let known = self.upload_trace(Some(upload_id.clone()));
                let noted = self.traces.add(known).await.is_ok();
                // An attempt whose answer was lost may have started another one, which only the key leads to.
                if noted && answer.evidence.attempts == 1 {
                    self.traces.strike(&trace).await;
                }
                let _ = self.facts.upload_id.set(upload_id);
                Ended::Done(Some(answer.evidence))
            }
            Err(failure) => {
                if wrote_nothing(&failure, answer.evidence.attempts) {
                    self.traces.strike(&trace).await;
                }
                let ended = self.judge(Action::PutObject, &failure, answer.evidence);
                self.put_without_upload(ended)
            }
        }
    }

    /// A store that does not start uploads says nothing about putting objects, if the canary can show that.
    fn put_without_upload(&self, ended: Ended) -> Ended {
        match ended {
            Ended::Inconclusive(finding, _) if self.may_write_canary() => {
                let _ = self.facts.no_upload.set(finding);
                Ended::Done(None)
            }
            ended => ended,
        }
    }

    /// What to say where an upload is needed and there is none.
    fn without_upload(&self) -> Ended {
        match self.facts.no_upload.get() {
            Some(finding) => Ended::Inconclusive(finding.clone(), None),
            None => nothing_was_made(),
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

    pub(super) async fn list_parts(&self) -> Ended {
        let Some(upload_id) = self.facts.upload_id.get() else {
            return self.without_upload();
        };
        let answer = self.client.list_parts(&self.upload_key, upload_id).await;
        let answer = self.seen(answer);
        if answer.result.is_ok() {
            let _ = self.facts.parts_listed.set(());
        }
        self.proves(Action::ListMultipartUploadParts, answer)
    }

    pub(super) async fn delete_canary(&self) -> Ended {
        let Some(version) = self.facts.canary.get() else {
            return nothing_was_made();
        };
        let answer = self.seen(self.client.delete(&self.canary_key, None).await);
        match answer.result {
            Ok(deleted) => {
                self.note_version(deleted.delete_marker).await;
                if self.is_canary_listed().await {
                    return Ended::Inconclusive(still_there("delete"), Some(answer.evidence));
                }
                let canary = Trace::Object {
                    key: self.canary_key.clone(),
                };
                self.traces.strike(&canary).await;
                tracing::debug!(versioned = version.is_some(), "canary deleted");
                Ended::Done(Some(answer.evidence))
            }
            Err(failure) => self.judge(Action::DeleteObject, &failure, answer.evidence),
        }
    }

    /// Whether the canary is shown although it was deleted. Where listing is not allowed, the answer to the delete has to do.
    async fn is_canary_listed(&self) -> bool {
        if self.facts.listed.get().is_none() {
            return false;
        }
        let first = self.client.list_objects(&self.canary_key).await.result;
        first.is_ok_and(|key| key.as_ref() == Some(&self.canary_key))
    }

    /// Aborts the upload, and looks whether it is gone.
    pub(super) async fn abort_upload(&self) -> Ended {
        let Some(upload_id) = self.facts.upload_id.get() else {
            return self.without_upload();
        };
        let answer = self.client.abort_upload(&self.upload_key, upload_id).await;
        let answer = self.seen(answer);
        if let Err(failure) = answer.result {
            return self.judge(Action::AbortMultipartUpload, &failure, answer.evidence);
        }
        if self.is_still_listed(upload_id).await {
            return Ended::Inconclusive(still_there("abort"), Some(answer.evidence));
        }
        let upload = self.upload_trace(Some(upload_id.clone()));
        self.traces.strike(&upload).await;
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

    /// Notes a version that a versioned bucket has kept. It is noted in memory in any case, and removed at the end.
    async fn note_version(&self, version_id: Option<String>) {
        if let Some(version_id) = version_id {
            let key = self.canary_key.clone();
            let _ = self.traces.add(Trace::Version { key, version_id }).await;
        }
    }

    fn upload_trace(&self, upload_id: Option<String>) -> Trace {
        Trace::Upload {
            key: self.upload_key.clone(),
            upload_id,
        }
    }

    /// Waits for the answer to a write, and notes until then that it is sent.
    async fn written<T>(&self, trace: &Trace, write: impl Future<Output = Answer<T>>) -> Answer<T> {
        self.sent().push(trace.clone());
        let answer = write.await;
        if answer.evidence.http_status.is_some() {
            self.sent().retain(|sent| sent != trace);
        }
        self.seen(answer)
    }
}

fn is_no_such_upload(failure: &Failure) -> bool {
    failure.code.as_deref() == Some("NoSuchUpload")
        || (failure.cause == Cause::Refused
            && failure.code.is_none()
            && failure.status == Some(404))
}

/// What the ledger does not know of, a crash would leave behind: so it is not written.
fn not_noted(error: &crate::model::Error) -> Ended {
    tracing::warn!(%error, "residue could not be noted, so nothing is written");
    let finding = Finding::new(
        FindingReason::Unremovable,
        "Nothing was written, because this server could not note first what it would write.",
        "Test again; if it stays so, see to the server's store.",
    );
    Ended::Inconclusive(finding, None)
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

fn still_there(removal: &str) -> Finding {
    Finding::new(
        FindingReason::NotRemoved,
        format!("The store confirmed the {removal}, but what was to go is still listed."),
        "Remove it by hand, and tell the maker of the store.",
    )
}
