//! Reading the tests that are kept.

use uuid::Uuid;

use super::{Registry, TestRecord, decoded, newest};
use crate::model::Error;
use crate::model::connection_test::TestName;
use crate::model::name::DatastoreId;
use crate::model::role::Role;
use crate::registry::{keys, unavailable};
use crate::report::KeptTest;
use crate::store::Store;

/// A page of tests, the newest first.
#[derive(Clone, Debug)]
pub struct TestPage {
    /// The tests.
    pub items: Vec<KeptTest>,
    /// The last of them, when there may be more.
    pub next: Option<Uuid>,
}

impl<S: Store> Registry<S> {
    /// A test that is kept.
    ///
    /// # Errors
    /// [`Error::ConnectionTestNotFound`], [`Error::DatastoreNotFound`], [`Error::StoreUnavailable`].
    pub async fn connection_test(&self, name: &TestName) -> Result<KeptTest, Error> {
        kept(name.clone(), self.test_record(name).await?)
    }

    /// The tests of a saved datastore, the newest first, after the one with this id.
    ///
    /// # Errors
    /// [`Error::DatastoreNotFound`], [`Error::StoreUnavailable`].
    pub async fn connection_tests(
        &self,
        id: &DatastoreId,
        after: Option<Uuid>,
        page_size: usize,
    ) -> Result<TestPage, Error> {
        let uid = self.get(id).await?.datastore.uid;
        let records = self
            .scan_tests(newest(keys::tests(uid), after, page_size + 1))
            .await?;
        let more = records.len() > page_size;
        let named = |(_, record): (_, TestRecord)| {
            let name = TestName {
                datastore: Some(id.clone()),
                id: record.report.test_id,
            };
            kept(name, record)
        };
        let items = records.into_iter().take(page_size).map(named);
        let items: Vec<KeptTest> = items.collect::<Result<_, _>>()?;
        let next = items.last().map(|test| test.name.id).filter(|_| more);
        Ok(TestPage { items, next })
    }

    pub(super) async fn test_record(&self, name: &TestName) -> Result<TestRecord, Error> {
        let family = match &name.datastore {
            Some(id) => keys::tests(self.get(id).await?.datastore.uid),
            None => keys::UNSAVED_TESTS.to_vec(),
        };
        let entry = self.store.get(&keys::test(&family, name.id)).await;
        match entry.map_err(unavailable)? {
            Some(entry) => decoded(&entry),
            None => Err(Error::ConnectionTestNotFound(name.clone())),
        }
    }
}

fn kept(name: TestName, record: TestRecord) -> Result<KeptTest, Error> {
    Ok(KeptTest {
        name,
        role: Role::parse(&record.role).map_err(|e| Error::Internal(Box::new(e)))?,
        uri: record.uri,
        report: record.report,
    })
}
