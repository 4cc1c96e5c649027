//! The traces of one test: noted in the ledger before the request that makes them goes out, struck off when they are known to be gone.

use std::sync::Arc;

use tokio::sync::Mutex;
use uuid::Uuid;

use super::ledger::Ledger;
use crate::model::Error;
use crate::model::datastore::S3Config;
use crate::model::residue::{Leftover, Trace};

/// What one test has written, or may have, and not yet removed.
pub(super) struct Traces {
    ledger: Arc<dyn Ledger>,
    open: Mutex<Leftover>,
}

impl Traces {
    /// The traces of a test that has not written anything.
    pub(super) fn new(ledger: Arc<dyn Ledger>, test_id: Uuid, s3: S3Config) -> Self {
        let nothing = Leftover {
            test_id,
            s3,
            traces: Vec::new(),
            sweeps: 0,
            ended: false,
        };
        Self::of(ledger, nothing)
    }

    /// The traces that an earlier test has left.
    pub(super) fn of(ledger: Arc<dyn Ledger>, leftover: Leftover) -> Self {
        Self {
            ledger,
            open: Mutex::new(leftover),
        }
    }

    /// Notes a trace. Once this returns `Ok`, a crash does not forget it.
    pub(super) async fn add(&self, trace: Trace) -> Result<(), Error> {
        let mut open = self.open.lock().await;
        open.traces.push(trace);
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

    /// Brings the ledger up to date after cleaning up: what could not be removed stays in it. Returns what is still open.
    pub(super) async fn settle(&self, still_there: Vec<Trace>) -> Leftover {
        let mut open = self.open.lock().await;
        open.traces = still_there;
        open.ended = true;
        let settled = if open.traces.is_empty() {
            self.ledger.strike(open.test_id).await
        } else {
            self.ledger.put(&open).await
        };
        if let Err(error) = settled {
            // What the ledger still knows is then swept once more after a restart, which harms nothing.
            tracing::warn!(%error, test = %open.test_id, "the residue ledger could not be brought up to date");
        }
        open.clone()
    }

    /// The test, and the bucket that it wrote to.
    pub(super) async fn whose(&self) -> (Uuid, S3Config) {
        let open = self.open.lock().await;
        (open.test_id, open.s3.clone())
    }

    /// Counts one more attempt to remove what is open.
    pub(super) async fn count_sweep(&self) {
        self.open.lock().await.sweeps += 1;
    }
}
