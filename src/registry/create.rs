//! Creating datastores: one alone, or a source and its enrichment datastore, with all that belongs to them in one commit.

use std::sync::Arc;
use std::time::SystemTime;

use uuid::Uuid;

use super::links::linked;
use super::sealing::Owner;
use super::{Connection, Registry, Request, Stored, keys, record, unavailable};
use crate::model::Error;
use crate::model::audit::{Attempt, Event};
use crate::model::connection_test::TestName;
use crate::model::datastore::{Datastore, S3Config};
use crate::model::link;
use crate::model::name::{DatastoreId, DatastoreName, DisplayName, Labels};
use crate::model::role::Role;
use crate::store::{Guard, Store, Txn};

/// What is to be created.
#[derive(Clone, Debug)]
pub struct Create {
    /// The datastore.
    pub new: New,
    /// What it is linked to.
    pub enrichment: Enrichment,
    /// Whether another enrichment datastore may hold the prefix of that one too.
    pub share_prefix: bool,
    /// What makes a retry safe.
    pub request: Option<Request>,
    /// Check everything, store nothing.
    pub validate_only: bool,
    /// Whose event is to be in the same commit.
    pub audit: Option<Arc<Attempt>>,
}

/// The enrichment datastore of a new source.
#[derive(Clone, Debug)]
pub enum Enrichment {
    /// None.
    None,
    /// One that there is.
    Existing(DatastoreId),
    /// One that is created with the source.
    New(Box<New>),
}

/// A datastore that is to be.
#[derive(Clone, Debug)]
pub struct New {
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
    /// The test that has proven its connection.
    pub tested: Option<TestName>,
}

/// The datastores of one create, as they will be, each with the test that has proven it.
struct Born {
    first: (Datastore, Option<TestName>),
    enrichment: Option<(Datastore, Option<TestName>)>,
}

impl<S: Store> Registry<S> {
    /// Creates a datastore and what comes with it, or returns what an earlier create with the same request id returned.
    ///
    /// # Errors
    /// [`Error::DisplayNameTaken`], [`Error::DatastoreIdTaken`], [`Error::Link`], [`Error::DatastoreNotFound`] for the enrichment datastore,
    /// [`Error::RequestIdReused`], [`Error::StoreUnavailable`].
    pub async fn create(&self, create: Create) -> Result<Stored, Error> {
        let (request, validate_only) = (create.request, create.validate_only);
        let (share_prefix, audit) = (create.share_prefix, create.audit.clone());
        let born = Born::of(create, (self.now)())?;
        // The commit's guards refuse what is taken. Only when they do is it worth reading who has it.
        let mut conflicted = false;
        loop {
            if let Some(earlier) = self.earlier(request).await? {
                return earlier.ok_or(Error::Internal(
                    "a create's request id has no result".into(),
                ));
            }
            if validate_only || conflicted {
                for (datastore, _) in born.all() {
                    self.refuse_taken(datastore).await?;
                }
            }
            let txn = self.linkable_when_born(&born, share_prefix).await?;
            let datastore = born.first.0.clone();
            if validate_only {
                return Ok(Stored {
                    datastore,
                    revision: None,
                    connection: None,
                });
            }
            let txn = self.birth(txn, &born).await?;
            let txn = self.remember(txn, request, Some(&datastore)).await?;
            let event = self.change(audit.as_ref()).map(|event| born.told(event));
            if let Some(revision) = self.committed_with(txn, event).await? {
                return Ok(Stored {
                    connection: self.connection_when_born(&born).await?,
                    datastore,
                    revision: Some(revision),
                });
            }
            // Somebody was faster: a look says with what.
            conflicted = true;
        }
    }

    /// Guards that the link of a new source may be made when the transaction is committed.
    async fn linkable_when_born(&self, born: &Born, share_prefix: bool) -> Result<Txn, Error> {
        let (first, txn) = (&born.first.0, Txn::new());
        match (&born.enrichment, &first.enrichment) {
            (Some((enrichment, _)), _) => {
                link::check(first, enrichment)?;
                self.holding(txn, enrichment, share_prefix).await
            }
            (None, Some(existing)) => self.linkable(txn, first, existing, share_prefix).await,
            (None, None) => Ok(txn),
        }
    }

    /// Adds all entries of new datastores, and guards that their names are free.
    async fn birth(&self, mut txn: Txn, born: &Born) -> Result<Txn, Error> {
        let sealer = self.sealing.now();
        for (datastore, tested) in born.all() {
            txn = creation(txn, datastore)?;
            txn = sealer.keep(
                txn,
                Owner::datastore(datastore.uid, &datastore.id),
                &datastore.s3,
            )?;
            if let Some(test) = tested {
                txn = self.adopt(txn, test, datastore).await?;
            }
        }
        Ok(linked(txn, &born.first.0))
    }

    async fn connection_when_born(&self, born: &Born) -> Result<Option<Connection>, Error> {
        match &born.first {
            (datastore, Some(_)) => self.connection(&datastore.id).await,
            (_, None) => Ok(None),
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

impl Born {
    fn of(create: Create, now: SystemTime) -> Result<Self, Error> {
        let mut first = datastore(create.new, now)?;
        let enrichment = match create.enrichment {
            Enrichment::None => None,
            Enrichment::Existing(id) => {
                first.0.enrichment = Some(id);
                None
            }
            Enrichment::New(new) => {
                let enrichment = datastore(*new, now)?;
                first.0.enrichment = Some(enrichment.0.id.clone());
                Some(enrichment)
            }
        };
        Ok(Self { first, enrichment })
    }

    /// The event of their creation, with the names that they have now.
    fn told(&self, event: Event) -> Event {
        let name = |id: &DatastoreId| DatastoreName::new(id.clone()).to_string();
        let tests = self.all().filter_map(|(_, tested)| tested.as_ref());
        Event {
            resource: name(&self.first.0.id),
            enrichment: self.first.0.enrichment.as_ref().map(name),
            connection_tests: tests.map(ToString::to_string).collect(),
            ..event
        }
    }

    fn all(&self) -> impl Iterator<Item = &(Datastore, Option<TestName>)> {
        std::iter::once(&self.first).chain(&self.enrichment)
    }
}

fn datastore(new: New, now: SystemTime) -> Result<(Datastore, Option<TestName>), Error> {
    let uid = Uuid::new_v4();
    let datastore = Datastore {
        id: new.id.map_or_else(|| made_up(now, uid), Ok)?,
        uid,
        display_name: new.display_name,
        role: new.role,
        s3: new.s3,
        labels: new.labels,
        enrichment: None,
        claim: None,
        create_time: now,
        update_time: now,
    };
    Ok((datastore, new.tested))
}

fn creation(txn: Txn, datastore: &Datastore) -> Result<Txn, Error> {
    let record = record::encode(datastore).map_err(Error::Internal)?;
    let id = datastore.id.as_str().as_bytes().to_vec();
    let key = keys::datastore(&datastore.id);
    let by_name = keys::by_display_name(&datastore.display_name);
    let by_time = keys::by_create_time(datastore.create_time, &datastore.id);
    Ok(txn
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
