//! Tests a connection permission by permission: a plan of steps, an executor, what S3's answers prove, and cleaning up.
//!
//! A test runs as a task that the server waits for; whoever reads its events only watches.

mod attempt;
mod checks;
mod diagnose;
mod earlier;
mod event;
mod ledger;
mod places;
mod plan;
mod remedy;
mod removal;
mod residue;
mod run;
mod spans;
mod sweep;
mod test;
#[cfg(test)]
mod testing;
mod traces;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{Instrument, info_span};
use uuid::Uuid;

pub use checks::CANARY_FOLDER;
pub use diagnose::finding;
pub use event::Event;
pub use ledger::{Answer as LedgerAnswer, Ledger};

use crate::metrics::{Metrics, S3Calls};
use crate::model::Error;
use crate::model::audit::Attempt;
use crate::model::call_id::CallId;
use crate::model::caller::Account;
use crate::report::Tested;
use crate::s3::Guard;
use attempt::Attempts;
use places::{Place, Places};
use sweep::Sweeper;
use test::Test;
use traces::landings;

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
    /// Tests of one caller at once.
    pub concurrent_each: usize,
}

/// Runs connection tests.
pub struct Prober {
    limits: Limits,
    guard: Guard,
    metrics: Metrics,
    ledger: Arc<dyn Ledger>,
    sweeper: Sweeper,
    places: Arc<Places>,
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
    /// Whose test it is, of the callers.
    pub account: Account,
    /// The call within which it is tested: what is sent to S3 has its id.
    pub call: Option<CallId>,
    /// The call that asked for this test, whose event is made when it ends; a test within a larger call has none.
    pub audit: Option<Arc<Attempt>>,
}

impl std::fmt::Debug for Prober {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Prober")
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

impl Prober {
    /// A prober with no test running, which connects to what `guard` lets through, notes what its tests write in `ledger`, and counts in `metrics`.
    #[must_use]
    pub fn new(limits: Limits, guard: Guard, ledger: Arc<dyn Ledger>, metrics: Metrics) -> Self {
        let tests = TaskTracker::new();
        let calls = metrics.s3_calls.clone();
        let attempts = Attempts::new(Arc::clone(&ledger), guard, calls, limits.cleanup);
        Self {
            limits,
            guard,
            metrics,
            sweeper: Sweeper::new(attempts, tests.clone()),
            ledger,
            places: Arc::new(Places::new(limits.concurrent, limits.concurrent_each)),
            tests,
            stop: CancellationToken::new(),
        }
    }

    /// Starts a test and returns its events. When the receiver is dropped the test stops; it cleans up in any case.
    ///
    /// # Errors
    /// [`Error::TooManyTests`] or [`Error::TooManyTestsOfCaller`] when as many run as may, [`Error::ServerStopping`] after [`Prober::close`].
    pub fn start(&self, target: Target) -> Result<mpsc::Receiver<Event>, Error> {
        let place = self.place(&target.account)?;
        let plan = plan::plan(target.tested.role);
        // Started, at most three for each check, Completed: the test never waits for a slow reader.
        let (events, receiver) = mpsc::channel(3 * run::checks_of(&plan).len() + 2);
        // Tests are kept in the order of their ids, which begin with the time.
        let id = Uuid::now_v7();
        let traced = spans::test(id, &target.tested);
        let test = Test {
            id,
            target,
            plan,
            limits: self.limits,
            guard: self.guard,
            metrics: self.metrics.clone(),
            ledger: Arc::clone(&self.ledger),
            sweeper: self.sweeper.clone(),
            cancel: self.stop.child_token(),
            events,
            traced: traced.clone(),
        };
        let span = info_span!("connection_test", id = %test.id, uri = test.target.tested.s3.uri());
        let run = test.run(place).instrument(span);
        self.tests.spawn(run.instrument(traced));
        Ok(receiver)
    }

    /// Does something else that calls S3, as one of the tests that may run at once; it ends whether or not it is waited for, and the server waits for it.
    ///
    /// # Errors
    /// As [`Prober::start`].
    pub fn spawn<T: Send + 'static>(
        &self,
        account: &Account,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<JoinHandle<T>, Error> {
        let place = self.place(account)?;
        let work = async move {
            let done = work.await;
            drop(place);
            done
        };
        Ok(self.tests.spawn(work.in_current_span()))
    }

    /// For how long one call of S3 may take.
    #[must_use]
    pub fn patience(&self) -> Duration {
        self.limits.check
    }

    /// What may be connected to.
    #[must_use]
    pub fn guard(&self) -> Guard {
        self.guard
    }

    /// Where calls of S3 are counted.
    #[must_use]
    pub fn s3_calls(&self) -> S3Calls {
        self.metrics.s3_calls.clone()
    }

    fn place(&self, account: &Account) -> Result<Place, Error> {
        if self.tests.is_closed() {
            return Err(Error::ServerStopping);
        }
        let place = self.places.take(account);
        place.inspect_err(|error| {
            self.metrics.limits.hit(match error {
                Error::TooManyTestsOfCaller { .. } => "caller-tests",
                _ => "max-concurrent-tests",
            });
        })
    }

    /// Removes, in the background, what the tests of an earlier process have left. Before the first test is started.
    ///
    /// # Errors
    /// When the ledger cannot be read or brought up to date.
    pub async fn sweep(&self) -> Result<(), Error> {
        let open = self.ledger.open().await?;
        for mut leftover in open.into_iter().filter(|leftover| !leftover.keyless) {
            if !leftover.ended {
                // Which requests were on their way when the server ended, nobody knows.
                leftover.landing = landings(leftover.traces.clone());
                leftover.ended = true;
                self.ledger.put(&leftover).await?;
            }
            self.sweeper.start(leftover, None, Duration::ZERO);
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
