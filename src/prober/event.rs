//! What happens in a test, as it happens.

use uuid::Uuid;

use crate::model::connection_test::TestName;
use crate::model::role::Role;
use crate::report::{CheckResult, Report};

/// What happens in a test, in order: one `Started`, `Check`s, one `Completed`.
#[derive(Clone, Debug)]
pub enum Event {
    /// The plan: every check, pending.
    Started {
        /// Names the test in the log.
        test_id: Uuid,
        /// Whose permissions are tested.
        role: Role,
        /// What is tested, in normal form.
        uri: String,
        /// The checks in the order of the report.
        checks: Vec<CheckResult>,
    },
    /// One check has begun or ended.
    Check {
        /// The check as it stands now.
        result: Box<CheckResult>,
        /// How many have ended.
        done: usize,
        /// How many there are.
        total: usize,
    },
    /// The report.
    Completed {
        /// All that was found.
        report: Box<Report>,
        /// Where it is kept, if it could be.
        name: Option<TestName>,
    },
}
