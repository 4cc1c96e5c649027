//! What a test proves: a connection, if it was of just this, has passed, and is recent.

use std::time::Duration;

use super::{Registry, encode};
use crate::model::Error;
use crate::model::connection_test::TestName;
use crate::model::datastore::{Datastore, S3Config};
use crate::model::proof::{ProofError, Shown};
use crate::model::role::Role;
use crate::registry::connection::{self, Connection};
use crate::registry::keys;
use crate::registry::update::overtaken;
use crate::report::{Outcome, Report, Verdict};
use crate::store::{Store, Txn};

/// For how long a test proves a connection, and one of a datastore that is not saved is kept.
const PROVES_FOR: Duration = Duration::from_hours(1);

impl<S: Store> Registry<S> {
    /// Whether a test proves a connection: it was of this, it has passed, and it is recent. `field` has the configuration, `named` the test.
    ///
    /// # Errors
    /// [`Error::Proof`], and those of [`Registry::connection_test`].
    pub async fn proven(
        &self,
        test: &TestName,
        s3: &S3Config,
        role: Role,
        fields: (&'static str, &'static str),
    ) -> Result<(), Error> {
        let (field, named) = fields;
        let record = self.test_record(test).await?;
        let test = test.clone();
        if record.fingerprint != self.installation.fingerprint(s3, role)? {
            return Err(ProofError::NotOfThis { field: named, test }.into());
        }
        if self.is_old(&record.report) {
            return Err(ProofError::TooOld { field: named, test }.into());
        }
        refuse_unless_passed(&record.report, Some(test), field)
    }

    /// Adds a test to those of a datastore that is created or changed because it has passed: its connection is known by it.
    pub(in crate::registry) async fn adopt(
        &self,
        txn: Txn,
        name: &TestName,
        datastore: &Datastore,
    ) -> Result<Txn, Error> {
        let record = self.test_record(name).await?;
        let is_of_this = self
            .installation
            .fingerprint(&datastore.s3, datastore.role)?;
        if record.fingerprint != is_of_this {
            return Err(overtaken(&datastore.id));
        }
        let kept = self.newest_tests(datastore.uid).await?;
        let txn = self.kept(txn, datastore.uid, name.id, encode(&record)?, kept);
        let known = Connection::after(None, &record.report);
        let key = keys::connection(&datastore.id);
        Ok(txn.put(key, connection::encoded(&known)?))
    }

    pub(super) fn is_old(&self, report: &Report) -> bool {
        let end = report.start_time + report.duration;
        (self.now)().duration_since(end).unwrap_or_default() > PROVES_FOR
    }
}

/// Refuses a test that has not passed, in words that name what is missing.
///
/// # Errors
/// [`Error::Proof`].
pub fn refuse_unless_passed(
    report: &Report,
    test: Option<TestName>,
    field: &'static str,
) -> Result<(), Error> {
    let shown = || {
        // What was skipped has its cause in another check, or in the connection.
        let ended = report
            .checks
            .iter()
            .filter(|c| c.verdict != Verdict::Skipped);
        let of_checks = ended.filter_map(|c| c.finding.as_ref());
        let findings = report.connection_finding.iter().chain(of_checks);
        Box::new(Shown {
            test,
            missing_actions: report.missing_actions(),
            findings: findings
                .map(|f| format!("{} {}", f.title, f.remedy))
                .collect(),
        })
    };
    Err(match report.outcome {
        Outcome::Passed => return Ok(()),
        Outcome::Failed => ProofError::Failed {
            field,
            shown: shown(),
        },
        Outcome::Inconclusive => ProofError::Inconclusive {
            field,
            shown: shown(),
        },
    }
    .into())
}
