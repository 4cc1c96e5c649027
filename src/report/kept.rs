//! A test that is kept: whose it is, and what is otherwise than in the one before.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Check, CheckResult, Report, Verdict};
use crate::model::connection_test::TestName;
use crate::model::datastore::S3Config;
use crate::model::name::DatastoreId;
use crate::model::role::Role;

/// Whose connection is tested.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A saved datastore's, as long as it is this one and not a later one of the same name.
    Saved {
        /// Its id.
        id: DatastoreId,
        /// What tells it from others of that name.
        uid: Uuid,
    },
    /// That of a datastore that is not saved.
    Unsaved,
}

/// What is tested: the same again is proven by a test that has passed.
#[derive(Clone, Debug)]
pub struct Tested {
    /// Whose connection.
    pub subject: Subject,
    /// The location and its credentials.
    pub s3: S3Config,
    /// Whose permissions.
    pub role: Role,
}

/// A test that is kept.
#[derive(Clone, Debug)]
pub struct KeptTest {
    /// Where it is kept.
    pub name: TestName,
    /// Whose permissions were tested.
    pub role: Role,
    /// What was tested, in normal form.
    pub uri: String,
    /// What was found.
    pub report: Report,
}

/// A check whose verdict is not what it was in the test before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerdictChange {
    /// Which.
    pub check: Check,
    /// What it was.
    pub before: Verdict,
    /// What it is.
    pub after: Verdict,
    /// When the test before began.
    pub since: SystemTime,
}

/// What is otherwise than in an earlier test.
#[must_use]
pub fn changes(earlier: &Report, checks: &[CheckResult]) -> Vec<VerdictChange> {
    let changed = |now: &CheckResult| {
        let was = earlier.checks.iter().find(|c| c.check == now.check)?;
        (was.verdict != now.verdict).then_some(VerdictChange {
            check: now.check,
            before: was.verdict,
            after: now.verdict,
            since: earlier.start_time,
        })
    };
    checks.iter().filter_map(changed).collect()
}
