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
        let answer = match self.delete_key().await {
            Ok(answer) => answer,
            Err(error) => return not_noted(&error),
        };
        match answer.result {
            Ok(_) => {
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
        let trace = self.canary_trace();
        if let Err(error) = self.traces.add(trace.clone()).await {
            self.traces.strike(&trace).await;
            return not_noted(&error);
        }
        let put = self.client.put(&self.canary_key, &self.canary_body);
        let answer = self.written(&trace, put).await;
        match answer.result {
            Ok(version_id) => {
                self.note_version(version_id.clone(), &answer.evidence)
                    .await;
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
        let answer = match self.delete_key().await {
            Ok(answer) => answer,
            Err(error) => return not_noted(&error),
        };
        match answer.result {
            Ok(_) => {
                if let Some(doubt) = self.doubts_delete().await {
                    return Ended::Inconclusive(doubt, Some(answer.evidence));
                }
                self.traces.strike(&self.canary_trace()).await;
                tracing::debug!(versioned = version.is_some(), "canary deleted");
                Ended::Done(Some(answer.evidence))
            }
            Err(failure) => self.judge(Action::DeleteObject, &failure, answer.evidence),
        }
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
        if let Some(doubt) = self.doubts_abort(upload_id).await {
            return Ended::Inconclusive(doubt, Some(answer.evidence));
        }
        let upload = self.upload_trace(Some(upload_id.clone()));
        self.traces.strike(&upload).await;
        Ended::Done(Some(answer.evidence))
    }

    pub(super) fn canary_trace(&self) -> Trace {
        Trace::Object {
            key: self.canary_key.clone(),
        }
    }

    fn upload_trace(&self, upload_id: Option<String>) -> Trace {
        Trace::Upload {
            key: self.upload_key.clone(),
            upload_id,
        }
    }

    /// Waits for the answer to a write, and notes until then that it is sent; for good, where an attempt was not answered.
    pub(super) async fn written<T>(
        &self,
        trace: &Trace,
        write: impl Future<Output = Answer<T>>,
    ) -> Answer<T> {
        self.sent().push(trace.clone());
        let answer = write.await;
        if answer.evidence.lost_attempts == 0 {
            let mut sent = self.sent();
            if let Some(this) = sent.iter().rposition(|sent| sent == trace) {
                sent.remove(this);
            }
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

/// Whether a write that failed can have left nothing: it was sent once, and refused or sent elsewhere.
pub(super) fn wrote_nothing(failure: &Failure, attempts: u32) -> bool {
    attempts == 1 && failure.status.is_some_and(|s| (300..500).contains(&s))
}

fn nothing_was_made() -> Ended {
    Ended::NoMeans(Finding::new(
        FindingReason::Dependency,
        "There was nothing to try it on.",
        "Mend the other checks and test again.",
    ))
}
