//! What a caller may see: the datastores that have all of the caller's labels. The others are as if they were not there.

use std::sync::Arc;

use tonic::Request;

use crate::admission::Proofs;
use crate::model::Error;
use crate::model::caller::Caller;
use crate::model::claim::{ClaimError, Owner};
use crate::model::connection_test::TestName;
use crate::model::error::{Unseen, Violation};
use crate::model::link::LinkError;
use crate::model::name::{DatastoreId, DatastoreName, Labels};
use crate::model::proof::Proof;
use crate::registry::{Create, Enrichment, Registry};
use crate::store::Store;

/// What the caller of a request may see. Nothing is read for one who may see everything.
pub(super) struct Sight<S> {
    registry: Arc<Registry<S>>,
    labels: Labels,
}

impl<S: Store> Sight<S> {
    /// That of a request's caller.
    pub(super) fn of<M>(registry: &Arc<Registry<S>>, request: &Request<M>) -> Self {
        let caller = request.extensions().get::<Arc<Caller>>();
        Self {
            registry: Arc::clone(registry),
            labels: caller.map_or_else(Labels::default, |caller| caller.labels.clone()),
        }
    }

    /// The labels that a datastore must have to be seen.
    pub(super) fn labels(&self) -> Labels {
        self.labels.clone()
    }

    /// Refuses a datastore that is not seen as one that does not exist.
    pub(super) async fn see(&self, id: &DatastoreId) -> Result<(), Error> {
        self.registry.refuse_unseen(&self.labels, id).await
    }

    /// The same for a test of a saved datastore. Who knows the name of another test has made it.
    pub(super) async fn see_test(&self, test: &TestName) -> Result<(), Error> {
        match &test.datastore {
            Some(id) => self.see(id).await,
            None => Ok(()),
        }
    }

    /// The same for the test that is to prove something.
    pub(super) async fn see_proof(&self, proof: &Proof) -> Result<(), Error> {
        match proof {
            Proof::Passed(test) => self.see_test(test).await,
            Proof::Test | Proof::Skip => Ok(()),
        }
    }

    /// Refuses to create what its maker would not see, or a link to what they do not see.
    pub(super) async fn see_new(&self, create: &Create, proofs: &Proofs) -> Result<(), Error> {
        self.keep("datastore.labels", &create.new.labels)?;
        match &create.enrichment {
            Enrichment::None => {}
            Enrichment::Existing(id) => self.see(id).await?,
            Enrichment::New(new) => self.keep("new_enrichment.datastore.labels", &new.labels)?,
        }
        self.see_proof(&proofs.first).await?;
        self.see_proof(&proofs.enrichment).await
    }

    /// Refuses labels with which the caller would not see the datastore any more.
    pub(super) fn keep(&self, field: &str, labels: &Labels) -> Result<(), Error> {
        if labels.contain(&self.labels) {
            return Ok(());
        }
        let pairs: Vec<String> = self
            .labels
            .iter()
            .map(|(k, v)| format!("{k}={v}"))
            .collect();
        Err(Error::InvalidFields(vec![Violation {
            field: field.to_owned(),
            description: format!(
                "must have {}: you see only datastores that do",
                pairs.join(" and ")
            ),
        }]))
    }

    /// What came of a write, without the names of datastores that the caller does not see.
    pub(super) async fn hide<T>(&self, done: Result<T, Error>) -> Result<T, Error> {
        match done {
            Err(error) if !self.labels.is_empty() => Err(self.hidden(error).await?),
            done => done,
        }
    }

    async fn hidden(&self, error: Error) -> Result<Error, Error> {
        let unseen = match &error {
            Error::DisplayNameTaken { display_name, name } if !self.sees(name).await? => {
                Unseen::DisplayName(display_name.clone())
            }
            Error::Link(LinkError::Shared {
                enrichment,
                held_by,
            }) if !self.sees(held_by).await? => Unseen::Prefix(enrichment.clone()),
            Error::Link(LinkError::Overlap {
                source_name,
                enrichment,
            }) => {
                if !self.sees(source_name).await? {
                    Unseen::Location(enrichment.clone())
                } else if !self.sees(enrichment).await? {
                    Unseen::Location(source_name.clone())
                } else {
                    return Ok(error);
                }
            }
            Error::Link(LinkError::InUse {
                name,
                sources,
                more,
            }) if *more || !self.all_are_seen(sources).await? => Unseen::Sources(name.clone()),
            Error::Claim(ClaimError::Others {
                name,
                key,
                owner:
                    Owner::Datastore {
                        installation,
                        datastore,
                    },
            }) if *installation == self.registry.installation()
                && !self.sees(datastore).await? =>
            {
                return Ok(Error::Claim(ClaimError::Others {
                    name: name.clone(),
                    key: key.clone(),
                    owner: Owner::Unknown,
                }));
            }
            _ => return Ok(error),
        };
        Ok(unseen.into())
    }

    /// Whether a datastore is seen; one that has not been created yet is.
    async fn sees(&self, name: &DatastoreName) -> Result<bool, Error> {
        match self.registry.get(name.id()).await {
            Ok(found) => Ok(found.datastore.labels.contain(&self.labels)),
            Err(Error::DatastoreNotFound(_)) => Ok(true),
            Err(error) => Err(error),
        }
    }

    async fn all_are_seen(&self, names: &[DatastoreName]) -> Result<bool, Error> {
        for name in names {
            if !self.sees(name).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
