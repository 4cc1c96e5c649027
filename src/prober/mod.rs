//! Tests a connection permission by permission: a plan of steps, an executor, what S3's answers prove, and cleaning up.
//!
//! A test runs as a task that the server waits for; whoever reads its events only watches.

mod checks;
mod diagnose;
mod plan;
mod report;
mod residue;
mod run;
#[cfg(test)]
mod testing;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{Instrument, info, info_span};
use uuid::Uuid;

pub use report::{
    Check, CheckResult, Event, Finding, FindingReason, Outcome, Report, Residue, Verdict,
};

use crate::model::Error;
use crate::model::datastore::S3Config;
use crate::model::role::Role;
use crate::s3::Client;
use checks::S3Steps;

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
#[derive(Debug)]
pub struct Prober {
    limits: Limits,
    places: Arc<Semaphore>,
    tests: TaskTracker,
    stop: CancellationToken,
}

/// What to test.
#[derive(Debug)]
pub struct Target {
    /// The location and its credentials.
    pub s3: S3Config,
    /// Whose permissions.
    pub role: Role,
}

impl Prober {
    /// A prober with no test running.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            places: Arc::new(Semaphore::new(limits.concurrent)),
            tests: TaskTracker::new(),
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
        let plan = plan::plan(target.role);
        // Started, two for each check, Completed: the test never waits for a slow reader.
        let (events, receiver) = mpsc::channel(2 * run::checks_of(&plan).len() + 2);
        let test = Test {
            id: Uuid::new_v4(),
            target,
            plan,
            limits: self.limits,
            cancel: self.stop.child_token(),
            events,
        };
        let span = info_span!("connection_test", id = %test.id, uri = test.target.s3.uri());
        self.tests.spawn(test.run(place).instrument(span));
        Ok(receiver)
    }

    /// Refuses new tests from now on.
    pub fn close(&self) {
        self.tests.close();
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

struct Test {
    id: Uuid,
    target: Target,
    plan: Vec<run::Node<plan::Step>>,
    limits: Limits,
    cancel: CancellationToken,
    events: mpsc::Sender<Event>,
}

impl Test {
    /// Runs the test to its end. The place is given back only when the bucket is clean again.
    async fn run(self, _place: OwnedSemaphorePermit) {
        let (start, start_time) = (Instant::now(), SystemTime::now());
        let checks = run::checks_of(&self.plan);
        self.send(Event::Started {
            test_id: self.id,
            role: self.target.role,
            uri: self.target.s3.uri(),
            checks: checks.into_iter().map(CheckResult::pending).collect(),
        });
        let config = &self.target.s3;
        let client = Client::new(config).await;
        let steps = Arc::new(S3Steps::new(client.clone(), config.clone(), self.id));
        let limits = run::Limits {
            step: self.limits.check,
            whole: self.limits.test,
        };
        let reader_left = self.events.closed();
        let watch = async {
            reader_left.await;
            info!("connection test stops: its reader has gone");
            self.cancel.cancel();
        };
        let work = run::run(
            self.plan.clone(),
            Arc::clone(&steps),
            limits,
            &self.cancel,
            &self.events,
        );
        tokio::pin!(work);
        let found = tokio::select! {
            found = &mut work => found,
            () = watch => work.await,
        };
        let residue = residue::clean_up(&client, config, &steps.traces, self.limits.cleanup).await;
        let report = Report {
            test_id: self.id,
            outcome: report::outcome(&found.checks, found.connection_finding.as_ref()),
            checks: found.checks,
            connection_finding: found.connection_finding,
            warnings: warnings(&residue),
            residue,
            start_time,
            duration: start.elapsed(),
        };
        info!(outcome = ?report.outcome, residue = report.residue.len(), "connection test ended");
        self.send(Event::Completed(Box::new(report)));
    }

    fn send(&self, event: Event) {
        // The channel has room for every event; it refuses only when the reader has gone.
        let _ = self.events.try_send(event);
    }
}

fn warnings(residue: &[Residue]) -> Vec<String> {
    if residue.is_empty() {
        return Vec::new();
    }
    let versions = residue.iter().filter(|r| r.version_id.is_some()).count();
    let mut warnings = vec![format!(
        "{} thing(s) that the test wrote are still in the bucket; see residue.",
        residue.len()
    )];
    if versions > 0 {
        warnings.push(
            "The bucket is versioned: removing the versions that a delete leaves needs s3:DeleteObjectVersion, which the role does not ask for."
                .to_owned(),
        );
    }
    warnings
}
