//! Removes what tests have left that could not clean up: after a crash, and when a store did not answer. A bounded number of times.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{Instrument, info, warn};

use super::ledger::Ledger;
use super::residue::{Why, clean_up, residue, still_there};
use super::traces::Traces;
use crate::model::residue::Leftover;
use crate::s3::{Client, Guard};

/// The pauses before each attempt but the first. What is there after the last one stays in the ledger, for a person.
const PAUSES: [Duration; 5] = [
    Duration::ZERO,
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_mins(2),
    Duration::from_mins(10),
];

/// How many tests are swept up after at once.
const AT_ONCE: usize = 8;

/// Sweeps in the background. Clones share what bounds them.
#[derive(Clone)]
pub(super) struct Sweeper {
    ledger: Arc<dyn Ledger>,
    guard: Guard,
    deadline: Duration,
    places: Arc<Semaphore>,
    tasks: TaskTracker,
    closed: CancellationToken,
}

impl Sweeper {
    /// One whose sweeps are among `tasks`, each attempt for at most `deadline`.
    pub(super) fn new(
        ledger: Arc<dyn Ledger>,
        guard: Guard,
        deadline: Duration,
        tasks: TaskTracker,
    ) -> Self {
        Self {
            ledger,
            guard,
            deadline,
            places: Arc::new(Semaphore::new(AT_ONCE)),
            tasks,
            closed: CancellationToken::new(),
        }
    }

    /// Tries to remove what a test has left until it is gone, may not be removed, or was tried often enough; for the first time after
    /// `first`. Not when it is closed.
    pub(super) fn start(&self, leftover: Leftover, first: Duration) {
        if !self.closed.is_cancelled() {
            let sweep = self.clone().sweep(leftover, first);
            self.tasks.spawn(sweep.in_current_span());
        }
    }

    /// No attempt is begun any more: what is left waits in the ledger for the next start.
    pub(super) fn close(&self) {
        self.closed.cancel();
    }

    async fn sweep(self, leftover: Leftover, first: Duration) {
        let begun = usize::try_from(leftover.sweeps).unwrap_or(PAUSES.len());
        let traces = Traces::of(Arc::clone(&self.ledger), leftover);
        for (number, pause) in PAUSES.iter().enumerate().skip(begun) {
            let pause = if number == begun { first } else { *pause };
            let attempt = async {
                tokio::time::sleep(pause).await;
                self.places.acquire().await
            };
            let place = tokio::select! {
                place = attempt => place,
                () = self.closed.cancelled() => return,
            };
            if self.attempt(&traces).await {
                return;
            }
            drop(place);
        }
    }

    /// Tries once, and says whether that was the end of it.
    async fn attempt(&self, traces: &Traces) -> bool {
        let (test, config) = traces.whose().await;
        let client = Client::new(&config, self.guard).await;
        traces.count_sweep().await;
        let left = clean_up(&client, traces, self.deadline).await;
        let left = still_there(&client, left, self.deadline).await;
        for (trace, why) in &left {
            let remedy = residue(&config, trace, "").remedy;
            warn!(%test, %why, remedy, "a connection test has left something in a bucket");
        }
        let hopeless = left.iter().all(|(_, why)| *why == Why::Denied);
        let open = traces.settle(left.into_iter().map(|(trace, _)| trace).collect());
        if open.await.traces.is_empty() {
            info!(%test, "what a connection test had left is removed");
        }
        hopeless
    }
}
