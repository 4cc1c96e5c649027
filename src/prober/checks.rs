//! The steps of a test as S3 calls, and what each answer proves. It knows nothing of order or concurrency: `plan.rs` says what comes first.
//!
//! Which answer proves what is measured on real servers; the odd ones are named where they are handled.

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use uuid::Uuid;

use super::diagnose::{self, Diagnosis, diagnose};
use super::plan::Step;
use super::report::{Finding, FindingReason};
use super::run::{Ended, Steps};
use super::traces::Traces;
use crate::iam::Action;
use crate::model::datastore::S3Config;
use crate::model::residue::Trace;
use crate::s3::{Answer, Cause, Client, Evidence, Failure};

/// The folder under the datastore's prefix that holds what a test writes, while it writes it.
pub const CANARY_FOLDER: &str = ".datastored-connection-test/";

/// The difference of clocks, in seconds, from which on it is worth a warning.
const SKEW_WARNED: i64 = 60;

/// The steps of one test, and what they have found so far.
pub(super) struct S3Steps {
    client: Client,
    config: S3Config,
    sample_key: Option<String>,
    canary_key: String,
    upload_key: String,
    canary_body: String,
    facts: Facts,
    traces: Traces,
    /// The writes that were sent and have not been answered.
    unanswered: Mutex<Vec<Trace>>,
}

/// What earlier steps have found out, for later ones.
#[derive(Debug, Default)]
struct Facts {
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
    /// No upload was started, and why, though putting objects may be allowed.
    no_upload: OnceLock<Finding>,
    /// A call that these keys signed was carried out.
    keys_accepted: OnceLock<()>,
    /// An object could not be read because it is archived, which only a reader is told.
    archived: OnceLock<String>,
    /// How far S3's clock is ahead of ours, in seconds.
    clock_ahead: OnceLock<i64>,
}

impl S3Steps {
    pub(super) fn new(
        client: Client,
        config: S3Config,
        sample_key: Option<String>,
        test_id: Uuid,
        traces: Traces,
    ) -> Self {
        let folder = format!("{}{CANARY_FOLDER}{test_id}", config.prefix.as_str());
        Self {
            client,
            config,
            sample_key,
            canary_key: format!("{folder}/object"),
            upload_key: format!("{folder}/upload"),
            canary_body: format!("datastored connection test {test_id}; safe to delete\n"),
            facts: Facts::default(),
            traces,
            unanswered: Mutex::default(),
        }
    }

    /// The writes that were never answered: they may be carried out after all else is done.
    pub(super) fn unanswered(&self) -> Vec<Trace> {
        self.sent().clone()
    }

    fn sent(&self) -> MutexGuard<'_, Vec<Trace>> {
        self.unanswered
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
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

    /// What the test has written and not yet removed.
    pub(super) fn traces(&self) -> &Traces {
        &self.traces
    }

    /// Things to know that fail no check.
    pub(super) fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if let Some(key) = self.facts.archived.get() {
            warnings.push(format!(
                "The object `{key}` may be read but is archived: restore it before it is needed."
            ));
        }
        let ahead = self.facts.clock_ahead.get().copied().unwrap_or_default();
        if ahead.abs() >= SKEW_WARNED {
            let (seconds, way) = (ahead.abs(), if ahead > 0 { "behind" } else { "ahead of" });
            warnings.push(format!("This server's clock is {seconds} s {way} the store's: set it; at 900 s requests are refused."));
        }
        warnings
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
                self.note_version(deleted.delete_marker).await;
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
    async fn create_upload(&self) -> Ended {
        if self.facts.abort_allowed.get().is_none() {
            return Self::leave_to_other(self.facts.delete_allowed.get().is_some());
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
            Ended::Inconclusive(finding, _) if self.facts.delete_allowed.get().is_some() => {
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

    async fn list_parts(&self) -> Ended {
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

    async fn delete_canary(&self) -> Ended {
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
    async fn abort_upload(&self) -> Ended {
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

    /// A call that succeeds exactly when the action is allowed.
    fn proves<T>(&self, action: Action, answer: Answer<T>) -> Ended {
        match answer.result {
            Ok(_) => Ended::Done(Some(answer.evidence)),
            Err(failure) => self.judge(action, &failure, answer.evidence),
        }
    }

    fn judge(&self, action: Action, failure: &Failure, evidence: Evidence) -> Ended {
        // The endpoint's own message stays out of the log: it may repeat what it was sent.
        tracing::debug!(cause = ?failure.cause, ?evidence, "S3 call failed");
        match diagnose(&self.config, action, failure) {
            Diagnosis::Denied(finding) => Ended::Failed(finding, evidence),
            Diagnosis::Unclear(finding) => Ended::Inconclusive(finding, Some(evidence)),
            Diagnosis::Lost(finding) => Ended::Lost(finding, Some(evidence)),
            Diagnosis::Broken(finding) if self.contradicts(&finding) => {
                Ended::Inconclusive(one_signature_refused(), Some(evidence))
            }
            Diagnosis::Broken(finding) => Ended::Broken(finding),
        }
    }

    /// Whether a finding blames keys with which S3 has carried a call out.
    fn contradicts(&self, finding: &Finding) -> bool {
        let blames_keys = matches!(
            finding.reason,
            FindingReason::SignatureMismatch | FindingReason::UnknownAccessKey
        );
        blames_keys && self.facts.keys_accepted.get().is_some()
    }

    /// Remembers what the answer says besides.
    fn seen<T>(&self, answer: Answer<T>) -> Answer<T> {
        if answer.result.is_ok() {
            let _ = self.facts.keys_accepted.set(());
        }
        if let Some(ahead) = answer.evidence.clock_ahead {
            let _ = self.facts.clock_ahead.set(ahead);
        }
        answer
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
        let role = self.config.credentials.role();
        let finding = match role.filter(|_| self.client.awaits_role()) {
            Some(role) => diagnose::assume_role::timeout(&self.config, role),
            None => diagnose::timeout(&self.config),
        };
        Ended::Lost(finding, None)
    }
}

/// Whether the message of a refusal names the action.
fn names(failure: &Failure, action: &str) -> bool {
    failure.message.as_ref().is_some_and(|m| m.contains(action))
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

fn no_such_sample() -> Finding {
    Finding::new(
        FindingReason::NoObjectToRead,
        "There is no object under the sample key.",
        "Name the key of an object that exists.",
    )
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

fn one_signature_refused() -> Finding {
    Finding::new(
        FindingReason::S3Error,
        "The signature of this call was refused, though those of others were accepted.",
        "Look for a proxy that changes this kind of request on its way to the store.",
    )
}

fn content_mismatch() -> Finding {
    Finding::new(
        FindingReason::ContentMismatch,
        "What was read is not what the test had just written.",
        "Look for a cache or a proxy that changes objects between this server and the store.",
    )
}

fn still_there(removal: &str) -> Finding {
    Finding::new(
        FindingReason::NotRemoved,
        format!("The store confirmed the {removal}, but what was to go is still listed."),
        "Remove it by hand, and tell the maker of the store.",
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
    use std::net::TcpListener;
    use std::sync::Arc;

    use uuid::Uuid;

    use super::{Ended, S3Steps};
    use crate::model::Error;
    use crate::model::endpoint::Endpoint;
    use crate::model::residue::Leftover;
    use crate::prober::ledger::{Answer, Ledger};
    use crate::prober::report::FindingReason;
    use crate::prober::testing::config;
    use crate::prober::traces::Traces;
    use crate::s3::Client;

    /// A ledger whose store is out of order.
    struct Broken;

    fn broken<T>() -> Result<T, Error> {
        Err(Error::StoreUnavailable("the disk is full".into()))
    }

    impl Ledger for Broken {
        fn put<'a>(&'a self, _: &'a Leftover) -> Answer<'a, ()> {
            Box::pin(async { broken() })
        }

        fn strike(&self, _: Uuid) -> Answer<'_, ()> {
            Box::pin(async { broken() })
        }

        fn open(&self) -> Answer<'_, Vec<Leftover>> {
            Box::pin(async { broken() })
        }
    }

    #[tokio::test]
    async fn what_cannot_be_noted_is_not_written() {
        let store = TcpListener::bind("127.0.0.1:0").unwrap();
        store.set_nonblocking(true).unwrap();
        let endpoint = format!("http://{}", store.local_addr().unwrap());
        let mut config = config("s3://logs");
        config.endpoint = Some(Endpoint::parse(&endpoint).unwrap());
        let id = Uuid::new_v4();
        let traces = Traces::new(Arc::new(Broken), id, config.clone());
        let client = Client::new(&config).await;
        let steps = S3Steps::new(client, config, None, id, traces);
        let _ = steps.facts.delete_allowed.set(());
        let _ = steps.facts.abort_allowed.set(());
        for ended in [steps.put_canary().await, steps.create_upload().await] {
            let Ended::Inconclusive(finding, None) = ended else {
                panic!("{ended:?}");
            };
            assert_eq!(finding.reason, FindingReason::Unremovable);
        }
        assert_eq!(steps.traces().all().await, []);
        let called = store.accept().map_err(|error| error.kind());
        assert_eq!(called.unwrap_err(), std::io::ErrorKind::WouldBlock);
    }
}
