//! One connection test from its first event to its last: run the plan, clean up, report.

use std::sync::Arc;
use std::time::SystemTime;

use tokio::sync::mpsc;
use tokio::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;
use tracing::{Span, info, warn};
use uuid::Uuid;

use super::attempt::LANDED;
use super::checks::S3Steps;
use super::earlier::{self, Earlier, left_at, try_again};
use super::event::Event;
use super::ledger::Ledger;
use super::places::Place;
use super::plan::Step;
use super::remedy::residue;
use super::residue::{Left, Why, clean_up};
use super::run::{self, Found, Node};
use super::spans;
use super::sweep::Sweeper;
use super::traces::Traces;
use super::{Limits, Target};
use crate::metrics::Metrics;
use crate::model::connection_test::TestName;
use crate::model::datastore::{AddressingStyle, S3Config};
use crate::model::residue::Leftover;
use crate::report::{CheckResult, Report, Residue, SuggestedConfig, missing_policy, outcome};
use crate::s3::{Client, Guard};

/// A test that is about to run.
pub(super) struct Test {
    pub(super) id: Uuid,
    pub(super) target: Target,
    pub(super) plan: Vec<Node<Step>>,
    pub(super) limits: Limits,
    pub(super) guard: Guard,
    pub(super) metrics: Metrics,
    pub(super) ledger: Arc<dyn Ledger>,
    /// For what cannot be removed at the end of the test.
    pub(super) sweeper: Sweeper,
    /// The test stops.
    pub(super) cancel: CancellationToken,
    pub(super) events: mpsc::Sender<Event>,
    /// The span of the test.
    pub(super) traced: Span,
}

impl Test {
    /// Runs the test to its end. The place is given back only when the bucket is clean again.
    pub(super) async fn run(self, place: Place) {
        let (start, start_time) = (Instant::now(), SystemTime::now());
        let checks = run::checks_of(&self.plan);
        self.send(Event::Started {
            test_id: self.id,
            role: self.target.tested.role,
            uri: self.target.tested.s3.uri(),
            checks: checks.into_iter().map(CheckResult::pending).collect(),
        });
        let config = &self.target.tested.s3;
        let client = self.client().await;
        let traces = Traces::new(Arc::clone(&self.ledger), self.id, config.clone());
        let sample_key = self.target.sample_key.clone();
        let steps = S3Steps::new(client.clone(), config.clone(), sample_key, self.id, traces);
        let steps = Arc::new(steps);
        let found = self.run_plan(&steps).await;
        for (check, took) in found.checks.iter().zip(&found.durations) {
            self.metrics.probes.checked(check, *took);
        }
        steps.have_ended().await;
        let mut left = clean_up(&client, steps.traces(), self.limits.cleanup).await;
        let mut landing = steps.unanswered();
        landing.retain(|trace| steps.traces().can_land(trace));
        for trace in landing.clone() {
            if left.iter().all(|(known, _)| *known != trace) {
                left.push((trace, Why::MayStillLand));
            }
        }
        let open = steps.traces().settle(&left, landing, false).await;
        let mut residue = shown(config, &left);
        let mut warnings = steps.warnings();
        warnings.extend(about(&residue));
        let is_broken = found.connection_finding.is_some();
        let earlier = self.left_before(&client, is_broken).await;
        residue.extend(earlier.residue);
        warnings.extend(unlisted(earlier.unlisted));
        let report = Report {
            test_id: self.id,
            outcome: outcome(&found.checks, found.connection_finding.as_ref()),
            missing_policy: missing_policy(&found.checks, config),
            checks: found.checks,
            connection_finding: found.connection_finding,
            suggested_config: suggested(&client),
            warnings,
            residue,
            start_time,
            duration: start.elapsed(),
            changes: Vec::new(),
        };
        info!(outcome = ?report.outcome, residue = report.residue.len(), "connection test ended");
        let (report, name) = self.keep(report).await;
        self.metrics.probes.ended(self.target.tested.role, &report);
        spans::tested(&self.traced, &report);
        // Who waits for the report may start the next test at once.
        drop(place);
        self.send(Event::Completed { report, name });
        self.sweep_later(&left, open);
    }

    /// Calls S3 for this test, and for the call within which it runs.
    async fn client(&self) -> Client {
        let calls = self.metrics.s3_calls.clone();
        let client = Client::new(&self.target.tested.s3, self.guard, calls).await;
        client.on_behalf_of(self.target.call.as_ref())
    }

    /// Runs the plan; stops when nobody reads the events any more.
    async fn run_plan(&self, steps: &Arc<S3Steps>) -> Found {
        let limits = run::Limits {
            step: self.limits.check,
            whole: self.limits.test,
            retry_denied: self.target.retry_denied,
        };
        let watch = async {
            self.events.closed().await;
            info!("connection test stops: its reader has gone");
            self.cancel.cancel();
        };
        let (plan, steps) = (self.plan.clone(), Arc::clone(steps));
        let work = run::run(plan, steps, limits, &self.cancel, &self.events);
        tokio::pin!(work);
        tokio::select! {
            found = &mut work => found,
            () = watch => work.await,
        }
    }

    /// Keeps the report. A test whose report cannot be kept has ended all the same.
    async fn keep(&self, report: Report) -> (Box<Report>, Option<TestName>) {
        let mut report = Box::new(report);
        let (tested, audit) = (&self.target.tested, self.target.audit.as_deref());
        let kept = self.ledger.record(tested, &mut report, audit).await;
        let kept = kept.map_err(|error| warn!(%error, "the report of a test could not be kept"));
        (report, kept.ok())
    }

    /// What earlier tests have left at the same place, after another attempt to remove it, where there is somebody to attempt it.
    async fn left_before(&self, client: &Client, is_broken: bool) -> Earlier {
        let mut left = left_at(&*self.ledger, &self.target.tested.s3, self.id).await;
        if !is_broken && !self.cancel.is_cancelled() {
            left = try_again(client, self.sweeper.attempts(), left).await;
        }
        earlier::shown(&left)
    }

    /// Tries again later what was not answered; a removal that is denied stays denied.
    fn sweep_later(&self, left: &[Left], open: Leftover) {
        let call = self.target.call.clone();
        if left.iter().any(|(_, why)| *why == Why::MayStillLand) {
            self.sweeper.start(open, call, LANDED);
        } else if !open.traces.is_empty() && !open.keyless {
            self.sweeper.start(open, call, Duration::ZERO);
        }
    }

    fn send(&self, event: Event) {
        // The channel has room for every event; it refuses only when the reader has gone.
        let _ = self.events.try_send(event);
    }
}

/// What to write into the configuration, when another way to the bucket was found than the configured one.
fn suggested(client: &Client) -> Option<SuggestedConfig> {
    let (way, configured) = (client.detour()?, client.configured());
    let style = if way.path_style {
        AddressingStyle::Path
    } else {
        AddressingStyle::VirtualHosted
    };
    Some(SuggestedConfig {
        region: (way.region != configured.region).then_some(way.region),
        addressing_style: (way.path_style != configured.path_style).then_some(style),
    })
}

fn shown(config: &S3Config, left: &[Left]) -> Vec<Residue> {
    let one = |(trace, why): &Left| residue(config, trace, &why.to_string());
    left.iter().map(one).collect()
}

/// What to know of things that are left.
fn about(residue: &[Residue]) -> Vec<String> {
    if residue.is_empty() {
        return Vec::new();
    }
    let versions = residue.iter().filter(|r| r.version_id.is_some()).count();
    let mut warnings = vec![format!(
        "{} thing(s) that the test wrote are, or may still come to be, in the bucket; see residue.",
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

fn unlisted(number: usize) -> Option<String> {
    (number > 0).then(|| {
        format!("Earlier tests have left {number} more thing(s) than residue lists; remove those that it lists and test again.")
    })
}
