//! Creating a datastore: record, unique display name, order by time and request id in one commit.

use std::time::SystemTime;

use uuid::Uuid;

use super::{Registry, Request, Stored, keys, record, unavailable};
use crate::model::Error;
use crate::model::datastore::{Datastore, S3Config};
use crate::model::name::{DatastoreId, DatastoreName, DisplayName, Labels};
use crate::model::role::Role;
use crate::store::{self, Guard, Store, Txn};

/// A datastore to be created.
#[derive(Clone, Debug)]
pub struct Create {
    /// The id that the caller wants; otherwise one is made up.
    pub id: Option<DatastoreId>,
    /// The name people see.
    pub display_name: DisplayName,
    /// What it is for.
    pub role: Role,
    /// Where the data is.
    pub s3: S3Config,
    /// To filter by.
    pub labels: Labels,
    /// What makes a retry safe.
    pub request: Option<Request>,
    /// Check everything, store nothing.
    pub validate_only: bool,
}

impl<S: Store> Registry<S> {
    /// Creates a datastore, or returns what an earlier create with the same request id returned.
    ///
    /// # Errors
    /// [`Error::DisplayNameTaken`], [`Error::DatastoreIdTaken`], [`Error::RequestIdReused`], [`Error::StoreUnavailable`].
    pub async fn create(&self, create: Create) -> Result<Stored, Error> {
        let uid = Uuid::new_v4();
        let now = (self.now)();
        let mut create = create;
        let wanted = create.id.take();
        let id = wanted.map_or_else(|| made_up(now, uid), Ok)?;
        let (request, validate_only) = (create.request, create.validate_only);
        let datastore = Datastore {
            id,
            uid,
            display_name: create.display_name,
            role: create.role,
            s3: create.s3,
            labels: create.labels,
            create_time: now,
            update_time: now,
        };
        // The commit's guards refuse what is taken. Only when they do is it worth two reads to say who has it.
        let mut conflicted = false;
        loop {
            if let Some(earlier) = self.earlier(request).await? {
                return earlier.ok_or(Error::Internal(
                    "a create's request id has no result".into(),
                ));
            }
            if validate_only || conflicted {
                self.refuse_taken(&datastore).await?;
            }
            if validate_only {
                return Ok(Stored {
                    datastore,
                    revision: None,
                });
            }
            let txn = self.remember(creation(&datastore)?, request, Some(&datastore));
            match self.store.commit(txn.await?).await {
                Ok(revision) => {
                    return Ok(Stored {
                        datastore,
                        revision: Some(revision),
                    });
                }
                // Somebody was faster: a look says with what.
                Err(store::Error::Conflict { .. }) => conflicted = true,
                Err(error) => return Err(unavailable(error)),
            }
        }
    }

    /// Says which other datastore stands in the way, if one does.
    async fn refuse_taken(&self, datastore: &Datastore) -> Result<(), Error> {
        let key = keys::datastore(&datastore.id);
        if self.store.get(&key).await.map_err(unavailable)?.is_some() {
            let name = DatastoreName::new(datastore.id.clone());
            return Err(Error::DatastoreIdTaken(name));
        }
        self.refuse_display_name(&datastore.display_name).await
    }

    /// Says which datastore has the display name, if one has.
    pub(super) async fn refuse_display_name(&self, wanted: &DisplayName) -> Result<(), Error> {
        let entry = self.store.get(&keys::by_display_name(wanted)).await;
        match entry.map_err(unavailable)? {
            Some(entry) => Err(Error::DisplayNameTaken {
                display_name: wanted.as_str().to_owned(),
                name: DatastoreName::new(keys::id_in(&entry.value)?),
            }),
            None => Ok(()),
        }
    }
}

fn creation(datastore: &Datastore) -> Result<Txn, Error> {
    let record = record::encode(datastore).map_err(Error::Internal)?;
    let id = datastore.id.as_str().as_bytes().to_vec();
    let key = keys::datastore(&datastore.id);
    let by_name = keys::by_display_name(&datastore.display_name);
    let by_time = keys::by_create_time(datastore.create_time, &datastore.id);
    Ok(Txn::new()
        .guard(Guard::Absent(key.clone()))
        .guard(Guard::Absent(by_name.clone()))
        .put(key, record)
        .put(by_name, id.clone())
        .put(by_time, id))
}

/// `ds-`, the time in milliseconds and 36 bits of the uid, in hexadecimal digits. Ids that sort as they were made go side by side in
/// the store, where random ones would each touch another leaf.
fn made_up(now: SystemTime, uid: Uuid) -> Result<DatastoreId, Error> {
    let millis = record::nanos(now) / 1_000_000;
    let hex = uid.simple().to_string();
    let id = DatastoreId::parse(&format!("ds-{millis:011x}{}", &hex[..9]));
    id.map_err(|e| Error::Internal(Box::new(e)))
}
