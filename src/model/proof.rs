//! What a write asks for before it believes in a connection: a test that has passed.

use super::connection_test::TestName;
use super::name::DatastoreName;

/// How a new or changed connection is to be proven.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Proof {
    /// By a test now.
    #[default]
    Test,
    /// By a test that has passed already.
    Passed(TestName),
    /// Not at all.
    Skip,
}

/// Why a connection is not proven.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The test has failed.
    #[error("{field}: its connection test failed: {}; mend that, or send skip_connection_test", .shown.summary())]
    Failed {
        /// The field of the request with the configuration that was tested.
        field: &'static str,
        /// What the test has shown.
        shown: Box<Shown>,
    },
    /// The test could not show everything.
    #[error("{field}: its connection test did not show everything: {}; see to that, or send skip_connection_test", .shown.summary())]
    Inconclusive {
        /// The field of the request with the configuration that was tested.
        field: &'static str,
        /// What the test has shown.
        shown: Box<Shown>,
    },
    /// The named test was of something else.
    #[error(
        "{field}: {test} was of another configuration, other credentials or another role; test this configuration, or leave the field out"
    )]
    NotOfThis {
        /// The field of the request that names the test.
        field: &'static str,
        /// The test.
        test: TestName,
    },
    /// Somebody else has changed the connection while it was tested.
    #[error(
        "the connection of {0} was changed by somebody else in the meantime; read it again and send your change again"
    )]
    Overtaken(DatastoreName),
    /// The named test is too old.
    #[error("{field}: {test} is more than an hour old; test again, or leave the field out")]
    TooOld {
        /// The field of the request that names the test.
        field: &'static str,
        /// The test.
        test: TestName,
    },
}

/// What a test that did not pass has shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Where its report is kept.
    pub test: Option<TestName>,
    /// The actions that are missing.
    pub missing_actions: Vec<String>,
    /// What is wrong, a sentence or two each.
    pub findings: Vec<String>,
}

impl Shown {
    /// The missing actions if there are any, otherwise the first thing that is wrong.
    fn summary(&self) -> String {
        if self.missing_actions.is_empty() {
            let first = self.findings.first().map(String::as_str);
            first.unwrap_or_default().trim_end_matches('.').to_owned()
        } else {
            format!("missing {}", self.missing_actions.join(", "))
        }
    }
}
