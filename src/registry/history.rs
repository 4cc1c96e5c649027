//! The connection tests that are kept: the last ones of each saved datastore, and for an hour those of datastores that are not saved.

mod proof;
mod read;

pub use proof::refuse_unless_passed;
pub use read::TestPage;

use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use uuid::Uuid;

use super::connection::{self, Connection};
use super::installation::Fingerprint;
use super::places::as_read;
use super::{Registry, Stored, keys, unavailable, unchanged};
use crate::model::Error;
use crate::model::audit::{Attempt, CUT_OFF, Event};
use crate::model::connection_test::TestName;
use crate::model::name::{DatastoreId, DatastoreName};
use crate::model::role::Role;
use crate::report::{FindingReason, Outcome, Report, Subject, Tested, changes};
use crate::store::{Direction, Entry, Scan, Store, Txn};

/// How many tests of datastores that are not saved are kept at the most.
const MAX_UNSAVED: usize = 1_000;
/// How many of them one more clears away: more than it adds, so that they cannot pile up.
const CLEARED_AT_ONCE: usize = 4;
/// How many entries are read at once.
const PAGE: usize = 100;
/// The version of the stored form.
const FORMAT: u8 = 1;

/// What bounds the history.
#[derive(Debug)]
pub(super) struct Bounds {
    /// How many tests of each saved datastore are kept.
    pub(super) of_each: usize,
    /// How many tests of datastores that are not saved there are. Held while one is added, so that no two clear the same ones away.
    unsaved: Mutex<usize>,
}

#[derive(Serialize, Deserialize)]
struct TestRecord {
    role: String,
    uri: String,
    fingerprint: Fingerprint,
    report: Report,
}

impl Bounds {
    /// Those of a store, with what it has of tests.
    pub(super) async fn of(store: &impl Store, of_each: usize) -> Result<Self, Error> {
        let scan = newest(keys::UNSAVED_TESTS.to_vec(), None, 2 * MAX_UNSAVED);
        let unsaved = store.scan(scan).await.map_err(unavailable)?.len();
        Ok(Self {
            of_each,
            unsaved: Mutex::new(unsaved),
        })
    }
}

impl<S: Store> Registry<S> {
    /// Keeps a test that has ended, after noting in it what has changed since the last one, and says where. The connection of a saved datastore is
    /// known by it, if it was a test of what the datastore now is, for its own role. The event of the call that asked for the test is in the same
    /// commit; it is made also when the test cannot be kept.
    ///
    /// # Errors
    /// [`Error::DatastoreNotFound`] when the datastore has gone meanwhile, [`Error::StoreUnavailable`].
    pub async fn record_test(
        &self,
        tested: &Tested,
        report: &mut Report,
        audit: Option<&Attempt>,
    ) -> Result<TestName, Error> {
        let kept = self.record(tested, report, audit).await;
        if let (Err(_), Some(attempt)) = (&kept, audit) {
            self.note(attempt, came_to(report), None).await;
        }
        kept
    }

    async fn record(
        &self,
        tested: &Tested,
        report: &mut Report,
        audit: Option<&Attempt>,
    ) -> Result<TestName, Error> {
        let fingerprint = self.installation.fingerprint(&tested.s3, tested.role)?;
        match &tested.subject {
            Subject::Saved { id, uid } => {
                self.record_saved(id, *uid, tested, fingerprint, report, audit)
                    .await
            }
            Subject::Unsaved => {
                self.record_unsaved(tested, fingerprint, report, audit)
                    .await
            }
        }
    }

    /// The event of the call that asked for a test.
    fn test_event(
        &self,
        audit: Option<&Attempt>,
        name: &TestName,
        report: &Report,
    ) -> Option<Event> {
        audit.map(|attempt| Event {
            connection_tests: vec![name.to_string()],
            ..attempt.event((self.now)(), came_to(report))
        })
    }

    async fn record_saved(
        &self,
        id: &DatastoreId,
        uid: Uuid,
        tested: &Tested,
        fingerprint: Fingerprint,
        report: &mut Report,
        audit: Option<&Attempt>,
    ) -> Result<TestName, Error> {
        let name = TestName {
            datastore: Some(id.clone()),
            id: report.test_id,
        };
        loop {
            let stored = self.opened(id).await?;
            if stored.datastore.uid != uid {
                let name = DatastoreName::new(id.clone());
                return Err(Error::DatastoreNotFound(name));
            }
            let kept = self.newest_tests(uid).await?;
            if let Some(last) = last_of(tested.role, &kept)? {
                report.changes = changes(&last.report, &report.checks);
            }
            let record = encoded(tested, fingerprint, report)?;
            let txn = unchanged(Txn::new(), &stored);
            let mut txn = self.kept(txn, uid, report.test_id, record, kept);
            let current = self
                .installation
                .fingerprint(&stored.datastore.s3, stored.datastore.role)?;
            if current == fingerprint && !was_cut_off(report) {
                txn = self.shown(txn, id, report).await?;
            }
            let event = self.test_event(audit, &name, report);
            if self.committed_with(txn, event).await?.is_some() {
                return Ok(name);
            }
        }
    }

    /// All tests of a datastore, the newest first.
    async fn newest_tests(&self, uid: Uuid) -> Result<Vec<Entry>, Error> {
        let all = newest(keys::tests(uid), None, self.history.of_each + PAGE);
        self.store.scan(all).await.map_err(unavailable)
    }

    /// Adds a test to those of a datastore, and takes those away that are too many then.
    fn kept(&self, txn: Txn, uid: Uuid, test: Uuid, record: Vec<u8>, newest: Vec<Entry>) -> Txn {
        let key = keys::test(&keys::tests(uid), test);
        let others = newest.into_iter().filter(|entry| entry.key != key);
        let too_many = others.skip(self.history.of_each.saturating_sub(1));
        let txn = too_many.fold(txn, |txn, entry| txn.delete(entry.key));
        txn.put(keys::tests_changed(uid), Vec::new())
            .put(key, record)
    }

    /// Puts what a test has shown of the connection, unless a later test has.
    async fn shown(&self, txn: Txn, id: &DatastoreId, report: &Report) -> Result<Txn, Error> {
        let key = keys::connection(id);
        let entry = self.store.get(&key).await.map_err(unavailable)?;
        let before = entry.as_ref().map(connection::decoded).transpose()?;
        if before
            .as_ref()
            .is_some_and(|known| known.last_test_time > report.start_time)
        {
            return Ok(txn);
        }
        let now = Connection::after(before.as_ref(), report);
        let txn = txn.guard(as_read(key.clone(), entry.as_ref()));
        Ok(txn.put(key, connection::encoded(&now)?))
    }

    async fn record_unsaved(
        &self,
        tested: &Tested,
        fingerprint: Fingerprint,
        report: &Report,
        audit: Option<&Attempt>,
    ) -> Result<TestName, Error> {
        let name = TestName {
            datastore: None,
            id: report.test_id,
        };
        let event = self.test_event(audit, &name, report);
        let record = encoded(tested, fingerprint, report)?;
        let key = keys::test(keys::UNSAVED_TESTS, report.test_id);
        let mut txn = Txn::new().put(key, record);
        let scan = Scan {
            prefix: keys::UNSAVED_TESTS.to_vec(),
            after: None,
            limit: CLEARED_AT_ONCE,
            direction: Direction::Ascending,
        };
        let mut number = self.history.unsaved.lock().await;
        let mut left = *number + 1;
        for (key, oldest) in self.scan_tests(scan).await? {
            if left <= MAX_UNSAVED && !self.is_old(&oldest.report) {
                break;
            }
            txn = txn.delete(key);
            left -= 1;
        }
        self.committed_with(txn, event).await?;
        *number = left;
        Ok(name)
    }

    /// Takes all tests of a datastore away, and what is known by them.
    pub(super) async fn forgotten(&self, mut txn: Txn, stored: &Stored) -> Result<Txn, Error> {
        let family = keys::tests(stored.datastore.uid);
        let mark = keys::tests_changed(stored.datastore.uid);
        let changed = self.store.get(&mark).await.map_err(unavailable)?;
        // A test that is kept from here on breaks the guard.
        txn = txn
            .guard(as_read(mark.clone(), changed.as_ref()))
            .delete(mark);
        let mut after = None;
        loop {
            let page = Scan {
                after: after.take(),
                ..newest(family.clone(), None, PAGE)
            };
            let entries = self.store.scan(page).await.map_err(unavailable)?;
            let is_last = entries.len() < PAGE;
            after = entries.last().map(|entry| entry.key.clone());
            for entry in entries {
                txn = txn.delete(entry.key);
            }
            if is_last {
                return Ok(txn.delete(keys::connection(&stored.datastore.id)));
            }
        }
    }

    async fn scan_tests(&self, scan: Scan) -> Result<Vec<(Vec<u8>, TestRecord)>, Error> {
        let entries = self.store.scan(scan).await.map_err(unavailable)?;
        let record = |entry: Entry| Ok((entry.key.clone(), decoded(&entry)?));
        entries.into_iter().map(record).collect()
    }
}

/// What a test came to, in the words of the audit.
fn came_to(report: &Report) -> &'static str {
    match report.outcome {
        _ if was_cut_off(report) => CUT_OFF,
        Outcome::Passed => "PASSED",
        Outcome::Failed => "FAILED",
        Outcome::Inconclusive => "INCONCLUSIVE",
    }
}

/// Whether the test was stopped before it could show what it would have.
fn was_cut_off(report: &Report) -> bool {
    let findings = report.checks.iter().filter_map(|c| c.finding.as_ref());
    findings
        .into_iter()
        .any(|f| f.reason == FindingReason::Cancelled)
}

/// The newest test for a role.
fn last_of(role: Role, newest_first: &[Entry]) -> Result<Option<TestRecord>, Error> {
    for entry in newest_first {
        let record = decoded(entry)?;
        if record.role == role.as_str() {
            return Ok(Some(record));
        }
    }
    Ok(None)
}

fn newest(family: Vec<u8>, after: Option<Uuid>, limit: usize) -> Scan {
    Scan {
        after: after.map(|id| keys::test(&family, id)),
        prefix: family,
        limit,
        direction: Direction::Descending,
    }
}

fn encoded(tested: &Tested, fingerprint: Fingerprint, report: &Report) -> Result<Vec<u8>, Error> {
    encode(&TestRecord {
        role: tested.role.as_str().to_owned(),
        uri: tested.s3.uri(),
        fingerprint,
        report: report.clone(),
    })
}

fn encode(record: &TestRecord) -> Result<Vec<u8>, Error> {
    let mut bytes = vec![FORMAT];
    serde_json::to_writer(&mut bytes, record).map_err(|e| Error::Internal(Box::new(e)))?;
    Ok(bytes)
}

fn decoded(entry: &Entry) -> Result<TestRecord, Error> {
    let Some((&FORMAT, json)) = entry.value.split_first() else {
        let error = "a connection test's record is of a format that this version does not know";
        return Err(Error::Internal(error.into()));
    };
    serde_json::from_slice(json).map_err(|e| Error::Internal(Box::new(e)))
}

/// The id of the test in an entry, after reading all of it.
pub(super) fn test_in(entry: &Entry) -> Result<Uuid, Error> {
    let record = decoded(entry)?;
    Role::parse(&record.role).map_err(|e| Error::Internal(Box::new(e)))?;
    Ok(record.report.test_id)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::{Duration, SystemTime};

    use super::{MAX_UNSAVED, Report, Tested};
    use crate::model::Error;
    use crate::model::credentials::Credentials;
    use crate::model::datastore::S3Config;
    use crate::model::location::Location;
    use crate::model::proof::ProofError;
    use crate::model::region::Region;
    use crate::model::role::Role;
    use crate::registry::testing::keys_in;
    use crate::registry::{Registry, keys};
    use crate::report::Subject;
    use crate::store::{Direction, Scan, Sled, Store};

    fn tested() -> Tested {
        let location = Location::parse("s3://logs/a").unwrap();
        Tested {
            subject: Subject::Unsaved,
            s3: S3Config {
                bucket: location.bucket().clone(),
                prefix: location.prefix().clone(),
                region: Region::default(),
                endpoint: None,
                addressing_style: None,
                ca_certificates: None,
                credentials: Credentials::Anonymous,
            },
            role: Role::Source,
        }
    }

    async fn unsaved(store: &Sled) -> usize {
        let scan = Scan {
            prefix: keys::UNSAVED_TESTS.to_vec(),
            after: None,
            limit: 2 * MAX_UNSAVED,
            direction: Direction::Ascending,
        };
        store.scan(scan).await.unwrap().len()
    }

    #[tokio::test]
    async fn a_test_proves_a_connection_for_an_hour_and_is_then_cleared_away() {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(Sled::open(folder.path()).unwrap());
        let open = |now| Registry::open(Arc::clone(&store), keys_in(folder.path()), now, 50);
        let (registry, tested) = (open(SystemTime::now).await.unwrap(), tested());
        let name = registry
            .record_test(&tested, &mut Report::passed(), None)
            .await
            .unwrap();
        let fields = ("datastore", "connection_test");
        let proven = registry.proven(&name, &tested.s3, tested.role, fields);
        proven.await.unwrap();

        let later = open(|| SystemTime::now() + Duration::from_secs(3_605))
            .await
            .unwrap();
        let proven = later.proven(&name, &tested.s3, tested.role, fields).await;
        assert!(matches!(
            proven,
            Err(Error::Proof(ProofError::TooOld { .. }))
        ));
        later
            .record_test(&tested, &mut Report::passed(), None)
            .await
            .unwrap();
        let gone = later.connection_test(&name).await;
        assert!(matches!(gone, Err(Error::ConnectionTestNotFound(_))));
    }

    #[tokio::test]
    async fn tests_of_datastores_that_are_not_saved_are_bounded_also_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(Sled::open(folder.path()).unwrap());
        for _ in 0..2 {
            let keys = keys_in(folder.path());
            let registry = Registry::open(Arc::clone(&store), keys, SystemTime::now, 50).await;
            let registry = registry.unwrap();
            for _ in 0..MAX_UNSAVED / 2 + 10 {
                registry
                    .record_test(&tested(), &mut Report::passed(), None)
                    .await
                    .unwrap();
            }
        }
        assert_eq!(unsaved(&store).await, MAX_UNSAVED);
    }
}
