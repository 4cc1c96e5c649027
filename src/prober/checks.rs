//! The steps of a test as S3 calls, and what each answer proves. It knows nothing of order or concurrency: `plan.rs` says what comes first.
//!
//! Which answer proves what is measured on real servers; the odd ones are named where they are handled.

mod gone;
mod lock;
mod reading;
mod versions;
mod ways;
mod writing;

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use uuid::Uuid;

use super::diagnose::{self, Diagnosis, diagnose};
use super::plan::Step;
use super::run::{Ended, Steps};
use super::traces::Traces;
use crate::iam::Action;
use crate::model::datastore::S3Config;
use crate::model::residue::Trace;
use crate::report::{Evidence, Finding, FindingReason};
use crate::s3::{Answer, Client, Failure};
use ways::Ways;

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
    ways: Ways,
    traces: Traces,
    /// The writes that were sent and have not been answered.
    unanswered: Mutex<Vec<Trace>>,
}

/// What earlier steps have found out, for later ones.
#[derive(Debug, Default)]
struct Facts {
    /// Listing is allowed; a key under the prefix that no test has written, if there is one.
    listed: OnceLock<Option<String>>,
    /// Listing uploads is allowed.
    uploads_listed: OnceLock<()>,
    /// Listing parts is allowed.
    parts_listed: OnceLock<()>,
    delete_allowed: OnceLock<()>,
    abort_allowed: OnceLock<()>,
    /// The bucket locks new objects, so that the canary could not be removed.
    locks: OnceLock<()>,
    /// A call was carried out.
    carried_out: OnceLock<()>,
    /// The bucket keeps versions: an answer has named one.
    versioned: OnceLock<()>,
    /// The canary is written; its version in a versioned bucket.
    canary: OnceLock<Option<String>>,
    upload_id: OnceLock<String>,
    /// No upload was started, and why, though putting objects may be allowed.
    no_upload: OnceLock<Finding>,
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
            ways: Ways::default(),
            traces,
            unanswered: Mutex::default(),
        }
    }

    /// What was sent and never answered makes: it may be carried out after all else is done.
    pub(super) fn unanswered(&self) -> Vec<Trace> {
        let mut unanswered: Vec<Trace> = Vec::new();
        for sent in self.sent().iter() {
            if !unanswered.contains(sent) {
                unanswered.push(sent.clone());
            }
        }
        unanswered
    }

    fn sent(&self) -> MutexGuard<'_, Vec<Trace>> {
        self.unanswered
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// What the test has written and not yet removed.
    pub(super) fn traces(&self) -> &Traces {
        &self.traces
    }

    /// Things to know that fail no check.
    pub(super) fn warnings(&self) -> Vec<String> {
        let mut warnings: Vec<String> = self.lock_warning().into_iter().collect();
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
        let answer = self.seen(self.list_others().await);
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
            Diagnosis::Broken(finding) if blames_keys(&finding) => Ended::TurnedAway {
                whole: finding,
                alone: one_call_turned_away(),
                evidence,
            },
            Diagnosis::Broken(finding) => Ended::Broken(finding),
        }
    }

    /// Remembers what the answer says besides.
    fn seen<T>(&self, answer: Answer<T>) -> Answer<T> {
        if answer.result.is_ok() {
            let _ = self.facts.carried_out.set(());
        }
        if let Some(ahead) = answer.evidence.clock_ahead {
            let _ = self.facts.clock_ahead.set(ahead);
        }
        answer
    }

    fn is_amazon(&self) -> bool {
        self.config.endpoint.is_none()
    }
}

impl Steps for S3Steps {
    type Step = Step;

    async fn run(&self, step: Step) -> Ended {
        let ended = match step {
            Step::ListObjects => self.list_objects().await,
            Step::ListMultipartUploads => self.list_multipart_uploads().await,
            Step::GuardDelete => self.guard_delete().await,
            Step::GuardAbort => self.guard_abort().await,
            Step::LookAtLock => self.look_at_lock().await,
            Step::PutCanary => self.put_canary().await,
            Step::CreateUpload => self.create_upload().await,
            Step::GetObject => self.get_object().await,
            Step::ListParts => self.list_parts().await,
            // Without a canary the guard alone proves it.
            Step::DeleteCanary if self.locks() => Ended::Done(None),
            Step::DeleteCanary => self.delete_canary().await,
            Step::AbortUpload => self.abort_upload().await,
        };
        self.ways.note(step, &ended);
        ended
    }

    fn timed_out(&self, step: Step) -> Ended {
        if step == Step::LookAtLock {
            return Ended::Done(None);
        }
        let role = self.config.credentials.role();
        let finding = match role.filter(|_| self.client.awaits_role()) {
            Some(role) => diagnose::assume_role::timeout(&self.config, role),
            None => diagnose::timeout(&self.config),
        };
        let ended = Ended::Lost(finding, None);
        self.ways.note(step, &ended);
        ended
    }

    async fn believe(&self, step: Step, refused: Ended) -> Ended {
        self.believe_write(step, refused).await
    }
}

/// Whether a finding blames the keys, with which S3 may have carried out another call.
fn blames_keys(finding: &Finding) -> bool {
    matches!(
        finding.reason,
        FindingReason::SignatureMismatch | FindingReason::UnknownAccessKey
    )
}

fn one_call_turned_away() -> Finding {
    Finding::new(
        FindingReason::S3Error,
        "The keys or the signature of this call were refused, though those of others were accepted.",
        "Look for a proxy that changes this kind of request on its way to the store.",
    )
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::sync::Arc;

    use uuid::Uuid;

    use super::{Ended, S3Steps};
    use crate::metrics::S3Calls;
    use crate::model::endpoint::Endpoint;
    use crate::prober::testing::{Broken, config};
    use crate::prober::traces::Traces;
    use crate::report::FindingReason;
    use crate::s3::{Client, Guard};

    #[tokio::test]
    async fn what_cannot_be_noted_is_not_written() {
        let store = TcpListener::bind("127.0.0.1:0").unwrap();
        store.set_nonblocking(true).unwrap();
        let endpoint = format!("http://{}", store.local_addr().unwrap());
        let mut config = config("s3://logs");
        config.endpoint = Some(Endpoint::parse(&endpoint).unwrap());
        let id = Uuid::new_v4();
        let traces = Traces::new(Arc::new(Broken), id, config.clone());
        let client = Client::new(&config, Guard::new(true), S3Calls::default()).await;
        let steps = S3Steps::new(client, config, None, id, traces);
        let _ = steps.facts.delete_allowed.set(());
        let _ = steps.facts.abort_allowed.set(());
        for ended in [
            steps.guard_delete().await,
            steps.put_canary().await,
            steps.create_upload().await,
        ] {
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
