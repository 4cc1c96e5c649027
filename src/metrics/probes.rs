//! The connection tests: what they come to, what they find, and how long their checks take. The words are those of the protos.

use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::Histograms;
use crate::model::role::Role;
use crate::report::{CheckResult, Outcome, Report, word};

/// Upper bounds in seconds: a check is a round trip or a few, and has `--check-timeout`.
const SECONDS: [f64; 11] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

type Labels<const LABELS: usize> = [(&'static str, String); LABELS];

/// The connection tests. Clones count together.
#[derive(Clone, Debug)]
pub struct Probes {
    ended: Family<Labels<2>, Counter>,
    findings: Family<Labels<1>, Counter>,
    checks: Histograms<Labels<2>>,
}

impl Default for Probes {
    fn default() -> Self {
        Self {
            ended: Family::default(),
            findings: Family::default(),
            checks: Family::new_with_constructor(|| Histogram::new(SECONDS)),
        }
    }
}

impl Probes {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "connection_tests",
            "Connection tests that have ended, by role and outcome",
            self.ended.clone(),
        );
        for role in [Role::Source, Role::Enrichment] {
            for outcome in [Outcome::Passed, Outcome::Failed, Outcome::Inconclusive] {
                drop(self.ended.get_or_create(&labels(role, outcome)));
            }
        }
        registry.register(
            "connection_test_findings",
            "What connection tests have found: one for each check that has not passed, and one for a connection that cannot be used",
            self.findings.clone(),
        );
        registry.register(
            "check_duration_seconds",
            "How long the checks of connection tests took, by check and verdict; 0 for those that were never begun",
            self.checks.clone(),
        );
    }

    /// A test has ended with this report.
    pub fn ended(&self, role: Role, report: &Report) {
        self.ended
            .get_or_create(&labels(role, report.outcome))
            .inc();
        let of_checks = report.checks.iter().filter_map(|c| c.finding.as_ref());
        for finding in of_checks.chain(&report.connection_finding) {
            let labels = [("reason", word(&finding.reason))];
            self.findings.get_or_create(&labels).inc();
        }
    }

    /// A check has ended so.
    pub fn checked(&self, check: &CheckResult, took: Duration) {
        let labels = [
            ("check", word(&check.check)),
            ("verdict", word(&check.verdict)),
        ];
        self.checks
            .get_or_create(&labels)
            .observe(took.as_secs_f64());
    }
}

fn labels(role: Role, outcome: Outcome) -> Labels<2> {
    [("role", word(&role)), ("outcome", word(&outcome))]
}
