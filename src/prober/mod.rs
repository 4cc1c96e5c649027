//! Tests a connection permission by permission: a plan of steps, an executor, what S3's answers prove, and cleaning up.
//!
//! A test runs as a task that the server waits for; whoever reads its events only watches.

mod checks;
mod diagnose;
mod earlier;
mod event;
mod ledger;
mod plan;
mod residue;
mod run;
mod sweep;
mod test;
#[cfg(test)]
mod testing;
mod traces;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{Instrument, info_span};
use uuid::Uuid;

pub use checks::CANARY_FOLDER;
pub use diagnose::finding;
pub use event::Event;
pub use ledger::{Answer as LedgerAnswer, Ledger};

use crate::model::Error;
use crate::report::Tested;
use crate::s3::Guard;
use sweep::Sweeper;
use test::Test;

/// How long tests may take, and how many may run.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// For each check.
    pub check: Duration,
    /// For all checks of a test together.
    pub test: Duration,
    /// For cleaning up after a test, however it ended.
    pub cleanup: Duration,
    /// Tests at once.
    pub concurrent: usize,
}

/// Runs connection tests.
pub struct Prober {
    limits: Limits,
    guard: Guard,
    ledger: Arc<dyn Ledger>,
    sweeper: Sweeper,
    places: Arc<Semaphore>,
    tests: TaskTracker,
    stop: CancellationToken,
}

/// What to test.
#[derive(Debug)]
pub struct Target {
    /// The location, its credentials, and whose permissions.
    pub tested: Tested,
    /// The key of an object that exists.
    pub sample_key: Option<String>,
    /// For how long a refusal is tried again before it is believed.
    pub retry_denied: Duration,
}

impl std::fmt::Debug for Prober {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Prober")
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

impl Prober {
    /// A prober with no test running, which connects to what `guard` lets through, and notes what its tests write in `ledger`.
    #[must_use]
    pub fn new(limits: Limits, guard: Guard, ledger: Arc<dyn Ledger>) -> Self {
        let tests = TaskTracker::new();
        Self {
            limits,
            guard,
            sweeper: Sweeper::new(Arc::clone(&ledger), guard, limits.cleanup, tests.clone()),
            ledger,
            places: Arc::new(Semaphore::new(limits.concurrent)),
            tests,
            stop: CancellationToken::new(),
        }
    }

    /// Starts a test and returns its events. When the receiver is dropped the test stops; it cleans up in any case.
    ///
    /// # Errors
    /// [`Error::TooManyTests`] when as many run as may, [`Error::ServerStopping`] after [`Prober::close`].
    pub fn start(&self, target: Target) -> Result<mpsc::Receiver<Event>, Error> {
        if self.tests.is_closed() {
            return Err(Error::ServerStopping);
        }
        let place = Arc::clone(&self.places).try_acquire_owned();
        let place = place.map_err(|_| Error::TooManyTests {
            max: self.limits.concurrent,
        })?;
        let plan = plan::plan(target.tested.role);
        // Started, at most three for each check, Completed: the test never waits for a slow reader.
        let (events, receiver) = mpsc::channel(3 * run::checks_of(&plan).len() + 2);
        let test = Test {
            // Tests are kept in the order of their ids, which begin with the time.
            id: Uuid::now_v7(),
            target,
            plan,
            limits: self.limits,
            guard: self.guard,
            ledger: Arc::clone(&self.ledger),
            sweeper: self.sweeper.clone(),
            cancel: self.stop.child_token(),
            events,
        };
        let span = info_span!("connection_test", id = %test.id, uri = test.target.tested.s3.uri());
        self.tests.spawn(test.run(place).instrument(span));
        Ok(receiver)
    }

    /// Removes, in the background, what the tests of an earlier process have left. Before the first test is started.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub async fn sweep(&self) -> Result<(), Error> {
        for leftover in self.ledger.open().await? {
            self.sweeper.start(leftover, Duration::ZERO);
        }
        Ok(())
    }

    /// Refuses new tests from now on; sweeps are not tried again.
    pub fn close(&self) {
        self.tests.close();
        self.sweeper.close();
    }

    /// Stops the running tests; each still cleans up.
    pub fn cancel(&self) {
        self.stop.cancel();
    }

    /// Waits until the last test has cleaned up. Only after [`Prober::close`].
    pub async fn wait(&self) {
        self.tests.wait().await;
    }
}
