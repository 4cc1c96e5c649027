//! The traces of one test: noted in the ledger before the request that makes them goes out, struck off when they are known to be gone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use tokio::sync::Mutex;
use uuid::Uuid;

use super::attempt::LANDED;
use super::ledger::Ledger;
use super::residue::Left;
use crate::model::Error;
use crate::model::credentials::Credentials;
use crate::model::datastore::S3Config;
use crate::model::residue::{Landing, Leftover, Trace};

/// What one test has written, or may have, and not yet removed.
pub(super) struct Traces {
    ledger: Arc<dyn Ledger>,
    open: Mutex<Leftover>,
    /// Whether an answer was lost that may have named a version.
    unnamed: AtomicBool,
    /// Whether the bucket is known to keep no versions.
    unversioned: AtomicBool,
}

impl Traces {
    /// The traces of a test that has not written anything.
    pub(super) fn new(ledger: Arc<dyn Ledger>, test_id: Uuid, s3: S3Config) -> Self {
        let nothing = Leftover {
            test_id,
            s3,
            keyless: false,
            traces: Vec::new(),
            landing: Vec::new(),
            sweeps: 0,
            ended: false,
        };
        let traces = Self::of(ledger, nothing);
        traces.unnamed.store(false, Ordering::Relaxed);
        traces
    }

    /// The traces that an earlier test has left. What it was answered is not known any more.
    pub(super) fn of(ledger: Arc<dyn Ledger>, leftover: Leftover) -> Self {
        Self {
            ledger,
            open: Mutex::new(leftover),
            unnamed: AtomicBool::new(true),
            unversioned: AtomicBool::new(false),
        }
    }

    /// Notes a trace. Once this returns `Ok`, a crash does not forget it.
    pub(super) async fn add(&self, trace: Trace) -> Result<(), Error> {
        self.add_all([trace]).await
    }

    /// Notes traces, the newest last.
    pub(super) async fn add_all(
        &self,
        traces: impl IntoIterator<Item = Trace>,
    ) -> Result<(), Error> {
        let mut open = self.open.lock().await;
        for trace in traces {
            if !open.traces.contains(&trace) {
                open.traces.push(trace);
            }
        }
        self.ledger.put(&open).await
    }

    /// Strikes a trace off, in memory: the ledger is told at the end, and until then a crash means one removal too many.
    pub(super) async fn strike(&self, trace: &Trace) {
        self.open.lock().await.traces.retain(|t| t != trace);
    }

    /// What is open now.
    pub(super) async fn all(&self) -> Vec<Trace> {
        self.open.lock().await.traces.clone()
    }

    /// Notes, in memory, that an answer was lost which may have named a version.
    pub(super) fn lost_a_name(&self) {
        self.unnamed.store(true, Ordering::Relaxed);
    }

    /// Whether every version that the test has made, in a versioned bucket, is named by an answer.
    pub(super) fn are_named(&self) -> bool {
        !self.unnamed.load(Ordering::Relaxed)
    }

    /// Notes, in memory, that the bucket keeps no versions.
    pub(super) fn keep_no_versions(&self) {
        self.unversioned.store(true, Ordering::Relaxed);
    }

    /// Whether a request that was never answered can still make this: in a bucket without versions none makes a version.
    pub(super) fn can_land(&self, trace: &Trace) -> bool {
        let is_unversioned = self.unversioned.load(Ordering::Relaxed);
        !(is_unversioned && matches!(trace, Trace::Versions { .. }))
    }

    /// Brings the ledger up to date after cleaning up: what could not be removed stays in it, and what may still land. Returns what it holds.
    ///
    /// When all that is left is what the credentials in the ledger may not remove, they are forgotten; `by_others` says that others have tried.
    pub(super) async fn settle(
        &self,
        left: &[Left],
        landing: Vec<Trace>,
        by_others: bool,
    ) -> Leftover {
        let mut open = self.open.lock().await;
        open.landing.extend(landings(landing));
        let now = SystemTime::now();
        open.landing
            .retain(|landing| landing.until > now && self.can_land(&landing.trace));
        open.traces = left.iter().map(|(trace, _)| trace.clone()).collect();
        for landing in open.landing.clone() {
            if !open.traces.contains(&landing.trace) {
                open.traces.push(landing.trace);
            }
        }
        open.ended = true;
        if !by_others && open.landing.is_empty() && left.iter().all(|(_, why)| why.is_final()) {
            open.keyless = true;
            open.s3.credentials = Credentials::Anonymous;
        }
        let settled = if open.traces.is_empty() {
            self.ledger.strike(&open.s3, open.test_id).await
        } else {
            self.ledger.put(&open).await
        };
        if let Err(error) = settled {
            // What the ledger still knows is then swept once more after a restart, which harms nothing.
            tracing::warn!(%error, test = %open.test_id, "the residue ledger could not be brought up to date");
        }
        open.clone()
    }

    /// Counts one more attempt to remove what is open.
    pub(super) async fn count_sweep(&self) {
        self.open.lock().await.sweeps += 1;
    }
}

/// These, as what requests may make that were sent by now and never answered.
pub(super) fn landings(traces: Vec<Trace>) -> Vec<Landing> {
    let until = SystemTime::now() + LANDED;
    let one = |trace| Landing { trace, until };
    traces.into_iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use uuid::Uuid;

    use super::Traces;
    use crate::model::credentials::{AccessKey, Credentials};
    use crate::model::residue::Trace;
    use crate::model::secret::Secret;
    use crate::prober::residue::Why;
    use crate::prober::testing::{Broken, config};

    #[tokio::test]
    async fn credentials_are_forgotten_when_they_may_not_remove_what_is_left_and_not_when_others_may_not()
     {
        let mut config = config("s3://logs");
        config.credentials = Credentials::AccessKey(AccessKey {
            access_key_id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
            secret_access_key: Secret::new("secret".to_owned()),
            session_token: None,
        });
        let key = "canary".to_owned();
        let left = [(Trace::Object { key }, Why::Denied)];
        for by_others in [true, false] {
            let id = Uuid::new_v4();
            let traces = Traces::new(Arc::new(Broken), id, config.clone());
            let open = traces.settle(&left, Vec::new(), by_others).await;
            assert_eq!(open.keyless, !by_others);
            assert_eq!(open.s3.credentials == config.credentials, by_others);
        }
    }
}
