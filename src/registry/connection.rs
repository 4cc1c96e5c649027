//! What is known of a datastore's connection: the outcome of the last test of what it is now.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Registry, keys, unavailable};
use crate::model::Error;
use crate::model::name::DatastoreId;
use crate::report::{Outcome, Report};
use crate::store::{Entry, Store};

/// What is known of a connection. It is stored as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    /// What the last test came to.
    pub outcome: Outcome,
    /// When the first of the tests began that came to it without another outcome in between.
    pub since: SystemTime,
    /// The last test.
    pub last_test: Uuid,
    /// When it began.
    pub last_test_time: SystemTime,
    /// The actions that it found missing.
    pub missing_actions: Vec<String>,
}

impl Connection {
    /// What a test has shown, after what was known before.
    pub(super) fn after(before: Option<&Self>, report: &Report) -> Self {
        let same = before.filter(|known| known.outcome == report.outcome);
        Self {
            outcome: report.outcome,
            since: same.map_or(report.start_time, |known| known.since),
            last_test: report.test_id,
            last_test_time: report.start_time,
            missing_actions: report.missing_actions(),
        }
    }
}

impl<S: Store> Registry<S> {
    /// What is known of the connection of a datastore, if it was tested as it is.
    pub(super) async fn connection(&self, id: &DatastoreId) -> Result<Option<Connection>, Error> {
        let entry = self.store.get(&keys::connection(id)).await;
        entry
            .map_err(unavailable)?
            .as_ref()
            .map(decoded)
            .transpose()
    }
}

/// The connection in an entry.
pub(super) fn decoded(entry: &Entry) -> Result<Connection, Error> {
    serde_json::from_slice(&entry.value).map_err(|e| Error::Internal(Box::new(e)))
}

/// The stored form.
pub(super) fn encoded(connection: &Connection) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(connection).map_err(|e| Error::Internal(Box::new(e)))
}
