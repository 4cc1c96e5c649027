//! Removes what tests have left that could not clean up: after a crash, and when a store did not answer. A bounded number of times.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{Instrument, info, warn};

use super::attempt::{Attempt, Attempts, By, LANDED};
use super::remedy::residue;
use super::spans;
use crate::model::call_id::CallId;
use crate::model::residue::Leftover;

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

/// What an attempt came to.
enum CameTo {
    /// Nothing is left, or nothing that these credentials could remove.
    End,
    /// Something may still land, and is looked for when it has.
    MayLand,
    /// Something is left.
    Left,
}

/// Sweeps in the background. Clones share what bounds them.
#[derive(Clone)]
pub(super) struct Sweeper {
    attempts: Attempts,
    places: Arc<Semaphore>,
    tasks: TaskTracker,
    closed: CancellationToken,
}

impl Sweeper {
    /// One whose sweeps are among `tasks`.
    pub(super) fn new(attempts: Attempts, tasks: TaskTracker) -> Self {
        Self {
            attempts,
            places: Arc::new(Semaphore::new(AT_ONCE)),
            tasks,
            closed: CancellationToken::new(),
        }
    }

    /// Tries to remove what a test has left until it is gone, may not be removed, or was tried often enough; for the first time after
    /// `first`, and for the call that the test was within, if that is known. Not when it is closed.
    pub(super) fn start(&self, leftover: Leftover, call: Option<CallId>, first: Duration) {
        if !self.closed.is_cancelled() {
            let sweep = self.clone().sweep(leftover, call, first);
            self.tasks.spawn(sweep.in_current_span());
        }
    }

    /// No attempt is begun any more: what is left waits in the ledger for the next start.
    pub(super) fn close(&self) {
        self.closed.cancel();
    }

    async fn sweep(self, leftover: Leftover, call: Option<CallId>, first: Duration) {
        let mut number = usize::try_from(leftover.sweeps).unwrap_or(PAUSES.len());
        if number >= PAUSES.len() && leftover.landing.is_empty() {
            return;
        }
        let mut pause = first;
        loop {
            let attempt = async {
                tokio::time::sleep(pause).await;
                self.places.acquire().await
            };
            let place = tokio::select! {
                place = attempt => place,
                () = self.closed.cancelled() => return,
            };
            let came_to = self.attempt(&leftover, call.as_ref()).await;
            drop(place);
            number += 1;
            pause = match (came_to, PAUSES.get(number)) {
                (CameTo::MayLand, _) => LANDED,
                (CameTo::Left, Some(pause)) => *pause,
                (CameTo::Left, None) | (CameTo::End, _) => return,
            };
        }
    }

    /// The attempts, which tests make too.
    pub(super) fn attempts(&self) -> &Attempts {
        &self.attempts
    }

    /// Tries once.
    async fn attempt(&self, leftover: &Leftover, call: Option<&CallId>) -> CameTo {
        let test = leftover.test_id;
        let attempt = self.attempts.once(&leftover.s3, test, By::Its(call));
        let (left, open) = match attempt.instrument(spans::sweep(test)).await {
            Ok(Attempt::Tried(left, open)) => (left, open),
            Ok(Attempt::Busy) => return CameTo::Left,
            Ok(Attempt::Over) => return CameTo::End,
            Err(error) => {
                warn!(%test, %error, "what a connection test has left could not be read");
                return CameTo::Left;
            }
        };
        for (trace, why) in &left {
            let remedy = residue(&open.s3, trace, "").remedy;
            warn!(%test, %why, remedy, "a connection test has left something in a bucket");
        }
        if open.traces.is_empty() {
            info!(%test, "what a connection test had left is removed");
        }
        if !open.landing.is_empty() {
            return CameTo::MayLand;
        }
        if open.traces.is_empty() || open.keyless {
            return CameTo::End;
        }
        CameTo::Left
    }
}
